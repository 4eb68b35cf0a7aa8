"""What an application asks SES to send, whichever way it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Tags = tuple[tuple[str, str], ...]
"""Name and value of message tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A subject or one form of a body, in the character set that the application wants."""

    data: str
    charset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A mail that SES composes.

    Attributes:
        subject: of the mail.
        text: its body for reading without HTML; None for none.
        html: its body in HTML; None for none.
        headers: name and value of further headers.
        attachments: as API v2 has them, with `RawContent` in Base64.
    """

    subject: Text
    text: Text | None = None
    html: Text | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Templated:
    """A mail that SES composes from a template.

    Attributes:
        name: of the stored template; empty when the request brings its own.
        parts: `SubjectPart`, `TextPart`, `HtmlPart` of the request's own; None to look the name up.
        data: JSON.
        headers: name and value of further headers.
        attachments: as in a `Simple` mail.
    """

    name: str
    data: str
    parts: Mapping[str, str] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail that an application asks SES to send.

    Attributes:
        version: of the API, 1 or 2.
        operation: name of the API operation.
        source: the sender, with or without a name; empty when the raw mail says it.
        content: bytes when the application composed the mail itself.
        to: recipients, with or without names; empty when the raw mail says them.
        cc: those of a copy.
        bcc: those of a copy that the others do not see.
        reply_to: whom to answer.
        return_path: whom to tell of bounces by email.
        arns: of the identities that the sender may use: of `source`, `return_path`, `from`, as far as they are given.
        configuration_set: its name.
        tags: message tags.
        by_smtp: whether it came through the SMTP endpoint.
        endpoint: id of the global endpoint it is sent with; empty for none.
    """

    version: int
    operation: str
    source: str
    content: bytes | Simple | Templated
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    return_path: str = ""
    arns: Mapping[str, str] = field(default_factory=dict[str, str])
    configuration_set: str = ""
    tags: Tags = ()
    by_smtp: bool = False
    endpoint: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everyone it goes to, as the application wrote them."""
        return (*self.to, *self.cc, *self.bcc)
