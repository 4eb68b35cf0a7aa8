"""Headers of a mail or a part: split from bytes, unfolded, decoded, taken apart, in linear time."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from email.utils import getaddresses
from urllib.parse import unquote_to_bytes

import decoding
from decoding import Bytes
from limits import DEFAULT, Limits
from problems import Problems

_FIELD = re.compile(rb"[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)")
_BLANK = re.compile(rb"\r?\n")
_LONGEST_NAME = 200
_NAME = re.compile(rb"([!-9;-~]{1,%d})[ \t]*+:" % _LONGEST_NAME)
_ENVELOPE_FROM = re.compile(rb">?From ")  # what an mbox writes before the headers
_END = re.compile(rb"\n\r?\n")
_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*+)\?=")
_PARAMETER = re.compile(
    r""";\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))""",
    re.DOTALL,
)
_EMPTY_GROUP = re.compile(r":\s*+;\s*\Z")  # undisclosed-recipients:;
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a mail or part in their order, unfolded, names as written, values not yet decoded.

    Attributes:
        fields: name and value of each.
        body: offset of the first byte after them.
        cut: names, lower case, of those whose value was too long and is not whole.
    """

    fields: tuple[tuple[str, str], ...]
    body: int
    cut: frozenset[str] = frozenset()

    def all(self, name: str) -> list[str]:
        """Return the values of every header of that name, whatever its case."""
        name = name.lower()
        return [value for key, value in self.fields if key.lower() == name]

    def first(self, name: str) -> str:
        """Return the value of the first header of that name; empty when there is none."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a header.

    Args:
        name: the display name, decoded; may be empty.
        address: the address itself, as written.
    """

    name: str
    address: str


def read(
    data: Bytes,
    start: int,
    end: int,
    *,
    problems: Problems,
    part: str = "",
    block: int = DEFAULT.header_block,
    most: int = DEFAULT.headers,
    longest: int = DEFAULT.header,
) -> Headers:
    """Read the headers that start at `start`.

    A line that is no header ends them, as in every mail reader, and is the first of the body.

    Args:
        data: the whole mail.
        start: where the headers start.
        end: where the mail or part ends.
        problems: receives what was wrong or left out.
        part: number of the MIME part, for the problems.
        block: bytes that are looked at.
        most: number of headers that are kept.
        longest: bytes kept of one header.
    """
    fields: list[tuple[str, str]] = []
    cut: set[str] = set()

    def found(body: int) -> Headers:
        return Headers(tuple(fields), body, frozenset(cut))

    at, stop = start, min(end, start + block)
    while at < stop:
        if blank := _BLANK.match(data, at, stop):
            return found(blank.end())
        line = _FIELD.match(data, at, stop)
        if line is None:  # not reached: the pattern matches anything
            break
        name = _NAME.match(data, at, line.end())
        if name is None:
            if at == start and _ENVELOPE_FROM.match(data, at):
                at = line.end()
                continue
            if line.end() == stop < end and stop - at <= _LONGEST_NAME:
                break  # cut by the block's limit, not by the sender
            problems.add("missing_header_separator", part=part)
            return found(at)
        if len(fields) == most:
            problems.add("too_many_headers", part=part, detail=f"more than {most}")
            return found(_body(data, at, end))
        if line.end() - name.end() > longest:
            problems.add("header_too_long", part=part, detail=_ascii(name[1]))
            cut.add(_ascii(name[1]).lower())
        value = bytes(data[name.end() : min(line.end(), name.end() + longest)])
        fields.append((_ascii(name[1]), _unfold(value)))
        at = line.end()
    if stop < end:
        problems.add("header_block_too_large", part=part, detail=f"more than {block} bytes")
        return found(_body(data, at, end))
    return found(stop)


def _body(data: Bytes, at: int, end: int) -> int:
    found = _END.search(data, max(0, at - 1), end)
    return found.end() if found else end


