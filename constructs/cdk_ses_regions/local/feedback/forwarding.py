"""Email feedback forwarding: bounces and complaints as mails to whoever sent the mail.

Gap: ministack keeps the setting and forwards nothing.
Rests on the SES developer guide, "Receiving Amazon SES notifications through email"
(https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications-email.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import email.utils
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import ses

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.feedback import destinations, records
from cdk_ses_regions.local.feedback.events import MTA, MailEvent
from cdk_ses_regions.local.feedback.telling import note
from cdk_ses_regions.local.outbound import delivery
from cdk_ses_regions.local.smtp.reports import delivery_status, feedback_report, original_headers

_KINDS = ("Bounce", "Complaint")


def tell(event: MailEvent) -> None:
    """Forward a bounce or complaint, if the mail's identity wants it or nobody else would hear of it."""
    recipient = email.utils.parseaddr(event.mail.return_path)[1]
    if event.kind not in _KINDS or not recipient or not _wanted(event):
        return
    region = event.mail.region
    suffix = "" if region == "us-east-1" else f"{region}."
    report = _bounce(event) if event.kind == "Bounce" else _complaint(event)
    sender = (
        f"MAILER-DAEMON@{suffix}amazonses.com"
        if event.kind == "Bounce"
        else f"complaints@{suffix}email-abuse.amazonses.com"
    )
    report["From"], report["To"] = sender, recipient
    report["Date"] = email.utils.format_datetime(clock.now())
    raw = report.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    delivery.send_as_ses(
        region=region, account=event.mail.account, sender=sender, recipient=recipient, raw=raw
    )
    note(event, "email", recipient, records.notification(event, headers=False))


def _wanted(event: MailEvent) -> bool:
    with request_scope(event.mail.identity_account, event.mail.region):
        identity: dict[str, Any] = ses._identities.get(event.mail.identity) or {}
    if identity.get("FeedbackForwardingEnabled", True):
        return True
    topic = identity.get("NotificationTopics", {}).get(event.kind)
    return not topic and not destinations.tells_in_full(event)


def _bounce(event: MailEvent) -> Message:
    """Return a delivery status notification without its sender and recipient."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["Subject"] = "Delivery Status Notification (Failure)"
    bounced: list[dict[str, str]] = event.detail["bouncedRecipients"]
    lines = [
        "An error occurred while trying to deliver the mail to the following recipients:",
        *event.recipients,
    ]
    lines += sorted({one["diagnosticCode"] for one in bounced if "diagnosticCode" in one})
    report.attach(MIMEText("\r\n".join(lines)))
    hard = event.detail["bounceType"] == "Permanent"
    recipients = [
        {
            "Final-Recipient": f"rfc822; {one['emailAddress']}",
            "Action": one.get("action", "failed"),
            "Status": one.get("status", "5.0.0" if hard else "4.0.0"),
            **({"Diagnostic-Code": one["diagnosticCode"]} if "diagnosticCode" in one else {}),
        }
        for one in bounced
    ]
    reporter = str(event.detail.get("reportingMTA", MTA)).rpartition("; ")[2]
    report.attach(delivery_status(reporter, recipients))
    report.attach(original_headers(event.mail.raw))
    return report


def _complaint(event: MailEvent) -> Message:
    """Return an abuse report without its sender and recipient."""
    report = MIMEMultipart("report", report_type="feedback-report")
    subject = next((value for name, value in event.mail.headers if name.lower() == "subject"), "")
    report["Subject"] = f"FW: {subject}" if subject.isascii() else "FW:"
    text = f"This is an email abuse report for an email message from {MTA} on {event.detail['timestamp']}."
    report.attach(MIMEText(text))
    fields = {
        "Feedback-Type": event.detail.get("complaintFeedbackType", "abuse"),
        "User-Agent": event.detail.get("userAgent", "Amazon SES"),
        "Version": "1",
        "Original-Mail-From": event.mail.envelope_sender,
        "Arrival-Date": event.detail["timestamp"],
    }
    report.attach(feedback_report(fields))
    report.attach(original_headers(event.mail.raw))
    return report
