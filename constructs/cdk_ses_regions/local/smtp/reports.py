"""The parts that reports about mails are made of: delivery status (RFC 3464) and abuse (RFC 5965)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser
from email.policy import compat32

_HEADERS = 64 * 1024


def delivery_status(reporting_mta: str, recipients: Sequence[Mapping[str, str]]) -> Message:
    """Return the machine-readable part of a delivery status notification.

    Args:
        reporting_mta: host that says so.
        recipients: the fields about each, `Final-Recipient` first.
    """
    part = MIMEMultipart()
    part.replace_header("Content-Type", "message/delivery-status")
    part.attach(_fields({"Reporting-MTA": f"dns; {reporting_mta}"}))
    for recipient in recipients:
        part.attach(_fields(recipient))
    return part


def feedback_report(fields: Mapping[str, str]) -> Message:
    """Return the machine-readable part of an abuse report."""
    part = MIMEText("".join(f"{name}: {value}\r\n" for name, value in fields.items()), "plain", "us-ascii")
    part.replace_header("Content-Type", "message/feedback-report")
    return part


def original_headers(raw: bytes) -> Message:
    """Return the part with the headers of the mail that a report is about."""
    part = MIMEText("", "rfc822-headers", "us-ascii")
    part.replace_header("Content-Transfer-Encoding", "8bit")
    original = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEADERS])
    original.set_payload("")
    part.set_payload(original.as_bytes().decode("ascii", "surrogateescape"))
    return part


def _fields(fields: Mapping[str, str]) -> Message:
    block = Message(policy=compat32)
    for name, value in fields.items():
        block[name] = value
    return block
