"""What SES tells of a mail: one event for one kind and the recipients it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cdk_ses_regions.local.outbound.outgoing import Outgoing

Kind = Literal["Send", "Reject", "Bounce", "Complaint", "Delivery", "DeliveryDelay", "RenderingFailure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailEvent:
    """One event.

    Attributes:
        kind: as event destinations name it.
        mail: the mail it is about.
        recipients: those of the mail's recipients it is about.
        detail: the content of the kind's object (`bounce`, `delivery`, ...) as SES documents it.
    """

    kind: Kind
    mail: Outgoing
    recipients: tuple[str, ...]
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


def sent(mail: Outgoing) -> MailEvent:
    """SES took the mail and will try to deliver it."""
    raise NotImplementedError


def rejected(mail: Outgoing, reason: str) -> MailEvent:
    """SES took the mail, found a virus, and will not deliver it. Reason: `Bad content`."""
    raise NotImplementedError


def delivered(
    mail: Outgoing, recipients: tuple[str, ...], *, smtp_response: str, remote_host: str
) -> MailEvent:
    """The recipients' mail server took the mail."""
    raise NotImplementedError


def bounced(
    mail: Outgoing,
    recipients: tuple[str, ...],
    *,
    bounce_type: str = "Permanent",
    sub_type: str = "General",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 user unknown",
    remote_host: str = "",
) -> MailEvent:
    """The mail came back; an empty status means that it never left."""
    raise NotImplementedError


def complained(
    mail: Outgoing, recipients: tuple[str, ...], *, feedback_type: str = "abuse", sub_type: str | None = None
) -> MailEvent:
    """The recipients called it spam."""
    raise NotImplementedError


def delayed(mail: Outgoing, recipients: tuple[str, ...], *, delay_type: str, diagnostic: str) -> MailEvent:
    """The recipients' mail server cannot be reached or does not take the mail now."""
    raise NotImplementedError


def not_rendered(mail: Outgoing, *, template: str, message: str) -> MailEvent:
    """SES took the mail, but its template lacks data."""
    raise NotImplementedError
