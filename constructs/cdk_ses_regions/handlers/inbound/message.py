"""One mail, read within bounds: headers, text, HTML, and the inventory of its attachments.

Not the standard library's parser: that one takes 9 s and 1.6 GB for 40 MB of two-byte lines and raises on
deep nesting. Here the mail stays one block of bytes, boundaries are found by regular expressions over it,
parts are offsets into it, and `limits.py` says where every loop ends. Nothing is rejected; see `problems.py`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import decoding
import headers
from decoding import Bytes
from headers import Headers
from limits import DEFAULT, Limits
from problems import Problems

_LONGEST_BOUNDARY = 256  # RFC 2046 allows 70
_TYPE = re.compile(r"[!#$&^_.+\w-]{1,100}/[!#$&^_.+\w-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The mail's text or HTML.

    Args:
        content: decoded; several inline parts of one type are joined by a line end.
        truncated: whether there was more than `Limits.text` characters.
    """

    content: str
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the mail's text or HTML: files, inline pictures, forwarded mails, reports.

    Args:
        part: its number, as in IMAP.
        filename: as the sender wrote it, decoded; a stranger's text, not a safe file name. Empty for none.
        content_type: lower case.
        disposition: `attachment`, `inline` or empty.
        content_id: without angle brackets; empty for none.
        size: bytes, decoded.
        sha256: of the decoded bytes, hexadecimal.
        transfer_encoding: how it is encoded in the stored mail.
        offset: where its encoded bytes start in the stored mail.
        length: how many they are.
    """

    part: str
    filename: str
    content_type: str
    disposition: str
    content_id: str
    size: int
    sha256: str
    transfer_encoding: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What was read of a mail.

    Args:
        headers: the mail's own.
        text: its plain text, None when there is none.
        html: its HTML, None when there is none.
        attachments: in the mail's order.
        parts: number of MIME parts visited.
        scanned: bytes looked through for boundaries, bytes looked at twice counted twice.
    """

    headers: Headers
    text: Body | None = None
    html: Body | None = None
    attachments: tuple[Attachment, ...] = ()
    parts: int = 0
    scanned: int = 0


def read_headers(data: Bytes, *, problems: Problems, limits: Limits = DEFAULT) -> Headers:
    """Read only the headers of a mail, of which `data` may be the first part."""
    return headers.read(
        data,
        0,
        len(data),
        problems=problems,
        block=limits.header_block,
        most=limits.headers,
        longest=limits.header,
    )


def read(data: Bytes, *, problems: Problems, limits: Limits = DEFAULT) -> Message:
    """Read a mail.

    Args:
        data: the whole mail, as SES stored it.
        problems: receives what was wrong or left out.
        limits: how much is looked at.
    """
    if not data:
        problems.add("empty_message")
    own = read_headers(data, problems=problems, limits=limits)
    walk = _Walk(data, problems=problems, limits=limits)
    walk.entity(own, len(data), part="", depth=0)
    return Message(
        headers=own,
        text=walk.text.body(),
        html=walk.html.body(),
        attachments=tuple(walk.attachments),
        parts=walk.parts,
        scanned=walk.scanned,
    )


@dataclass(slots=True)
class _Text:
    """Gathers the inline parts of one type up to a number of characters."""

    room: int
    contents: list[str] = field(default_factory=list[str])
    truncated: bool = False

    def add(self, content: str, *, cut: bool) -> None:
        self.truncated |= cut or len(content) > self.room
        self.contents.append(content[: self.room])
        self.room -= min(self.room, len(content))

    def body(self) -> Body | None:
        if not self.contents:
            return None
        return Body(content="\n".join(filter(None, self.contents)), truncated=self.truncated)


