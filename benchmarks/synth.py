"""Whole-process synthesis of our app, beside the same resources in plain CDK L2 and beside an empty app."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import linear_regression

from benchmarks import apps, plans
from benchmarks.apps import App
from benchmarks.plans import ALL_REGIONS, Plan, Size
from benchmarks.process import Usage, interleaved, memory_mb, seconds
from benchmarks.target import Target

APPS: tuple[App, ...] = ("ours", "Python L2", "TypeScript L2", "empty")
PEERS: tuple[App, ...] = ("Python L2", "TypeScript L2")
THREE = Size(regions=3)
DOMAINS = Size(regions=3, domains=10)
SIZES = (Size(regions=1), THREE, Size(regions=10), ALL_REGIONS, DOMAINS)

# Limits by peer: of the two large sizes, and of three Regions as each side is set up.
_LARGE: Mapping[App, float] = {"Python L2": 0.5, "TypeScript L2": 1.3}
_SET_UP: Mapping[App, float] = {"Python L2": 0.5, "TypeScript L2": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size, measured.

    Args:
        size: the size.
        resources: how many resources our app synthesizes.
        same: with the same settings on all sides, by app.
        as_shipped: the peers as `cdk init` sets them up, ours as our cdk.json does; empty where it was not measured.
    """

    size: Size
    resources: int
    same: Mapping[App, Sequence[Usage]]
    as_shipped: Mapping[App, Sequence[Usage]]

    def over(self, peer: App) -> float:
        """Return our time over a peer's, with the same settings."""
        return seconds(self.same["ours"]) / seconds(self.same[peer])

    def over_as_shipped(self, peer: App) -> float:
        """Return our time as our cdk.json runs it over a peer's as `cdk init` sets it up."""
        return seconds(self.as_shipped["ours"]) / seconds(self.as_shipped[peer])

    def memory_over_empty(self) -> float:
        """Return our peak memory over an empty app's."""
        return memory_mb(self.same["ours"]) / memory_mb(self.same["empty"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Time as floor + slope x resources, by least squares over the sizes.

    Args:
        floor: seconds without a resource.
        slope: seconds a resource.
    """

    floor: float
    slope: float


def check(plan: Plan, *, peers: Sequence[App] = PEERS, folder: Path) -> Counter[str]:
    """Synthesize once with every app, see that all have the same resources, and return them.

    It also warms the caches, so its times count for nothing.

    Args:
        plan: what is synthesized.
        peers: the apps to compare with ours.
        folder: where the assemblies go; ours is `folder/"ours"`.

    Raises:
        DifferentResourcesError: the apps do not do the same work.
        ChildFailedError: an app failed.
    """
    found: dict[str, Counter[str]] = {}
    for app in ("ours", *peers):
        output = folder / app
        apps.synthesize(app, plan, output=output, assembly=folder / "ours")
        found[app] = apps.resources(output)
    apps.check_same(found)
    return found["ours"]


def measure(size: Size, *, runs: int) -> Measured:
    """Measure one size; three Regions also as each side is set up out of the box."""
    with tempfile.TemporaryDirectory() as folder:
        plan = plans.write(size, Path(folder))
        found = check(plan, folder=Path(folder))
        del found["an output"]
        same: dict[App, Callable[[], Usage]] = {app: partial(apps.synthesize, app, plan) for app in APPS}
        taken = interleaved(same, runs=runs)
        shipped = interleaved(_as_shipped(plan) if size == THREE else {}, runs=runs)
    return Measured(size=size, resources=found.total(), same=taken, as_shipped=shipped)


def _as_shipped(plan: Plan) -> dict[App, Callable[[], Usage]]:
    """Return the calls that synthesize as each side is set up: ours leaves validation to `make validate`."""
    return {
        "ours": partial(apps.synthesize, "ours", plan, validation=False),
        **{peer: partial(apps.synthesize, peer, plan, validation=True) for peer in PEERS},
    }


def fit(measured: Sequence[Measured], app: App) -> Fit:
    """Return floor and slope of one app over the sizes."""
    slope, floor = linear_regression(
        [one.resources for one in measured], [seconds(one.same[app]) for one in measured]
    )
    return Fit(floor=floor, slope=slope)


def table(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield the lines of the ratios."""
    yield f"{'ours over':<24}{'resources':>10}" + "".join(f"{app:>16}" for app in APPS[1:])
    for one in measured:
        ratios = "".join(f"{one.over(app):>16.2f}" for app in APPS[1:])
        yield f"{one.size!s:<24}{one.resources:>10}{ratios}"
        if one.as_shipped:
            ratios = "".join(f"{one.over_as_shipped(app):>16.2f}" for app in PEERS)
            yield f"{'  as each is set up':<34}{ratios}"


def growth(measured: Sequence[Measured]) -> Iterator[str]:
    """Yield floor and slope of each app, in seconds of this run."""
    yield "time = floor + slope x resources, in this run:"
    for app in (*PEERS, "ours"):
        found = fit(measured, app)
        yield f"  {app:<16}{found.floor:>8.2f} s {found.slope * 1000:>8.2f} ms a resource"


def targets(measured: Sequence[Measured]) -> Iterator[Target]:
    """Yield the figures that have a limit, and what is worth knowing beside them."""
    by_size = {one.size: one for one in measured}
    if three := by_size.get(THREE):
        for peer, limit in _SET_UP.items():
            value = three.over_as_shipped(peer)
            yield Target(name=f"synth 3 Regions over {peer}, as set up", value=value, limit=limit)
        yield Target(
            name="synth 3 Regions over Python L2, same settings", value=three.over("Python L2"), limit=0.7
        )
        yield Target(
            name="synth 3 Regions over TypeScript L2, same settings", value=three.over("TypeScript L2")
        )
    for size in (ALL_REGIONS, DOMAINS):
        if large := by_size.get(size):
            for peer, limit in _LARGE.items():
                yield Target(name=f"synth {size} over {peer}", value=large.over(peer), limit=limit)
    if len(measured) > 1:
        ours = fit(measured, "ours")
        for peer in PEERS:
            theirs = fit(measured, peer)
            yield Target(name=f"synth slope over {peer}", value=ours.slope / theirs.slope)
    if three:
        yield Target(
            name="synth peak memory over an empty app, 3 Regions",
            value=three.memory_over_empty(),
            limit=1.3,
        )


def run(*, runs: int, sizes: Sequence[Size] = SIZES) -> list[Target]:
    """Measure all sizes, print the ratios, and return the targets."""
    apps.install_peers()
    measured: list[Measured] = []
    for size in sizes:
        print(f"synth: {size} ...", file=sys.stderr, flush=True)
        measured.append(measure(size, runs=runs))
    print(*table(measured), "", *growth(measured), "", sep="\n")
    return list(targets(measured))
