"""The header block of a mail, to the byte: what is not changed stays as the application wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

CRLF = b"\r\n"

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n")


@dataclass(frozen=True, slots=True)
class Fields:
    """Header fields in the order of the mail: name and what follows the colon, still folded.

    Attributes:
        items: name and value.
    """

    items: tuple[tuple[str, bytes], ...] = ()

    def values(self, name: str) -> list[str]:
        """Return all values of a header, unfolded; letter case of the name does not matter."""
        return [unfolded(value) for own, value in self.items if own.lower() == name.lower()]

    def first(self, name: str) -> str:
        """Return the first value of a header, unfolded; empty when there is none."""
        return next(iter(self.values(name)), "")

    def without(self, unwanted: Callable[[str], bool]) -> Fields:
        """Return those whose lower-case name is not unwanted."""
        return Fields(tuple(item for item in self.items if not unwanted(item[0].lower())))

    def and_before(self, *more: tuple[str, str]) -> Fields:
        """Return these with others before them."""
        return Fields((*((name, f" {value}".encode()) for name, value in more), *self.items))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return name and unfolded value of all."""
        return tuple((name, unfolded(value)) for name, value in self.items)

    def as_bytes(self) -> bytes:
        """Return the block as it stands in a mail, without the empty line after it."""
        return b"".join(name.encode() + b":" + value + CRLF for name, value in self.items)


def unfolded(value: bytes) -> str:
    """Return a header's value on one line; what is not UTF-8 is replaced."""
    return " ".join(line.strip() for line in value.decode("utf-8", "replace").splitlines()).strip()


def fields_of(raw: bytes) -> Fields:
    """Return the header fields of a mail."""
    ends = [at for end in (b"\r\n\r\n", b"\n\n", b"\r\r") if (at := raw.find(end)) >= 0]
    return split(raw[: min(ends) + 4] if ends else raw)[0]


def split(raw: bytes) -> tuple[Fields, bytes]:
    """Return the header fields of a mail and its body, with CRLF at the end of lines."""
    lines = raw.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)
    found, at = list[tuple[str, bytes]](), 0
    while match := _FIELD.match(lines, at):
        found.append((match[1].decode("ascii"), match[2]))
        at = match.end()
    body = lines[at:]
    return Fields(tuple(found)), body.removeprefix(CRLF)


def folded(name: str, parts: Iterable[str], *, separator: str = ", ", most: int = 76) -> tuple[str, str]:
    """Return a header whose parts are spread over lines of at most so many letters, as far as they allow it."""
    lines, room = [""], most - len(name) - 2
    for part in parts:
        piece = f"{separator if lines[-1] else ''}{part}"
        if lines[-1] and len(lines[-1]) + len(piece) > (room if len(lines) == 1 else most - 1):
            lines[-1] += separator.rstrip()
            lines.append(part)
        else:
            lines[-1] += piece
    return name, "\r\n ".join(lines)
