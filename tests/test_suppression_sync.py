"""The queues and functions that carry suppressions to other Regions, and what they may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, REGION, Deployment, of_type, only, properties, template_of
from test_policies import OTHER_ACCOUNT, decide

from app import build
from cdk_ses_regions import (
    EmailDomain,
    Feedback,
    Names,
    RegionalEmail,
    SuppressionSync,
    SuppressionSyncOptions,
    UnsupportedRegionError,
    all_regions,
    config,
)

EXAMPLE = Path(__file__).parent.parent / "examples" / "suppression-sync.yaml"
THREE = [REGION, "eu-west-1", "us-east-1"]
SNS = "sns.amazonaws.com"


def topic(stack: cdk.Stack, name: str = "email-feedback") -> sns.ITopic:
    return cast(sns.ITopic, sns.Topic(stack, name, topic_name=name))


def made(stack: cdk.Stack, **arguments: Any) -> SuppressionSync:
    topics = arguments.pop("topics", None)
    topics = [topic(stack)] if topics is None else topics
    given = {"names": Names("email"), "topics": topics, "regions": THREE, **arguments}
    return SuppressionSync(stack, "Sync", **given)


@pytest.fixture
def template(stack: cdk.Stack) -> dict[str, Any]:
    made(stack)
    return template_of(stack)


def queues(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of the queues by name, the dead letters under an empty one."""
    found = [one["Properties"] for one in of_type(template, "AWS::SQS::Queue").values()]
    return {one.get("QueueName", ""): one for one in found}


def test_each_other_region_has_a_queue_of_its_own(template: dict[str, Any]) -> None:
    assert set(queues(template)) == {
        "",
        "email-suppression",
        "email-suppress-eu-west-1",
        "email-suppress-us-east-1",
    }


def test_queues_are_encrypted_keep_messages_for_14_days_and_pass_on_what_fails(
    template: dict[str, Any],
) -> None:
    [dead] = [
        name
        for name, one in of_type(template, "AWS::SQS::Queue").items()
        if "QueueName" not in one["Properties"]
    ]
    for name, queue in queues(template).items():
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        if name:
            assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    days = {
        name: queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] / 86_400
        for name, queue in queues(template).items()
        if name
    }
    # Three days for a Region to come back; the rest of the 14 to look at the dead letters.
    assert 3 < days["email-suppress-eu-west-1"] < 4
    assert days["email-suppression"] < 1


def test_messages_come_again_after_six_times_what_the_function_may_take(template: dict[str, Any]) -> None:
    timeouts = {
        one["Properties"]["Handler"]: one["Properties"]["Timeout"]
        for one in of_type(template, "AWS::Lambda::Function").values()
    }
    found = queues(template)
    split, apply = timeouts["suppression_sync.split"], timeouts["suppression_sync.apply"]
    assert found["email-suppression"]["VisibilityTimeout"] >= 6 * split
    assert found["email-suppress-eu-west-1"]["VisibilityTimeout"] >= 6 * apply


