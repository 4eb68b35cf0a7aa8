"""The mails that were sent, by their id, for the bounces and complaints that may come back about them.

Without their bodies, so that many can be kept: a bounce may come days later.
"""

from __future__ import annotations

from dataclasses import replace

from cdk_ses_regions.local.outbound.outgoing import Outgoing
from cdk_ses_regions.local.remembered import Remembered, without_body

_mails: Remembered[Outgoing] = Remembered()


def remember(mail: Outgoing) -> None:
    """Remember a mail that leaves."""
    _mails.put(mail.message_id.lower(), replace(mail, raw=without_body(mail.raw)))


def returned_to(address: str) -> Outgoing | None:
    """Return the mail whose envelope sender is this address: its id, at a domain that SES gave it."""
    mail = _mails.get(address.partition("@")[0].lower())
    return mail if mail is not None and mail.envelope_sender.lower() == address.lower() else None


def reset() -> None:
    """Forget all."""
    _mails.clear()
