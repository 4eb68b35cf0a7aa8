"""What a request to send says, in either version of the API: from whom, to whom, with which headers.

Gaps: ministack forgets the headers of a mail, and finds nobody to send to in a raw one of version 2.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import getaddresses, parseaddr
from typing import Any

from ministack.services import ses

Response = tuple[int, dict[str, str], bytes]
Headers = tuple[tuple[str, str], ...]

_HEADERS_IN_COMMON = {"From": "from", "To": "to", "Cc": "cc", "Date": "date", "Subject": "subject"}
_LISTS = ("from", "to", "cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One mail that an application asks SES to send.

    Attributes:
        version: of the API, 1 or 2.
        source: the sender's address, with or without a name.
        recipients: everyone it goes to.
        headers: name and value, in the order of the mail.
    """

    version: int
    source: str
    recipients: tuple[str, ...]
    headers: Headers

    def common_headers(self, message_id: str) -> dict[str, Any]:
        """Return the headers that notifications repeat in a fixed form."""
        found: dict[str, Any] = {"messageId": message_id}
        for name, value in self.headers:
            field = _HEADERS_IN_COMMON.get(name.title())
            if field in _LISTS:
                found[field] = [
                    f"{shown} <{address}>" if shown else address for shown, address in getaddresses([value])
                ]
            elif field:
                found[field] = value
        return found

    def message_id(self, answer: Response) -> str:
        """Return the message id in the answer of version 2."""
        return str(json.loads(answer[2])["MessageId"])


_current: ContextVar[Sent | None] = ContextVar("sent", default=None)


def current() -> Sent | None:
    """Return the mail of the request that is being served, if it sends one."""
    return _current.get()


@contextmanager
def serving(mail: Sent | None) -> Iterator[None]:
    """Remember the mail while its request is served."""
    token = _current.set(mail)
    try:
        yield
    finally:
        _current.reset(token)


def read_v1(params: dict[str, str]) -> Sent | None:
    """Return the mail of a request of version 1, if it sends one."""
    action = params.get("Action")
    if action == "SendRawEmail":
        to = ses._collect_list(params, "Destinations.member")
        return _raw(1, params.get("Source", ""), to, params.get("RawMessage.Data", ""))
    if action != "SendEmail":
        return None
    to, cc, bcc = (
        ses._collect_list(params, f"Destination.{field}Addresses.member") for field in ("To", "Cc", "Bcc")
    )
    return _simple(1, params.get("Source", ""), (to, cc, bcc), params.get("Message.Subject.Data", ""))


def read_v2(method: str, path: str, body: bytes) -> Sent | None:
    """Return the mail of a request of version 2, if it sends one."""
    if method != "POST" or not path.endswith("/outbound-emails"):
        return None
    data: dict[str, Any] = json.loads(body)
    source, destination = data.get("FromEmailAddress", ""), data.get("Destination") or {}
    lists = [destination.get(f"{field}Addresses", []) for field in ("To", "Cc", "Bcc")]
    content = data.get("Content") or {}
    if raw := content.get("Raw"):
        return _raw(2, source, [address for each in lists for address in each], raw.get("Data", ""))
    subject = content.get("Simple", {}).get("Subject", {}).get("Data", "")
    return _simple(2, source, (lists[0], lists[1], lists[2]), subject)


def _simple(
    version: int, source: str, lists: tuple[Sequence[str], Sequence[str], Sequence[str]], subject: str
) -> Sent:
    to, cc, bcc = lists
    headers = [("From", source), ("To", ", ".join(to)), ("Cc", ", ".join(cc)), ("Subject", subject)]
    return Sent(
        version=version,
        source=source,
        recipients=(*to, *cc, *bcc),
        headers=(*((name, value) for name, value in headers if value), ("MIME-Version", "1.0")),
    )


def _raw(version: int, source: str, to: Sequence[str], data: str) -> Sent:
    try:
        raw = base64.b64decode(data)
    except binascii.Error:
        raw = b""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    headers = tuple((name, " ".join(str(value).split())) for name, value in mail.items())
    everyone = [
        address
        for field in ("To", "Cc", "Bcc")
        for _, address in getaddresses([str(value) for value in mail.get_all(field, [])])
    ]
    return Sent(
        version=version,
        source=source or parseaddr(str(mail.get("From", "")))[1],
        recipients=tuple(to or everyone),
        headers=headers,
    )
