"""The time by which the local AWS's SES lives: that of the machine, and moved forward when somebody asks.

So 72 hours without a DNS record, or a day of sending quota, need not be waited for.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

_lock = threading.Lock()
ahead = {"seconds": 0.0}
"""How far SES's time is ahead of the machine's; persisted, for what is persisted has happened in it."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC) + timedelta(seconds=ahead["seconds"])


def forward(by: timedelta) -> datetime:
    """Move the time forward and return it.

    Raises:
        ValueError: when it would go back.
    """
    if by < timedelta():
        raise ValueError(f"time goes forward only, not by {by}")
    with _lock:
        ahead["seconds"] += by.total_seconds()
    return now()


def reset() -> None:
    """Go back to the time of the machine."""
    with _lock:
        ahead["seconds"] = 0.0
