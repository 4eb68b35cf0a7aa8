"""Receiving: rules in their written order, after all that SES tries when it makes them; activated last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template
from templates import name_of, of_type, only, properties, template_of, warnings

from cdk_ses_regions import ReceiptRule, Receiving, UnsupportedRegionError

SUPPORT = ReceiptRule(name="support", recipients=["support@example.com"])


def receiving(scope: cdk.Stack, rules: Sequence[ReceiptRule] = (SUPPORT,), **options: Any) -> Receiving:
    return Receiving(
        scope,
        "Receiving",
        rule_set_name="email-received",
        topic_name="email-received",
        rules=rules,
        **options,
    )


def rules_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rules by their physical name, in the template's order."""
    found = of_type(template, "AWS::SES::ReceiptRule").items()
    return {rule["Properties"]["Rule"]["Name"]: {"Id": name, **rule} for name, rule in found}


def test_a_rule_says_what_was_asked_for(stack: cdk.Stack) -> None:
    receiving(
        stack,
        [
            ReceiptRule(
                name="sales",
                recipients=["sales@example.com", ".example.com"],
                scan_enabled=False,
                tls_policy="Require",
                enabled=False,
            )
        ],
    )
    rule = properties(template_of(stack), "AWS::SES::ReceiptRule")["Rule"]
    assert rule["Recipients"] == ["sales@example.com", ".example.com"]
    assert (rule["ScanEnabled"], rule["TlsPolicy"], rule["Enabled"]) == (False, "Require", False)


def test_a_mail_is_stored_before_it_is_told_of(stack: cdk.Stack) -> None:
    receiving(stack)
    template = template_of(stack)
    assert properties(template, "AWS::SES::ReceiptRule")["Rule"]["Actions"] == [
        {
            "S3Action": {
                "BucketName": {"Ref": name_of(template, "AWS::S3::Bucket")},
                "ObjectKeyPrefix": "mail/",
            }
        },
        {"LambdaAction": {"FunctionArn": inbound_arn(template), "InvocationType": "Event"}},
    ]


def test_each_rule_comes_after_the_one_before_it(stack: cdk.Stack) -> None:
    receiving(stack, [ReceiptRule(name=name) for name in ("first", "second", "third")])
    rules = rules_of(template_of(stack))
    assert list(rules) == ["first", "second", "third"]
    assert "After" not in rules["first"]["Properties"]
    assert rules["second"]["Properties"]["After"] == {"Ref": rules["first"]["Id"]}
    assert rules["third"]["Properties"]["After"] == {"Ref": rules["second"]["Id"]}


def test_bucket_policy_key_and_permission_are_there_before_the_first_rule(stack: cdk.Stack) -> None:
    receiving(stack)
    template = template_of(stack)
    assert set(only(template, "AWS::SES::ReceiptRule")["DependsOn"]) >= {
        name_of(template, "AWS::S3::BucketPolicy"),
        name_of(template, "AWS::Lambda::Permission"),
    }


def test_no_policy_refers_to_rule_or_rule_set_since_that_would_be_a_circle(stack: cdk.Stack) -> None:
    receiving(stack)
    template = template_of(stack)
    names = [*of_type(template, "AWS::SES::ReceiptRule"), *of_type(template, "AWS::SES::ReceiptRuleSet")]
    kinds = ("AWS::KMS::Key", "AWS::S3::BucketPolicy", "AWS::Lambda::Permission", "AWS::SNS::TopicPolicy")
    text = str([of_type(template, kind) for kind in kinds])
    assert [name for name in names if name in text] == []


def test_the_rule_set_is_activated_after_its_last_rule(stack: cdk.Stack) -> None:
    receiving(stack, [ReceiptRule(name="first"), ReceiptRule(name="last")])
    template = template_of(stack)
    activation = only(template, "Custom::SesActiveReceiptRuleSet")
    assert rules_of(template)["last"]["Id"] in activation["DependsOn"]
    assert activation["Properties"]["RuleSetName"] == "email-received"


