"""All that one Region gets, put together."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from templates import of_type, only, properties, template_of

from cdk_ses_regions import EmailDomain, InvalidNameError, ReceiptRule, RegionalEmail, UnsupportedRegionError

DOMAIN = EmailDomain(domain_name="example.com", hosted_zone_id="Z0123456789EXAMPLE01")
RULE = ReceiptRule(name="support", recipients=["support@example.com"])


def test_a_region_that_only_sends_has_no_bucket_and_no_rules(stack: cdk.Stack) -> None:
    email = RegionalEmail(stack, "Email", domains=[DOMAIN])
    assert email.receiving is None
    template = template_of(stack)
    for kind in ("AWS::S3::Bucket", "AWS::SES::ReceiptRule", "AWS::SES::ReceiptRuleSet", "AWS::SQS::Queue"):
        assert of_type(template, kind) == {}


def test_one_key_encrypts_all_of_a_region(stack: cdk.Stack) -> None:
    RegionalEmail(stack, "Email", domains=[DOMAIN], rules=[RULE])
    template = template_of(stack)
    [key] = of_type(template, "AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    topics = of_type(template, "AWS::SNS::Topic").values()
    assert [topic["Properties"]["KmsMasterKeyId"] for topic in topics] == [arn, arn, arn]


def test_names_begin_with_the_prefix_so_that_two_deployments_fit_into_an_account(stack: cdk.Stack) -> None:
    RegionalEmail(stack, "Email", name="mail", domains=[DOMAIN], rules=[RULE])
    template = template_of(stack)
    topics = of_type(template, "AWS::SNS::Topic").values()
    assert {topic["Properties"]["TopicName"] for topic in topics} == {
        "mail-feedback",
        "mail-received",
        "mail-stored",
    }
    assert properties(template, "AWS::SES::ReceiptRuleSet")["RuleSetName"] == "mail-received"


def test_every_domain_sends_its_feedback_to_the_one_topic(stack: cdk.Stack) -> None:
    RegionalEmail(stack, "Email", domains=[DOMAIN, EmailDomain(domain_name="example.net")])
    template = template_of(stack)
    resources = of_type(template, "Custom::SesIdentityNotificationTopics").values()
    assert [one["Properties"]["Identity"] for one in resources] == ["example.com", "example.net"]
    [topic] = of_type(template, "AWS::SNS::Topic")
    assert {one["Properties"]["BounceTopicArn"]["Ref"] for one in resources} == {topic}


def test_an_identity_is_there_before_its_notifications(stack: cdk.Stack) -> None:
    email = RegionalEmail(stack, "Email", domains=[DOMAIN])
    identity = stack.get_logical_id(email.identities["example.com"].resource)
    assert identity in only(template_of(stack), "Custom::SesIdentityNotificationTopics")["DependsOn"]


def test_it_says_its_endpoints(stack: cdk.Stack) -> None:
    email = RegionalEmail(stack, "Email", domains=[DOMAIN])
    assert email.api_endpoint == "email.us-west-2.amazonaws.com"
    assert email.smtp_endpoint == "email-smtp.us-west-2.amazonaws.com"


def test_a_stack_that_does_not_know_its_region_has_no_endpoints_but_all_the_rest(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    email = RegionalEmail(stack, "Email", domains=[DOMAIN], rules=[RULE])
    assert (email.api_endpoint, email.smtp_endpoint) == (None, None)
    Template.from_stack(stack).resource_count_is("AWS::SES::ReceiptRule", 1)


def test_a_user_extends_topic_bucket_and_function(stack: cdk.Stack) -> None:
    email = RegionalEmail(stack, "Email", domains=[DOMAIN], rules=[RULE])
    assert email.receiving is not None
    queue = sqs.Queue(stack, "Queue", encryption_master_key=email.key)
    email.feedback_topic.add_subscription(subscriptions.SqsSubscription(queue))
    email.receiving.mail_bucket.grant_delete(email.receiving.inbound_function)
    email.receiving.inbound_function.add_event_source(sources.SqsEventSource(queue))
    template = template_of(stack)
    assert len(of_type(template, "AWS::SNS::Subscription")) == 2
    assert len(of_type(template, "AWS::Lambda::EventSourceMapping")) == 2
    assert "s3:DeleteObject*" in str(of_type(template, "AWS::IAM::Policy"))


def test_no_domain_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="domains is empty"):
        RegionalEmail(stack, "Email", domains=[])


def test_a_domain_given_twice_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"example\.com.*twice"):
        RegionalEmail(stack, "Email", domains=[DOMAIN, DOMAIN])


@pytest.mark.parametrize("name", ["Email", "", "a" * 21, "1st", "e mail"])
def test_a_prefix_that_breaks_physical_names_is_refused(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(InvalidNameError):
        RegionalEmail(stack, "Email", name=name, domains=[DOMAIN])


def test_a_region_without_ses_is_refused(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Nowhere", env=cdk.Environment(region="us-east-9"))
    with pytest.raises(UnsupportedRegionError, match="us-east-9"):
        RegionalEmail(stack, "Email", domains=[DOMAIN])


def test_mail_and_key_go_with_the_stack_only_when_told_to(stack: cdk.Stack) -> None:
    RegionalEmail(stack, "Email", domains=[DOMAIN], rules=[RULE], removal_policy=cdk.RemovalPolicy.DESTROY)
    template = template_of(stack)
    assert only(template, "AWS::S3::Bucket")["DeletionPolicy"] == "Delete"
    assert only(template, "AWS::KMS::Key")["DeletionPolicy"] == "Delete"
