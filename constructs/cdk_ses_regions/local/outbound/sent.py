"""What a request to send says, in either version of the API: from whom, to whom, what, and with which settings.

Gaps: ministack forgets the headers of a mail, and finds nobody to send to in a raw one of version 2.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import getaddresses
from typing import Any

from ministack.services import ses

from cdk_ses_regions.local.outbound.headers import Fields, fields_of
from cdk_ses_regions.local.outbound.letter import Letter, Simple, Tags, Templated, Text

Parameters = dict[str, str]

SUBMITTED = ("X-SES-Submitted-By", secrets.token_hex(16))
"""Header that the SMTP endpoint gives a mail, so that it is known from where it came; nobody else knows the value."""


def read_v1(params: Parameters) -> tuple[Letter, ...]:
    """Return the mails that a request of version 1 sends.

    Raises:
        ValueError: it cannot be read.
    """
    operation = params.get("Action", "")
    common: dict[str, Any] = {
        "version": 1,
        "operation": operation,
        "source": params.get("Source", ""),
        "configuration_set": params.get("ConfigurationSetName", ""),
        "arns": _given({"source": params.get("SourceArn"), "return_path": params.get("ReturnPathArn")}),
        "tags": _tags_v1(params, "DefaultTags" if "Bulk" in operation else "Tags"),
    }
    if operation == "SendRawEmail":
        common["arns"] |= _given({"from": params.get("FromArn")})
        raw = base64.b64decode(params.get("RawMessage.Data", ""))
        return (_raw(raw, to=_list(params, "Destinations.member"), **common),)
    common |= {
        "reply_to": _list(params, "ReplyToAddresses.member"),
        "return_path": params.get("ReturnPath", ""),
    }
    match operation:
        case "SendEmail":
            content: Simple | Templated = Simple(
                subject=_text_v1(params, "Message.Subject") or Text(data=""),
                text=_text_v1(params, "Message.Body.Text"),
                html=_text_v1(params, "Message.Body.Html"),
            )
            return (Letter(content=content, **_destination_v1(params, "Destination."), **common),)
        case "SendTemplatedEmail":
            content = Templated(name=params.get("Template", ""), data=params.get("TemplateData", "{}"))
            return (Letter(content=content, **_destination_v1(params, "Destination."), **common),)
        case "SendBulkTemplatedEmail":
            return tuple(_bulk_v1(params, common))
        case _:
            return ()


def read_v2(method: str, path: str, body: bytes) -> tuple[Letter, ...]:
    """Return the mails that a request of version 2 sends.

    Raises:
        ValueError: it cannot be read.
    """
    bulk = path.endswith("/outbound-bulk-emails")
    if method != "POST" or not (bulk or path.endswith("/outbound-emails")):
        return ()
    request: dict[str, Any] = json.loads(body)
    arns = {
        "source": request.get("FromEmailAddressIdentityArn"),
        "return_path": request.get("FeedbackForwardingEmailAddressIdentityArn"),
    }
    common: dict[str, Any] = {
        "version": 2,
        "operation": "SendBulkEmail" if bulk else "SendEmail",
        "source": request.get("FromEmailAddress") or "",
        "configuration_set": request.get("ConfigurationSetName") or "",
        "arns": _given(arns),
        "tags": _tags_v2(request.get("DefaultEmailTags" if bulk else "EmailTags")),
        "return_path": request.get("FeedbackForwardingEmailAddress") or "",
        "reply_to": tuple(request.get("ReplyToAddresses") or ()),
        "endpoint": request.get("EndpointId") or "",
    }
    if bulk:
        return tuple(_bulk_v2(request, common))
    destination, content = _destination_v2(request), request.get("Content") or {}
    if raw := content.get("Raw"):
        return (_raw(base64.b64decode(raw.get("Data", "")), **destination, **common),)
    if simple := content.get("Simple"):
        return (Letter(content=_simple_v2(simple), **destination, **common),)
    if template := content.get("Template"):
        return (Letter(content=_template_v2(template), **destination, **common),)
    raise ValueError("Content must have one of Simple, Raw and Template")


def sender(letter: Letter) -> str:
    """Return who sends a mail: what the request says, else the mail's From."""
    if letter.source or not isinstance(letter.content, bytes):
        return letter.source
    return next(iter(addresses(fields_of(letter.content), "From")), "")


def addresses(fields: Fields, *names: str) -> tuple[str, ...]:
    """Return the addresses, with their names, in headers of a mail."""
    values = [value for name in names for value in fields.values(name)]
    return tuple(
        f"{shown} <{address}>" if shown else address for shown, address in getaddresses(values) if address
    )


