"""What became of an account's mails in one Region, counted in steps of 15 minutes for two weeks.

Gap: ministack counts attempts only.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendStatistics.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.feedback.events import MailEvent

_STEP = 15 * 60
_KEPT = 14 * 24 * 60 * 60
_COUNTED = {"Send": "DeliveryAttempts", "Bounce": "Bounces", "Complaint": "Complaints", "Reject": "Rejects"}

_lock = threading.Lock()
_steps = AccountRegionScopedDict()
"""Seconds since 1970 at which a step begins, as text -> the counts."""


def count(event: MailEvent) -> None:
    """Count an event for this account and Region."""
    field = _COUNTED.get(event.kind)
    if field is None:
        return
    with _lock:
        now = int(clock.now().timestamp())
        step = _steps.setdefault(str(now - now % _STEP), dict.fromkeys(_COUNTED.values(), 0))
        step[field] += len(event.recipients)
        for old in [key for key in _steps if int(key) < now - _KEPT]:
            del _steps[old]


def data_points() -> list[dict[str, Any]]:
    """Return the counts of the steps in which something happened, as GetSendStatistics has them."""
    with _lock:
        found = sorted((int(begin), dict(counts)) for begin, counts in _steps.items())
    return [
        {"Timestamp": f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%dT%H:%M:%SZ}", **counts}
        for begin, counts in found
    ]


def total() -> dict[str, int]:
    """Return the sums of all steps."""
    sums = dict.fromkeys(_COUNTED.values(), 0)
    for point in data_points():
        for field in sums:
            sums[field] += point[field]
    return sums


def reset() -> None:
    """Forget all counts."""
    _steps.clear()
