"""Calls over jsii: what a CDK app in Python does beside being Python. Their number does not drift with the machine."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import apps, plans
from benchmarks.apps import App
from benchmarks.plans import ALL_REGIONS, Size
from benchmarks.process import run as run_process
from benchmarks.target import Target

_PROBE = Path(__file__).parent / "probe.py"
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls of one synthesis.

    Args:
        seconds: the whole synthesis, in the process.
        by_name: count and seconds of each kind of call.
    """

    seconds: float
    by_name: Mapping[str, tuple[int, float]]

    @property
    def count(self) -> int:
        """How many calls."""
        return sum(count for count, _ in self.by_name.values())

    @property
    def waited(self) -> float:
        """Seconds that Python waited for Node."""
        return sum(taken for _, taken in self.by_name.values())


def count(app: App, size: Size) -> Calls:
    """Synthesize once and count."""
    with tempfile.TemporaryDirectory() as folder:
        plan, report = plans.write(size, Path(folder)), Path(folder, "calls.json")
        python, *arguments = apps.command(app, plan)
        run_process(
            [python, _PROBE, report, *arguments],
            environment=apps.environment(plan, validation=False, output=Path(folder, "cdk.out")),
        )
        told = json.loads(report.read_text(encoding="utf-8"))
    return Calls(
        seconds=told["seconds"], by_name={name: (one[0], one[1]) for name, one in told["calls"].items()}
    )


def _largest(found: Calls) -> Iterator[str]:
    part = found.waited / found.seconds
    yield f"our app, 3 Regions: {found.count} calls over jsii, {part:.0%} of the time; the largest:"
    for name, (times, taken) in sorted(found.by_name.items(), key=lambda one: -one[1][1])[:_SHOWN]:
        yield f"  {taken / found.seconds:>6.1%} {times:>5}  {name}"


def run() -> list[Target]:
    """Count, print the largest, and return how the count grows."""
    print("calls over jsii ...", file=sys.stderr, flush=True)
    one, three, all_regions = (
        count("ours", size) for size in (Size(regions=1), Size(regions=3), ALL_REGIONS)
    )
    theirs = count("Python L2", Size(regions=3))
    print(*_largest(three), "", sep="\n")
    a_region = (three.count - one.count) / 2
    at_the_end = (all_regions.count - three.count) / (ALL_REGIONS.regions - 3)
    return [
        Target(name="calls over jsii, 3 Regions, over Python L2", value=three.count / theirs.count),
        Target(name="calls over jsii a further Region", value=a_region),
        Target(
            name=f"calls over jsii a Region, 3 to {ALL_REGIONS.regions} Regions over 1 to 3",
            value=at_the_end / a_region,
            limit=1,
        ),
    ]
