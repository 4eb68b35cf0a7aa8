"""Who may do what: every policy that the example emits, decided by a policy evaluator.

Each table has the one request that is meant to pass, and that request with one thing changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import (
    EvalContext,
    evaluate,
    evaluate_resource_policy,
    parse_policy_document,
)
from templates import ACCOUNT, REGION, Deployment, name_of, of_type, properties

from cdk_ses_regions import config
from stacks.regional_email import RegionalEmailStack

EXAMPLE = Path(__file__).parent.parent / "ses-regions.yaml"
OTHER_ACCOUNT = "999999999999"
SES = "ses.amazonaws.com"
SNS = "sns.amazonaws.com"
RULE = f"arn:aws:ses:{REGION}:{ACCOUNT}:receipt-rule-set/email-received:receipt-rule/example.com-support"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"

WRONG_RULES = {
    "another account's rule": {"source": RULE.replace(ACCOUNT, OTHER_ACCOUNT)},
    "another account": {"source": RULE.replace(ACCOUNT, OTHER_ACCOUNT), "account": OTHER_ACCOUNT},
    "an account that lies about the rule": {"account": OTHER_ACCOUNT},
    "another Region's rule": {"source": RULE.replace(REGION, "eu-west-1")},
    "another rule set": {"source": RULE.replace("email-received", "theirs")},
    "a rule set whose name begins alike": {"source": RULE.replace("email-received", "email-received2")},
    "no source at all": {"source": None, "account": None},
    "another service": {"service": "s3.amazonaws.com"},
    "no TLS": {"tls": False},
}
WRONG_IDENTITIES = {
    "another account's identity": {"source": IDENTITY.replace(ACCOUNT, OTHER_ACCOUNT)},
    "another account": {"source": IDENTITY.replace(ACCOUNT, OTHER_ACCOUNT), "account": OTHER_ACCOUNT},
    "an account that lies about the identity": {"account": OTHER_ACCOUNT},
    "another Region's identity": {"source": IDENTITY.replace(REGION, "eu-west-1")},
    "another identity": {"source": IDENTITY.replace("example.com", "example.net")},
    "a subdomain": {"source": IDENTITY.replace("example.com", "mail.example.com")},
    "no source at all": {"source": None, "account": None},
    "another service": {"service": "events.amazonaws.com"},
    "no TLS": {"tls": False},
}


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    app = cdk.App(builtin_cloud_formation_validation=False)
    settings = config.load(EXAMPLE).model_copy(update={"account": ACCOUNT})
    RegionalEmailStack(app, settings, region=REGION)
    [stack] = app.synth().stacks
    return Deployment(stack.template)


def decide(
    policy: Mapping[str, Any],
    action: str,
    on: str,
    *,
    source: str | None,
    account: str | None = ACCOUNT,
    service: str = SES,
    tls: bool = True,
) -> str:
    """What a resource's policy says to an AWS service that acts for `source`."""
    keys = {"aws:sourcearn": source, "aws:sourceaccount": account}
    context = EvalContext(
        principal_arn=f"arn:aws:iam::000000000000:service/{service}",
        principal_type="Service",
        principal_account="000000000000",
        action=action,
        resource_arn=on,
        region=REGION,
        secure_transport=tls,
        service_context={key: value for key, value in keys.items() if value is not None},
    )
    return evaluate_resource_policy(dict(policy), context, service=service).decision


def test_the_rules_of_the_rule_set_may_store_mail(deployment: Deployment) -> None:
    assert decide(*bucket(deployment), source=RULE) == "Allow"
    assert decide(*bucket(deployment), source=RULE.replace("support", "hello")) == "Allow"


@pytest.mark.parametrize("change", WRONG_RULES.values(), ids=list(WRONG_RULES))
def test_nobody_else_may_store_mail(deployment: Deployment, change: dict[str, Any]) -> None:
    assert decide(*bucket(deployment), **{"source": RULE, **change}) != "Allow"


