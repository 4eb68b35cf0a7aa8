"""The CDK apps that are compared, each a whole process as the cdk command line starts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from benchmarks import process
from benchmarks.plans import Plan
from benchmarks.process import ROOT, Usage
from cdk_ses_regions import node

PEERS = Path(__file__).parent / "peers"

App = Literal["ours", "Python L2", "TypeScript L2", "empty", "CfnResource"]

# What the cdk command line adds to the context of cdk.json, and `cdk init` leaves as it is.
_CLI_CONTEXT: dict[str, Any] = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:version-reporting": True,
    "aws:cdk:bundling-stacks": ["**"],
}


class DifferentResourcesError(Exception):
    """Two apps that are compared do not synthesize the same: their times would say nothing."""


def node_executable() -> str:
    """Return the Node that all apps run on: jsii's of the Python apps too.

    Raises:
        FileNotFoundError: there is none.
    """
    found = node.executable()
    if found is None:
        raise FileNotFoundError("no Node: run `make setup`")
    return found


def install_peers() -> None:
    """Install what the JavaScript peer needs, as its lock says, if it is not there."""
    installed, lock = PEERS / "node_modules" / ".package-lock.json", PEERS / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    print("Installing aws-cdk-lib for the JavaScript peer (about 190 MB, once) ...", flush=True)
    binaries = Path(sys.executable).parent
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise FileNotFoundError("no npm: run `make setup`")
    subprocess.run([npm, "ci", "--silent"], cwd=PEERS, env=os.environ | {"PATH": path}, check=True)
    installed.touch()


def command(app: App, plan: Plan, *, assembly: Path | None = None) -> list[str | Path]:
    """Return the command that synthesizes `plan`; `assembly` is what CfnResource reads back."""
    match app:
        case "ours":
            return [sys.executable, "app.py"]
        case "Python L2":
            return [sys.executable, PEERS / "plain_l2.py", plan.plan]
        case "TypeScript L2":
            return [node_executable(), PEERS / "plain_l2.js", plan.plan]
        case "empty":
            return [sys.executable, PEERS / "empty.py", plan.plan]
        case "CfnResource":
            assert assembly is not None
            return [sys.executable, PEERS / "plain_cfn.py", plan.plan, assembly]


def environment(plan: Plan, *, validation: bool, output: Path) -> dict[str, str]:
    """Return what the cdk command line hands to an app: the context of our cdk.json, the same for all.

    Args:
        plan: what is synthesized.
        validation: whether aws-cdk-lib's built-in validation runs: `cdk init` leaves it on, our app off.
        output: the folder of the assembly.
    """
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    context = settings["context"] | _CLI_CONTEXT | {"config": str(plan.configuration)}
    return process.environment() | {
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(output),
        "CDK_VALIDATION": str(validation).lower(),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "JSII_NODE": node_executable(),
    }


def synthesize(
    app: App,
    plan: Plan,
    *,
    validation: bool = False,
    output: Path | None = None,
    assembly: Path | None = None,
) -> Usage:
    """Synthesize in a process of its own.

    Args:
        app: which app.
        plan: what it synthesizes.
        validation: whether aws-cdk-lib's built-in validation runs.
        output: where the assembly goes (default: it is thrown away).
        assembly: our assembly of the same plan, for CfnResource.

    Raises:
        ChildFailedError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        where = output or Path(folder, "cdk.out")
        return process.run(
            command(app, plan, assembly=assembly),
            environment=environment(plan, validation=validation, output=where),
        )


def resources(assembly: Path) -> Counter[str]:
    """Return how many resources of each type the templates of an assembly hold together."""
    found: Counter[str] = Counter()
    for template in sorted(assembly.glob("*.template.json")):
        described = json.loads(template.read_text(encoding="utf-8"))
        found.update(one["Type"] for one in described.get("Resources", {}).values())
        found["an output"] += len(described.get("Outputs", {}))
    return found


def check_same(found: Mapping[str, Counter[str]]) -> None:
    """Check that all apps made the same resources.

    Args:
        found: the resources of each app, ours first.

    Raises:
        DifferentResourcesError: a type is missing, or there are more or fewer of it.
    """
    (ours, expected), *peers = found.items()
    wrong = [
        f"{peer} has {have[kind]} of {kind}, {ours} has {expected[kind]}"
        for peer, have in peers
        for kind in sorted(expected.keys() | have.keys())
        if have[kind] != expected[kind]
    ]
    if wrong:
        raise DifferentResourcesError("\n".join(wrong))
