"""The feedback topic: encrypted, open to SES for the given identities, and the user's to subscribe to."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk.assertions import Match, Template
from templates import Deployment, name_of, of_type, properties, template_of, warnings

from cdk_ses_regions import FeedbackTopic


@pytest.fixture
def feedback(stack: cdk.Stack) -> FeedbackTopic:
    return FeedbackTopic(
        stack, "Feedback", topic_name="email-feedback", identities=["example.com", "example.net"]
    )


def ses_statements(document: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    return [one for one in document["Statement"] if one["Principal"] == {"Service": "ses.amazonaws.com"}]


def test_the_topic_is_encrypted_with_a_key_of_its_own_that_rotates(
    stack: cdk.Stack, feedback: FeedbackTopic
) -> None:
    template = template_of(stack)
    key = name_of(template, "AWS::KMS::Key")
    assert properties(template, "AWS::SNS::Topic") == {
        "TopicName": "email-feedback",
        "KmsMasterKeyId": {"Fn::GetAtt": [key, "Arn"]},
    }
    assert properties(template, "AWS::KMS::Key")["EnableKeyRotation"] is True


def test_topic_and_key_let_ses_in_for_all_identities_and_no_other(
    stack: cdk.Stack, feedback: FeedbackTopic
) -> None:
    template = Deployment(template_of(stack))
    topic_policy = template.resolve(properties(template.template, "AWS::SNS::TopicPolicy")["PolicyDocument"])
    key_policy = template.resolve(properties(template.template, "AWS::KMS::Key")["KeyPolicy"])
    condition = {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {
            "aws:SourceArn": [
                "arn:aws:ses:us-west-2:111111111111:identity/example.com",
                "arn:aws:ses:us-west-2:111111111111:identity/example.net",
            ]
        },
    }
    for policy in (topic_policy, key_policy):
        [statement] = ses_statements(policy)
        assert statement["Condition"] == condition


def test_a_given_key_is_used_and_let_ses_in(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Mine")
    feedback = FeedbackTopic(stack, "Feedback", topic_name="t", identities=["example.com"], key=key)
    template = template_of(stack)
    assert feedback.key is key
    assert len(of_type(template, "AWS::KMS::Key")) == 1
    assert len(ses_statements(properties(template, "AWS::KMS::Key")["KeyPolicy"])) == 1
    assert warnings(stack) == []


def test_a_key_made_elsewhere_gives_a_warning_that_says_what_its_policy_must_allow(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Theirs", "arn:aws:kms:us-west-2:111111111111:key/1234")
    FeedbackTopic(stack, "Feedback", topic_name="t", identities=["example.com"], key=key)
    [warning] = warnings(stack)
    assert "kms:GenerateDataKey*" in warning
    assert "ses.amazonaws.com" in warning


def test_a_user_can_subscribe_to_it(stack: cdk.Stack, feedback: FeedbackTopic) -> None:
    feedback.topic.add_subscription(subscriptions.EmailSubscription("postmaster@example.com"))
    Template.from_stack(stack).has_resource_properties(
        "AWS::SNS::Subscription",
        {
            "Protocol": "email",
            "Endpoint": "postmaster@example.com",
            "TopicArn": {"Ref": stack.get_logical_id(feedback.topic.node.default_child)},  # pyright: ignore
        },
    )


def test_it_works_in_a_stack_that_knows_neither_account_nor_region(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    FeedbackTopic(stack, "Feedback", topic_name="email-feedback", identities=["example.com"])
    Template.from_stack(stack).has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Sid": "SesFeedback",
                                "Condition": {
                                    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                                    "ArnLike": Match.any_value(),
                                },
                            }
                        )
                    ]
                )
            }
        },
    )
