"""The event that is published for a received mail, version 1: docs/received-mail.md and its JSON Schema.

SNS carries 256 KB. Each section has its own share of that, counted as encoded JSON, so an event always fits,
the same mail always gives the same event, and what was cut says so.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import headers
from headers import Headers
from limits import KIB
from message import Attachment, Body, Message
from notice import Notice
from problems import Problems
from room import Room, clip, encode
from storage import Stored

SCHEMA = "ses-regions/received-mail"
VERSION = "1"
MOST = 256 * KIB
"""What SNS takes, message attributes included."""
ATTRIBUTES = 4 * KIB
"""More than the message attributes take."""

# Together 246 KB of the 252.
_ENVELOPE = 12 * KIB  # twice: recipients and destination
_COMMON_HEADERS = 24 * KIB
_HEADERS = 32 * KIB
_TEXT = 64 * KIB
_HTML = 64 * KIB
_ATTACHMENTS = 32 * KIB
_PROBLEMS = 6 * KIB
_VALUE = 4 * KIB  # one header
_SHORT = 1 * KIB
_DOMAINS = 2 * KIB

_ADDRESS_HEADERS = ("From", "Sender", "Reply-To", "To", "Cc")
_TEXT_HEADERS = (
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "Return-Path",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "List-Unsubscribe",
)
_REFERENCE = re.compile(r"<[^<>\s]{1,998}>")


def build(
    *, notice: Notice, stored: Stored, region: str, message: Message | None, problems: Problems
) -> dict[str, Any]:
    """Return the event.

    Args:
        notice: what SES says of the mail.
        stored: where the mail is.
        region: the AWS Region that received it.
        message: what was read of it; None when nothing could be.
        problems: what was wrong with it.
    """
    truncated: list[str] = []
    event: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "id": notice.id(region),
        "region": region,
        "rule": notice.rule,
        "message_id": notice.message_id,
        "received_at": clip(notice.received_at, 64),
        "envelope": _envelope(notice, truncated),
        "verdicts": {name: _word(status) for name, status in notice.verdicts.items()}
        | {"dmarc_policy": _word(notice.dmarc_policy)},
        "size": stored.size,
        "s3": {
            "bucket": stored.bucket,
            "key": stored.key,
            "region": region,
            "etag": stored.etag,
            "version_id": stored.version_id,
        },
        "common_headers": None,
        "headers": [],
        "text": None,
        "html": None,
        "attachments": [],
        "has_attachments": False,
    }
    if message is not None:
        event["common_headers"] = _common(message.headers, problems, truncated)
        event["headers"] = _all(message.headers, problems, truncated)
        event["text"] = _body(message.text, _TEXT, "text", truncated)
        event["html"] = _body(message.html, _HTML, "html", truncated)
        event["attachments"] = _attachments(message.attachments, truncated)
        event["has_attachments"] = bool(message.attachments)
    event["truncated"] = truncated
    listed = Room(_PROBLEMS)
    event["parse"] = {
        "complete": problems.complete,
        "problems": listed.items(
            [
                {"code": problem.code, "part": problem.part or None, "detail": clip(problem.detail, 256)}
                for problem in problems.found
            ]
        ),
    }
    return event


def attributes(event: dict[str, Any]) -> dict[str, Any]:
    """Return the SNS message attributes of an event, for filter policies.

    Seven of them, because a queue that takes raw messages accepts ten.
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    domains = sorted({address.rpartition("@")[2].lower() for address in event["envelope"]["recipients"]})
    verdicts = event["verdicts"]
    flat = {
        "region": event["region"],
        "has_attachments": _flag(event["has_attachments"]),
        "parse_complete": _flag(event["parse"]["complete"]),
        "spam_verdict": verdicts["spam"] or "NONE",
        "virus_verdict": verdicts["virus"] or "NONE",
        "dmarc_verdict": verdicts["dmarc"] or "NONE",
    }
    found = {name: {"DataType": "String", "StringValue": value} for name, value in flat.items()}
    if domains := Room(_DOMAINS).items([domain for domain in domains if domain]):
        found["recipient_domains"] = {"DataType": "String.Array", "StringValue": encode(domains)}
    return found


def _envelope(notice: Notice, truncated: list[str]) -> dict[str, Any]:
    recipients, destination = Room(_ENVELOPE), Room(_ENVELOPE)
    envelope = {
        "sender": clip(notice.sender, _SHORT),
        "recipients": recipients.items(list(notice.recipients)),
        "destination": destination.items(list(notice.destination)),
    }
    if recipients.cut or destination.cut:
        truncated.append("envelope")
    return envelope


def _common(own: Headers, problems: Problems, truncated: list[str]) -> dict[str, Any]:
    room = Room(_COMMON_HEADERS)
    found: dict[str, Any] = {}
    for name in _TEXT_HEADERS:  # before the addresses, which may be many
        value = headers.decode(own.first(name), problems=problems)
        found[_key(name)] = room.text(value, _SHORT) if own.all(name) else None
    for name in _ADDRESS_HEADERS:
        read = headers.addresses(own.all(name), problems=problems)
        share = Room(min(room.left, _VALUE if name != "To" else 2 * _VALUE))
        before = share.left
        found[_key(name)] = share.items([asdict(address) for address in read])
        room.left -= before - share.left
        room.cut |= share.cut
    found["references"] = room.items(_REFERENCE.findall(" ".join(own.all("References"))))
    if room.cut:
        truncated.append("common_headers")
    return found


def _all(own: Headers, problems: Problems, truncated: list[str]) -> list[dict[str, str]]:
    room = Room(_HEADERS)
    found: list[dict[str, str]] = []
    for name, value in own.fields:
        decoded = headers.decode(value, problems=problems)
        shown = clip(decoded, _VALUE)
        kept = room.items([{"name": name, "value": shown}])
        room.cut |= len(shown) < len(decoded)
        if not kept:
            break
        found.extend(kept)
    if room.cut:
        truncated.append("headers")
    return found


def _body(body: Body | None, most: int, name: str, truncated: list[str]) -> str | None:
    if body is None:
        return None
    shown = clip(body.content, most)
    if body.truncated or len(shown) < len(body.content):
        truncated.append(name)
    return shown


def _attachments(attachments: tuple[Attachment, ...], truncated: list[str]) -> list[dict[str, Any]]:
    room = Room(_ATTACHMENTS)
    found: list[dict[str, Any]] = []
    for attachment in attachments:
        shown = asdict(attachment) | {
            "filename": clip(attachment.filename, _SHORT) or None,
            "content_id": clip(attachment.content_id, _SHORT) or None,
            "disposition": attachment.disposition or None,
            "transfer_encoding": clip(attachment.transfer_encoding, 64),
        }
        kept = room.items([shown])
        if not kept:
            break
        found.extend(kept)
    if room.cut:
        truncated.append("attachments")
    return found


def _key(name: str) -> str:
    return name.lower().replace("-", "_")


def _word(status: str | None) -> str | None:
    return None if status is None else clip(status, 64)


def _flag(value: bool) -> str:
    return "true" if value else "false"
