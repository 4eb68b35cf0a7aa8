"""The mails that came in within the last day, by their id, for who wants to bounce one afterwards.

Without their bodies, so that many can be kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.receiving.received import Mail
from cdk_ses_regions.local.remembered import Remembered, without_body

HOURS = 24
"""How long a received mail can be bounced."""

_mails: Remembered[Mail] = Remembered()


def remember(mail: Mail) -> None:
    """Remember a mail that came in."""
    _mails.put(mail.message_id, replace(mail, raw=without_body(mail.raw)))


def find(message_id: str, region: str) -> Mail | None:
    """Return a mail that came in in a Region within the last day; None when there is none."""
    mail = _mails.get(message_id)
    if mail is None or mail.region != region or clock.now() - mail.received_at > timedelta(hours=HOURS):
        return None
    return mail


def reset() -> None:
    """Forget all."""
    _mails.clear()
