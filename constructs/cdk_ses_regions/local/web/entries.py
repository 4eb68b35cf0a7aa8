"""The journal's entries as JSON has them, and the mails they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any, cast

from cdk_ses_regions.local.journal import JOURNAL, Received, Sent, Told

Entry = dict[str, Any]


def sent(mails: Sequence[Sent] | None = None) -> list[Entry]:
    """Return the mails that left, oldest first (default: all)."""
    return [_sent(entry) for entry in (JOURNAL.sent() if mails is None else mails)]


def outbox() -> list[Entry]:
    """Return the mails that stayed in the local outbox for at least one recipient."""
    return sent(JOURNAL.sent(in_outbox))


def received(mails: Sequence[Received] | None = None) -> list[Entry]:
    """Return the mails that came in with their route, oldest first (default: all)."""
    return [_received(entry) for entry in (JOURNAL.received() if mails is None else mails)]


def feedback(message_id: str | None = None) -> list[Entry]:
    """Return what SES told, oldest first; of one mail when its id is given."""
    return [_told(told) for told in JOURNAL.told(lambda told: message_id in (None, told.message_id))]


def in_outbox(entry: Sent) -> bool:
    """Whether a mail stayed here for at least one recipient."""
    return any(hop.result == "outbox" for hop in entry.hops.values())


def find(message_id: str) -> Sent | Received | None:
    """Return the mail of an id."""
    went = JOURNAL.sent(lambda entry: entry.mail.message_id == message_id)
    came = JOURNAL.received(lambda entry: entry.route.message_id == message_id)
    return next(iter((*went, *came)), None)


def raw(entry: Sent | Received) -> bytes:
    """Return a whole mail."""
    return entry.mail.raw if isinstance(entry, Sent) else entry.raw


def parsed(raw: bytes) -> EmailMessage:
    """Return a mail as Python has it; never raises, whatever a stranger sent."""
    return message_from_bytes(raw, policy=policy.default)


def header(mail: EmailMessage, name: str) -> str:
    """Return a header's text, empty when it is missing or nobody can read it."""
    try:
        return one_line(str(mail.get(name, "")))
    except (MessageError, ValueError, LookupError, AttributeError):  # the parser has its own defects
        return ""


def one_line(text: str) -> str:
    """Return a header's text without its folding and without bytes that are no text."""
    return " ".join(readable(text).split())


def readable(text: str) -> str:
    """Return text in which every character can be written, whatever bytes it came from."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _head(raw: bytes) -> EmailMessage:
    """Return the headers alone: a list of a thousand mails need not parse their bodies."""
    end = min((at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0), default=len(raw))
    return parsed(raw[:end] + b"\r\n\r\n")


def _subject(raw: bytes) -> str:
    return header(_head(raw), "Subject")


def _sent(entry: Sent) -> Entry:
    mail = entry.mail
    return {
        "message_id": mail.message_id,
        "region": mail.region,
        "identity": mail.identity,
        "source": mail.source,
        "subject": _subject(mail.raw),
        "envelope_sender": mail.envelope_sender,
        "return_path": mail.return_path,
        "recipients": list(mail.recipients),
        "configuration_set": mail.configuration_set,
        "tags": {name: list(values) for name, values in mail.tags.items()},
        "via": mail.via,
        "size": len(mail.raw),
        "at": mail.sent_at.isoformat(),
        "hops": [asdict(hop) for hop in entry.hops.values()],
    }


def _received(entry: Received) -> Entry:
    route, head = entry.route, _head(entry.raw)
    return {
        "message_id": route.message_id,
        "region": route.region,
        "sender": route.sender,
        "source": header(head, "From"),
        "recipients": list(route.recipients),
        "subject": header(head, "Subject"),
        "message_id_header": header(head, "Message-ID"),
        "size": route.size,
        "tls": route.tls,
        "at": route.received_at.isoformat(),
        "rule_set": route.rule_set,
        "steps": [asdict(step) for step in route.steps],
    }


def _told(told: Told) -> Entry:
    return cast(Entry, {**asdict(told), "body": dict(told.body), "at": told.at.isoformat()})
