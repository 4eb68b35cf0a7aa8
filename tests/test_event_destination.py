"""Event destinations: one target each, in the Region of the set, and what SES needs to reach it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from templates import ACCOUNT, REGION, Deployment, name_of, of_type, only, properties, template_of

from cdk_ses_regions import ConfigurationSet, EventDestination, EventTopic, MetricDimension

KIND = "AWS::SES::ConfigurationSetEventDestination"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/mail"
SET = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/email-sending"


@pytest.fixture
def configuration_set(stack: cdk.Stack) -> ConfigurationSet:
    return ConfigurationSet(stack, "Set", name="email-sending")


def made(stack: cdk.Stack, configuration_set: ConfigurationSet, **options: Any) -> dict[str, Any]:
    EventDestination(stack, "Events", configuration_set=configuration_set, name="events", **options)
    template = template_of(stack)
    return Deployment(template).resolve(properties(template, KIND)["EventDestination"])


def test_opens_and_clicks_are_not_told_unless_asked_for(
    stack: cdk.Stack, configuration_set: ConfigurationSet
) -> None:
    destination = made(stack, configuration_set, event_bridge=True)
    assert destination == {
        "Name": "events",
        "Enabled": True,
        "MatchingEventTypes": [
            "send",
            "reject",
            "bounce",
            "complaint",
            "delivery",
            "renderingFailure",
            "deliveryDelay",
        ],
        "EventBridgeDestination": {"EventBusArn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"},
    }


def test_chosen_events_can_be_told_and_the_destination_be_off(
    stack: cdk.Stack, configuration_set: ConfigurationSet
) -> None:
    destination = made(stack, configuration_set, event_bridge=True, events=["open", "click"], enabled=False)
    assert (destination["MatchingEventTypes"], destination["Enabled"]) == (["open", "click"], False)


def test_metrics_have_dimensions(stack: cdk.Stack, configuration_set: ConfigurationSet) -> None:
    dimensions = [
        MetricDimension(name="campaign", default="none"),
        MetricDimension(name="X-Kind", default="other", source="emailHeader"),
    ]
    destination = made(stack, configuration_set, dimensions=dimensions)
    assert destination["CloudWatchDestination"]["DimensionConfigurations"] == [
        {
            "DimensionName": "campaign",
            "DimensionValueSource": "messageTag",
            "DefaultDimensionValue": "none",
        },
        {
            "DimensionName": "X-Kind",
            "DimensionValueSource": "emailHeader",
            "DefaultDimensionValue": "other",
        },
    ]


def test_a_topic_is_encrypted_and_has_its_policies_before_ses_looks_at_them(
    stack: cdk.Stack, configuration_set: ConfigurationSet
) -> None:
    topic = EventTopic(stack, "Topic", topic_name="email-events-audit", configuration_set=configuration_set)
    destination = made(stack, configuration_set, topic=topic.topic)
    template = template_of(stack)
    assert destination["SnsDestination"]["TopicARN"].endswith(":email-events-audit")
    assert properties(template, "AWS::SNS::Topic")["KmsMasterKeyId"] == {
        "Fn::GetAtt": [name_of(template, "AWS::KMS::Key"), "Arn"]
    }
    [policy] = of_type(template, "AWS::SNS::TopicPolicy")
    assert policy in only(template, KIND)["DependsOn"]


def test_topic_and_key_let_ses_in_for_the_configuration_set_alone(
    stack: cdk.Stack, configuration_set: ConfigurationSet
) -> None:
    EventTopic(stack, "Topic", topic_name="email-events-audit", configuration_set=configuration_set)
    template = template_of(stack)
    deployment = Deployment(template)
    for document in (
        properties(template, "AWS::SNS::TopicPolicy")["PolicyDocument"],
        properties(template, "AWS::KMS::Key")["KeyPolicy"],
    ):
        [statement] = [
            one for one in deployment.resolve(document)["Statement"] if one.get("Sid") == "SesEvents"
        ]
        assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": [SET]},
        }


def test_a_streams_role_is_for_ses_and_this_set_and_may_only_put_records(
    stack: cdk.Stack, configuration_set: ConfigurationSet
) -> None:
    made(stack, configuration_set, delivery_stream_arn=STREAM)
    template = template_of(stack)
    role = Deployment(template).resolve(properties(template, "AWS::IAM::Role"))
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": SET}},
    }
    [policy] = role["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement == {"Effect": "Allow", "Action": "firehose:PutRecordBatch", "Resource": STREAM}
    destination = properties(template, KIND)["EventDestination"]["KinesisFirehoseDestination"]
    name = name_of(template, "AWS::IAM::Role")
    assert destination == {"DeliveryStreamARN": STREAM, "IAMRoleARN": {"Fn::GetAtt": [name, "Arn"]}}
    assert name in only(template, KIND)["DependsOn"]


DIMENSION = MetricDimension(name="a", default="b")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "has 0 targets"),
        ({"event_bridge": True, "delivery_stream_arn": STREAM}, "has 2 targets"),
        ({"event_bridge": True, "events": []}, "tells no event"),
        ({"event_bridge": True, "name": "a b"}, "letters, digits, hyphens"),
        ({"dimensions": [DIMENSION] * 11}, "has 11 dimensions; SES allows 10"),
        (
            {"delivery_stream_arn": STREAM.replace(REGION, "eu-west-1")},
            "delivery stream is in eu-west-1, the configuration set in us-west-2",
        ),
    ],
)
def test_what_ses_would_refuse_is_refused(
    stack: cdk.Stack, configuration_set: ConfigurationSet, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EventDestination(
            stack, "Events", **{"configuration_set": configuration_set, "name": "events", **options}
        )


def test_a_topic_of_another_region_is_refused(stack: cdk.Stack, configuration_set: ConfigurationSet) -> None:
    theirs = sns.Topic.from_topic_arn(stack, "Theirs", f"arn:aws:sns:eu-west-1:{ACCOUNT}:events")
    with pytest.raises(ValueError, match="topic is in eu-west-1"):
        made(stack, configuration_set, topic=theirs)
