"""Who may publish to the topics of feedback and events, send to the subscribed queues, and take the stream's role.

Each table has the one request that is meant to pass, and that request with one thing changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, Deployment, of_type
from test_policies import OTHER_ACCOUNT, decide

from cdk_ses_regions import config
from stacks.regional_email import RegionalEmailStack

FEEDBACK = Path(__file__).parent.parent / "examples" / "feedback.yaml"
REGION = "eu-west-1"
SNS = "sns.amazonaws.com"
SET = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/mail-sending"
COM = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
SHOP = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/shop.example.com"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/mail-events"


def arn(name: str, service: str = "sns") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    app = cdk.App(builtin_cloud_formation_validation=False)
    settings = config.load(FEEDBACK).model_copy(update={"account": ACCOUNT})
    RegionalEmailStack(app, settings, region=REGION)
    [stack] = app.synth().stacks
    return Deployment(stack.template, region=REGION)


def topic_policy(deployment: Deployment, name: str) -> dict[str, Any]:
    [policy] = [
        resolved["PolicyDocument"]
        for one in of_type(deployment.template, "AWS::SNS::TopicPolicy").values()
        if arn(name) in (resolved := deployment.resolve(one["Properties"]))["Topics"]
    ]
    return policy


PUBLISHES = {
    "mail-feedback": COM,
    "mail-shop-bounces": SHOP,
    "mail-shop-complaints": SHOP,
    "mail-shop-deliveries": SHOP,
    "mail-events-audit": SET,
}


@pytest.mark.parametrize("topic", PUBLISHES)
@pytest.mark.parametrize("source", sorted({*PUBLISHES.values(), COM.replace(".com", ".net")}))
def test_a_topic_is_for_the_identity_or_set_that_tells_there_and_no_other(
    deployment: Deployment, topic: str, source: str
) -> None:
    decision = decide(topic_policy(deployment, topic), "sns:Publish", arn(topic), source=source)
    assert (decision == "Allow") == (PUBLISHES[topic] == source)


@pytest.mark.parametrize("topic", PUBLISHES)
@pytest.mark.parametrize(
    "change",
    [
        {"account": OTHER_ACCOUNT},
        {"service": "events.amazonaws.com"},
        {"tls": False},
        {"source": None, "account": None},
    ],
)
def test_nobody_else_publishes(deployment: Deployment, topic: str, change: dict[str, Any]) -> None:
    request = {"source": PUBLISHES[topic], **change}
    assert decide(topic_policy(deployment, topic), "sns:Publish", arn(topic), **request) != "Allow"


@pytest.mark.parametrize("source", [COM, SHOP, SET])
def test_all_that_publish_may_use_the_key(deployment: Deployment, source: str) -> None:
    assert key_decides(deployment, "kms:GenerateDataKey", source) == "Allow"
    assert key_decides(deployment, "kms:Decrypt", source) == "Allow"
    assert key_decides(deployment, "kms:ScheduleKeyDeletion", source) != "Allow"


@pytest.mark.parametrize(
    "source",
    [
        COM.replace(".com", ".net"),  # tells by email
        SET.replace("mail-sending", "theirs"),
        SET.replace(ACCOUNT, OTHER_ACCOUNT),
    ],
)
def test_nobody_else_may_use_the_key(deployment: Deployment, source: str) -> None:
    assert key_decides(deployment, "kms:GenerateDataKey", source) != "Allow"


# Part of the logical ids: the topics whose messages the queues take; the first part that fits counts.
QUEUES = {
    "shopexamplecom": ["mail-shop-bounces", "mail-shop-complaints", "mail-shop-deliveries"],
    "audit": ["mail-events-audit"],
    "Subscriptions": ["mail-feedback"],
}


@pytest.mark.parametrize("topic", PUBLISHES)
def test_a_queue_and_its_dead_letter_queue_take_what_their_topics_tell_alone(
    deployment: Deployment, topic: str
) -> None:
    for name, policy in queue_policies(deployment):
        own = next(topics for part, topics in QUEUES.items() if part in name)
        [allowed] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
        on = allowed["Resource"]
        decision = decide(policy, "sqs:SendMessage", on, source=arn(topic), service=SNS)
        assert (decision == "Allow") == (topic in own), name
        for change in ({"service": "ses.amazonaws.com"}, {"tls": False}, {"source": arn("theirs")}):
            request = {"source": arn(topic), "service": SNS, **change}
            assert decide(policy, "sqs:SendMessage", on, **request) != "Allow"
        assert decide(policy, "sqs:ReceiveMessage", on, source=arn(topic), service=SNS) != "Allow"


def test_every_queue_has_such_a_policy(deployment: Deployment) -> None:
    assert len(queue_policies(deployment)) == len(of_type(deployment.template, "AWS::SQS::Queue")) == 6


def test_the_topics_and_nobody_else_may_call_the_function(deployment: Deployment) -> None:
    permissions = [
        deployment.resolve(one["Properties"])
        for one in of_type(deployment.template, "AWS::Lambda::Permission").values()
    ]
    assert {one["SourceArn"] for one in permissions} == {arn(name) for name in QUEUES["shopexamplecom"]}
    assert {(one["Principal"], one["Action"], one["FunctionName"]) for one in permissions} == {
        (SNS, "lambda:InvokeFunction", arn("function:shop-feedback", "lambda"))
    }


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"source": SET.replace("mail-sending", "theirs")}, False),
        ({"source": COM}, False),
        ({"source": SET.replace(REGION, "us-east-1")}, False),
        ({"account": OTHER_ACCOUNT}, False),
        ({"source": None, "account": None}, False),
        ({"service": "firehose.amazonaws.com"}, False),
    ],
)
def test_ses_alone_takes_the_streams_role_for_this_set(
    deployment: Deployment, change: dict[str, Any], allowed: bool
) -> None:
    document = stream_role(deployment)["AssumeRolePolicyDocument"]
    # A trust policy is about its own role and names no resource; the evaluator wants one.
    trust = {**document, "Statement": [{**one, "Resource": "*"} for one in document["Statement"]]}
    decision = decide(trust, "sts:AssumeRole", "arn:aws:iam::1:role/r", **{"source": SET, **change})
    assert (decision == "Allow") == allowed


@pytest.mark.parametrize(
    ("action", "on", "allowed"),
    [
        ("firehose:PutRecordBatch", STREAM, True),
        ("firehose:PutRecordBatch", f"{STREAM}2", False),
        ("firehose:PutRecordBatch", STREAM.replace(REGION, "us-east-1"), False),
        ("firehose:PutRecord", STREAM, False),
        ("firehose:DeleteDeliveryStream", STREAM, False),
        ("s3:PutObject", "arn:aws:s3:::somewhere/1", False),
    ],
)
def test_the_role_puts_records_into_the_stream_and_nothing_else(
    deployment: Deployment, action: str, on: str, allowed: bool
) -> None:
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/ses",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=on,
        region=REGION,
        secure_transport=True,
    )
    policies = [parse_policy_document(one["PolicyDocument"]) for one in stream_role(deployment)["Policies"]]
    assert (evaluate(context, policies).decision == "Allow") == allowed


def stream_role(deployment: Deployment) -> dict[str, Any]:
    [role] = [
        one["Properties"]
        for one in of_type(deployment.template, "AWS::IAM::Role").values()
        if "Firehose" in one["Properties"].get("Description", "")
    ]
    return deployment.resolve(role)


def key_decides(deployment: Deployment, action: str, source: str) -> str:
    [(name, key)] = of_type(deployment.template, "AWS::KMS::Key").items()
    policy = deployment.resolve(key["Properties"]["KeyPolicy"])
    return decide(policy, action, deployment.arn(name), source=source)


def queue_policies(deployment: Deployment) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, deployment.resolve(one["Properties"])["PolicyDocument"])
        for name, one in of_type(deployment.template, "AWS::SQS::QueuePolicy").items()
    ]
