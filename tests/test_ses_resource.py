"""What CloudFormation lacks, as custom resources: one function a stack, allowed what its resources need."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template
from templates import of_type, only, properties, template_of

from cdk_ses_regions import ActiveReceiptRuleSet, IdentityNotificationTopics, SesProvider, SetupNotification


def notifications(stack: cdk.Stack, topic: sns.ITopic, **options: object) -> IdentityNotificationTopics:
    arguments = {"identity": "example.com", "bounce_topic": topic, "complaint_topic": topic, **options}
    return IdentityNotificationTopics(stack, f"{arguments['identity']}", **arguments)  # pyright: ignore


def test_a_stack_has_one_provider_however_many_resources(stack: cdk.Stack) -> None:
    topic = sns.Topic(stack, "Topic")
    notifications(stack, topic)
    notifications(stack, topic, identity="example.net")
    ActiveReceiptRuleSet(stack, "Activation", rule_set_name="email-received")
    template = template_of(stack)
    assert len(of_type(template, "AWS::Lambda::Function")) == 1
    assert len(of_type(template, "AWS::IAM::Policy")) == 2


def test_two_stacks_have_a_provider_each(app: cdk.App) -> None:
    stacks = [cdk.Stack(app, name) for name in ("One", "Two")]
    for stack in stacks:
        ActiveReceiptRuleSet(stack, "Activation", rule_set_name="email-received")
    assert SesProvider.of(stacks[0]) is not SesProvider.of(stacks[1])
    for stack in stacks:
        Template.from_stack(stack).resource_count_is("AWS::Lambda::Function", 1)


def test_a_nested_construct_finds_the_provider_of_its_stack(stack: cdk.Stack) -> None:
    provider = SesProvider.of(stack)
    topic = sns.Topic(stack, "Topic")
    assert SesProvider.of(topic) is provider


def test_the_function_has_its_permission_before_the_resource_needs_it(stack: cdk.Stack) -> None:
    ActiveReceiptRuleSet(stack, "Activation", rule_set_name="email-received")
    template = template_of(stack)
    [policy] = of_type(template, "AWS::IAM::Policy")
    assert policy in only(template, "Custom::SesActiveReceiptRuleSet")["DependsOn"]


def test_a_crash_costs_minutes_and_the_function_can_answer_before_that(stack: cdk.Stack) -> None:
    ActiveReceiptRuleSet(stack, "Activation", rule_set_name="email-received")
    template = template_of(stack)
    patience = properties(template, "Custom::SesActiveReceiptRuleSet")["ServiceTimeout"]
    assert properties(template, "AWS::Lambda::Function")["Timeout"] < patience <= 300


def test_bounces_and_complaints_go_to_the_topics_and_not_by_email(stack: cdk.Stack) -> None:
    topic = sns.Topic(stack, "Topic")
    notifications(stack, topic)
    arn = {"Ref": stack.get_logical_id(topic.node.default_child)}  # pyright: ignore[reportArgumentType]
    Template.from_stack(stack).has_resource_properties(
        "Custom::SesIdentityNotificationTopics",
        {
            "Identity": "example.com",
            "BounceTopicArn": arn,
            "ComplaintTopicArn": arn,
            "DeliveryTopicArn": Match.absent(),
            "IncludeHeaders": "true",
            "EmailForwarding": "false",
        },
    )


def test_deliveries_headers_and_email_are_choices(stack: cdk.Stack) -> None:
    topic = sns.Topic(stack, "Topic")
    notifications(stack, topic, delivery_topic=topic, include_headers=False, email_forwarding=True)
    Template.from_stack(stack).has_resource_properties(
        "Custom::SesIdentityNotificationTopics",
        {"DeliveryTopicArn": Match.any_value(), "IncludeHeaders": "false", "EmailForwarding": "true"},
    )


def test_the_topics_policies_are_there_before_ses_tries_them(stack: cdk.Stack) -> None:
    notifications(stack, sns.Topic(stack, "Topic", enforce_ssl=True))
    template = template_of(stack)
    [policy] = of_type(template, "AWS::SNS::TopicPolicy")
    assert policy in only(template, "Custom::SesIdentityNotificationTopics")["DependsOn"]


def test_a_topic_of_another_region_is_refused(app: cdk.App, stack: cdk.Stack) -> None:
    there = cdk.Stack(app, "There", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    with pytest.raises(ValueError, match="bounce_topic is in eu-west-1, the identity in us-west-2"):
        notifications(stack, sns.Topic(there, "Topic"))


def test_an_imported_topic_of_another_region_is_refused(stack: cdk.Stack) -> None:
    ours = sns.Topic(stack, "Topic")
    theirs = sns.Topic.from_topic_arn(stack, "Theirs", "arn:aws:sns:eu-west-1:111111111111:feedback")
    with pytest.raises(ValueError, match="delivery_topic is in eu-west-1"):
        notifications(stack, ours, delivery_topic=theirs)


def test_an_imported_topic_of_this_region_is_taken(stack: cdk.Stack) -> None:
    arn = "arn:aws:sns:us-west-2:111111111111:feedback"
    notifications(stack, sns.Topic.from_topic_arn(stack, "Imported", arn))
    assert properties(template_of(stack), "Custom::SesIdentityNotificationTopics")["BounceTopicArn"] == arn


def test_it_works_in_a_stack_that_does_not_know_its_region(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    notifications(stack, sns.Topic(stack, "Topic"))
    Template.from_stack(stack).resource_count_is("Custom::SesIdentityNotificationTopics", 1)


def test_the_trial_mails_of_two_buckets_may_both_be_deleted(stack: cdk.Stack) -> None:
    for name in ("one", "two"):
        bucket = s3.Bucket.from_bucket_name(stack, f"Bucket {name}", name)
        SetupNotification(stack, f"Trial {name}", bucket=bucket, prefixes=["mail/support/"])
    policies = [one["Properties"] for one in of_type(template_of(stack), "AWS::IAM::Policy").values()]
    assert {one["PolicyName"] for one in policies} == {"SesSetupNotification", "SesSetupNotification2"}
    assert len({str(one["PolicyDocument"]) for one in policies}) == 2
