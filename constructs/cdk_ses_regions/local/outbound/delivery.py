"""The one step in which every mail ends that SES accepts, whichever way it came."""

from __future__ import annotations

from cdk_ses_regions.local.outbound.outgoing import Outgoing


def deliver(mail: Outgoing) -> None:
    """Bring a mail to each of its recipients, and tell of it. Returns when it is done or put off."""
    raise NotImplementedError


def send_as_ses(*, region: str, account: str, sender: str, recipient: str, raw: bytes) -> str:
    """Send a mail that SES itself writes, such as forwarded feedback; return its message id. Nothing checks it."""
    raise NotImplementedError
