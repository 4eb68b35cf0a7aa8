"""Text that strangers wrote, so that showing it does nothing but show it."""

from __future__ import annotations

import unicodedata

_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what controls a terminal, turns the direction of text, or cannot be seen."""
_JOINERS = "\u200c\u200d"
"""Between letters of Persian and parts of an emoji."""


def printable(text: str, *, keep: str = "") -> str:
    """Return text in which what would act on a terminal or a page is written out: `\\x1b`, `\\u202e`.

    Args:
        text: from a mail.
        keep: control characters to leave, such as line ends.
    """
    return "".join(
        one
        if one in keep or one in _JOINERS or unicodedata.category(one) not in _ACTING
        else _written_out(one)
        for one in text
    )


def _written_out(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
