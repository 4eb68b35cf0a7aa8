"""The benchmarks compare equal work, and say so when they do not."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import apps, plans, process, synth
from benchmarks.apps import App, DifferentResourcesError
from benchmarks.plans import ALL_REGIONS, Plan, Size
from benchmarks.process import ChildFailedError, Usage
from benchmarks.synth import Measured
from benchmarks.target import Target

LINE = re.compile(r"target .+: \S+( [A-Z]+)? \((no limit\)|limit \S+\) (met|missed))")


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What our app and its Python peers synthesize for one Region, a folder each."""
    folder = tmp_path_factory.mktemp("assemblies")
    plan = plans.write(Size(regions=1), folder)
    synth.check(plan, peers=("Python L2", "CfnResource"), folder=folder)
    return folder


def test_plain_l2_and_plain_properties_synthesize_the_resources_that_we_do(assemblies: Path) -> None:
    ours = apps.resources(assemblies / "ours")
    assert ours["AWS::SES::ReceiptRule"] == 2
    assert ours["AWS::Route53::RecordSet"] == 3 + 4
    assert ours == apps.resources(assemblies / "Python L2") == apps.resources(assemblies / "CfnResource")


def test_so_does_plain_l2_without_python(assemblies: Path) -> None:
    if not (apps.PEERS / "node_modules").exists():
        pytest.skip("only `make bench` installs aws-cdk-lib for the JavaScript peer")
    plan = Plan(configuration=assemblies / "ses-regions.yaml", plan=assemblies / "plan.json")
    apps.synthesize("TypeScript L2", plan, output=assemblies / "TypeScript L2")
    assert apps.resources(assemblies / "TypeScript L2") == apps.resources(assemblies / "ours")


def test_an_app_that_does_less_is_not_compared() -> None:
    ours = Counter({"AWS::SNS::Topic": 2, "AWS::SQS::Queue": 1})
    with pytest.raises(DifferentResourcesError) as told:
        apps.check_same({"ours": ours, "peer": Counter({"AWS::SNS::Topic": 1, "AWS::KMS::Key": 1})})
    assert str(told.value).splitlines() == [
        "peer has 1 of AWS::KMS::Key, ours has 0",
        "peer has 1 of AWS::SNS::Topic, ours has 2",
        "peer has 0 of AWS::SQS::Queue, ours has 1",
    ]


def test_an_app_that_fails_is_not_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such Region')"]
    with pytest.raises(ChildFailedError, match="no such Region"):
        process.run(command, environment=process.environment(), folder=tmp_path)


def test_the_memory_is_that_of_the_one_process() -> None:
    def run(code: str) -> Usage:
        return process.run([sys.executable, "-c", code], environment=process.environment())

    # Linux counts what this very process has into its children, up to their start: so much more than that.
    large = run("b'x' * 1_500_000_000")
    small = run("pass")
    assert large.memory_mb > 1400 > small.memory_mb
    child = run("import subprocess, sys; subprocess.run([sys.executable, '-c', \"b'x' * 1_500_000_000\"])")
    assert child.memory_mb > 1400


def test_all_apps_run_with_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    plan = plans.write(Size(regions=1), tmp_path)
    environment = apps.environment(plan, validation=False, output=tmp_path)
    assert "CDK_DEFAULT_REGION" not in environment
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    context = json.loads(environment["CDK_CONTEXT_JSON"])
    ours = json.loads((process.ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assert ours.items() <= context.items()


def test_the_largest_plan_has_every_region_that_receives(tmp_path: Path) -> None:
    plan = json.loads(plans.write(ALL_REGIONS, tmp_path).plan.read_text(encoding="utf-8"))
    assert len(plan["regions"]) == 22
    assert all("InboundEndpoint" in region["endpoints"] for region in plan["regions"])


def test_every_file_of_the_plan_is_there(tmp_path: Path) -> None:
    plan = json.loads(plans.write(Size(regions=1), tmp_path).plan.read_text(encoding="utf-8"))
    assert Path(plan["inbound"], "inbound.py").is_file()
    assert Path(plan["provider"], "ses_provider.py").is_file()


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (Target(name="synth", value=0.4321, limit=0.5), "target synth: 0.43 (limit 0.50) met"),
        (Target(name="synth", value=0.71, limit=0.7), "target synth: 0.71 (limit 0.70) missed"),
        (Target(name="memory", value=183.4, limit=512, unit="MB"), "target memory: 183 MB (limit 512) met"),
        (Target(name="rate", value=2.0), "target rate: 2.00 (no limit)"),
    ],
)
def test_a_target_is_one_line(target: Target, line: str) -> None:
    assert target.line() == line
    assert LINE.fullmatch(line)


def measured(size: Size, resources: int, seconds: dict[App, float]) -> Measured:
    taken = {app: [Usage(seconds=one, memory_mb=100)] for app, one in seconds.items()}
    return Measured(size=size, resources=resources, same=taken, as_shipped=taken)


def test_floor_and_slope_are_those_of_the_line_through_the_sizes() -> None:
    sizes = [
        measured(Size(regions=regions), 30 * regions, {"ours": 1.0 + 0.06 * regions})
        for regions in (1, 3, 10)
    ]
    found = synth.fit(sizes, "ours")
    assert found.floor == pytest.approx(1.0)
    assert found.slope == pytest.approx(0.002)


def test_every_limit_on_synthesis_has_its_line() -> None:
    seconds: dict[App, float] = {"ours": 1, "Python L2": 2, "TypeScript L2": 0.5, "empty": 0.8}
    larger: dict[App, float] = {app: 2 * one for app, one in seconds.items()}
    sizes = [measured(size, 10, seconds) for size in synth.SIZES[:-1]] + [measured(synth.DOMAINS, 20, larger)]
    limits = {target.name: target.limit for target in synth.targets(sizes) if target.limit is not None}
    assert limits == {
        "synth 3 Regions over Python L2, as set up": 0.5,
        "synth 3 Regions over TypeScript L2, as set up": 1.0,
        "synth 3 Regions over Python L2, same settings": 0.7,
        "synth 22 Regions over Python L2": 0.5,
        "synth 22 Regions over TypeScript L2": 1.3,
        "synth 3 Regions x 10 domains over Python L2": 0.5,
        "synth 3 Regions x 10 domains over TypeScript L2": 1.3,
        "synth peak memory over an empty app, 3 Regions": 1.3,
    }


def test_the_lock_of_the_javascript_peer_names_no_registry() -> None:
    lock = (apps.PEERS / "package-lock.json").read_text(encoding="utf-8")
    assert "http://" not in lock
    assert '"resolved"' not in lock


def test_all_peers_use_one_version_of_cdk() -> None:
    from importlib.metadata import version

    wanted = json.loads((apps.PEERS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert wanted == {"aws-cdk-lib": version("aws-cdk-lib"), "constructs": version("constructs")}


def test_the_peers_run_on_the_node_that_jsii_runs_on() -> None:
    assert shutil.which(apps.node_executable())