@pytest.mark.parametrize(("take_over", "text"), [(False, "false"), (True, "true")])
def test_it_takes_over_only_when_told_to(stack: cdk.Stack, take_over: bool, text: str) -> None:
    receiving(stack, take_over=take_over)
    assert properties(template_of(stack), "Custom::SesActiveReceiptRuleSet")["TakeOver"] == text


def test_it_knows_the_host_for_the_mx(stack: cdk.Stack) -> None:
    assert receiving(stack).inbound_endpoint == "inbound-smtp.us-west-2.amazonaws.com"


def test_a_stack_that_does_not_know_its_region_works_and_has_no_host(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    assert receiving(stack).inbound_endpoint is None
    source = properties(template_of(stack), "AWS::Lambda::Permission")["SourceArn"]
    assert {"Ref": "AWS::Region"} in source["Fn::Join"][1]


def test_a_region_that_does_not_receive_is_refused_with_those_that_do(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Nowhere", env=cdk.Environment(region="me-central-1"))
    with pytest.raises(UnsupportedRegionError, match="us-east-1") as refused:
        receiving(stack)
    assert "me-central-1" in str(refused.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "no rules"),
        ([ReceiptRule(name="a"), ReceiptRule(name="a")], "rule 'a' is given twice"),
        (
            [ReceiptRule(name="a", recipients=["*@example.com"])],
            r"no '\*' in recipients, got '\*@example.com'",
        ),
        ([ReceiptRule(name=f"r{n}") for n in range(201)], "201 rules; SES allows 200"),
        ([ReceiptRule(name="a b")], "rule name 'a b'"),
        ([ReceiptRule(name="a" * 65)], "65 characters"),
        ([ReceiptRule(name="a", recipients=[f"{n}@example.com" for n in range(101)])], "101 recipients"),
    ],
    ids=["none", "twice", "star", "201 rules", "bad name", "long name", "101 recipients"],
)
def test_rules_that_ses_would_refuse_are_refused(
    stack: cdk.Stack, rules: list[ReceiptRule], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        receiving(stack, rules)


def test_all_that_is_wrong_with_the_rules_is_said_at_once(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="given twice") as refused:
        receiving(
            stack, [ReceiptRule(name="a", recipients=["*"]), ReceiptRule(name="a"), ReceiptRule(name="-")]
        )
    assert "'*'" in str(refused.value)
    assert "rule name '-'" in str(refused.value)


def test_refused_rules_leave_nothing_behind(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="no rules"):
        receiving(stack, [])
    assert template_of(stack).get("Resources", {}) == {}


def test_200_rules_are_allowed(stack: cdk.Stack) -> None:
    receiving(stack, [ReceiptRule(name=f"r{n}") for n in range(200)])
    Template.from_stack(stack).resource_count_is("AWS::SES::ReceiptRule", 200)


def test_a_key_made_elsewhere_is_warned_of(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Theirs", "arn:aws:kms:us-west-2:111111111111:key/1234")
    receiving(stack, key=key)
    assert any("kms:GenerateDataKey*" in warning for warning in warnings(stack))


def test_what_a_user_extends_is_exposed(stack: cdk.Stack) -> None:
    made = receiving(stack)
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    made.mail_bucket.grant_read(reader)
    made.received_topic.grant_publish(reader)
    made.key.grant_decrypt(reader)
    made.inbound_function.grant_invoke(reader)
    policies = str(of_type(template_of(stack), "AWS::IAM::Policy"))
    for action in ("s3:GetObject*", "sns:Publish", "kms:Decrypt", "lambda:InvokeFunction"):
        assert action in policies


def inbound_arn(template: dict[str, Any]) -> dict[str, Any]:
    [name] = [
        name
        for name, function in of_type(template, "AWS::Lambda::Function").items()
        if function["Properties"]["Handler"] == "inbound.handler"
    ]
    return {"Fn::GetAtt": [name, "Arn"]}