def _ascii(name: bytes) -> str:
    return str(name, "ascii", "replace")


def _unfold(value: bytes) -> str:
    return decoding.guess(value.replace(b"\r\n", b"").replace(b"\n", b"")).strip()


def decode(value: str, *, problems: Problems | None = None) -> str:
    """Return a header's value with its encoded words (RFC 2047) decoded; broken ones stay as they are."""
    if "=?" not in value:
        return value
    problems = Problems() if problems is None else problems
    out: list[str] = []
    at = 0
    pending, pending_charset = b"", ""
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        charset = word[1].partition("*")[0]  # RFC 2231 allows a language behind it
        content = _word(word[2], word[3])
        if pending and (between.strip() or charset.lower() != pending_charset.lower() or content is None):
            out.append(decoding.text(pending, pending_charset, problems=problems))
            pending = b""
            if between.strip() or content is None:
                out.append(between)
        elif not pending and (at == 0 or between.strip() or content is None):
            out.append(between)
        if content is None:
            out.append(word[0])
        else:
            # A character may be split over two words, so words of one charset are joined before decoding.
            pending, pending_charset = pending + content, charset
        at = word.end()
    if pending:
        out.append(decoding.text(pending, pending_charset, problems=problems))
    out.append(value[at:])
    return "".join(out)


def _word(kind: str, payload: str) -> bytes | None:
    data = payload.encode("utf-8", "replace")
    scratch = Problems()
    if kind in "qQ":
        data = data.replace(b"_", b" ")
        return b"".join(decoding.pieces(data, 0, len(data), "quoted-printable", problems=scratch))
    content = b"".join(decoding.pieces(data, 0, len(data), "base64", problems=scratch))
    return content if scratch.complete else None


def parameters(
    value: str, *, problems: Problems | None = None, limits: Limits = DEFAULT
) -> tuple[str, dict[str, str]]:
    """Return the value, lower case, and the parameters, decoded (RFC 2231), of a Content-Type or the like.

    The first of two parameters of one name counts.
    """
    problems = Problems() if problems is None else problems
    value = value[: limits.parameters]
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    found_all = _PARAMETER.finditer(value, value.find(";") if ";" in value else len(value))
    for found in itertools.islice(found_all, limits.parameters_number):
        content = found[3].strip() if found[2] is None else re.sub(r"\\(.)", r"\1", found[2], flags=re.DOTALL)
        section = _SECTION.fullmatch(found[1].lower())
        if section is None:
            continue
        name, index, extended = section[1], section[2], section[3] is not None
        if index is None and not extended:
            plain.setdefault(name, decode(content, problems=problems))
        else:
            sections.setdefault(name, []).append((int(index or 0), extended, content))
    for name, values in sections.items():
        plain[name] = _joined(sorted(values), problems)
    return main, plain


def _joined(sections: list[tuple[int, bool, str]], problems: Problems) -> str:
    charset, data = "", b""
    for number, (_, extended, content) in enumerate(sections):
        if not extended:
            data += content.encode("utf-8", "replace")
            continue
        if number == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content)
    return decoding.text(data, charset, problems=problems)


def addresses(values: list[str], *, problems: Problems, limits: Limits = DEFAULT) -> list[Address]:
    """Return the addresses of the given address headers, display names decoded.

    What Python cannot take apart is left out and noted; the header itself is still among all headers.
    """
    found: list[Address] = []
    for value in values:
        part = value[: limits.addresses]
        if len(part) < len(value):
            part = part[: max(0, part.rfind(","))]  # not half an address
        try:
            pairs = getaddresses([part])
        except (ValueError, IndexError, AttributeError, RecursionError):
            pairs = []
        read = [Address(decode(name, problems=problems), address) for name, address in pairs if address]
        if part.strip() and not read and not _EMPTY_GROUP.search(part):
            problems.add("unreadable_addresses", detail=value[:80])
        found.extend(read)
    return found
