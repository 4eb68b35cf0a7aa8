"""How constructs should emit resources: three Regions, each way beside all L2."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import apps, plans
from benchmarks.apps import App
from benchmarks.plans import Size
from benchmarks.process import interleaved, memory_mb, seconds
from benchmarks.synth import check
from benchmarks.target import Target

WAYS: dict[App, str] = {
    "Python L2": "everything L2",
    "ours": "L2 for key, bucket, topics; CfnResource for the rest",
    "CfnResource": "everything CfnResource, code staged by the core",
    "empty": "nothing at all",
}


def run(*, runs: int) -> list[Target]:
    """Measure, print the ways, and return their times over all L2's."""
    print("emit: 3 Regions ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        plan = plans.write(Size(regions=3), Path(folder))
        check(plan, peers=("Python L2", "CfnResource"), folder=Path(folder))
        calls = {app: partial(apps.synthesize, app, plan, assembly=Path(folder, "ours")) for app in WAYS}
        taken = interleaved(calls, runs=runs)
    whole = seconds(taken["Python L2"])
    print(f"{'3 Regions, same settings':<56}{'time':>6}{'memory MB':>11}")
    for app, way in WAYS.items():
        print(f"{way:<56}{seconds(taken[app]) / whole:>6.2f}{memory_mb(taken[app]):>11.0f}")
    print()
    return [
        Target(name=f"emit: {way}, over everything L2", value=seconds(taken[app]) / whole)
        for app, way in WAYS.items()
        if app != "Python L2"
    ]
