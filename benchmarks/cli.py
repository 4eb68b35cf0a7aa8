"""The start of `ses-regions`, beside the import of the library it is written with."""

from __future__ import annotations

import sys
from functools import partial

from benchmarks.process import environment, interleaved, run, seconds
from benchmarks.target import Target

_BARE = "import typer"


def measure(*, runs: int) -> list[Target]:
    """Measure `--help` and `--version`; short, so each is run five times as often as asked."""
    command = [sys.executable, "-c", "from cdk_ses_regions.ops.cli import main; main()"]
    calls = {
        _BARE: partial(run, [sys.executable, "-c", _BARE], environment=environment()),
        **{
            word: partial(run, [*command, word], environment=environment())
            for word in ("--help", "--version")
        },
    }
    taken = interleaved(calls, runs=5 * runs)
    return [
        Target(
            name=f"ses-regions {word} over `{_BARE}`",
            value=seconds(taken[word]) / seconds(taken[_BARE]),
            limit=2,
        )
        for word in ("--help", "--version")
    ]
