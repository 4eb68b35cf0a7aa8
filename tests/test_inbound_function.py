"""The function that reads mail: what it is told, what it may do, and where its failures go."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from templates import Deployment, name_of, of_type, properties, template_of

from cdk_ses_regions.inbound_function import InboundFunction


@pytest.fixture
def inbound(stack: cdk.Stack) -> InboundFunction:
    key = kms.Key(stack, "Key")
    return InboundFunction(
        stack,
        "Inbound",
        rule_set_name="email-received",
        bucket=s3.Bucket(stack, "Bucket", encryption_key=key),
        key=key,
        topic_name="email-received",
    )


@pytest.fixture
def template(stack: cdk.Stack, inbound: InboundFunction) -> dict[str, Any]:
    return template_of(stack)


def test_it_is_told_where_the_mail_is_and_where_to_tell_of_it(template: dict[str, Any]) -> None:
    assert properties(template, "AWS::Lambda::Function")["Environment"]["Variables"] == {
        "BUCKET": {"Ref": name_of(template, "AWS::S3::Bucket")},
        "PREFIX": "mail/",
        "TOPIC_ARN": {"Ref": name_of(template, "AWS::SNS::Topic")},
    }


def test_it_has_room_for_a_mail_of_40_mb(template: dict[str, Any]) -> None:
    assert properties(template, "AWS::Lambda::Function")["MemorySize"] >= 512


def test_only_rules_of_the_rule_set_may_invoke_it(template: dict[str, Any]) -> None:
    permission = Deployment(template).resolve(properties(template, "AWS::Lambda::Permission"))
    assert permission["Principal"] == "ses.amazonaws.com"
    assert permission["SourceAccount"] == "111111111111"
    assert permission["SourceArn"] == (
        "arn:aws:ses:us-west-2:111111111111:receipt-rule-set/email-received:receipt-rule/*"
    )


def test_what_failed_every_attempt_waits_fourteen_days_in_an_encrypted_queue(
    template: dict[str, Any],
) -> None:
    queue = name_of(template, "AWS::SQS::Queue")
    assert properties(template, "AWS::SQS::Queue") == {
        "SqsManagedSseEnabled": True,
        "MessageRetentionPeriod": 1209600,
    }
    assert properties(template, "AWS::Lambda::Function")["DeadLetterConfig"] == {
        "TargetArn": {"Fn::GetAtt": [queue, "Arn"]}
    }


def test_the_topic_is_encrypted_with_the_given_key(template: dict[str, Any]) -> None:
    assert properties(template, "AWS::SNS::Topic") == {
        "TopicName": "email-received",
        "KmsMasterKeyId": {"Fn::GetAtt": [name_of(template, "AWS::KMS::Key"), "Arn"]},
    }


def test_a_user_can_feed_it_from_a_queue_of_theirs(stack: cdk.Stack, inbound: InboundFunction) -> None:
    again = sqs.Queue(stack, "Again")
    again.grant_consume_messages(inbound.function)
    inbound.function.add_event_source_mapping("Again", event_source_arn=again.queue_arn)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Lambda::EventSourceMapping", 1)
    [policy] = of_type(template_of(stack), "AWS::IAM::Policy").values()
    assert "sqs:ReceiveMessage" in policy["Properties"]["PolicyDocument"]["Statement"][0]["Action"]
