"""What a mail looks like when it leaves: composed for an application that does not, completed, signed.

https://docs.aws.amazon.com/ses/latest/dg/header-fields.html and
https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim.html
"""

# pyright: standard
# dkimpy has no types.

from __future__ import annotations

import base64
from collections.abc import Mapping
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

import dkim

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.identities.dkim import Signer
from cdk_ses_regions.local.outbound.headers import Fields, folded, split
from cdk_ses_regions.local.outbound.letter import Letter, Simple, Text
from cdk_ses_regions.local.outbound.message_ids import header_domain

_SIGNED = (
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)


def compose(letter: Letter, content: Simple) -> bytes:
    """Return the mail that SES composes of a request's parts, as if the application had done it.

    Raises:
        ValueError: a text does not fit its character set, an attachment cannot be read.
    """
    lists = {"Reply-To": letter.reply_to, "To": letter.to, "Cc": letter.cc}
    headers = [
        ("From", letter.source),
        *(folded(name, parts) for name, parts in lists.items() if parts),
        ("Subject", _encoded(content.subject)),
        *((name, _encoded(Text(data=value))) for name, value in content.headers),
    ]
    return Fields().and_before(*headers).as_bytes() + _body(content).as_bytes(policy=SMTP)


def complete(raw: bytes, *, message_id: str, region: str, signer: Signer | None) -> tuple[bytes, Fields]:
    """Return a mail as it leaves, and the headers the application gave it with those that it lacked.

    Bcc, Return-Path and what is meant for SES are taken out; Message-ID is SES's own.

    Args:
        raw: the mail as the application composed it.
        message_id: SES's id.
        region: the AWS Region that sends it.
        signer: with which it is signed; None for not at all.
    """
    fields, body = split(raw)
    original = fields.without(lambda name: name in ("bcc", "return-path") or name.startswith("x-ses-"))
    if not original.first("Date"):
        original = original.and_before(("Date", format_datetime(clock.now())))
    if not original.first("MIME-Version"):
        original = original.and_before(("MIME-Version", "1.0"))
    leaving = original.without(lambda name: name == "message-id").and_before(
        ("Message-ID", f"<{message_id}@{header_domain(region)}>")
    )
    mail = leaving.as_bytes() + b"\r\n" + body
    return _signature(mail, leaving, signer) + mail, original


def _signature(mail: bytes, fields: Fields, signer: Signer | None) -> bytes:
    if signer is None:
        return b""
    present = {name.lower() for name, _ in fields.items}
    return dkim.sign(
        mail,
        selector=signer.selector.encode(),
        domain=signer.domain.encode(),
        privkey=signer.private_key,
        canonicalize=(b"relaxed", b"simple"),
        include_headers=[name.encode() for name in _SIGNED if name.lower() in present],
    )


def _body(content: Simple) -> EmailMessage:
    body = EmailMessage(policy=SMTP)
    forms = [(content.text, "plain"), (content.html, "html")]
    given = [(text, subtype) for text, subtype in forms if text is not None] or [(Text(data=""), "plain")]
    for number, (text, subtype) in enumerate(given):
        put = body.set_content if not number else body.add_alternative
        put(text.data, subtype=subtype, charset=text.charset or "utf-8")
    for attachment in content.attachments:
        _attach(body, attachment)
    return body


def _attach(body: EmailMessage, attachment: Mapping[str, Any]) -> None:
    kind = attachment.get("ContentType") or "application/octet-stream"
    maintype, _, subtype = kind.partition(";")[0].strip().partition("/")
    disposition = (attachment.get("ContentDisposition") or "ATTACHMENT").lower()
    content_id = attachment.get("ContentId")
    body.add_attachment(
        base64.b64decode(attachment.get("RawContent") or ""),
        maintype=maintype,
        subtype=subtype or "octet-stream",
        filename=attachment.get("FileName"),
        disposition=disposition,
        cid=f"<{content_id.strip('<>')}>" if content_id else None,
    )
    part = list(body.iter_attachments())[-1]
    if description := attachment.get("ContentDescription"):
        part["Content-Description"] = description


def _encoded(text: Text) -> str:
    """Return a header's value in ASCII, on as many lines as it needs; line ends in it are spaces."""
    value = " ".join(text.data.splitlines())
    if value.isascii():
        return value
    return Header(value, text.charset or "utf-8", maxlinelen=70).encode(linesep="\r\n")
