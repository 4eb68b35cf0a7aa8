"""Whether the policy of a target lets SES in: one request that is meant to pass, and it with one thing changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_ses_regions.local.ses.permission import service_allowed

ACCOUNT = "111111111111"
RULE = f"arn:aws:ses:us-west-2:{ACCOUNT}:receipt-rule-set/email-received:receipt-rule/support"

BUCKET = "arn:aws:s3:::mail/mail/*"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1"
TOPIC = f"arn:aws:sns:us-west-2:{ACCOUNT}:email-feedback"
FUNCTION = f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:inbound"

POLICIES = {
    "bucket": (["s3:PutObject"], BUCKET),
    "key": (["kms:GenerateDataKey*", "kms:Decrypt"], "*"),
    "topic": (["sns:Publish"], TOPIC),
    "function": (["lambda:InvokeFunction"], FUNCTION),
}
USES = {
    "bucket": ("s3:PutObject", "arn:aws:s3:::mail/mail/1"),
    "key": ("kms:GenerateDataKey", KEY),
    "topic": ("sns:Publish", TOPIC),
    "function": ("lambda:InvokeFunction", FUNCTION),
}


def policy(kind: str, **more: Any) -> dict[str, Any]:
    actions, resource = POLICIES[kind]
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": actions,
        "Resource": resource,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
            "ArnLike": {"AWS:SourceArn": RULE.replace("/support", "/*")},
        },
    }
    return {"Version": "2012-10-17", "Statement": [{**grant, **more}]}


def allowed(kind: str, document: dict[str, Any], **changed: str) -> bool:
    action, resource = USES[kind]
    asked = {"action": action, "resource": resource, "source_arn": RULE, "account": ACCOUNT, **changed}
    return service_allowed(document, region="us-west-2", **asked)


@pytest.mark.parametrize("kind", POLICIES)
def test_the_policy_of_each_kind_of_target_lets_ses_in_for_the_right_rule(kind: str) -> None:
    assert allowed(kind, policy(kind))


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize(
    "changed",
    [
        {"source_arn": RULE.replace("email-received", "another-set")},
        {"source_arn": RULE.replace("us-west-2", "eu-west-1")},
        {"account": "222222222222"},
        {"service": "sns.amazonaws.com"},
        {"action": "s3:DeleteObject"},
    ],
    ids=["another rule set", "another Region", "another account", "another service", "another action"],
)
def test_nothing_else_is_let_in(kind: str, changed: dict[str, str]) -> None:
    assert not allowed(kind, policy(kind), **changed)


def test_an_object_outside_of_the_prefix_is_refused() -> None:
    assert not allowed("bucket", policy("bucket"), resource="arn:aws:s3:::mail/other/1")


def test_a_refusal_wins_over_a_grant() -> None:
    document = policy("bucket")
    document["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::mail/*"}
    )
    assert not allowed("bucket", document)


def test_a_refusal_of_insecure_transport_does_not_concern_ses() -> None:
    document = policy("bucket")
    document["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::mail/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    assert allowed("bucket", document)


def test_what_a_key_allows_the_account_is_not_allowed_to_ses() -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    grant = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    assert not allowed("key", {"Version": "2012-10-17", "Statement": [grant]})


def test_a_policy_is_read_from_text_as_well() -> None:
    action, resource = USES["topic"]
    assert service_allowed(
        json.dumps(policy("topic")),
        action=action,
        resource=resource,
        source_arn=RULE,
        account=ACCOUNT,
        region="us-west-2",
    )


def test_a_policy_without_statements_lets_nobody_in() -> None:
    assert not allowed("bucket", {"Version": "2012-10-17", "Statement": []})
