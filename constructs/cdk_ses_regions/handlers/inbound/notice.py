"""What SES says about a received mail: who sent it to whom, its verdicts, where it is. Never the content.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
"""Message id and key of what SES writes to a bucket when a receipt rule is created. It is no mail."""

_TRIAL = "Successfully validated SNS topic"
"""Begins what SES publishes to a topic that a rule is given."""

VERDICTS = ("spam", "virus", "spf", "dkim", "dmarc")
_MESSAGE_ID = re.compile(r"\w[\w.=+-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """SES's word on one mail.

    Args:
        message_id: SES's own id, the last part of the mail's key.
        rule: the receipt rule that stored it, the part of the key before that.
        key: of the mail in its bucket.
        received_at: ISO 8601, as SES writes it.
        sender: MAIL FROM of the envelope; empty for a bounce.
        recipients: those of the envelope that the receipt rule matched.
        destination: all recipients of the envelope.
        verdicts: by name in `VERDICTS`, in SES's words (PASS, FAIL, GRAY, PROCESSING_FAILED, DISABLED); None
            where SES gave none.
        dmarc_policy: what the sender's domain asks for when DMARC fails; else None.
    """

    message_id: str
    rule: str
    key: str
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
        """Return the event's id: the same at every retry, another for another Region or rule."""
        text = "\n".join((region, self.message_id, self.rule, *sorted(self.recipients)))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def from_notification(text: str, *, bucket: str, prefix: str) -> Notice | None:
    """Read what SES published when it had stored a mail; None for what it publishes to try out a topic.

    Args:
        text: the notification, as SNS delivers it raw.
        bucket: the only bucket that mail is read from.
        prefix: begins the key of every mail.

    Raises:
        ValueError: it is nothing of that kind. That is no mail's doing, so it ends in the dead-letter queue.
    """
    if text.startswith(_TRIAL):
        return None
    data = json.loads(text)
    if not isinstance(data, Mapping):
        raise ValueError("the message is no notification of SES: no JSON object")
    notification = cast("Mapping[str, Any]", data)
    return from_ses(
        mail=_mapping(notification, "mail"),
        receipt=_mapping(notification, "receipt"),
        bucket=bucket,
        prefix=prefix,
    )


def from_ses(*, mail: Mapping[str, Any], receipt: Mapping[str, Any], bucket: str, prefix: str) -> Notice:
    """Read the `mail` and `receipt` objects of a notification.

    Raises:
        ValueError: the message id is missing, or the mail is not where the rules store it.
    """
    message_id = mail.get("messageId")
    if not isinstance(message_id, str) or _MESSAGE_ID.fullmatch(message_id) is None:
        raise ValueError(f"mail.messageId {message_id!r} is no message id of SES")
    action = _mapping(receipt, "action")
    key = _text(action.get("objectKey")) or ""
    rule = key.removeprefix(prefix).removesuffix(f"/{message_id}")
    if action.get("bucketName") != bucket or key != f"{prefix}{rule}/{message_id}":
        raise ValueError(
            f"receipt.action names s3://{action.get('bucketName')}/{key}; mail of a rule is stored as "
            f"s3://{bucket}/{prefix}RULE/{message_id}"
        )
    verdicts = {name: _text(_optional(receipt, f"{name}Verdict").get("status")) for name in VERDICTS}
    return Notice(
        message_id=message_id,
        rule=rule,
        key=key,
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
        raise ValueError(f"the message is no notification of SES: no object {key!r} in it")
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
