"""The role of the provider's function: IAM's limit of its inline policies, with many domains of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, Deployment, of_type, template_of

from cdk_ses_regions import DnsRecords, EmailDomain, Record, RegionalEmail, Sender

REGION = "ap-southeast-2"
ROLE_LIMIT = 10_240

KINDS: dict[str, dict[str, Any]] = {
    "adopted": {"adopt": True},
    "replicas": {"dkim_parent_region": "us-east-1"},
    "with senders": {
        "senders": [Sender(name="agency", accounts=["222222222222"])],
        "default_configuration_set": False,
    },
    "adopted, with senders and records": {
        "adopt": True,
        "hosted_zone_id": "Z",
        "senders": [Sender(name="agency", accounts=["222222222222"])],
        "default_configuration_set": False,
    },
}


def synthesized(kind: str, numbers: Iterable[int]) -> dict[str, Any]:
    """A template with domains of one kind, called by number."""
    return _synthesized(kind, tuple(numbers))


@cache
def _synthesized(kind: str, numbers: tuple[int, ...]) -> dict[str, Any]:
    app = cdk.App(builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Email", env=cdk.Environment(account=ACCOUNT, region=REGION))
    options = [
        KINDS[kind] | ({"hosted_zone_id": f"Z{number:019d}"} if "hosted_zone_id" in KINDS[kind] else {})
        for number in numbers
    ]
    RegionalEmail(
        stack,
        "Email",
        domains=[
            EmailDomain(domain_name=f"department-{number}.example.com", **more)
            for number, more in zip(numbers, options, strict=True)
        ],
    )
    return template_of(stack)


def role_of_the_provider(template: dict[str, Any]) -> dict[str, Any]:
    [role] = [
        role for name, role in of_type(template, "AWS::IAM::Role").items() if name.startswith("SesProvider")
    ]
    return role


def policies(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The documents of the policies that are attached to the provider's role, as they are deployed."""
    deployment = Deployment(template, region=REGION)
    deployment.pseudo["AWS::StackId"] = (
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{'S' * 20}/{'0' * 36}"
    )
    return {
        name: deployment.resolve(policy["Properties"]["PolicyDocument"])
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        if "SesProvider" in json.dumps(policy["Properties"]["Roles"])
    }


def characters(documents: dict[str, dict[str, Any]]) -> int:
    """How long they are together, as IAM counts."""
    return sum(len(json.dumps(document, separators=(",", ":"))) for document in documents.values())


def logs(template: dict[str, Any]) -> int:
    return len(json.dumps(role_of_the_provider(template)["Properties"]["Policies"]))


def may(documents: dict[str, dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and fnmatchcase(resource, pattern)
        for document in documents.values()
        for statement in document["Statement"]
        for pattern in (
            [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        )
    )


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_domains_fit_into_the_role(kind: str) -> None:
    template = synthesized(kind, range(50))
    assert characters(policies(template)) + logs(template) <= ROLE_LIMIT


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_others_in_their_place_fit_beside_them(kind: str) -> None:
    # CloudFormation attaches what is new before it takes away what is old.
    before, after = synthesized(kind, range(50)), synthesized(kind, range(50, 100))
    assert characters(policies(before) | policies(after)) + logs(after) <= ROLE_LIMIT


@pytest.mark.parametrize("left", [[*range(1, 50)], [*range(49)], [*reversed(range(50))], [7], [100]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_that_stays_says_what_it_said(kind: str, left: list[int]) -> None:
    # One that said less would do so before CloudFormation deletes the domains that it was for.
    before, after = policies(synthesized(kind, range(50))), policies(synthesized(kind, left))
    assert before.keys() & after.keys()
    assert all(before[name] == after[name] for name in before.keys() & after.keys())


@pytest.mark.parametrize("count", [2, 50])
@pytest.mark.parametrize("kind", KINDS)
def test_each_domain_waits_for_a_permission_of_its_own_or_of_all(kind: str, count: int) -> None:
    template = synthesized(kind, range(count))
    given = policies(template)
    custom = [one for one in template["Resources"].values() if one["Type"].startswith("Custom::")]
    for one in custom:
        if identity := one["Properties"].get("Identity"):
            waits_for = {name: given[name] for name in one["DependsOn"] if name in given}
            actions = {
                "Custom::SesAdoptedIdentity": "ses:DeleteEmailIdentity",
                "Custom::SesReplicaIdentity": "ses:DeleteEmailIdentity",
                "Custom::SesIdentityPolicy": "ses:DeleteEmailIdentityPolicy",
            }
            if one["Type"] in actions:
                arn = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}"
                assert may(waits_for, actions[one["Type"]], arn)
        if zone := one["Properties"].get("HostedZoneId"):
            waits_for = {name: given[name] for name in one["DependsOn"] if name in given}
            assert may(waits_for, "route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{zone}")
    assert custom


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_domains_are_named_one_by_one(kind: str) -> None:
    wide = json.dumps(list(policies(synthesized(kind, range(3))).values()))
    assert "identity/*" not in wide
    assert "hostedzone/*" not in wide


def test_what_is_beyond_the_room_is_in_this_account_and_the_regions_concerned() -> None:
    given = policies(synthesized("replicas", range(50)))
    resources = {
        resource
        for document in given.values()
        for statement in document["Statement"]
        for resource in (
            [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        )
        if resource.endswith("*") and resource != "*"
    }
    assert resources == {
        f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*",
        f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/*",
        f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/*",
    }


def test_roles_for_dns_have_no_pattern_so_too_many_are_refused(stack: cdk.Stack) -> None:
    def write(numbers: Iterable[int]) -> None:
        for number in numbers:
            DnsRecords(
                stack,
                f"Records{number}",
                hosted_zone_id=f"Z{number:019d}",
                records=[Record(name=f"d{number}.example.com", type="TXT", values=("x",))],
                dns_role_arn=f"arn:aws:iam::{number:012d}:role/writes-dns",
            )

    write(range(20))
    with pytest.raises(
        ValueError, match=r"stack Stack would need more than 10240 characters .* another stack"
    ):
        write(range(20, 60))
