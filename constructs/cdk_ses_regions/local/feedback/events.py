"""What SES tells of a mail: one event for one kind and the recipients it is about.

Rests on the SES developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS"
(https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.outbound.message_ids import new_message_id
from cdk_ses_regions.local.outbound.outgoing import Outgoing

Kind = Literal["Send", "Reject", "Bounce", "Complaint", "Delivery", "DeliveryDelay", "RenderingFailure"]

MTA = "a0-0.smtp-out.amazonses.com"
"""The host that sends: on AWS one of many, with the Region in its name outside of us-east-1."""

SIMULATOR = "simulator.amazonses.com"
"""Domain of the mailbox simulator."""

_REMOTE_IP = "127.0.0.1"
_OBJECTS: dict[Kind, str] = {"DeliveryDelay": "deliveryDelay", "RenderingFailure": "failure"}
_TYPES: dict[Kind, str] = {"RenderingFailure": "Rendering Failure"}
_HARD = ("General", "NoEmail")


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

    @property
    def event_type(self) -> str:
        """The kind as it is written in the event itself."""
        return _TYPES.get(self.kind, self.kind)

    @property
    def object_name(self) -> str:
        """The field of the event that has the detail."""
        return _OBJECTS.get(self.kind, self.kind.lower())

    @property
    def is_hard_bounce(self) -> bool:
        """Whether a mail server said that there is no such recipient, now or ever."""
        return self.detail.get("bounceType") == "Permanent" and self.detail["bounceSubType"] in _HARD


def iso(when: datetime) -> str:
    """Return a time in UTC as SES writes it, with milliseconds."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def sent(mail: Outgoing) -> MailEvent:
    """SES took the mail and will try to deliver it."""
    return MailEvent(kind="Send", mail=mail, recipients=mail.recipients)


def rejected(mail: Outgoing, reason: str) -> MailEvent:
    """SES took the mail, found a virus, and will not deliver it. Reason: `Bad content`."""
    return MailEvent(kind="Reject", mail=mail, recipients=mail.recipients, detail={"reason": reason})


def delivered(
    mail: Outgoing, recipients: tuple[str, ...], *, smtp_response: str, remote_host: str
) -> MailEvent:
    """The recipients' mail server took the mail."""
    now = clock.now()
    detail = {
        "timestamp": iso(now),
        "processingTimeMillis": max(0, (now - mail.sent_at) // timedelta(milliseconds=1)),
        "recipients": list(recipients),
        "smtpResponse": smtp_response,
        "remoteMtaIp": _REMOTE_IP,
        "reportingMTA": MTA,
    }
    return MailEvent(kind="Delivery", mail=mail, recipients=recipients, detail=detail)


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
    about = {"action": "failed", "status": status, "diagnosticCode": diagnostic} if status else {}
    detail: dict[str, Any] = {
        "feedbackId": new_message_id(mail.region),
        "bounceType": bounce_type,
        "bounceSubType": sub_type,
        "bouncedRecipients": [{"emailAddress": recipient, **about} for recipient in recipients],
        "timestamp": iso(clock.now()),
    }
    if status:
        detail |= {"remoteMtaIp": _REMOTE_IP, "reportingMTA": f"dns; {remote_host or MTA}"}
    return MailEvent(kind="Bounce", mail=mail, recipients=recipients, detail=detail)


def complained(
    mail: Outgoing, recipients: tuple[str, ...], *, feedback_type: str = "abuse", sub_type: str | None = None
) -> MailEvent:
    """The recipients called it spam; with a sub type, they did so earlier, and this mail never left."""
    now = iso(clock.now())
    detail: dict[str, Any] = {
        "feedbackId": new_message_id(mail.region),
        "complaintSubType": sub_type,
        "complainedRecipients": [{"emailAddress": recipient} for recipient in recipients],
        "timestamp": now,
    }
    if sub_type is None:
        agent = "Amazon SES Mailbox Simulator"
        detail |= {"userAgent": agent, "complaintFeedbackType": feedback_type, "arrivalDate": now}
    return MailEvent(kind="Complaint", mail=mail, recipients=recipients, detail=detail)


def suppressed(mail: Outgoing, recipients: tuple[str, ...], *, reason: str) -> MailEvent:
    """The recipients are on the account's suppression list, for this reason: the mail never leaves."""
    sub_type = "OnAccountSuppressionList"
    if reason == "COMPLAINT":
        return complained(mail, recipients, sub_type=sub_type)
    diagnostic = (
        "Amazon SES did not send the message to this address because it is on the suppression list for your "
        "account. For more information about removing addresses from the suppression list, see the Amazon SES "
        "Developer Guide at https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html"
    )
    event = bounced(mail, recipients, sub_type=sub_type, status="5.1.1", diagnostic=diagnostic)
    event.detail.pop("remoteMtaIp")
    return event


def delayed(
    mail: Outgoing,
    recipients: tuple[str, ...],
    *,
    delay_type: str,
    diagnostic: str,
    status: str = "4.4.1",
    expires: datetime | None = None,
) -> MailEvent:
    """The recipients' mail server cannot be reached or does not take the mail now.

    Args:
        mail: the mail.
        recipients: those whose server it is.
        delay_type: `TransientCommunicationFailure`, `RecipientServerError`, `MailboxFull`, ...
        diagnostic: `smtp; 421 4.4.1 Unable to connect to remote host`.
        status: the enhanced status code in it.
        expires: when SES gives up (default: 14 hours after it took the mail).
    """
    about = {"status": status, "diagnosticCode": diagnostic}
    detail = {
        "timestamp": iso(clock.now()),
        "delayType": delay_type,
        "expirationTime": iso(expires or mail.sent_at + timedelta(hours=14)),
        "delayedRecipients": [{"emailAddress": recipient, **about} for recipient in recipients],
        "reportingMTA": _REMOTE_IP,
    }
    return MailEvent(kind="DeliveryDelay", mail=mail, recipients=recipients, detail=detail)


def not_rendered(mail: Outgoing, *, template: str, message: str) -> MailEvent:
    """SES took the mail, but its template lacks data."""
    detail = {"errorMessage": message, "templateName": template}
    return MailEvent(kind="RenderingFailure", mail=mail, recipients=mail.recipients, detail=detail)