@pytest.mark.parametrize("key", ["other/1", "1", "mailing/1"])
def test_rules_may_store_below_mail_only(deployment: Deployment, key: str) -> None:
    policy, action, _ = bucket(deployment)
    assert decide(policy, action, bucket(deployment, key)[2], source=RULE) == "ImplicitDeny"


@pytest.mark.parametrize(
    "action", ["s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:PutObjectTagging"]
)
def test_rules_may_do_nothing_else_with_mail(deployment: Deployment, action: str) -> None:
    policy, _, mail = bucket(deployment)
    assert decide(policy, action, mail, source=RULE) == "ImplicitDeny"


def test_without_tls_even_the_owner_is_refused(deployment: Deployment) -> None:
    for policy, action, resource in (
        bucket(deployment),
        topic(deployment, "email-feedback"),
        topic(deployment, "email-received"),
        topic(deployment, "email-stored"),
        *queues(deployment),
    ):
        owner = EvalContext(
            principal_arn=f"arn:aws:iam::{ACCOUNT}:user/owner",
            principal_type="User",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            secure_transport=False,
        )
        assert evaluate_resource_policy(policy, owner).decision == "Deny"
        owner.secure_transport = True
        assert evaluate_resource_policy(policy, owner).decision == "ImplicitDeny"


def test_identities_may_publish_their_feedback(deployment: Deployment) -> None:
    assert decide(*topic(deployment, "email-feedback"), source=IDENTITY) == "Allow"


@pytest.mark.parametrize("change", WRONG_IDENTITIES.values(), ids=list(WRONG_IDENTITIES))
def test_nobody_else_may_publish_feedback(deployment: Deployment, change: dict[str, Any]) -> None:
    assert decide(*topic(deployment, "email-feedback"), **{"source": IDENTITY, **change}) != "Allow"


def test_a_rule_may_not_publish_feedback(deployment: Deployment) -> None:
    assert decide(*topic(deployment, "email-feedback"), source=RULE) == "ImplicitDeny"


@pytest.mark.parametrize("action", ["sns:Subscribe", "sns:SetTopicAttributes", "sns:AddPermission"])
def test_ses_may_only_publish(deployment: Deployment, action: str) -> None:
    policy, _, arn = topic(deployment, "email-feedback")
    assert decide(policy, action, arn, source=IDENTITY) == "ImplicitDeny"


@pytest.mark.parametrize("source", [RULE, IDENTITY])
def test_ses_itself_may_not_announce_mail(deployment: Deployment, source: str) -> None:
    assert decide(*topic(deployment, "email-received"), source=source) == "ImplicitDeny"


@pytest.mark.parametrize("source", [RULE, IDENTITY])
@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
)
def test_rules_and_identities_may_encrypt(deployment: Deployment, action: str, source: str) -> None:
    policy, arn = key(deployment)
    assert decide(policy, action, arn, source=source) == "Allow"


@pytest.mark.parametrize(
    ("source", "change"),
    [
        *[(RULE, change) for name, change in WRONG_RULES.items() if name != "no TLS"],
        *[(IDENTITY, change) for name, change in WRONG_IDENTITIES.items() if name != "no TLS"],
    ],
)
def test_nobody_else_may_encrypt(deployment: Deployment, source: str, change: dict[str, Any]) -> None:
    policy, arn = key(deployment)
    assert decide(policy, "kms:GenerateDataKey", arn, **{"source": source, **change}) == "ImplicitDeny"


@pytest.mark.parametrize(
    "action", ["kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:Encrypt"]
)
def test_ses_may_do_nothing_else_with_the_key(deployment: Deployment, action: str) -> None:
    policy, arn = key(deployment)
    assert decide(policy, action, arn, source=RULE) == "ImplicitDeny"


STORED = f"arn:aws:sns:{REGION}:{ACCOUNT}:email-stored"


def test_the_rules_of_the_rule_set_may_tell_of_stored_mail(deployment: Deployment) -> None:
    assert decide(*topic(deployment, "email-stored"), source=RULE) == "Allow"


@pytest.mark.parametrize("change", WRONG_RULES.values(), ids=list(WRONG_RULES))
def test_nobody_else_may_tell_of_stored_mail(deployment: Deployment, change: dict[str, Any]) -> None:
    assert decide(*topic(deployment, "email-stored"), **{"source": RULE, **change}) != "Allow"


