"""Every policy of every template that was reviewed: what it lets in, how wide it is, and what auditors say of it."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.nag import READ, nag, types

with warnings.catch_warnings():  # of pkg_resources
    warnings.simplefilter("ignore")
    import parliament

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted((ROOT / "tests" / "snapshots").glob("*.json"))
ACCOUNT, REGION = "111111111111", "us-west-2"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "Stack",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Stack/0a1b2c3d",
}
ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/r",
    "AWS::IAM::User": f"arn:aws:iam::{ACCOUNT}:user/u",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*",
    "AWS::S3::Bucket": "arn:aws:s3:::bucket",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s-AbCdEf",
}


@dataclass(frozen=True)
class Policy:
    """A policy in a template, with the values that its functions would have at deployment."""

    template: str
    resource: str
    kind: str
    document: dict[str, Any]

    @property
    def is_of_a_resource(self) -> bool:
        return any("Principal" in statement for statement in self.document["Statement"])

    def __str__(self) -> str:
        return f"{self.template}: {self.resource}"


@cache
def policies() -> tuple[Policy, ...]:
    return tuple(policy for file in TEMPLATES for policy in of_template(file))


def of_template(file: Path) -> Iterator[Policy]:
    resources = json.loads(file.read_text(encoding="utf-8"))["Resources"]
    for name, resource in resources.items():
        for document in documents(resource.get("Properties", {})):
            yield Policy(file.stem, name, resource["Type"], resolved(document, resources))


def documents(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy document in the properties of a resource, however deep."""
    if isinstance(value, list):
        for one in value:
            yield from documents(one)
    elif isinstance(value, dict):
        if isinstance(value.get("Statement"), list):
            yield value
        for one in value.values():
            yield from documents(one)


def arn_of(resource: dict[str, Any]) -> str:
    """An ARN of the right form for what policies act on; of what only has something done for it any of the account."""
    return ARNS.get(resource["Type"], f"arn:aws:service:{REGION}:{ACCOUNT}:resource")


