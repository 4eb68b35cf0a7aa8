"""From a stored mail to its steps: what is told to whom, what the function may do, and where failures go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import steps as handler_steps
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from templates import Deployment, name_of, of_type, properties, template_of

from cdk_ses_regions import DropStep, ForwardStep, HandledMail, HandledMailTable, InvokeStep, PublishStep
from cdk_ses_regions.mail_pipeline import MailPipeline
from cdk_ses_regions.mail_steps import Step

TICKETS = "arn:aws:lambda:us-west-2:111111111111:function:tickets"
FORWARD = ForwardStep(sender="fwd@example.com", to={"*": ["jane@example.org"]})


def pipeline(stack: cdk.Stack, *steps: Step, **options: Any) -> MailPipeline:
    key = kms.Key(stack, "Key")
    return MailPipeline(
        stack,
        "Inbound",
        rule_set_name="email-received",
        bucket=s3.Bucket(stack, "Bucket", encryption_key=key),
        key=key,
        topic_name="email-received",
        stored_topic_name="email-stored",
        **{"steps": {"support": steps or (PublishStep(),)}, **options},
    )


def deployed(stack: cdk.Stack, *steps: Step, **options: Any) -> Deployment:
    pipeline(stack, *steps, **options)
    return Deployment(template_of(stack))


def one(deployment: Deployment, kind: str, **fits: Any) -> dict[str, Any]:
    """The resolved properties of the one resource of a type that has these values."""
    found = [deployment.resolve(one["Properties"]) for one in of_type(deployment.template, kind).values()]
    [match] = [one for one in found if all(one.get(key) == value for key, value in fits.items())]
    return match


def allowed(deployment: Deployment) -> dict[str, Any]:
    """What the function may do beside writing its log: resource by action."""
    role = one(deployment, "AWS::IAM::Role")
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    return {
        action: statement["Resource"]
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if not action.startswith("logs:")
    }


def steps_file(app: cdk.App) -> dict[str, Any]:
    """The file that is deployed beside the function's code."""
    [file] = Path(app.synth().directory).glob("asset.*/steps.json")
    return json.loads(file.read_text(encoding="utf-8"))


def test_ses_tells_on_an_encrypted_topic_that_nobody_else_may_publish_to(stack: cdk.Stack) -> None:
    deployment = deployed(stack)
    topic = one(deployment, "AWS::SNS::Topic", TopicName="email-stored")
    assert topic["KmsMasterKeyId"]
    policies = of_type(deployment.template, "AWS::SNS::TopicPolicy").values()
    statements = [
        deployment.resolve(statement)
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    [may] = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert (may["Principal"], may["Action"]) == ({"Service": "ses.amazonaws.com"}, ["sns:Publish"])
    assert may["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {
            "aws:SourceArn": [
                "arn:aws:ses:us-west-2:111111111111:receipt-rule-set/email-received:receipt-rule/*"
            ]
        },
    }


