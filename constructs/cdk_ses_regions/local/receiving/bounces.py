"""The bounces SES sends for received mails: delivery status notifications, RFC 3464.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-bounce.html
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.receiving.received import Mail
from cdk_ses_regions.local.smtp.reports import delivery_status, original_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One bounce on its way to the sender of a received mail.

    Args:
        region: the AWS Region that received the mail.
        message_id: SES's id of the mail that is bounced.
        sender: the From of the bounce, as the Bounce action says.
        recipient: the sender of the bounced mail, who gets it.
        bounced: the recipients it is about.
        smtp_reply_code: such as `550`.
        status_code: such as `5.1.1`.
        message: for people.
        raw: the whole bounce.
    """

    region: str
    message_id: str
    sender: str
    recipient: str
    bounced: tuple[str, ...]
    smtp_reply_code: str
    status_code: str
    message: str
    raw: bytes


PEOPLE = "An error occurred while trying to deliver the mail to the following recipients:"

SendBounce = Callable[[Bounce], None]
"""Delivers a bounce; raises when it cannot."""


def compose(
    mail: Mail,
    *,
    bounced: tuple[str, ...],
    sender: str,
    smtp_reply_code: str,
    status_code: str,
    message: str,
) -> Bounce:
    """Return the bounce of a mail, with a human-readable part, the delivery status and the mail's headers."""
    recipients = [
        {
            "Final-Recipient": f"rfc822; {recipient}",
            "Action": "failed",
            "Status": status_code,
            "Diagnostic-Code": f"smtp; {smtp_reply_code} {status_code} {message}",
        }
        for recipient in bounced
    ]
    return Bounce(
        region=mail.region,
        message_id=mail.message_id,
        sender=sender,
        recipient=mail.sender,
        bounced=bounced,
        smtp_reply_code=smtp_reply_code,
        status_code=status_code,
        message=message,
        raw=report(
            mail, sender=sender, text="\n".join([PEOPLE, *bounced, "", message]), recipients=recipients
        ),
    )


def report(
    mail: Mail, *, sender: str, text: str, recipients: Sequence[Mapping[str, str]], reporter: str = ""
) -> bytes:
    """Return a delivery status notification.

    Args:
        mail: the received mail that it is about.
        sender: its From.
        text: for people.
        recipients: the fields about each, `Final-Recipient` first.
        reporter: host that reports (default: the one that took the mail).
    """
    notice = MIMEMultipart("report", report_type="delivery-status")
    notice["From"] = sender
    notice["To"] = mail.sender
    notice["Subject"] = "Delivery Status Notification (Failure)"
    notice["Date"] = email.utils.format_datetime(clock.now())
    notice["Message-ID"] = f"<bounce-{mail.message_id}@{mail.region}.amazonses.com>"
    notice["Auto-Submitted"] = "auto-replied"
    notice.attach(MIMEText(text))
    notice.attach(delivery_status(reporter or mail.host, recipients))
    notice.attach(original_headers(mail.raw))
    return notice.as_bytes()
