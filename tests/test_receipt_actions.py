"""Each action of a receipt rule: its place in the template, what lets SES carry it out, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from templates import ACCOUNT, REGION, Deployment, name_of, of_type, only, properties, template_of, warnings

from cdk_ses_regions import (
    AddHeaderAction,
    BounceAction,
    ConnectAction,
    LambdaAction,
    ReceiptRule,
    Receiving,
    S3Action,
    SnsAction,
    StopAction,
    StoreAction,
    WorkmailAction,
)
from cdk_ses_regions.receipt_actions import Action

RULE_ARN = f"arn:aws:ses:{REGION}:{ACCOUNT}:receipt-rule-set/email-received:receipt-rule/a"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mail"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tickets"
INSTANCE = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/12345678-1234-1234-1234-123456789012"
ORGANIZATION = f"arn:aws:workmail:{REGION}:{ACCOUNT}:organization/m-0123"


def receiving(stack: cdk.Stack, *actions: Action, more: Sequence[ReceiptRule] = ()) -> Receiving:
    return Receiving(
        stack,
        "Receiving",
        rule_set_name="email-received",
        topic_name="email-received",
        stored_topic_name="email-stored",
        rules=[ReceiptRule(name="a", actions=actions), *more],
    )


def actions_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    return properties(template, "AWS::SES::ReceiptRule")["Rule"]["Actions"]


def rule_of(template: dict[str, Any]) -> dict[str, Any]:
    return only(template, "AWS::SES::ReceiptRule")


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in policy["Statement"] if one["Effect"] == "Allow"]


def test_a_rule_does_exactly_what_its_actions_say_in_their_order(stack: cdk.Stack) -> None:
    topic = sns.Topic.from_topic_arn(stack, "T", f"arn:aws:sns:{REGION}:{ACCOUNT}:t")
    receiving(
        stack,
        AddHeaderAction(name="X-Queue", value="support"),
        SnsAction(topic=topic, encoding="Base64"),
        WorkmailAction(organization_arn=ORGANIZATION),
        ConnectAction(instance_arn=INSTANCE, role_arn=ROLE),
        BounceAction(sender="postmaster@example.com", template="mailbox_full", topic=topic),
        StopAction(topic=topic),
    )
    assert actions_of(template_of(stack)) == [
        {"AddHeaderAction": {"HeaderName": "X-Queue", "HeaderValue": "support"}},
        {"SNSAction": {"Encoding": "Base64", "TopicArn": topic.topic_arn}},
        {"WorkmailAction": {"OrganizationArn": ORGANIZATION}},
        {"ConnectAction": {"InstanceARN": INSTANCE, "IAMRoleARN": ROLE}},
        {
            "BounceAction": {
                "SmtpReplyCode": "552",
                "StatusCode": "5.2.2",
                "Message": "Mailbox full",
                "Sender": "postmaster@example.com",
                "TopicArn": topic.topic_arn,
            }
        },
        {"StopAction": {"Scope": "RuleSet", "TopicArn": topic.topic_arn}},
    ]


def test_the_default_is_to_store_and_to_tell(stack: cdk.Stack) -> None:
    receiving(stack, StoreAction(), more=[ReceiptRule(name="b")])
    stores = [
        one["Properties"]["Rule"]["Actions"]
        for one in of_type(template_of(stack), "AWS::SES::ReceiptRule").values()
    ]
    [[first], [second]] = stores
    assert first["S3Action"].pop("ObjectKeyPrefix") == "mail/a/"
    assert second["S3Action"].pop("ObjectKeyPrefix") == "mail/b/"
    assert first == second


def test_a_bounce_may_have_words_and_codes_of_its_own(stack: cdk.Stack) -> None:
    receiving(
        stack,
        BounceAction(sender="a@example.com", smtp_reply_code="554", message="No"),
        BounceAction(sender="a@example.com", template="mailbox_does_not_exist", message="Moved"),
    )
    first, second = (one["BounceAction"] for one in actions_of(template_of(stack)))
    assert first == {"SmtpReplyCode": "554", "Message": "No", "Sender": "a@example.com"}
    assert (second["SmtpReplyCode"], second["StatusCode"], second["Message"]) == ("550", "5.1.1", "Moved")


# --- Lambda ---


def test_ses_is_let_in_to_a_function_for_this_rule_alone_and_before_it(stack: cdk.Stack) -> None:
    receiving(stack, LambdaAction(function_arn=FUNCTION, invocation="RequestResponse"))
    template = template_of(stack)
    assert actions_of(template) == [
        {"LambdaAction": {"FunctionArn": FUNCTION, "InvocationType": "RequestResponse"}}
    ]
    [(name, permission)] = [
        (name, one["Properties"])
        for name, one in of_type(template, "AWS::Lambda::Permission").items()
        if one["Properties"]["FunctionName"] == FUNCTION
    ]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": FUNCTION,
        "Principal": "ses.amazonaws.com",
        "SourceAccount": ACCOUNT,
        "SourceArn": RULE_ARN,
    }
    assert name in rule_of(template)["DependsOn"]


def test_a_function_of_the_same_app_works_too(stack: cdk.Stack) -> None:
    function = lambda_.Function(
        stack,
        "Own",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_12,
    )
    receiving(stack, LambdaAction(function_arn=function.function_arn))
    [action] = actions_of(template_of(stack))
    assert action["LambdaAction"]["FunctionArn"]["Fn::GetAtt"][0].startswith("Own")


# --- S3 ---


def test_another_prefix_in_the_mail_bucket_has_its_trial_mail_taken_away_too(stack: cdk.Stack) -> None:
    receiving(stack, S3Action(prefix="mail/own/"), more=[ReceiptRule(name="b")])
    template = template_of(stack)
    assert sorted(properties(template, "Custom::SesSetupNotification")["Keys"]) == [
        "mail/b/AMAZON_SES_SETUP_NOTIFICATION",
        "mail/own/AMAZON_SES_SETUP_NOTIFICATION",
    ]
    first = next(iter(of_type(template, "AWS::SES::ReceiptRule").values()))
    assert name_of(template, "Custom::SesSetupNotification") in first["DependsOn"]


def test_client_side_encryption_uses_the_key_of_the_mail_bucket(stack: cdk.Stack) -> None:
    receiving(stack, S3Action(client_side=True))
    template = template_of(stack)
    [action] = actions_of(template)
    assert action["S3Action"]["KmsKeyArn"] == {"Fn::GetAtt": [name_of(template, "AWS::KMS::Key"), "Arn"]}


def test_client_side_encryption_with_a_key_of_the_users_opens_it_for_this_rule(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Own")
    receiving(stack, S3Action(client_side=True, client_side_key=key))
    template = template_of(stack)
    [name] = [name for name in of_type(template, "AWS::KMS::Key") if name.startswith("Own")]
    policy = template["Resources"][name]["Properties"]["KeyPolicy"]
    [allow] = [one for one in policy["Statement"] if one.get("Sid") == "SesReceiptRule"]
    assert allow["Condition"]["ArnLike"] == {"aws:SourceArn": [RULE_ARN]}
    assert name in rule_of(template)["DependsOn"]


def test_a_bucket_of_the_same_app_is_opened_for_this_rule_below_the_prefix(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "BucketKey")
    bucket = s3.Bucket(stack, "Archive", encryption=s3.BucketEncryption.KMS, encryption_key=key)
    receiving(stack, S3Action(bucket=bucket, prefix="in/"))
    template = template_of(stack)
    [policy] = [
        (name, one["Properties"])
        for name, one in of_type(template, "AWS::S3::BucketPolicy").items()
        if name.startswith("Archive")
    ]
    [allow] = statements(Deployment(template).resolve(policy[1]["PolicyDocument"]))
    assert allow["Action"] == "s3:PutObject"
    assert allow["Resource"].endswith("/in/*")
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": [RULE_ARN]},
    }
    assert policy[0] in rule_of(template)["DependsOn"]
    [key_name] = [name for name in of_type(template, "AWS::KMS::Key") if name.startswith("BucketKey")]
    assert RULE_ARN in str(
        Deployment(template).resolve(template["Resources"][key_name]["Properties"]["KeyPolicy"])
    )


def test_a_bucket_made_elsewhere_gives_a_warning_unless_a_role_stores(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Theirs", "theirs")
    receiving(
        stack,
        S3Action(bucket=bucket, role_arn=ROLE),
        more=[ReceiptRule(name="b", actions=[S3Action(bucket=bucket)])],
    )
    [warning] = warnings(stack)
    assert "rule b: the bucket was made elsewhere" in warning
    first = next(iter(of_type(template_of(stack), "AWS::SES::ReceiptRule").values()))
    [action] = first["Properties"]["Rule"]["Actions"]
    assert action["S3Action"] == {"BucketName": "theirs", "ObjectKeyPrefix": "mail/", "IamRoleArn": ROLE}


def test_a_role_that_is_made_is_for_this_rule_and_may_do_nothing_else(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Far", "far")
    topic = sns.Topic.from_topic_arn(stack, "T", f"arn:aws:sns:{REGION}:{ACCOUNT}:t")
    bucket_key = f"arn:aws:kms:ca-west-1:{ACCOUNT}:key/1"
    receiving(
        stack,
        S3Action(
            bucket=bucket,
            prefix="in/",
            make_role=True,
            client_side=True,
            bucket_key_arn=bucket_key,
            topic=topic,
        ),
    )
    template = template_of(stack)
    [(name, role)] = [
        (name, one["Properties"])
        for name, one in of_type(template, "AWS::IAM::Role").items()
        if "receipt rule" in one["Properties"].get("Description", "")
    ]
    role = Deployment(template).resolve(role)
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ses.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": RULE_ARN}}
    [inline] = role["Policies"]
    key = Deployment(template).arn(name_of(template, "AWS::KMS::Key"))
    assert [(one["Action"], one["Resource"]) for one in inline["PolicyDocument"]["Statement"]] == [
        ("s3:PutObject", "arn:aws:s3:::far/in/*"),
        (["kms:Encrypt", "kms:GenerateDataKey*"], bucket_key),
        ("kms:GenerateDataKey*", key),
        ("sns:Publish", topic.topic_arn),
    ]
    [action] = actions_of(template)
    assert action["S3Action"]["IamRoleArn"] == {"Fn::GetAtt": [name, "Arn"]}
    assert name in rule_of(template)["DependsOn"]


def test_a_role_may_use_the_key_of_a_bucket_of_the_same_app(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Bucket", encryption=s3.BucketEncryption.KMS)
    receiving(stack, S3Action(bucket=bucket, make_role=True))
    deployment = Deployment(template_of(stack))
    [inline] = [
        policy["PolicyDocument"]["Statement"]
        for one in of_type(deployment.template, "AWS::IAM::Role").values()
        if "receipt rule" in one["Properties"].get("Description", "")
        for policy in one["Properties"]["Policies"]
    ]
    [key] = [name for name in of_type(deployment.template, "AWS::KMS::Key") if name.startswith("BucketKey")]
    assert [one["Action"] for one in inline] == ["s3:PutObject", ["kms:Encrypt", "kms:GenerateDataKey*"]]
    assert deployment.resolve(inline[1]["Resource"]) == deployment.arn(key)


# --- SNS ---


def test_a_topic_of_the_same_app_is_opened_for_this_rule(stack: cdk.Stack) -> None:
    topic = sns.Topic(stack, "Own", topic_name="own")
    receiving(stack, SnsAction(topic=topic))
    template = template_of(stack)
    [(name, policy)] = [
        (name, one["Properties"]["PolicyDocument"])
        for name, one in of_type(template, "AWS::SNS::TopicPolicy").items()
        if name.startswith("Own")
    ]
    [allow] = statements(policy)
    assert (allow["Action"], allow["Condition"]["ArnLike"]) == ("sns:Publish", {"aws:SourceArn": [RULE_ARN]})
    assert name in rule_of(template)["DependsOn"]


# --- what is refused ---

BAD: dict[str, tuple[list[Action], str]] = {
    "none": ([], "no actions"),
    "eleven": ([S3Action()] * 11, "11 actions; SES allows 10"),
    "stop first": ([StopAction(), S3Action()], "make it the last action"),
    "header": ([AddHeaderAction(name="X Y", value="a")], "header name 'X Y'"),
    "header lines": ([AddHeaderAction(name="X", value="a\nb")], "one line"),
    "bounce without words": ([BounceAction(sender="a@example.com")], "give a template"),
    "bounce from nobody": ([BounceAction(sender="me", template="mailbox_full")], "'me' is no email address"),
    "bounce both ways": (
        [BounceAction(sender="a@example.com", template="mailbox_full", status_code="4.0.0")],
        "say different things",
    ),
    "unknown template": (
        [BounceAction(sender="a@example.com", template=cast(Any, "full"))],
        "no template 'full'; there are mailbox_does_not_exist",
    ),
    "prefix": ([S3Action(prefix="in/")], "must begin with 'mail/'"),
    "role for the mail bucket": ([S3Action(make_role=True)], "needs no role"),
    "two roles": ([S3Action(make_role=True, role_arn=ROLE)], "exclude each other"),
    "key for no role": ([S3Action(bucket_key_arn="k")], "for a role that is made"),
}


@pytest.mark.parametrize(("actions", "said"), BAD.values(), ids=list(BAD))
def test_actions_that_ses_would_refuse_are_refused(
    stack: cdk.Stack, actions: list[Action], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        receiving(stack, *actions)
    assert "rule 'a'" in str(refused.value)


def test_a_key_without_client_side_encryption_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="client_side_key is for client_side=True"):
        receiving(stack, S3Action(client_side_key=kms.Key(stack, "Own")))


@pytest.mark.parametrize(
    "action",
    [
        LambdaAction(function_arn=FUNCTION.replace(REGION, "eu-west-1")),
        WorkmailAction(organization_arn=ORGANIZATION.replace(REGION, "eu-west-1")),
        ConnectAction(instance_arn=INSTANCE.replace(REGION, "eu-west-1"), role_arn=ROLE),
    ],
    ids=["function", "organization", "instance"],
)
def test_a_target_of_another_region_is_refused(stack: cdk.Stack, action: Action) -> None:
    with pytest.raises(ValueError, match="is in eu-west-1, the rule in us-west-2"):
        receiving(stack, action)


def test_a_topic_or_key_of_another_region_is_refused(stack: cdk.Stack) -> None:
    topic = sns.Topic.from_topic_arn(stack, "T", f"arn:aws:sns:eu-west-1:{ACCOUNT}:t")
    with pytest.raises(ValueError, match=r"topic .* is in eu-west-1"):
        receiving(stack, SnsAction(topic=topic))
    other = cdk.Stack(cdk.App(), "Other", env=cdk.Environment(account=ACCOUNT, region=REGION))
    key = kms.Key.from_key_arn(other, "K", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1")
    with pytest.raises(ValueError, match=r"key .* is in eu-west-1"):
        receiving(other, S3Action(client_side=True, client_side_key=key))
