"""What SES says about a received mail: who sent it to whom, and its verdicts. Never the content.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
"""Message id and key of what SES writes to a bucket when a receipt rule is created. It is no mail."""

VERDICTS = ("spam", "virus", "spf", "dkim", "dmarc")
_MESSAGE_ID = re.compile(r"\w[\w.=+-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """SES's word on one mail; the same whether it came through Lambda or through SNS.

    Args:
        message_id: SES's own id, the last part of the mail's key.
        received_at: ISO 8601, as SES writes it.
        sender: MAIL FROM of the envelope; empty for a bounce.
        recipients: those of the envelope that the receipt rule matched.
        destination: all recipients of the envelope.
        verdicts: by name in `VERDICTS`, in SES's words (PASS, FAIL, GRAY, PROCESSING_FAILED, DISABLED); None
            where SES gave none.
        dmarc_policy: what the sender's domain asks for when DMARC fails; else None.
    """

    message_id: str
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    destination: tuple[str, ...]
    verdicts: Mapping[str, str | None]
    dmarc_policy: str | None = None

    @property
    def is_setup(self) -> bool:
        """Whether this is SES trying out a new receipt rule."""
        return self.message_id == SETUP

    def id(self, region: str) -> str:
        """Return the event's id: the same at every retry, another for another Region or rule's recipients."""
        text = "\n".join((region, self.message_id, *sorted(self.recipients)))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def from_record(record: Mapping[str, Any]) -> Notice:
    """Read one record of the event SES invokes Lambda with.

    Raises:
        ValueError: when it is no such record. That is no mail's doing, so the invocation fails and is kept.
    """
    ses = _mapping(record, "ses")
    return from_ses(mail=_mapping(ses, "mail"), receipt=_mapping(ses, "receipt"))


def from_ses(*, mail: Mapping[str, Any], receipt: Mapping[str, Any]) -> Notice:
    """Read the `mail` and `receipt` objects, which SES's Lambda events and SNS notifications share.

    Raises:
        ValueError: when the message id is missing or could name another object than a mail's.
    """
    message_id = mail.get("messageId")
    if not isinstance(message_id, str) or _MESSAGE_ID.fullmatch(message_id) is None:
        raise ValueError(f"mail.messageId {message_id!r} is no message id of SES")
    verdicts = {name: _text(_optional(receipt, f"{name}Verdict").get("status")) for name in VERDICTS}
    return Notice(
        message_id=message_id,
        received_at=_text(receipt.get("timestamp")) or _text(mail.get("timestamp")) or "",
        sender=_text(mail.get("source")) or "",
        recipients=_texts(receipt.get("recipients")),
        destination=_texts(mail.get("destination")),
        verdicts=verdicts,
        dmarc_policy=_text(receipt.get("dmarcPolicy")),
    )


def _mapping(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    if not isinstance(value, Mapping):
        raise ValueError(f"the event is not one of SES's: no object {key!r} in it")
    return cast("Mapping[str, Any]", value)


def _optional(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in cast("list[object]", value) if isinstance(item, str))
