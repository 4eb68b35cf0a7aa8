"""What mail servers write back about a mail: that it bounced (RFC 3464), or that its reader complains (RFC 5965)."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One recipient of a delivery status notification.

    Attributes:
        recipient: the address; empty when the report does not say.
        action: `failed`, `delayed`, ...
        status: enhanced status code.
        diagnostic: with its type, `smtp; 550 5.1.1 user unknown`.
        reporter: the host that reports.
    """

    recipient: str
    action: str
    status: str
    diagnostic: str
    reporter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An abuse report.

    Attributes:
        recipients: who complains; none when the report does not say.
        feedback_type: `abuse`, `fraud`, ...
    """

    recipients: tuple[str, ...]
    feedback_type: str


def read(raw: bytes) -> tuple[Failure, ...] | Complaint | None:
    """Return what a mail reports, or None when it is no report."""
    mail = message_from_bytes(raw, policy=compat32)
    if mail.get_content_type() != "multipart/report":
        return None
    for part in mail.walk():
        match part.get_content_type():
            case "message/delivery-status":
                return _failures(_blocks(part))
            case "message/feedback-report":
                return _complaint(_blocks(part))
            case _:
                continue
    return None


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a report, which Python's parser has as parts or as one text."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        text = str(payload).encode("utf-8", "surrogateescape")
        return [message_from_bytes(block, policy=compat32) for block in text.split(b"\n\n") if block.strip()]
    blocks = cast("list[Message]", payload)
    # A feedback report that is parsed as a message has its fields in that message's header.
    return [block for block in blocks if block.keys()]


def _failures(blocks: list[Message]) -> tuple[Failure, ...]:
    reporter = next((_value(block, "Reporting-MTA") for block in blocks if "Reporting-MTA" in block), "")
    found = [
        Failure(
            recipient=_value(block, "Final-Recipient") or _value(block, "Original-Recipient"),
            action=str(block.get("Action", "failed")).strip().lower(),
            status=str(block.get("Status", "")).split(" ")[0].strip(),
            diagnostic=" ".join(str(block.get("Diagnostic-Code", "")).split()),
            reporter=reporter,
        )
        for block in blocks
        if "Action" in block or "Final-Recipient" in block
    ]
    return tuple(found) or (
        Failure(recipient="", action="failed", status="", diagnostic="", reporter=reporter),
    )


def _complaint(blocks: list[Message]) -> Complaint:
    fields = blocks[0] if blocks else Message()
    named = [*fields.get_all("Original-Rcpt-To", []), *fields.get_all("Removal-Recipient", [])]
    return Complaint(
        recipients=tuple(dict.fromkeys(str(one).strip().strip("<>") for one in named)),
        feedback_type=str(fields.get("Feedback-Type", "abuse")).strip().lower(),
    )


def _value(block: Message, name: str) -> str:
    """Return a field's value without its type: `rfc822; a@example.com` is the address."""
    return str(block.get(name, "")).rpartition(";")[2].strip().strip("<>")
