"""Who subscribes to topics: addresses, queues with a dead-letter queue, functions, https addresses."""

from __future__ import annotations

from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from templates import ACCOUNT, REGION, Deployment, of_type, template_of

from cdk_ses_regions import TopicSubscriptions

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bounces"
URL = "https://example.com/bounces"


@pytest.fixture
def topic(stack: cdk.Stack) -> sns.ITopic:
    return cast(sns.ITopic, sns.Topic(stack, "Topic", topic_name="email-feedback"))


def subscribed(template: dict[str, Any]) -> list[tuple[str, str]]:
    deployment = Deployment(template)
    found = [
        deployment.resolve(one["Properties"]) for one in of_type(template, "AWS::SNS::Subscription").values()
    ]
    return sorted((one["Protocol"], one["Endpoint"].rpartition(":")[2]) for one in found)


def test_everybody_is_subscribed_to_every_topic(stack: cdk.Stack, topic: sns.ITopic) -> None:
    other = sns.Topic(stack, "Other", topic_name="email-other")
    TopicSubscriptions(
        stack,
        "Subscriptions",
        topics=[topic, other],
        emails=["ops@example.com"],
        queue_names=["email-bounces"],
        function_arns=[FUNCTION],
        urls=[URL],
    )
    template = template_of(stack)
    [queue] = [name for name in of_type(template, "AWS::SQS::Queue") if "Queue" in name]
    assert subscribed(template) == sorted(
        [
            *[("email", "ops@example.com")] * 2,
            *[("https", "//example.com/bounces")] * 2,
            *[("lambda", "bounces")] * 2,
            *[("sqs", queue.lower())] * 2,
        ]
    )
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    assert {Deployment(template).resolve(one["Properties"]["SourceArn"]) for one in permissions} == {
        f"arn:aws:sns:{REGION}:{ACCOUNT}:email-feedback",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:email-other",
    }
    assert {one["Properties"]["Principal"] for one in permissions} == {"sns.amazonaws.com"}


def test_what_fails_goes_to_the_dead_letter_queue(stack: cdk.Stack, topic: sns.ITopic) -> None:
    made = TopicSubscriptions(
        stack, "S", topics=[topic], queue_names=["email-bounces"], function_arns=[FUNCTION], urls=[URL]
    )
    template = template_of(stack)
    queues = of_type(template, "AWS::SQS::Queue")
    [dead] = [name for name in queues if "DeadLetters" in name]
    [queue] = [one["Properties"] for one in queues.values() if "QueueName" in one["Properties"]]
    target = {"Fn::GetAtt": [dead, "Arn"]}
    assert queue["QueueName"] == "email-bounces"
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": target, "maxReceiveCount": 5}
    assert queues[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    for one in of_type(template, "AWS::SNS::Subscription").values():
        assert one["Properties"]["RedrivePolicy"] == {"deadLetterTargetArn": target}
    assert list(made.queue_arns) == ["email-bounces"]


def test_all_queues_are_encrypted(stack: cdk.Stack, topic: sns.ITopic) -> None:
    TopicSubscriptions(stack, "S", topics=[topic], queue_names=["email-bounces"])
    queues = of_type(template_of(stack), "AWS::SQS::Queue").values()
    assert [one["Properties"]["SqsManagedSseEnabled"] for one in queues] == [True, True]


def test_emails_alone_need_no_queue(stack: cdk.Stack, topic: sns.ITopic) -> None:
    made = TopicSubscriptions(stack, "S", topics=[topic], emails=["ops@example.com"])
    assert made.dead_letter_queue_arn is None
    template = template_of(stack)
    assert of_type(template, "AWS::SQS::Queue") == {}
    [subscription] = of_type(template, "AWS::SNS::Subscription").values()
    assert "RedrivePolicy" not in subscription["Properties"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topics": [], "emails": ["a@example.com"]}, "topics is empty"),
        ({}, "nobody subscribes"),
        ({"emails": ["a@example.com", "a@example.com"]}, r"a@example\.com is given twice"),
        (
            {"function_arns": [FUNCTION.replace(REGION, "eu-west-1")]},
            "is in eu-west-1, the topic in us-west-2",
        ),
        ({"function_arns": ["bounces"]}, "is in no Region"),
    ],
)
def test_what_cannot_be_is_refused(
    stack: cdk.Stack, topic: sns.ITopic, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TopicSubscriptions(stack, "S", **{"topics": [topic], **arguments})


def test_a_function_of_the_same_stack_is_taken(stack: cdk.Stack, topic: sns.ITopic) -> None:
    arn = cdk.Fn.import_value("function")
    TopicSubscriptions(stack, "S", topics=[topic], function_arns=[arn])
    [permission] = of_type(template_of(stack), "AWS::Lambda::Permission").values()
    assert permission["Properties"]["FunctionName"] == {"Fn::ImportValue": "function"}
