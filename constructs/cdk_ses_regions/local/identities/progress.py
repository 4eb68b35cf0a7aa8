"""How far something is with its verification: the states that SES shows, and when one becomes another.

PENDING becomes SUCCESS when what was asked for is found, FAILED when it is not found in time. SUCCESS becomes
TEMPORARY_FAILURE when it is gone, and then FAILED likewise. FAILED stays until somebody starts again.
Rests on the SES API v2 reference, `VerificationStatus` and `VerificationInfo`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

PENDING, SUCCESS, TEMPORARY, FAILED = "PENDING", "SUCCESS", "TEMPORARY_FAILURE", "FAILED"
GOOD = (SUCCESS, TEMPORARY)
"""Statuses in which something still counts as verified."""

HOURS = "SES_LOCAL_VERIFICATION_HOURS"
verification_hours = float(os.environ.get(HOURS, "72"))
"""How long SES looks for records before it gives up."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at the records came to.

    Attributes:
        error: a `VerificationError` of API v2, empty when all is there.
        final: whether SES gives up at once.
    """

    error: str = ""
    final: bool = False


class Progress(TypedDict):
    """Where a verification is; times are seconds since 1970, as the API has them.

    Attributes:
        status: of the verification.
        since: when the wait began that ends in FAILED.
        checked: the last look.
        succeeded: the last look that found everything, 0 for none.
        error: what the last look missed.
    """

    status: str
    since: float
    checked: float
    succeeded: float
    error: str


def begin(now: datetime) -> Progress:
    """Return the progress of what is asked for now."""
    at = now.timestamp()
    return Progress(status=PENDING, since=at, checked=at, succeeded=0, error="")


def advance(progress: Progress, finding: Finding, now: datetime) -> None:
    """Bring a progress up to what was found just now."""
    if progress["status"] == FAILED:
        return
    at = progress["checked"] = now.timestamp()
    progress["error"] = finding.error
    if not finding.error:
        progress.update(status=SUCCESS, since=at, succeeded=at)
        return
    if progress["status"] == SUCCESS:
        progress.update(status=TEMPORARY, since=at)
    if finding.final or at - progress["since"] >= verification_hours * 60 * 60:
        progress["status"] = FAILED


def expire(progress: Progress, now: datetime, hours: float) -> None:
    """Let a progress fail that waits for somebody, and has done so for this long."""
    if progress["status"] == PENDING and now.timestamp() - progress["since"] >= hours * 60 * 60:
        progress["status"] = FAILED
