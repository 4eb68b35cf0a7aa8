"""What the commands of `ses-regions local` share: options, and how they print."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from cdk_ses_regions.local import LocalAws

StateOption = Annotated[
    Path,
    typer.Option("--state", metavar="DIR", help="Folder with its log, its address and what it persists."),
]
RegionArgument = Annotated[str, typer.Argument(metavar="REGION", help="The AWS Region.")]
STATE = Path(".local-aws")

_WIDEST = 10_000


def find(state: Path) -> LocalAws:
    """Return the local AWS that is up.

    Raises:
        LocalAwsError: none is.
    """
    from cdk_ses_regions.local import LocalAws

    return LocalAws.find(state)


def printable(text: str, *, keep: str = "") -> str:
    """Return text that does nothing to a terminal: what a stranger wrote may hold codes that do.

    Args:
        text: from a mail.
        keep: control characters to leave, such as line ends.
    """
    return "".join(
        one
        if one in keep or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else _visible(one)
        for one in text
    )


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal; into a file or pipe, so wide that nothing is cut or wrapped."""
    from rich.console import Console

    for column in table.columns:
        column.overflow = "fold"  # nothing is lost in a narrow terminal
    width = None if is_terminal() else _WIDEST
    Console(width=width, highlight=False, markup=False).print(table)


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return typer.get_text_stream("stdout").isatty()


def _visible(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