def test_functions_read_their_queues_and_say_which_messages_failed(template: dict[str, Any]) -> None:
    deployment = Deployment(template)
    mappings = [
        deployment.resolve(one["Properties"])
        for one in of_type(template, "AWS::Lambda::EventSourceMapping").values()
    ]
    assert len(mappings) == 3
    assert all(one["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for one in mappings)
    to_targets = [one for one in mappings if "ScalingConfig" in one]
    assert [one["ScalingConfig"] for one in to_targets] == [{"MaximumConcurrency": 2}] * 2


def test_the_queue_hears_each_topic_without_an_envelope(stack: cdk.Stack) -> None:
    made(stack, topics=[topic(stack), topic(stack, "email-shop")])
    deployment = Deployment(template_of(stack))
    found = [
        deployment.resolve(one["Properties"])
        for one in of_type(deployment.template, "AWS::SNS::Subscription").values()
    ]
    assert {one["TopicArn"].rpartition(":")[2] for one in found} == {"email-feedback", "email-shop"}
    assert all(one["RawMessageDelivery"] is True and "RedrivePolicy" in one for one in found)


def test_the_functions_know_queues_reasons_and_table(stack: cdk.Stack) -> None:
    made(stack, reasons=["COMPLAINT"], log_retention_days=7)
    template = template_of(stack)
    split, apply = (
        next(
            one["Properties"]["Environment"]["Variables"]
            for one in of_type(template, "AWS::Lambda::Function").values()
            if one["Properties"]["Handler"] == f"suppression_sync.{name}"
        )
        for name in ("split", "apply")
    )
    assert split["REASONS"] == "COMPLAINT"
    assert len(Deployment(template).resolve(split["QUEUE_URLS"]).split(",")) == 2
    assert apply == {"QUEUE_PREFIX": "email-suppress-", "TABLE": "email-suppression"}
    assert {
        one["Properties"]["RetentionInDays"] for one in of_type(template, "AWS::Logs::LogGroup").values()
    } == {7}


def test_the_table_forgets_by_itself_and_goes_with_the_stack(template: dict[str, Any]) -> None:
    table = only(template, "AWS::DynamoDB::Table")
    assert table["Properties"]["TableName"] == "email-suppression"
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topics": []}, "topics is empty"),
        ({"reasons": []}, "reasons is empty"),
        ({"regions": []}, "regions has none"),
        ({"regions": [REGION]}, f"regions has {REGION}"),
        ({"regions": ["eu-west-1", "us-east-1"]}, f"this Region, {REGION}, is not among regions"),
        ({"regions": [*THREE, "eu-west-1"]}, "eu-west-1 is given twice"),
    ],
)
def test_what_makes_no_sense_is_refused(stack: cdk.Stack, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(stack, **arguments)


def test_a_region_without_ses_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(UnsupportedRegionError, match="eu-wst-1"):
        made(stack, regions=[REGION, "eu-wst-1"])


def test_a_stack_that_does_not_know_its_region_is_refused(app: cdk.App) -> None:
    with pytest.raises(ValueError, match="give its env a region"):
        made(cdk.Stack(app, "Anywhere"))


def test_every_region_of_the_partition_fits_into_a_stack(app: cdk.App) -> None:
    """CloudFormation takes 500 resources, a role 10,240 characters of policy, a function 4 KB of environment."""
    stack = cdk.Stack(app, "All", env=cdk.Environment(account=ACCOUNT, region=REGION))
    regions = [one.name for one in all_regions() if one.partition == "aws"]
    assert len(regions) > 25
    made(stack, names=Names("a" + "b" * 19), regions=regions)
    deployment = Deployment(template_of(stack))
    assert len(deployment.template["Resources"]) < 200
    for role in of_type(deployment.template, "AWS::IAM::Role").values():
        [policy] = deployment.resolve(role["Properties"]["Policies"])
        # Names that CloudFormation makes are longer than the logical ids here.
        assert len(str(policy["PolicyDocument"])) < 8_000
    for function in of_type(deployment.template, "AWS::Lambda::Function").values():
        urls = function["Properties"]["Environment"]["Variables"].get("QUEUE_URLS")
        if urls:
            url = f"https://sqs.ap-southeast-1.amazonaws.com/{ACCOUNT}/{'a' * 20}-suppress-ap-southeast-1"
            assert len(regions) * len(url) < 4_000


# In the bundle


def test_the_bundle_listens_to_topics_of_bounces_and_complaints_alone(stack: cdk.Stack) -> None:
    RegionalEmail(
        stack,
        "Email",
        domains=[
            EmailDomain(domain_name="example.com", feedback=Feedback(delivery_topic="deliveries")),
            EmailDomain(domain_name="example.org", feedback=Feedback(bounce_topic="a", complaint_topic="b")),
            EmailDomain(domain_name="example.net", feedback="email"),
        ],
        suppression_sync=SuppressionSyncOptions(regions=THREE),
    )
    deployment = Deployment(template_of(stack))
    heard = {
        deployment.resolve(one["Properties"]["TopicArn"]).rpartition(":")[2]
        for one in of_type(deployment.template, "AWS::SNS::Subscription").values()
    }
    assert heard == {"email-feedback", "email-a", "email-b"}


def test_the_bundle_refuses_to_hear_of_nothing(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="come by email alone"):
        RegionalEmail(
            stack,
            "Email",
            domains=[EmailDomain(domain_name="example.com")],
            feedback="email",
            suppression_sync=SuppressionSyncOptions(regions=THREE),
        )


def test_only_the_regions_that_are_named_take_part() -> None:
    loaded = config.load(EXAMPLE).model_dump(exclude_unset=True)
    chosen = {"regions": ["us-west-2", "eu-west-1"], "reasons": ["complaint"]}
    settings = config.Settings.model_validate({**loaded, "account": ACCOUNT, "suppression_sync": chosen})
    app = cdk.App(builtin_cloud_formation_validation=False)
    build(app, settings)
    named = {
        stack.stack_name: {name for name in queues(stack.template) if "suppress" in name}
        for stack in app.synth().stacks
        if "dns" not in stack.stack_name
    }
    assert named == {
        "Mail-us-east-1": set(),
        "Mail-us-west-2": {"mail-suppression", "mail-suppress-eu-west-1"},
        "Mail-eu-west-1": {"mail-suppression", "mail-suppress-us-west-2"},
    }


# Who may do what


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    app = cdk.App(builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    made(stack)
    return Deployment(template_of(stack))


def may(deployment: Deployment, function: str, action: str, on: str, region: str = REGION) -> bool:
    """Whether the role of `Split` or `Apply` lets its function do something."""
    [role] = [
        one["Properties"]
        for name, one in of_type(deployment.template, "AWS::IAM::Role").items()
        if function in name
    ]
    [policy] = deployment.resolve(role["Policies"])
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{function}/1",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=on,
        region=region,
        secure_transport=True,
        service_context={},
    )
    statements = [parse_policy_document(policy["PolicyDocument"])]
    return evaluate(context, statements).decision == "Allow"


def queue_arn(deployment: Deployment, name: str) -> str:
    [logical_id] = [
        one
        for one, resource in of_type(deployment.template, "AWS::SQS::Queue").items()
        if resource["Properties"].get("QueueName", "") == name
    ]
    return deployment.arn(logical_id)


def table(region: str, name: str = "email-suppression", account: str = ACCOUNT) -> str:
    return f"arn:aws:dynamodb:{region}:{account}:table/{name}"


@pytest.mark.parametrize(
    ("function", "action", "queue", "allowed"),
    [
        ("Split", "sqs:ReceiveMessage", "email-suppression", True),
        ("Split", "sqs:SendMessage", "email-suppress-eu-west-1", True),
        ("Split", "sqs:SendMessage", "email-suppression", False),
        ("Split", "sqs:ReceiveMessage", "email-suppress-eu-west-1", False),
        ("Split", "sqs:PurgeQueue", "email-suppression", False),
        ("Apply", "sqs:ReceiveMessage", "email-suppress-us-east-1", True),
        ("Apply", "sqs:DeleteMessage", "email-suppress-us-east-1", True),
        ("Apply", "sqs:SendMessage", "email-suppress-us-east-1", False),
        ("Apply", "sqs:ReceiveMessage", "email-suppression", False),
        ("Apply", "sqs:ReceiveMessage", "", False),
    ],
)
def test_each_function_has_its_queues(
    deployment: Deployment, function: str, action: str, queue: str, allowed: bool
) -> None:
    assert may(deployment, function, action, queue_arn(deployment, queue)) is allowed


@pytest.mark.parametrize(
    ("action", "region", "allowed"),
    [
        ("ses:PutSuppressedDestination", "eu-west-1", True),
        ("ses:GetSuppressedDestination", "us-east-1", True),
        ("ses:DeleteSuppressedDestination", "us-east-1", True),
        ("ses:GetAccount", "us-east-1", True),
        ("ses:PutSuppressedDestination", REGION, False),
        ("ses:PutSuppressedDestination", "ap-south-1", False),
        ("ses:PutAccountSuppressionAttributes", "eu-west-1", False),
        ("ses:SendEmail", "eu-west-1", False),
    ],
)
def test_lists_are_written_in_the_other_regions_alone(
    deployment: Deployment, action: str, region: str, allowed: bool
) -> None:
    assert may(deployment, "Apply", action, "*", region) is allowed
    assert not may(deployment, "Split", action, "*", region)


@pytest.mark.parametrize(
    ("action", "arn", "allowed"),
    [
        ("dynamodb:GetItem", table("eu-west-1"), True),
        ("dynamodb:UpdateItem", table("us-east-1"), True),
        ("dynamodb:PutItem", table("eu-west-1"), False),
        ("dynamodb:DeleteItem", table("eu-west-1"), False),
        ("dynamodb:Scan", table("eu-west-1"), False),
        ("dynamodb:GetItem", table(REGION), False),
        ("dynamodb:GetItem", table("eu-west-1", "other"), False),
        ("dynamodb:GetItem", table("eu-west-1", account=OTHER_ACCOUNT), False),
    ],
)
def test_tables_of_the_other_regions_are_read_and_turns_taken(
    deployment: Deployment, action: str, arn: str, allowed: bool
) -> None:
    assert may(deployment, "Apply", action, arn, arn.split(":")[3]) is allowed
    assert not may(deployment, "Split", action, arn)


def queue_policy(deployment: Deployment, arn: str) -> dict[str, Any]:
    [policy] = [
        resolved
        for one in of_type(deployment.template, "AWS::SQS::QueuePolicy").values()
        if (resolved := deployment.resolve(one["Properties"]["PolicyDocument"]))["Statement"][-1]["Resource"]
        == arn
    ]
    return policy


TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:email-feedback"


@pytest.mark.parametrize(
    ("queue", "change", "allowed"),
    [
        ("email-suppression", {}, True),
        ("", {}, True),
        ("email-suppression", {"source": TOPIC + "2"}, False),
        ("email-suppression", {"source": TOPIC.replace("111111111111", OTHER_ACCOUNT)}, False),
        ("email-suppression", {"service": "ses.amazonaws.com"}, False),
        ("email-suppression", {"tls": False}, False),
        ("email-suppression", {"source": None, "account": None}, False),
        ("email-suppress-eu-west-1", {}, False),
    ],
)
def test_the_topic_alone_sends_to_the_first_queue(
    deployment: Deployment, queue: str, change: dict[str, Any], allowed: bool
) -> None:
    arn = queue_arn(deployment, queue)
    request = {"source": TOPIC, "service": SNS, **change}
    assert (decide(queue_policy(deployment, arn), "sqs:SendMessage", arn, **request) == "Allow") is allowed


def test_no_queue_is_open_without_tls(deployment: Deployment) -> None:
    policies = of_type(deployment.template, "AWS::SQS::QueuePolicy").values()
    assert len(policies) == len(queues(deployment.template))
    for one in policies:
        deny = one["Properties"]["PolicyDocument"]["Statement"][-1]
        assert (deny["Effect"], deny["Action"]) == ("Deny", "sqs:*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_role_states_no_other_star_than_that_of_ses(deployment: Deployment) -> None:
    stars = [
        statement["Action"]
        for role in of_type(deployment.template, "AWS::IAM::Role").values()
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*"
    ]
    assert len(stars) == 1
    assert all(action.startswith("ses:") for action in stars[0])
    assert properties(deployment.template, "AWS::DynamoDB::Table")["BillingMode"] == "PAY_PER_REQUEST"