class _Walk:
    """Visits the parts of one mail in order. Recursion ends at `Limits.depth`, far from Python's limit."""

    def __init__(self, data: Bytes, *, problems: Problems, limits: Limits) -> None:
        self.data = data
        self.problems = problems
        self.limits = limits
        self.text = _Text(limits.text)
        self.html = _Text(limits.text)
        self.attachments: list[Attachment] = []
        self.parts = 0
        self.scanned = 0

    def entity(self, own: Headers, end: int, *, part: str, depth: int, default: str = "text/plain") -> None:
        """Visit the mail (`part` is empty) or one part, its headers read, its body ending at `end`."""
        self.parts += 1
        kind, parameters = headers.parameters(
            own.first("Content-Type"), problems=self.problems, limits=self.limits
        )
        kind = kind if _TYPE.fullmatch(kind) else default
        if kind.startswith("multipart/"):
            if self._multipart(kind, parameters.get("boundary", ""), own.body, end, part=part, depth=depth):
                return
            if depth < self.limits.depth and self.scanned < self.limits.scanned:
                kind = "text/plain"  # no boundary: what can be read is shown as text
        self._leaf(own, kind, parameters, end, part=part or "1")

    def _multipart(self, kind: str, boundary: str, start: int, end: int, *, part: str, depth: int) -> bool:
        limits, data = self.limits, self.data
        if depth >= limits.depth:
            self.problems.add("too_deep", part=part, detail=f"more than {limits.depth}")
            return False
        if self.scanned >= limits.scanned:
            self.problems.add("too_much_nesting", part=part)
            return False
        delimiter = boundary.rstrip()[:_LONGEST_BOUNDARY].encode("utf-8", "replace")
        if not delimiter:
            self.problems.add("missing_boundary", part=part)
            return False
        line = re.compile(rb"\n--" + re.escape(delimiter) + rb"(--)?[ \t]*+\r?(?=\n|\Z)")
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        self.scanned += end - start
        opened: int | None = None
        number = 0
        # The line end before the first boundary may be the one that ends the headers.
        for found in line.finditer(data, max(0, start - 1), end):
            if opened is not None:
                number += 1
                self._part(opened, found.start(), part=_child(part, number), depth=depth, default=default)
            if self.parts >= limits.parts:
                self.problems.add("too_many_parts", detail=f"more than {limits.parts}")
                return True
            if found[1]:
                return True
            opened = min(found.end() + 1, end)
        if opened is None:
            self.problems.add("missing_boundary", part=part, detail=boundary)
            return False
        self.problems.add("missing_closing_boundary", part=part)
        self._part(opened, end, part=_child(part, number + 1), depth=depth, default=default)
        return True

    def _part(self, start: int, end: int, *, part: str, depth: int, default: str) -> None:
        if end > start and self.data[end - 1] == 0x0D:
            end -= 1  # the line end before a boundary belongs to the boundary
        end = max(start, end)
        own = headers.read(
            self.data,
            start,
            end,
            problems=self.problems,
            part=part,
            block=self.limits.part_header_block,
            most=self.limits.part_headers,
            longest=self.limits.parameters,
        )
        self.entity(own, end, part=part, depth=depth + 1, default=default)

    def _leaf(self, own: Headers, kind: str, parameters: dict[str, str], end: int, *, part: str) -> None:
        disposition, more = headers.parameters(
            own.first("Content-Disposition"), problems=self.problems, limits=self.limits
        )
        filename = more.get("filename", "") or parameters.get("name", "")
        encoding = own.first("Content-Transfer-Encoding").partition(";")[0].strip().lower()
        start = min(own.body, end)
        if kind in ("text/plain", "text/html") and disposition != "attachment" and not filename:
            bodies = self.html if kind == "text/html" else self.text
            self._text(bodies, start, end, encoding, parameters.get("charset", ""), part=part)
            return
        digest, size = hashlib.sha256(), 0
        for piece in decoding.pieces(self.data, start, end, encoding, problems=self.problems, part=part):
            digest.update(piece)
            size += len(piece)
        self.attachments.append(
            Attachment(
                part=part,
                filename=filename,
                content_type=kind,
                disposition=disposition if disposition == "inline" else "attachment" if disposition else "",
                content_id=own.first("Content-ID").strip("<> \t"),
                size=size,
                sha256=digest.hexdigest(),
                transfer_encoding=encoding or "7bit",
                offset=start,
                length=end - start,
            )
        )

    def _text(self, bodies: _Text, start: int, end: int, encoding: str, charset: str, *, part: str) -> None:
        if not bodies.room:
            bodies.truncated |= end > start
            return
        stop = min(end, start + self.limits.encoded_text)
        problems = self.problems if stop == end else Problems()  # a cut base64 line is our doing
        content = b"".join(decoding.pieces(self.data, start, stop, encoding, problems=problems, part=part))
        most = 4 * bodies.room  # no charset needs more bytes a character
        cut = stop < end or len(content) > most
        decoded = decoding.text(content[:most], charset, problems=self.problems, part=part, final=not cut)
        bodies.add(decoded, cut=cut)


def _child(part: str, number: int) -> str:
    return f"{part}.{number}" if part else str(number)
