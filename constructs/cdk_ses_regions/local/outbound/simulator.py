"""The mailbox simulator: addresses whose mail has a known fate.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.feedback import events
from cdk_ses_regions.local.feedback.events import MailEvent
from cdk_ses_regions.local.journal import Hop, HopResult
from cdk_ses_regions.local.outbound.outgoing import Outgoing

DOMAIN = events.SIMULATOR

_SAYS_YES = "250 2.6.0 Message received"
_FATES: dict[str, HopResult] = {
    "success": "delivered",
    "ooto": "delivered",
    "bounce": "bounced",
    "complaint": "complained",
    "suppressionlist": "bounced",
}


def is_simulator(address: str) -> bool:
    """Tell whether an address is one of the simulator's."""
    return address.rpartition("@")[2].lower() == DOMAIN


def fate(mail: Outgoing, address: str) -> tuple[Hop, tuple[MailEvent, ...]]:
    """Return what becomes of a mail to one of the simulator's addresses, and what is told of it."""
    name, to = _name(address), (address,)
    result = _FATES.get(name, "bounced")
    match name:
        case "success" | "ooto":
            told = (_delivered(mail, to),)
        case "complaint":
            told = (_delivered(mail, to), events.complained(mail, to))
        case "suppressionlist":
            told = (events.bounced(mail, to, sub_type="Suppressed", status="5.1.1", diagnostic=_SUPPRESSED),)
        case _:
            told = (events.bounced(mail, to, remote_host=DOMAIN),)
    return Hop(recipient=address, result=result, how="mailbox simulator"), told


def out_of_office(mail: Outgoing, address: str) -> bytes | None:
    """Return the mail that comes back from one of the simulator's addresses, if any does."""
    if _name(address) != "ooto" or not mail.envelope_sender:
        return None
    answer = EmailMessage(policy=SMTP)
    answer["From"] = address
    answer["To"] = mail.envelope_sender
    answer["Subject"] = "Out of the office"
    answer["Date"] = format_datetime(clock.now())
    answer["Auto-Submitted"] = "auto-replied"
    answer.set_content("I am out of the office.\n")
    return answer.as_bytes()


_SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an "
    "invalid address. For more information about how to remove an address from the suppression list, see the "
    "Amazon SES Developer Guide: https://docs.aws.amazon.com/ses/latest/dg/sending-email-global-suppression-list.html"
)


def _name(address: str) -> str:
    """Return the address's name without its label."""
    return address.partition("@")[0].partition("+")[0].lower()


def _delivered(mail: Outgoing, to: tuple[str, ...]) -> MailEvent:
    return events.delivered(mail, to, smtp_response=_SAYS_YES, remote_host=DOMAIN)
