"""The JSON in which SES tells of a mail: notifications of identities and event records look almost the same.

Rests on the SES developer guide: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr
from typing import Any

from cdk_ses_regions.local.feedback.events import MailEvent, iso
from cdk_ses_regions.local.outbound.outgoing import Outgoing

HEADERS = 10 * 1024
"""Bytes of headers that are told; the rest is cut off."""

_COMMON = {
    "from": ("from", True),
    "date": ("date", False),
    "to": ("to", True),
    "cc": ("cc", True),
    "reply-to": ("replyTo", True),
    "subject": ("subject", False),
}
_ADDED_BY_SES = ("dkim-signature", "feedback-id", "x-ses-outgoing")


def notification(event: MailEvent, *, headers: bool) -> dict[str, Any]:
    """Return what an identity's topic is told.

    Args:
        event: a bounce, complaint or delivery.
        headers: whether the identity wants the headers in this kind.
    """
    mail = event.mail
    about = {
        **_mail(mail, parseaddr(mail.source)[1]),
        "sourceIp": _tag(mail, "ses:source-ip"),
        "callerIdentity": _tag(mail, "ses:caller-identity"),
        **(_headers(mail, common_id=_given_id(mail) or mail.message_id) if headers else {}),
    }
    return {"notificationType": event.event_type, "mail": about, event.object_name: event.detail}


def record(event: MailEvent) -> dict[str, Any]:
    """Return what an event destination is told: always with headers, and with tags."""
    mail = event.mail
    about: dict[str, Any] = {
        **_mail(mail, mail.source),
        **_headers(mail, common_id=mail.message_id),
        "tags": tags(mail),
    }
    detail = dict(event.detail)
    if event.kind == "Delivery":
        about["tags"]["ses:outgoing-ip"] = ["127.0.0.1"]
    else:
        detail.pop("remoteMtaIp", None)
    return {"eventType": event.event_type, "mail": about, event.object_name: detail}


def tags(mail: Outgoing) -> dict[str, list[str]]:
    """Return the tags of a mail: SES's own and the application's."""
    own = {"ses:configuration-set": [mail.configuration_set]} if mail.configuration_set else {}
    return {**own, **{name: list(values) for name, values in mail.tags.items()}}


def source_arn(mail: Outgoing) -> str:
    """Return the ARN of the identity that a mail was sent from."""
    return f"arn:aws:ses:{mail.region}:{mail.identity_account}:identity/{mail.identity}"


def _mail(mail: Outgoing, source: str) -> dict[str, Any]:
    return {
        "timestamp": iso(mail.sent_at),
        "source": source,
        "sourceArn": source_arn(mail),
        "sendingAccountId": mail.account,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
    }


def _tag(mail: Outgoing, name: str) -> str:
    return next(iter(mail.tags.get(name, ())), "")


def _given_id(mail: Outgoing) -> str:
    """Return the Message-ID that the application gave, which SES replaced; empty for none."""
    given = (value for name, value in mail.headers if name.lower() == "message-id")
    return next((value for value in given if mail.message_id not in value), "")


def _headers(mail: Outgoing, *, common_id: str) -> dict[str, Any]:
    """Return the headers that the application gave: SES tells of no header that it added itself.

    Args:
        mail: the mail.
        common_id: the message id among the common headers: the application's or SES's.
    """
    given = [(name, value) for name, value in mail.headers if not _added(name, value, mail)]
    listed, room = list[dict[str, str]](), HEADERS
    for name, value in given:
        room -= len(name.encode()) + len(value.encode())
        if room < 0:
            break
        listed.append({"name": name, "value": value})
    common: dict[str, Any] = {}
    for name, value in given:
        field, is_list = _COMMON.get(name.lower(), ("", False))
        if field:
            common[field] = _addresses(value) if is_list else _decoded(value)
    common["messageId"] = common_id
    return {"headersTruncated": len(listed) < len(given), "headers": listed, "commonHeaders": common}


def _added(name: str, value: str, mail: Outgoing) -> bool:
    return name.lower() in _ADDED_BY_SES or (name.lower() == "message-id" and mail.message_id in value)


def _addresses(value: str) -> list[str]:
    pairs = getaddresses([value])
    return [f"{_decoded(shown)} <{address}>" if shown else address for shown, address in pairs]


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