def test_rules_in_somebody_else_s_rule_set_are_named(stack: cdk.Stack) -> None:
    deployment = deployed(stack, rule_names=["support", "sales"])
    [policy] = [
        policy
        for policy in of_type(deployment.template, "AWS::SNS::TopicPolicy").values()
        if "SesReceiving" in json.dumps(policy)
    ]
    arns = policy["Properties"]["PolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert [arn.rpartition("/")[2] for arn in arns] == ["support", "sales"]


def test_the_queue_takes_what_the_topic_tells_as_it_is_and_feeds_the_function_in_part(
    stack: cdk.Stack,
) -> None:
    deployment = deployed(stack)
    subscription = one(deployment, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["RawMessageDelivery"]) == ("sqs", True)
    source = one(deployment, "AWS::Lambda::EventSourceMapping")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["EventSourceArn"] == subscription["Endpoint"]


def test_a_mail_that_fails_is_tried_five_times_and_then_kept_for_fourteen_days(stack: cdk.Stack) -> None:
    deployment = deployed(stack)
    queues = [one["Properties"] for one in of_type(deployment.template, "AWS::SQS::Queue").values()]
    assert all(
        queue["SqsManagedSseEnabled"] and queue["MessageRetentionPeriod"] == 1209600 for queue in queues
    )
    [queue] = [queue for queue in queues if "RedrivePolicy" in queue]
    redrive = deployment.resolve(queue["RedrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    dead_letters = redrive["deadLetterTargetArn"]
    assert one(deployment, "AWS::SNS::Subscription")["RedrivePolicy"] == {"deadLetterTargetArn": dead_letters}
    function = one(deployment, "AWS::Lambda::Function")
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_only_the_topic_fills_the_queues_and_nobody_comes_without_tls(stack: cdk.Stack) -> None:
    deployment = deployed(stack)
    for policy in of_type(deployment.template, "AWS::SQS::QueuePolicy").values():
        may, deny = deployment.resolve(policy["Properties"]["PolicyDocument"]["Statement"])
        assert (may["Principal"], may["Action"]) == ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")
        assert may["Condition"] == {
            "ArnEquals": {"aws:SourceArn": ["arn:aws:sns:us-west-2:111111111111:email-stored"]}
        }
        assert (deny["Effect"], deny["Action"]) == ("Deny", "sqs:*")


def test_somebody_listens_before_ses_is_let_in(stack: cdk.Stack) -> None:
    made = pipeline(stack)
    template = template_of(stack)
    name = stack.get_logical_id(made.ready)
    [subscription] = of_type(template, "AWS::SNS::Subscription")
    assert subscription in template["Resources"][name]["DependsOn"]
    assert set(of_type(template, "AWS::SQS::QueuePolicy")) <= set(
        template["Resources"][subscription]["DependsOn"]
    )


def test_the_function_is_told_where_the_mail_is_and_where_to_tell_of_it(stack: cdk.Stack) -> None:
    pipeline(stack)
    template = template_of(stack)
    topics = of_type(template, "AWS::SNS::Topic")
    [received] = [name for name, one in topics.items() if one["Properties"]["TopicName"] == "email-received"]
    assert properties(template, "AWS::Lambda::Function")["Environment"]["Variables"] == {
        "BUCKET": {"Ref": name_of(template, "AWS::S3::Bucket")},
        "PREFIX": "mail/",
        "TOPIC_ARN": {"Ref": received},
    }
    assert properties(template, "AWS::Lambda::Function")["MemorySize"] >= 512


def test_the_function_that_publishes_may_do_that_and_no_more(stack: cdk.Stack) -> None:
    assert set(allowed(deployed(stack))) == {
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sns:Publish",
    }


def test_a_function_that_does_not_publish_may_not(stack: cdk.Stack) -> None:
    assert "sns:Publish" not in allowed(deployed(stack, FORWARD))


def test_event_bridge_is_open_for_the_buses_that_are_named(stack: cdk.Stack) -> None:
    bridge = PublishStep(to="event_bridge")
    orders = PublishStep(to="event_bridge", event_bus_name="orders")
    assert allowed(deployed(stack, bridge, orders))["events:PutEvents"] == [
        "arn:aws:events:us-west-2:111111111111:event-bus/default",
        "arn:aws:events:us-west-2:111111111111:event-bus/orders",
    ]


def test_functions_are_told_by_number_and_may_be_invoked(stack: cdk.Stack, app: cdk.App) -> None:
    theirs = lambda_.Function(
        stack,
        "Theirs",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,  # pyright: ignore
    )
    steps = (InvokeStep(function_arn=TICKETS), InvokeStep(function_arn=theirs.function_arn))
    pipeline(stack, steps={"a": steps, "b": steps[1:]})
    deployment = Deployment(template_of(stack))
    inbound = one(deployment, "AWS::Lambda::Function", Handler="inbound.handler")
    variables = inbound["Environment"]["Variables"]
    assert variables["FUNCTION_0"] == TICKETS
    assert variables["FUNCTION_1"] != TICKETS
    assert steps_file(app) == {
        "a": [{"invoke": {"function": 0}}, {"invoke": {"function": 1}}],
        "b": [{"invoke": {"function": 1}}],
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role", {"Policies": [{"PolicyName": "Least"}]}
    )


def test_forwarding_sends_from_its_address_alone(stack: cdk.Stack) -> None:
    mail = ForwardStep(
        sender="fwd@mail.example.com",
        to={"*": ["jane@example.org"]},
        identity="example.com",
        configuration_set_name="email-sending",
    )
    deployment = deployed(stack, FORWARD, mail)
    statements = one(deployment, "AWS::IAM::Role")["Policies"][0]["PolicyDocument"]["Statement"]
    sends = [statement for statement in statements if "ses:SendRawEmail" in statement["Action"]]
    assert [(one["Condition"], one["Resource"]) for one in sends] == [
        (
            {"StringEquals": {"ses:FromAddress": "fwd@example.com"}},
            "arn:aws:ses:us-west-2:111111111111:identity/example.com",
        ),
        (
            {"StringEquals": {"ses:FromAddress": "fwd@mail.example.com"}},
            [
                "arn:aws:ses:us-west-2:111111111111:identity/example.com",
                "arn:aws:ses:us-west-2:111111111111:configuration-set/email-sending",
            ],
        ),
    ]


def test_the_table_may_be_in_another_region(stack: cdk.Stack) -> None:
    deployment = deployed(stack, handled=HandledMailTable(name="email-handled", region="us-east-1"))
    arn = "arn:aws:dynamodb:us-east-1:111111111111:table/email-handled"
    may = allowed(deployment)
    assert (may["dynamodb:PutItem"], may["dynamodb:DeleteItem"]) == (arn, arn)
    variables = one(deployment, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert (variables["TABLE"], variables["TABLE_REGION"]) == ("email-handled", "us-east-1")


def test_the_table_forgets_by_the_function_s_clock(stack: cdk.Stack) -> None:
    HandledMail(stack, "Handled", table_name="email-handled")
    assert properties(template_of(stack), "AWS::DynamoDB::Table") == {
        "TableName": "email-handled",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }


def test_the_function_reads_the_steps_as_they_were_written(stack: cdk.Stack, app: cdk.App) -> None:
    everything = (
        DropStep(verdicts=["spam", "dmarc_reject"], unsure=True),
        PublishStep(),
        PublishStep(to="event_bridge", event_bus_name="orders"),
        ForwardStep(
            sender="fwd@example.com",
            to={"Support@example.com": ["a@x.example"], "@example.com": [], "*": ["b@x.example"]},
            subject_prefix="[f\u00fcr dich]",
            configuration_set_name="email-sending",
            automatic=True,
            unsure=True,
        ),
        InvokeStep(function_arn=TICKETS),
    )
    pipeline(stack, *everything)
    [drop, publish, bridge, forward, invoke] = handler_steps.parse(steps_file(app)).of("support")
    assert drop == handler_steps.Drop(verdicts=("spam", "dmarc_reject"), unsure=True)
    assert publish == handler_steps.Publish()
    assert bridge == handler_steps.Publish(to="event_bridge", bus="orders")
    assert forward == handler_steps.Forward(
        sender="fwd@example.com",
        to={"support@example.com": ("a@x.example",), "@example.com": (), "*": ("b@x.example",)},
        subject_prefix="[f\u00fcr dich]",
        configuration_set="email-sending",
        automatic=True,
        unsure=True,
    )
    assert invoke == handler_steps.Invoke(function=0)


def test_other_steps_are_other_code(app: cdk.App) -> None:
    stacks: list[cdk.Stack] = []
    for number, step in enumerate((PublishStep(), PublishStep(), FORWARD)):
        env = cdk.Environment(account="111111111111", region="us-west-2")
        stacks.append(cdk.Stack(app, f"Stack{number}", env=env))
        pipeline(stacks[-1], step)
    codes = [properties(template_of(stack), "AWS::Lambda::Function")["Code"]["S3Key"] for stack in stacks]
    assert codes[0] == codes[1] != codes[2]


BAD: list[tuple[tuple[Step, ...], str]] = [
    ((), "no steps"),
    ((PublishStep(), DropStep()), "drop: nothing comes after it"),
    ((DropStep(verdicts=[]), PublishStep()), "drop: no verdicts"),
    ((DropStep(verdicts=["bad"]), PublishStep()), "'bad' is none of spam, virus"),  # pyright: ignore
    ((PublishStep(event_bus_name="orders"),), "event_bus_name is for EventBridge"),
    ((ForwardStep(sender="nobody", to={"*": ["a@x.example"]}),), "'nobody' is no email address"),
    ((ForwardStep(sender="f@example.com", to={}),), "to is empty"),
    ((ForwardStep(sender="f@example.com", to={"*@example.com": []}),), r"'\*' stands for all others, alone"),
    ((ForwardStep(sender="f@example.com", to={"example.com": []}),), "or '@example.com' for a domain"),
    ((ForwardStep(sender="f@example.com", to={"@Example.com": []}),), "upper-case letters"),
    ((ForwardStep(sender="f@example.com", to={"*": ["a"]}),), "'a' is no email address"),
    ((ForwardStep(sender="f@example.com", to={"*": ["a@x.example", "A@x.example"]}),), "is given twice"),
    (
        (ForwardStep(sender="f@example.com", to={"*": [f"a{n}@x.example" for n in range(51)]}),),
        "51 destinations",
    ),
    ((ForwardStep(sender="f@example.com", to={"*": []}, subject_prefix="a\r\nb"),), "one line of printable"),
    ((ForwardStep(sender="f@example.com", to={"*": []}, subject_prefix="a" * 101),), "101 characters"),
    (
        (InvokeStep(function_arn=TICKETS.replace("us-west-2", "eu-west-1")),),
        "is in eu-west-1, the mail in us-west-2",
    ),
    (tuple(InvokeStep(function_arn=f"{TICKETS}{n}") for n in range(21)), "invoke 21 functions; at most 20"),
    ((PublishStep(to="event_bridge", event_bus_name="*"),), r"event_bus_name '\*' must name one"),
    ((InvokeStep(function_arn=f"{TICKETS}*"),), r"function_arn .* must name one"),
    (
        (ForwardStep(sender="f@example.com", to={"*": []}, configuration_set_name="mail?"),),
        r"configuration_set_name 'mail\?' must name one",
    ),
    ((ForwardStep(sender="f@example.com", to={"*": []}, identity="*"),), r"identity '\*' must name one"),
]


@pytest.mark.parametrize(("steps", "words"), BAD, ids=[words for _, words in BAD])
def test_steps_that_make_no_sense_are_refused(stack: cdk.Stack, steps: tuple[Step, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pipeline(stack, steps={"support": steps})


def test_all_that_is_wrong_is_said_at_once(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"rule 'a': no steps.*; rule 'b': drop") as error:
        pipeline(stack, steps={"a": (), "b": (DropStep(),)})
    assert str(error.value).count("rule ") == 2


def test_a_user_can_feed_the_function_from_a_queue_of_theirs(stack: cdk.Stack) -> None:
    made = pipeline(stack)
    again = sqs.Queue(stack, "Again")
    again.grant_consume_messages(made.function)
    made.function.add_event_source_mapping("Again", event_source_arn=again.queue_arn)
    Template.from_stack(stack).resource_count_is("AWS::Lambda::EventSourceMapping", 2)