def resolved(value: Any, resources: dict[str, Any]) -> Any:
    """The value without intrinsic functions."""
    if isinstance(value, list):
        return [resolved(one, resources) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref":
            if argument in PSEUDO:
                return PSEUDO[argument]
            # Of most a name, but for topics and secrets.
            named = resources[argument]["Type"] not in ("AWS::SNS::Topic", "AWS::SecretsManager::Secret")
            return argument.lower() if named else arn_of(resources[argument])
        if function == "Fn::GetAtt":
            return arn_of(resources[argument[0]])
        if function == "Fn::Join":
            return argument[0].join(resolved(argument[1], resources))
        if function == "Fn::Sub":
            return re.sub(r"\$\{(.+?)\}", lambda match: resolved({"Ref": match[1]}, resources), argument)
    return {key: resolved(one, resources) for key, one in value.items()}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_are_policies_of_each_kind() -> None:
    kinds = {policy.kind for policy in policies()}
    assert kinds >= {
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "Custom::SesIdentityPolicy",
    }


# --- parliament ---

# (type of resource, what it says, a part of the details): why it is wrong here
_MAKES_KEYS = "making the access key that SMTP signs in with, of one user, is what this function is for"
PARLIAMENT: dict[tuple[str, str, str], str] = {
    ("AWS::KMS::Key", "RESOURCE_STAR", "kms:"): "in the policy of a key `*` is the key itself",
    ("AWS::IAM::Role", "MALFORMED", "neither Resource"): "who may assume a role is told without a resource",
    (
        "AWS::IAM::Policy",
        "RESOURCE_MISMATCH",
        "ses:CreateEmailIdentity",
    ): "it looks the action up in Pinpoint Email, "
    "the first service with the prefix `ses`; SES v2 asks for the identity",
    (
        "AWS::IAM::Policy",
        "CREDENTIALS_EXPOSURE",
        "",
    ): "it assumes one role, which writes the zone of another account; or: " + _MAKES_KEYS,
    ("AWS::IAM::Policy", "PERMISSIONS_MANAGEMENT_ACTIONS", ""): _MAKES_KEYS,
    ("AWS::IAM::Policy", "PRIVILEGE_ESCALATION", ""): _MAKES_KEYS,
    (
        "AWS::IAM::Role",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "kms:ResourceAliases",
    ): "KMS has this condition key for every action on a key",
}


def audited() -> Iterator[tuple[Policy, str, str]]:
    for policy in policies():
        # Its further auditors take a key's policy for one of a user, who then could do everything with every key.
        text, more = json.dumps(policy.document), not policy.is_of_a_resource
        for found in parliament.analyze_policy_string(text, include_community_auditors=more).findings:
            yield policy, str(found.issue), str(found.detail)


def test_parliament_has_nothing_to_say_but_what_is_explained() -> None:
    used: Counter[tuple[str, str, str]] = Counter()
    unexplained: list[str] = []
    for policy, issue, detail in audited():
        known = [one for one in PARLIAMENT if one[:2] == (policy.kind, issue) and one[2] in detail]
        used.update(known)
        if not known:
            unexplained.append(f"{policy}: {issue}: {detail}")
    assert unexplained == []
    assert set(used) == set(PARLIAMENT), "an explanation that nothing needs"


# --- wildcards ---

# action on resource "*": why nothing narrower would do
EVERYTHING: dict[str, str] = {
    "ses:DescribeActiveReceiptRuleSet": "SES API v1 knows no resource for it",
    "ses:SetActiveReceiptRuleSet": "SES API v1 knows no resource for it",
    "ses:GetIdentityNotificationAttributes": "SES API v1 knows no resource for it",
    "ses:SetIdentityFeedbackForwardingEnabled": "SES API v1 knows no resource for it",
    "ses:SetIdentityHeadersInNotificationsEnabled": "SES API v1 knows no resource for it",
    "ses:SetIdentityNotificationTopic": "SES API v1 knows no resource for it",
    "ses:GetAccount": "it is about the account",
    "ses:PutAccountSuppressionAttributes": "it is about the account",
    "ses:PutAccountVdmAttributes": "it is about the account",
    "ses:GetSuppressedDestination": "the suppression list is the account's",
    "ses:PutSuppressedDestination": "the suppression list is the account's",
    "ses:DeleteSuppressedDestination": "the suppression list is the account's",
}
# In the policy of a key "*" is the key itself.
OF_THE_KEY = ("kms:*", "kms:Decrypt", "kms:GenerateDataKey*", "kms:GenerateDataKey")


def wide(policy: Policy) -> Iterator[tuple[dict[str, Any], str]]:
    for statement in policy.document["Statement"]:
        if statement["Effect"] == "Allow" and "*" in as_list(statement.get("Resource", [])):
            for action in as_list(statement["Action"]):
                yield statement, action


def test_a_statement_on_everything_has_its_reason() -> None:
    found = {(policy.kind == "AWS::KMS::Key", action) for policy in policies() for _, action in wide(policy)}
    assert {action for of_key, action in found if of_key} <= set(OF_THE_KEY)
    assert {action for of_key, action in found if not of_key} == set(EVERYTHING)


@pytest.mark.parametrize("action", EVERYTHING)
def test_iam_knows_no_resource_for_what_is_allowed_on_everything(action: str) -> None:
    prefix, _, name = action.partition(":")
    described = [
        privilege
        for service in parliament.iam_definition
        if service["prefix"] == prefix
        for privilege in service["privileges"]
        if privilege["privilege"] == name
    ]
    assert described
    resources = {one["resource_type"] for privilege in described for one in privilege["resource_types"]}
    assert resources == {""}


def test_nobody_may_do_everything_with_a_service_but_the_account_with_its_keys() -> None:
    for policy in policies():
        for statement in policy.document["Statement"]:
            wildcards = [one for one in as_list(statement["Action"]) if one == "*" or one.endswith(":*")]
            if statement["Effect"] == "Allow" and wildcards:
                assert (policy.kind, wildcards) == ("AWS::KMS::Key", ["kms:*"]), policy
                assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


# --- whom a policy lets in ---


def let_in() -> Iterator[tuple[Policy, str, dict[str, Any]]]:
    """Each service that a policy lets in, with the conditions by their keys in lower case."""
    for policy in policies():
        for statement in policy.document["Statement"]:
            principal = statement.get("Principal")
            if statement["Effect"] != "Allow" or not isinstance(principal, dict):
                continue
            conditions = {
                key.lower(): value
                for keys in statement.get("Condition", {}).values()
                for key, value in keys.items()
            }
            for service in as_list(principal.get("Service", [])):
                yield policy, service, conditions


def test_ses_is_let_in_for_resources_of_this_account_alone() -> None:
    seen = 0
    for policy, service, conditions in let_in():
        if service == "ses.amazonaws.com":
            seen += 1
            assert conditions["aws:sourceaccount"] == ACCOUNT, policy
            for arn in as_list(conditions["aws:sourcearn"]):
                assert re.fullmatch(rf"arn:aws:ses:[a-z0-9-]+:{ACCOUNT}:[^*].*", arn), policy
    assert seen > 100


def test_other_services_are_let_in_for_resources_of_this_account_alone() -> None:
    for policy, service, conditions in let_in():
        if service in {"lambda.amazonaws.com", "s3.amazonaws.com"} and policy.kind == "AWS::IAM::Role":
            continue  # a function, or a bucket that is replicated, is given a role only by who may pass it
        told = json.dumps([conditions.get("aws:sourceaccount"), conditions.get("aws:sourcearn")])
        assert ACCOUNT in told, f"{policy}: {service}"


def test_functions_are_invoked_for_resources_of_this_account_alone() -> None:
    for file in TEMPLATES:
        resources = json.loads(file.read_text(encoding="utf-8"))["Resources"]
        for name, resource in resources.items():
            if resource["Type"] == "AWS::Lambda::Permission":
                properties = resolved(resource["Properties"], resources)
                assert ACCOUNT in properties["SourceArn"] or properties["SourceAccount"] == ACCOUNT, name
                if properties["Principal"] == "ses.amazonaws.com":
                    assert properties["SourceAccount"] == ACCOUNT
                    assert "receipt-rule-set/" in properties["SourceArn"]


def test_nobody_else_is_let_in_without_being_named() -> None:
    for policy in policies():
        for statement in policy.document["Statement"]:
            if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
                pytest.fail(f"{policy} lets everybody in")


def test_each_bucket_topic_and_queue_refuses_to_be_talked_to_in_the_clear() -> None:
    for policy in policies():
        if policy.kind in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
            denied = [
                statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
                for statement in policy.document["Statement"]
                if statement["Effect"] == "Deny"
            ]
            assert any(denied), policy


# --- what is only read ---


def test_the_page_has_a_decision_for_each_finding_of_nist_and_hipaa() -> None:
    files = {file.stem.replace(".", "-"): file for file in TEMPLATES}
    kinds = types(files)
    found = {
        (
            one.rule.removeprefix("NIST.800.53.R5-").removeprefix("HIPAA.Security-"),
            kinds[one.stack, one.resource],
        )
        for one in nag(files, READ)
    }
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([\w:]+)` \| (.+) \|$", page, re.M)
    assert {(rule, kind) for rule, kind, _ in rows} == found
    assert all(len(decision.split()) > 6 for _, _, decision in rows)
