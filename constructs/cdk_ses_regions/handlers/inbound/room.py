"""JSON that is safe to send anywhere, and how much of it fits: sizes are those of the encoded text."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_SLICE = 1024


def encode(value: Any) -> str:
    """Return compact JSON that is valid UTF-8 and that SNS and SQS accept.

    A lone surrogate becomes U+FFFD; control characters are escaped by JSON; U+FFFE and U+FFFF, which SQS
    refuses, are written as escapes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if text.isascii():
        return text
    text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def size(value: Any) -> int:
    """Return the bytes that `value` takes as JSON."""
    return len(encode(value).encode())


def clip(text: str, most: int) -> str:
    """Return the longest beginning of `text` that takes at most `most` bytes within a JSON string."""
    if len(text) * 6 <= most:  # an escaped control character takes six, and nothing takes more
        return text
    used = 0
    for at in range(0, len(text), _SLICE):
        piece = size(text[at : at + _SLICE]) - 2
        if used + piece > most:
            for index in range(at, at + _SLICE):
                used += size(text[index]) - 2
                if used > most:
                    return text[:index]
        used += piece
    return text


class Room:
    """The share of an event that one of its sections may take.

    Attributes:
        left: bytes.
        cut: whether something did not fit.
    """

    __slots__ = ("cut", "left")

    def __init__(self, most: int) -> None:
        self.left = most
        self.cut = False

    def text(self, text: str, most: int | None = None) -> str:
        """Return what fits of `text`, at most `most` bytes of it."""
        fits = clip(text, max(0, self.left if most is None else min(most, self.left)))
        self.cut |= len(fits) < len(text)
        self.left -= size(fits)
        return fits

    def items(self, items: list[Any]) -> list[Any]:
        """Return the first items, as many as fit."""
        kept: list[Any] = []
        for item in items:
            used = size(item) + 1
            if used > self.left:
                self.cut = True
                break
            self.left -= used
            kept.append(item)
        return kept
