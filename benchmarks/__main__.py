"""`python -m benchmarks`: measures, prints ratios of this run, and one line a target at the end.

Eight minutes on two cores. Only ratios count, and only within one run: machines drift, and so do their neighbours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks import calls, cli, emit, inbound, local, sync, synth
from benchmarks.target import Target

PARTS: dict[str, Callable[[int], list[Target]]] = {
    "synth": lambda runs: synth.run(runs=runs),
    "cli": lambda runs: cli.measure(runs=runs),
    "inbound": lambda _: inbound.run(),
    "local": lambda _: local.run(),
    "sync": lambda _: sync.run(),
    "emit": lambda runs: emit.run(runs=runs),
    "calls": lambda _: calls.run(),
}
"""What can be measured."""

DEFAULT = ("synth", "cli", "inbound", "local", "sync")
"""What is measured when nothing is named: what has targets. The rest explains them."""


def main() -> None:
    """Measure what the command line names; a missed target is told, not an error."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, as ratios of one run."
    )
    parser.add_argument(
        "--only",
        choices=PARTS,
        action="append",
        metavar="NAME",
        help=f"one part, may be repeated: {', '.join(PARTS)} (default: {', '.join(DEFAULT)})",
    )
    parser.add_argument(
        "--runs", type=int, default=3, metavar="N", help="how often each app is synthesized (default 3)"
    )
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    found = [target for name in arguments.only or DEFAULT for target in PARTS[name](arguments.runs)]
    for target in found:
        print(target.line())


if __name__ == "__main__":
    main()
