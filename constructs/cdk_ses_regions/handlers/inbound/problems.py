"""What was wrong with a mail. Nothing is rejected: the problems travel in the event, `parse.problems`."""

from __future__ import annotations

from dataclasses import dataclass, field

from limits import DEFAULT

LOSSES = frozenset(
    {
        "empty_message",
        "message_too_large",
        "client_side_encrypted",
        "header_block_too_large",
        "header_too_long",
        "too_many_headers",
        "too_deep",
        "too_many_parts",
        "too_much_nesting",
        "missing_boundary",
        "broken_base64",
        "failed",
    }
)
"""Something of the mail is not in the event that should be: `parse.complete` is false."""

DEFECTS = frozenset(
    {
        "missing_header_separator",
        "missing_closing_boundary",
        "unknown_charset",
        "undecodable_text",
        "unknown_transfer_encoding",
        "unreadable_addresses",
    }
)
"""The mail breaks a rule and was read all the same, as well as a mail reader would."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a mail.

    Args:
        code: one of `LOSSES` or `DEFECTS`.
        part: number of the MIME part, as in IMAP (`1.2`); empty for the mail itself.
        detail: what was found, for a person; may be empty.
    """

    code: str
    part: str = ""
    detail: str = ""


@dataclass(slots=True)
class Problems:
    """Collects problems, at most `most` of one code, so that no flood of one hides another."""

    most: int = DEFAULT.problems
    found: list[Problem] = field(default_factory=list[Problem])
    complete: bool = True

    def add(self, code: str, *, part: str = "", detail: str = "") -> None:
        """Note a problem.

        Raises:
            ValueError: when the code is not one of the documented ones.
        """
        if code in LOSSES:
            self.complete = False
        elif code not in DEFECTS:
            raise ValueError(f"problem code {code!r} is not documented")
        problem = Problem(code, part, detail[:200])
        alike = [other for other in self.found if other.code == code]
        if len(alike) < self.most and problem not in alike:
            self.found.append(problem)
