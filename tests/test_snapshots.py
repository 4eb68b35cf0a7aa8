"""The templates of the example configurations, as they were reviewed; `make accept` renews them.

A snapshot says whether anything moved. A changed logical id is a replaced resource: look twice.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest

from app import build
from cdk_ses_regions import config

ROOT = Path(__file__).parent.parent
SNAPSHOTS = Path(__file__).parent / "snapshots"
CONFIGURATIONS = {
    "example": ROOT / "ses-regions.yaml",
    **{file.stem: file for file in sorted((ROOT / "examples").glob("*.yaml"))},
}


def synthesize(app: cdk.App, file: Path) -> dict[str, str]:
    """The text of each stack's template, without what changes with every edit of a handler."""
    build(app, config.load(file))
    return {
        stack.stack_name: re.sub(
            r"\b[0-9a-f]{64}\b", "<asset>", json.dumps(stack.template, indent=2, sort_keys=True) + "\n"
        )
        for stack in app.synth().stacks
    }


@pytest.fixture(params=list(CONFIGURATIONS))
def configuration(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_templates_are_as_they_were_reviewed(
    app: cdk.App, configuration: str, request: pytest.FixtureRequest
) -> None:
    templates = {
        f"{configuration}.{name}.json": text
        for name, text in synthesize(app, CONFIGURATIONS[configuration]).items()
    }
    stored = {file.name: file for file in SNAPSHOTS.glob(f"{configuration}.*.json")}
    if request.config.getoption("--snapshot-update"):
        for name in stored.keys() - templates.keys():
            stored[name].unlink()
        for name, text in templates.items():
            (SNAPSHOTS / name).write_text(text, encoding="utf-8")
        return
    assert sorted(stored) == sorted(templates), "stacks came or went; see `make accept`"
    changes = [
        line
        for name, text in templates.items()
        for line in difflib.unified_diff(
            stored[name].read_text(encoding="utf-8").splitlines(),
            text.splitlines(),
            name,
            name,
            lineterm="",
            n=2,
        )
    ]
    assert not changes, "\n".join(["templates changed; if that is meant, `make accept`:", *changes])


def test_no_snapshot_is_left_of_a_configuration_that_is_gone() -> None:
    known = {file.partition(".")[0] for file in (one.name for one in SNAPSHOTS.iterdir())}
    assert known == set(CONFIGURATIONS)


def test_the_same_configuration_gives_the_same_templates(configuration: str) -> None:
    file = CONFIGURATIONS[configuration]
    one, other = (synthesize(cdk.App(builtin_cloud_formation_validation=False), file) for _ in range(2))
    assert one == other
