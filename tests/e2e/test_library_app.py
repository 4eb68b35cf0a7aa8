"""The wheel in an empty environment, beneath the apps of somebody else: synthesized and deployed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk_ses_regions import node
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from tests import wheels
from tests.e2e.conftest import ROOT

EXAMPLES = ROOT / "examples" / "library"
ZONE = "Z0123456789EXAMPLE01"
REGIONS = ("eu-west-1", "eu-central-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones={ZONE: "example.com"}) as local:
        yield local


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel and what it asks for: no extra, no Node, no checkout."""
    wheel = wheels.build(tmp_path_factory.mktemp("wheel"))
    return wheels.empty_environment_with(wheel, tmp_path_factory.mktemp("empty") / "venv")


def project(python: Path, folder: Path, example: str) -> Path:
    """A folder with one of the examples as its app, as `cdk init` would leave it."""
    shutil.copy(EXAMPLES / example, folder)
    (folder / "cdk.json").write_text(json.dumps({"app": f"{python} {example}"}), encoding="utf-8")
    return folder


def synthesize(aws: LocalAws, folder: Path, assembly: str) -> dict[str, Any]:
    """What the real `cdk synth` makes of the app in a folder: the templates by stack."""
    done = subprocess.run(
        [str(node.executable()), str(ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"), "synth", "--quiet"],
        cwd=folder,
        env=aws.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((folder / assembly / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: json.loads((folder / assembly / one["properties"]["templateFile"]).read_text(encoding="utf-8"))
        for name, one in manifest["artifacts"].items()
        if one["type"] == "aws:cloudformation:stack"
    }


def types(template: dict[str, Any]) -> set[str]:
    return {one["Type"] for one in template["Resources"].values()}


def test_the_environment_has_the_wheel_and_nothing_of_the_checkout(python: Path, tmp_path: Path) -> None:
    code = "import cdk_ses_regions, importlib.util as u; print(cdk_ses_regions.__file__, u.find_spec('ministack'))"
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    file, ministack = done.stdout.split()
    assert Path(file).is_relative_to(python.parents[1])
    assert ministack == "None"


def test_an_app_with_one_domain_is_synthesized(aws: LocalAws, python: Path, tmp_path: Path) -> None:
    templates = synthesize(aws, project(python, tmp_path, "verified_domain.py"), "cdk.out")
    assert set(templates) == {"Newsletter"}
    assert types(templates["Newsletter"]) >= {"AWS::SES::EmailIdentity", "AWS::Route53::RecordSet"}
    assert "AWS::Lambda::Function" not in types(templates["Newsletter"])


def test_an_app_with_two_regions_in_a_stage_is_synthesized(
    aws: LocalAws, python: Path, tmp_path: Path
) -> None:
    folder = project(python, tmp_path, "two_regions.py")
    templates = synthesize(aws, folder, "cdk.out/assembly-Prod")
    regional = [one for one in templates.values() if "AWS::SES::EmailIdentity" in types(one)]
    assert (len(templates), len(regional)) == (3, 2)


def test_both_apps_are_deployed_and_their_domains_are_verified_and_go_again(
    aws: LocalAws, python: Path, tmp_path: Path
) -> None:
    """One after the other: an account has an identity once in a Region."""
    for example, stacks, regions in (
        ("verified_domain.py", "Newsletter", REGIONS[:1]),
        ("two_regions.py", "Prod/*", REGIONS),
    ):
        folder = tmp_path / example.removesuffix(".py")
        folder.mkdir()
        cdk = Cdk(aws, project=project(python, folder, example), cli=ROOT / "node_modules")
        cdk.bootstrap()
        cdk.deploy(stacks)
        for region in regions:
            found = aws.client("sesv2", region).get_email_identity(EmailIdentity="example.com")
            assert found["VerifiedForSendingStatus"] is True
        cdk.destroy(stacks)
        for region in regions:
            assert aws.client("sesv2", region).list_email_identities()["EmailIdentities"] == []