@pytest.mark.parametrize("place", [0, 1])
def test_the_topic_of_stored_mail_may_fill_the_queues(deployment: Deployment, place: int) -> None:
    policy, action, arn = queues(deployment)[place]
    assert decide(policy, action, arn, source=STORED, service=SNS) == "Allow"


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    "change",
    [
        {"source": STORED.replace("stored", "received")},
        {"source": STORED.replace(ACCOUNT, OTHER_ACCOUNT), "account": OTHER_ACCOUNT},
        {"source": STORED.replace(REGION, "eu-west-1")},
        {"source": None, "account": None},
        {"service": SES},
        {"tls": False},
    ],
    ids=["another topic", "another account", "another Region", "no source", "SES", "no TLS"],
)
def test_nobody_else_may_fill_the_queues(deployment: Deployment, place: int, change: dict[str, Any]) -> None:
    policy, action, arn = queues(deployment)[place]
    assert decide(policy, action, arn, **{"source": STORED, "service": SNS, **change}) != "Allow"


def test_every_resource_policy_of_the_template_is_in_these_tables(deployment: Deployment) -> None:
    kinds = {
        one["Type"]
        for one in deployment.template["Resources"].values()
        if one["Type"].endswith(("Policy", "Permission")) and one["Type"] != "AWS::IAM::Policy"
    }
    assert kinds == {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"}


# --- what the two functions may do ---


def granted(deployment: Deployment, folder: str) -> list[tuple[str, str]]:
    """Action and resource of all that a function's role may do."""
    documents = policies_of(deployment, folder)
    assert all(one["Effect"] == "Allow" for document in documents for one in document["Statement"])
    return sorted(
        (action, resource)
        for document in documents
        for one in document["Statement"]
        for action in as_list(one["Action"])
        for resource in as_list(one["Resource"])
    )


def test_the_inbound_function_may_do_exactly_what_it_does(deployment: Deployment) -> None:
    mail = bucket(deployment, "mail/*")[2]
    _, key_arn = key(deployment)
    logs, _ = function(deployment, "inbound")
    [source] = of_type(deployment.template, "AWS::Lambda::EventSourceMapping").values()
    fed_by = deployment.resolve(source["Properties"]["EventSourceArn"])
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/email-handled"
    assert granted(deployment, "inbound") == sorted(
        [
            ("kms:Decrypt", key_arn),
            ("kms:GenerateDataKey", key_arn),
            ("logs:CreateLogStream", logs),
            ("logs:PutLogEvents", logs),
            ("s3:GetObject", mail),
            ("s3:GetObjectTagging", mail),
            ("s3:PutObjectTagging", mail),
            ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:email-received"),
            ("sqs:ReceiveMessage", fed_by),
            ("sqs:DeleteMessage", fed_by),
            ("sqs:GetQueueAttributes", fed_by),
            ("dynamodb:PutItem", table),
            ("dynamodb:DeleteItem", table),
        ]
    )


def test_the_provider_may_do_exactly_what_its_resources_need(deployment: Deployment) -> None:
    logs, _ = function(deployment, "ses_provider")
    assert granted(deployment, "ses_provider") == sorted(
        [
            ("logs:CreateLogStream", logs),
            ("logs:PutLogEvents", logs),
            ("s3:DeleteObject", bucket(deployment, "mail/*AMAZON_SES_SETUP_NOTIFICATION")[2]),
            ("ses:DescribeActiveReceiptRuleSet", "*"),
            ("ses:GetIdentityNotificationAttributes", "*"),
            ("ses:SetActiveReceiptRuleSet", "*"),
            ("ses:SetIdentityFeedbackForwardingEnabled", "*"),
            ("ses:SetIdentityHeadersInNotificationsEnabled", "*"),
            ("ses:SetIdentityNotificationTopic", "*"),
        ]
    )


@pytest.mark.parametrize(
    ("folder", "action", "resource"),
    [
        ("inbound", "s3:GetObject", "arn:aws:s3:::{bucket}/other/1"),
        ("inbound", "s3:DeleteObject", "arn:aws:s3:::{bucket}/mail/1"),
        ("inbound", "s3:PutObject", "arn:aws:s3:::{bucket}/mail/1"),
        ("inbound", "s3:ListBucket", "arn:aws:s3:::{bucket}"),
        ("inbound", "s3:GetObject", "arn:aws:s3:::another/mail/1"),
        ("inbound", "sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:email-feedback"),
        ("inbound", "ses:SendEmail", IDENTITY),
        ("inbound", "ses:SendRawEmail", IDENTITY),
        ("inbound", "sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:email-stored"),
        ("inbound", "events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        ("inbound", "lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tickets"),
        ("inbound", "dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/email-handled"),
        ("inbound", "dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/another"),
        ("ses_provider", "ses:SendEmail", IDENTITY),
        ("ses_provider", "ses:DeleteIdentity", IDENTITY),
        ("ses_provider", "ses:DeleteReceiptRuleSet", "*"),
        ("ses_provider", "s3:GetObject", "arn:aws:s3:::{bucket}/mail/1"),
        ("ses_provider", "iam:PassRole", "*"),
    ],
)
def test_the_functions_may_do_nothing_else(
    deployment: Deployment, folder: str, action: str, resource: str
) -> None:
    called = name_of(deployment.template, "AWS::S3::Bucket").lower()
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/function",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource.format(bucket=called),
        region=REGION,
        secure_transport=True,
    )
    parsed = [parse_policy_document(document) for document in policies_of(deployment, folder)]
    assert evaluate(context, parsed).decision == "ImplicitDeny"


# --- the policies, where the template has them ---


def bucket(deployment: Deployment, key: str = "mail/1") -> tuple[dict[str, Any], str, str]:
    policy = properties(deployment.template, "AWS::S3::BucketPolicy")["PolicyDocument"]
    arn = deployment.arn(name_of(deployment.template, "AWS::S3::Bucket"))
    return deployment.resolve(policy), "s3:PutObject", f"{arn}/{key}"


def topic(deployment: Deployment, name: str) -> tuple[dict[str, Any], str, str]:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
    [policy] = [
        resolved["PolicyDocument"]
        for one in of_type(deployment.template, "AWS::SNS::TopicPolicy").values()
        if arn in (resolved := deployment.resolve(one["Properties"]))["Topics"]
    ]
    return policy, "sns:Publish", arn


def queues(deployment: Deployment) -> list[tuple[dict[str, Any], str, str]]:
    found = [
        deployment.resolve(one["Properties"]["PolicyDocument"])
        for one in of_type(deployment.template, "AWS::SQS::QueuePolicy").values()
    ]
    return [(policy, "sqs:SendMessage", policy["Statement"][0]["Resource"]) for policy in found]


def key(deployment: Deployment) -> tuple[dict[str, Any], str]:
    policy = properties(deployment.template, "AWS::KMS::Key")["KeyPolicy"]
    return deployment.resolve(policy), deployment.arn(name_of(deployment.template, "AWS::KMS::Key"))


def function(deployment: Deployment, folder: str) -> tuple[str, str]:
    """ARN of the log group and logical id of the role of the function with this code."""
    [found] = [
        one["Properties"]
        for one in of_type(deployment.template, "AWS::Lambda::Function").values()
        if one["Properties"]["Handler"] == f"{folder}.handler"
    ]
    return deployment.arn(found["LoggingConfig"]["LogGroup"]["Ref"]), found["Role"]["Fn::GetAtt"][0]


def policies_of(deployment: Deployment, folder: str) -> list[dict[str, Any]]:
    """The documents of a function's role: those in it, and those attached to it."""
    _, role = function(deployment, folder)
    inline = deployment.template["Resources"][role]["Properties"]["Policies"]
    attached = [
        one["Properties"]
        for one in of_type(deployment.template, "AWS::IAM::Policy").values()
        if {"Ref": role} in one["Properties"]["Roles"]
    ]
    return [deployment.resolve(one["PolicyDocument"]) for one in [*inline, *attached]]


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
