"""Validation of synthesized templates: the example is clean, and what is not clean is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import build
from cdk_ses_regions import config
from stacks.acknowledged import ACKNOWLEDGED, Acknowledgement
from stacks.nag import HELD, nag, templates, types
from stacks.validate import Finding, validate

ROOT = Path(__file__).parent.parent
SNAPSHOTS = Path(__file__).parent / "snapshots"


def synthesize(folder: Path, file: Path) -> Path:
    app = cdk.App(outdir=str(folder), builtin_cloud_formation_validation=False)
    build(app, config.load(file))
    app.synth()
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize(tmp_path_factory.mktemp("example"), ROOT / "ses-regions.yaml")


@pytest.fixture(scope="module")
def many_domains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More domains than the provider's role can name one by one."""
    folder = tmp_path_factory.mktemp("many")
    domains = [
        {
            "name": f"department-{number}.example.com",
            "adopt": number < 9,  # the others have keys of another Region in the second one
            "dkim": "easy" if number < 9 else "deterministic",
            **({"hosted_zone_id": f"Z{number:019d}"} if number < 9 else {}),
            "senders": [{"name": "agency", "accounts": ["222222222222"]}],
        }
        for number in range(20)
    ]
    file = folder / "many.yaml"
    file.write_text(json.dumps({"regions": ["eu-west-1", "eu-central-1"], "domains": domains}), "utf-8")
    return synthesize(folder / "cdk.out", file)


@pytest.fixture
def spoilt(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], list[Finding]]:
    """Validate the smallest example after something was done to its template."""
    folder = synthesize(tmp_path, ROOT / "examples" / "minimal.yaml")

    def findings(spoil: Callable[[dict[str, Any]], None]) -> list[Finding]:
        file = folder / "Email-us-east-1.template.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        spoil(template)
        file.write_text(json.dumps(template), encoding="utf-8")
        return validate(folder)

    return findings


def command(assembly: Path, module: str = "stacks.validate") -> subprocess.CompletedProcess[str]:
    """What `make validate` runs after the synthesis, and `make nag-report`."""
    return subprocess.run(
        [sys.executable, "-m", module, str(assembly)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_is_clean(example: Path) -> None:
    done = command(example)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_other_examples_are_clean(tmp_path: Path, file: Path) -> None:
    assert [str(finding) for finding in validate(synthesize(tmp_path, file))] == []


def test_domains_beyond_what_a_role_can_name_are_clean(many_domains: Path) -> None:
    assert [str(finding) for finding in validate(many_domains)] == []


def test_every_acknowledgement_is_of_use_and_has_a_reason(many_domains: Path) -> None:
    files = {file.stem.replace(".", "-"): file for file in sorted(SNAPSHOTS.glob("*.json"))}
    files |= {f"Many-{name}": file for name, (file, _) in templates(many_domains)}
    kinds, found = types(files), nag(files, HELD)
    for one in ACKNOWLEDGED:
        assert any(
            one.covers(fault.rule, fault.resource, kinds[fault.stack, fault.resource]) for fault in found
        ), one
        assert len(one.reason.split()) > 8


def test_an_acknowledgement_without_its_fault_is_a_finding(tmp_path: Path) -> None:
    minimal = synthesize(tmp_path, ROOT / "examples" / "minimal.yaml")
    stale = Acknowledgement(rule="AwsSolutions-SNS3", resource="EmailFeedback36BA14B1", reason="none")
    [found] = validate(minimal, acknowledged=[*ACKNOWLEDGED, stale])
    assert str(found) == (
        "Email-us-east-1: EmailFeedback36BA14B1: AwsSolutions-SNS3: acknowledged, but not at fault"
    )


def test_an_unencrypted_bucket_that_takes_plain_http_is_found(
    spoilt: Callable[[Callable[[dict[str, Any]], None]], list[Finding]],
) -> None:
    def spoil(template: dict[str, Any]) -> None:
        template["Resources"]["Plain"] = {"Type": "AWS::S3::Bucket"}

    rules = {finding.rule for finding in spoilt(spoil) if finding.resource == "Plain"}
    assert rules >= {"AwsSolutions-S1", "AwsSolutions-S10"}


def test_a_topic_without_encryption_that_takes_plain_http_from_everybody_is_found(
    spoilt: Callable[[Callable[[dict[str, Any]], None]], list[Finding]],
) -> None:
    def spoil(template: dict[str, Any]) -> None:
        template["Resources"]["Open"] = {"Type": "AWS::SNS::Topic"}
        template["Resources"]["OpenPolicy"] = {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Open"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": "sns:Publish",
                            "Resource": {"Ref": "Open"},
                        }
                    ],
                },
            },
        }

    assert ("Open", "AwsSolutions-SNS3") in {(finding.resource, finding.rule) for finding in spoilt(spoil)}


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"EmailIdentity": "example.com", "Nonsense": 1}, "Nonsense"),
        ({}, "'EmailIdentity' is a required property"),
        ({"EmailIdentity": "example.com", "DkimAttributes": {"SigningEnabled": "perhaps"}}, "perhaps"),
    ],
    ids=["unknown", "missing", "wrong"],
)
def test_a_property_that_cloudformation_would_refuse_is_found(
    spoilt: Callable[[Callable[[dict[str, Any]], None]], list[Finding]], properties: dict[str, Any], said: str
) -> None:
    def spoil(template: dict[str, Any]) -> None:
        template["Resources"]["Emailexamplecom43C21C49"]["Properties"] = properties

    assert any(said in str(finding) for finding in spoilt(spoil))


def test_a_resource_type_that_the_region_lacks_is_found(example: Path, tmp_path: Path) -> None:
    manifest = json.loads((example / "manifest.json").read_text(encoding="utf-8"))
    stack = manifest["artifacts"]["Email-us-west-2"]
    stack["environment"] = "aws://unknown-account/ca-west-1"
    stack["properties"]["templateFile"] = str(example / "Email-us-west-2.template.json")
    manifest["artifacts"] = {"Email-us-west-2": stack}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = [str(finding) for finding in validate(tmp_path)]
    assert any("AWS::SES::ReceiptRule" in finding and "ca-west-1" in finding for finding in found)


def test_the_command_prints_what_it_finds_and_fails(tmp_path: Path) -> None:
    bad = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/us-east-1",
        "properties": {"templateFile": "Bad.template.json"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Bad": bad}}), encoding="utf-8")
    (tmp_path / "Bad.template.json").write_text(
        json.dumps({"Resources": {"Open": {"Type": "AWS::SNS::Topic"}}}), encoding="utf-8"
    )
    done = command(tmp_path)
    assert done.returncode == 1
    assert "Bad: Open: AwsSolutions-SNS3" in done.stderr
    assert done.stderr.endswith("findings: 1\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["stacks.validate", "stacks.nag"])
def test_what_is_no_cloud_assembly_is_said_so(tmp_path: Path, module: str) -> None:
    done = command(tmp_path, module)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} is no cloud assembly: ")
    assert "Traceback" not in done.stderr


def test_the_report_counts_what_nist_and_hipaa_find(example: Path) -> None:
    done = command(example, "stacks.nag")
    lines = done.stdout.splitlines()
    assert (done.stderr, done.returncode) == ("", 0)
    assert "   3 NIST.800.53.R5-S3BucketReplicationEnabled AWS::S3::Bucket" in lines
    assert any("HIPAA.Security-LambdaInsideVPC AWS::Lambda::Function" in line for line in lines)
