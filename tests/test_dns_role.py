"""The role for a zone of another account, as the page about DNS has it: who may take it, and what it may write.

Each table has the one request that is meant to pass, and that request with one thing changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_trust_policy, parse_policy_document

from cdk_ses_regions import config
from cdk_ses_regions.config import Settings
from cdk_ses_regions.records import regional_records, shared_records

PAGE = Path(__file__).parent.parent / "docs" / "dns.md"
ZONE = "arn:aws:route53:::hostedzone/Z0123456789EXAMPLE01"
FUNCTION = "arn:aws:iam::111111111111:role/Mail-us-east-1-SesProviderFunctionRole356D6CB4-9C6DD14E3558"
CHANGE = "route53:ChangeResourceRecordSets"


def blocks() -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def role() -> dict[str, Any]:
    [role] = yaml.safe_load(blocks()[0])["Resources"].values()
    return role["Properties"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "ses-regions.yaml"
    file.write_text(blocks()[1], encoding="utf-8")
    return config.load(file)


def context(action: str, resource: str, *, principal: str = FUNCTION, **keys: list[str]) -> EvalContext:
    return EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=principal.split(":")[4],
        action=action,
        resource_arn=resource,
        region="us-east-1",
        secure_transport=True,
        service_context={f"{CHANGE}{name}".lower(): value for name, value in keys.items()},
    )


def may(role: dict[str, Any], action: str, *, zone: str = ZONE, **keys: list[str]) -> bool:
    [policy] = role["Policies"]
    documents = [parse_policy_document(policy["PolicyDocument"])]
    return evaluate(context(action, zone, **keys), documents).decision == "Allow"


def may_take(role: dict[str, Any], principal: str) -> bool:
    arn = "arn:aws:iam::222222222222:role/mail-dns"
    trust = role["AssumeRolePolicyDocument"]
    return evaluate_trust_policy(trust, principal, context("sts:AssumeRole", arn, principal=principal))


def test_the_functions_of_the_stacks_may_take_it(role: dict[str, Any]) -> None:
    assert may_take(role, FUNCTION)


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::111111111111:role/Other-us-east-1-SesProviderFunctionRole",
        "arn:aws:iam::111111111111:user/Mail-somebody",
        "arn:aws:iam::111111111111:root",
        FUNCTION.replace("111111111111", "999999999999"),
    ],
)
def test_nobody_else_may(role: dict[str, Any], principal: str) -> None:
    assert not may_take(role, principal)


def test_it_may_write_every_record_of_the_configuration_on_the_page(
    role: dict[str, Any], settings: Settings
) -> None:
    domain = settings.domain("example.com")
    assert role["RoleName"] == (domain.dns_role_arn or "").rpartition("/")[2]
    records = shared_records(settings, domain)
    for region in settings.regions:
        records += regional_records(settings, domain, region)
    wanted = [(record.name, record.type) for record in records]
    assert wanted
    for name, kind in [*wanted, ("abcdefgh._domainkey.example.com", "CNAME")]:
        assert may(role, CHANGE, NormalizedRecordNames=[name], RecordTypes=[kind], Actions=["UPSERT"])
    assert may(role, "route53:ListResourceRecordSets")


GOOD: dict[str, list[str]] = {"NormalizedRecordNames": ["bounce.example.com"], "RecordTypes": ["MX"]}


@pytest.mark.parametrize(
    ("action", "change"),
    [
        (CHANGE, {"NormalizedRecordNames": ["www.example.com"]}),
        (CHANGE, {"NormalizedRecordNames": ["example.com"]}),
        (CHANGE, {"NormalizedRecordNames": ["bounce.example.com", "www.example.com"]}),
        (CHANGE, {"NormalizedRecordNames": ["_domainkey.example.com"]}),
        (CHANGE, {"RecordTypes": ["NS"]}),
        (CHANGE, {"RecordTypes": ["MX", "A"]}),
        ("route53:DeleteHostedZone", {}),
        ("route53:GetHostedZone", {}),
    ],
)
def test_it_may_do_nothing_else(role: dict[str, Any], action: str, change: dict[str, list[str]]) -> None:
    assert may(role, CHANGE, **GOOD)
    assert not may(role, action, **(GOOD | change))


@pytest.mark.parametrize("action", [CHANGE, "route53:ListResourceRecordSets"])
def test_it_may_do_nothing_in_another_zone(role: dict[str, Any], action: str) -> None:
    assert not may(role, action, zone=f"{ZONE[:-1]}2", **GOOD)
