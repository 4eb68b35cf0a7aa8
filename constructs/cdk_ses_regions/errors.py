"""The errors that a user of this package can cause, and mend.

::

    SesRegionsError
    +-- ConfigError             the configuration file is wrong; carries every problem in it
    +-- UnsupportedRegionError  no such Region, or SES lacks there what was asked for; also a ValueError
    +-- InvalidNameError        a domain, address or name that AWS would refuse; also a ValueError

Messages say what is wrong, what is allowed and what to change: lower case, no full stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class SesRegionsError(Exception):
    """Base of all errors of this package: catch it to tell a user's mistake from a defect of ours."""


class UnsupportedRegionError(SesRegionsError, ValueError):
    """A Region that AWS does not have, that has no SES, or that lacks the SES feature asked for."""


class InvalidNameError(SesRegionsError, ValueError):
    """A domain, email address or physical name that SES, Route 53 or CloudFormation would refuse."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong in a configuration file.

    Attributes:
        file: The file, as the user named it.
        line: Line, counted from 1; None when the problem has no place (the file is missing).
        column: Column, counted from 1; None together with `line`.
        key: Path of the key, places in lists counted from 0: `domains.0.mail_from`; empty for the whole file.
        message: What is wrong; what is allowed; what to do.
    """

    file: str
    line: int | None = None
    column: int | None = None
    key: str = ""
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigError(SesRegionsError):
    """The configuration is wrong. `str()` gives every problem of the file, one a line, in the file's order.

    Attributes:
        problems: The problems, at least one.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