def _raw(raw: bytes, **common: Any) -> Letter:
    """Return a raw mail with the settings that its own headers make; those of the request come first."""
    fields = fields_of(raw)
    letter = Letter(content=raw, **common)
    arns = {
        kind: fields.first(f"X-SES-{kind.replace('_', '-')}-ARN")
        for kind in ("source", "return_path", "from")
    }
    own_tags = re.findall(r"([^\s=,]+)=([^,\s]*)", fields.first("X-SES-MESSAGE-TAGS"))
    return replace(
        letter,
        to=letter.to if letter.recipients else addresses(fields, "To", "Cc", "Bcc"),
        arns=_given(arns) | dict(letter.arns),
        configuration_set=letter.configuration_set or fields.first("X-SES-CONFIGURATION-SET"),
        tags=letter.tags or tuple((name, value) for name, value in own_tags),
        return_path=letter.return_path or fields.first("Return-Path").strip("<>"),
        by_smtp=fields.first(SUBMITTED[0]) == SUBMITTED[1],
    )


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _list(params: Parameters, prefix: str) -> tuple[str, ...]:
    return tuple(ses._collect_list(params, prefix))


def _destination_v1(params: Parameters, prefix: str) -> dict[str, tuple[str, ...]]:
    return {kind: _list(params, f"{prefix}{kind.title()}Addresses.member") for kind in ("to", "cc", "bcc")}


def _text_v1(params: Parameters, prefix: str) -> Text | None:
    data = params.get(f"{prefix}.Data")
    return None if data is None else Text(data=data, charset=params.get(f"{prefix}.Charset", ""))


def _tags_v1(params: Parameters, prefix: str) -> Tags:
    found: list[tuple[str, str]] = []
    while (name := params.get(f"{prefix}.member.{len(found) + 1}.Name")) is not None:
        found.append((name, params.get(f"{prefix}.member.{len(found) + 1}.Value", "")))
    return tuple(found)


def _bulk_v1(params: Parameters, common: dict[str, Any]) -> list[Letter]:
    found: list[Letter] = []
    indexes = {int(key.split(".")[2]) for key in params if re.match(r"Destinations\.member\.\d+\.", key)}
    for index in sorted(indexes):
        prefix = f"Destinations.member.{index}."
        data = params.get(f"{prefix}ReplacementTemplateData") or params.get("DefaultTemplateData", "{}")
        own = {
            "content": Templated(name=params.get("Template", ""), data=data),
            "tags": _tags_v1(params, f"{prefix}ReplacementTags") or common["tags"],
        }
        found.append(Letter(**{**common, **own, **_destination_v1(params, f"{prefix}Destination.")}))
    return found


def _destination_v2(request: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    destination = request.get("Destination") or {}
    return {kind: tuple(destination.get(f"{kind.title()}Addresses") or ()) for kind in ("to", "cc", "bcc")}


def _text_v2(text: Mapping[str, Any] | None) -> Text | None:
    return None if text is None else Text(data=text.get("Data") or "", charset=text.get("Charset") or "")


def _headers_v2(headers: Sequence[Mapping[str, str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((header["Name"], header["Value"]) for header in headers or ())


def _tags_v2(tags: Sequence[Mapping[str, str]] | None) -> Tags:
    return tuple((tag.get("Name", ""), tag.get("Value", "")) for tag in tags or ())


def _simple_v2(simple: Mapping[str, Any]) -> Simple:
    body = simple.get("Body") or {}
    return Simple(
        subject=_text_v2(simple.get("Subject")) or Text(data=""),
        text=_text_v2(body.get("Text")),
        html=_text_v2(body.get("Html")),
        headers=_headers_v2(simple.get("Headers")),
        attachments=tuple(simple.get("Attachments") or ()),
    )


def _template_v2(template: Mapping[str, Any]) -> Templated:
    name, parts = template.get("TemplateName") or "", template.get("TemplateContent")
    if not name and parts is None:
        name = (template.get("TemplateArn") or "").partition(":template/")[2]
    return Templated(
        name=name,
        data=template.get("TemplateData") or "{}",
        parts=None if name or parts is None else {f"{part}Part": parts.get(part) or "" for part in parts},
        headers=_headers_v2(template.get("Headers")),
        attachments=tuple(template.get("Attachments") or ()),
    )


def _bulk_v2(request: Mapping[str, Any], common: dict[str, Any]) -> list[Letter]:
    template = (request.get("DefaultContent") or {}).get("Template")
    if not template:
        raise ValueError("DefaultContent must have a Template")
    default, found = _template_v2(template), list[Letter]()
    for entry in request.get("BulkEmailEntries") or ():
        replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
        content = replace(
            default,
            data=replacement.get("ReplacementTemplateData") or default.data,
            headers=_headers_v2(entry.get("ReplacementHeaders")) or default.headers,
        )
        own = {"content": content, "tags": _tags_v2(entry.get("ReplacementTags")) or common["tags"]}
        found.append(Letter(**{**common, **own, **_destination_v2(entry)}))
    return found
