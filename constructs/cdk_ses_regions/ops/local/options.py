"""What the commands of `ses-regions local` share: options, and how they print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdk_ses_regions.local.printable import printable

if TYPE_CHECKING:
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


def print_table(*titles: str, rows: Iterable[Sequence[str]], apart: bool = False, unbroken: str = "") -> None:
    """Print a table as wide as the terminal; into a file or pipe, so wide that nothing is cut or wrapped.

    Args:
        titles: of the columns.
        rows: their cells; nothing that a stranger wrote in them acts on the terminal.
        apart: whether there is a line between the rows.
        unbroken: title of the column that is never wrapped.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_lines=apart, pad_edge=False, padding=(0, 1))
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title == unbroken)  # nothing is lost
    for row in rows:
        table.add_row(*(printable(cell, keep="\n") or "-" for cell in row))
    width = None if is_terminal() else _WIDEST
    Console(width=width, highlight=False, markup=False).print(table)


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return typer.get_text_stream("stdout").isatty()
