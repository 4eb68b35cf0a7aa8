"""How much an account may send from one Region: a number of recipients a day, and a rate.

Gap: ministack shows the quotas of an account out of the sandbox, and enforces none.
Rests on the SES developer guide, "Managing your Amazon SES sending limits"
(https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import threading
from dataclasses import dataclass

from ministack.core.responses import AccountRegionScopedDict, get_account_id, request_scope

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account.account_settings import in_sandbox, settings

Exceeded = str
"""Which quota is exceeded, in SES's words."""

DAILY: Exceeded = "Daily message quota exceeded."
RATE: Exceeded = "Maximum sending rate exceeded."

_DAY = 24 * 60
_UNLIMITED = -1.0
_BURST = 10

_lock = threading.Lock()
_sent = AccountRegionScopedDict()
"""Minute since 1970, as text -> recipients."""
_credit = AccountRegionScopedDict()
"""`at` and `left`: how many recipients could be sent to at once at that time, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The sending quota of an account in one Region.

    Attributes:
        daily: recipients in 24 hours; -1 for any number.
        rate: recipients a second.
        burst: recipients that may be sent to at once after a pause.
    """

    daily: float
    rate: float
    burst: float


def quota() -> Quota:
    """Return the quota of this Region: what was set, else what an account has when it starts."""
    now = settings()
    if in_sandbox():
        daily, rate, burst = 200.0, 1.0, 1.0
    else:
        daily, rate, burst = 50_000.0, 14.0, 14.0 * _BURST
    if "MaxSendRate" in now:
        rate = now["MaxSendRate"]
        burst = max(1.0, rate)
    return Quota(daily=now.get("Max24HourSend", daily), rate=rate, burst=burst)


def set_quota(region: str, *, daily: float | None = None, rate: float | None = None) -> Quota:
    """Set the quota of this account in a Region, as a granted increase does.

    Args:
        region: the AWS Region.
        daily: recipients in 24 hours; -1 for any number (default: as it is).
        rate: recipients a second, with no burst above it (default: as it is).

    Raises:
        ValueError: when a number is not positive.
    """
    if (daily is not None and daily != _UNLIMITED and daily <= 0) or (rate is not None and rate <= 0):
        raise ValueError(f"quotas are positive, not daily={daily}, rate={rate}")
    with request_scope(get_account_id(), region), _lock:
        now = settings()
        if daily is not None:
            now["Max24HourSend"] = float(daily)
        if rate is not None:
            now["MaxSendRate"] = float(rate)
            _credit.pop("left", None)
        return quota()


def sent_last_day() -> int:
    """Return the recipients sent to in the last 24 hours."""
    oldest = _minute() - _DAY
    return sum(count for minute, count in list(_sent.items()) if int(minute) > oldest)


def take(recipients: int) -> Exceeded | None:
    """Count a mail against the quota, unless it is exceeded; then say which.

    What is left of a quota is enough for one more mail, however many recipients that has.
    """
    with _lock:
        now, mine = clock.now().timestamp(), quota()
        if mine.daily != _UNLIMITED and sent_last_day() >= mine.daily:
            return DAILY
        left = min(mine.burst, _credit.get("left", mine.burst) + (now - _credit.get("at", now)) * mine.rate)
        if left < 1:
            return RATE
        _credit["at"], _credit["left"] = now, left - recipients
        minute = _minute()
        _sent[str(minute)] = _sent.get(str(minute), 0) + recipients
        for old in [key for key in _sent if int(key) <= minute - _DAY]:
            del _sent[old]
        return None


def reset() -> None:
    """Forget what was sent."""
    _sent.clear()
    _credit.clear()


def _minute() -> int:
    return int(clock.now().timestamp()) // 60
