"""The time by which the local AWS's SES lives: that of the machine, and moved forward when somebody asks.

So 72 hours without a DNS record, or a day of sending quota, need not be waited for.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

_lock = threading.Lock()
_ahead = timedelta()


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC) + _ahead


def forward(by: timedelta) -> datetime:
    """Move the time forward and return it.

    Raises:
        ValueError: when it would go back.
    """
    global _ahead
    if by < timedelta():
        raise ValueError(f"time goes forward only, not by {by}")
    with _lock:
        _ahead += by
    return now()


def reset() -> None:
    """Go back to the time of the machine."""
    global _ahead
    _ahead = timedelta()
