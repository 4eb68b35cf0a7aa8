"""Receiving: rules in their written order, after all that SES tries when it makes them; activated last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template
from templates import Deployment, name_of, of_type, only, properties, template_of, warnings

from cdk_ses_regions import ReceiptRule, Receiving, UnsupportedRegionError

SUPPORT = ReceiptRule(name="support", recipients=["support@example.com"])


def receiving(scope: cdk.Stack, rules: Sequence[ReceiptRule] = (SUPPORT,), **options: Any) -> Receiving:
    return Receiving(
        scope,
        "Receiving",
        rule_set_name="email-received",
        topic_name="email-received",
        stored_topic_name="email-stored",
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


def test_a_mail_is_stored_below_the_name_of_its_rule_and_told_of(stack: cdk.Stack) -> None:
    receiving(stack)
    template = template_of(stack)
    assert properties(template, "AWS::SES::ReceiptRule")["Rule"]["Actions"] == [
        {
            "S3Action": {
                "BucketName": {"Ref": name_of(template, "AWS::S3::Bucket")},
                "ObjectKeyPrefix": "mail/support/",
                "TopicArn": {"Ref": topic_called(template, "email-stored")},
            }
        },
    ]


def test_each_rule_comes_after_the_one_before_it(stack: cdk.Stack) -> None:
    receiving(stack, [ReceiptRule(name=name) for name in ("first", "second", "third")])
    rules = rules_of(template_of(stack))
    assert list(rules) == ["first", "second", "third"]
    assert "After" not in rules["first"]["Properties"]
    assert rules["second"]["Properties"]["After"] == {"Ref": rules["first"]["Id"]}
    assert rules["third"]["Properties"]["After"] == {"Ref": rules["second"]["Id"]}


def test_the_policies_of_bucket_and_topic_are_there_before_the_first_rule(stack: cdk.Stack) -> None:
    receiving(stack)
    template = template_of(stack)
    topic = topic_called(template, "email-stored")
    [policy] = [
        name
        for name, one in of_type(template, "AWS::SNS::TopicPolicy").items()
        if one["Properties"]["Topics"] == [{"Ref": topic}]
    ]
    needed = {name_of(template, "AWS::S3::BucketPolicy"), policy}
    assert set(only(template, "AWS::SES::ReceiptRule")["DependsOn"]) >= needed


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
    policy = properties(template_of(stack), "AWS::S3::BucketPolicy")["PolicyDocument"]
    [allow] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert "AWS::Region" in str(allow["Condition"]["ArnLike"]["aws:SourceArn"])


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


def topic_called(template: dict[str, Any], name: str) -> str:
    [found] = [
        logical_id
        for logical_id, one in of_type(template, "AWS::SNS::Topic").items()
        if one["Properties"]["TopicName"] == name
    ]
    return found


# --- a rule set that is there already ---


def test_rules_can_be_put_into_a_rule_set_of_somebody_else(stack: cdk.Stack) -> None:
    receiving(stack, [ReceiptRule(name="first"), ReceiptRule(name="second")], existing=True, after="theirs")
    template = template_of(stack)
    rules = rules_of(template)
    assert {rule["Properties"]["RuleSetName"] for rule in rules.values()} == {"email-received"}
    assert rules["first"]["Properties"]["After"] == "theirs"
    assert rules["second"]["Properties"]["After"] == {"Ref": rules["first"]["Id"]}
    for kind in ("AWS::SES::ReceiptRuleSet", "Custom::SesActiveReceiptRuleSet"):
        assert of_type(template, kind) == {}


def test_without_a_rule_to_follow_ours_come_first(stack: cdk.Stack) -> None:
    receiving(stack, existing=True)
    assert "After" not in properties(template_of(stack), "AWS::SES::ReceiptRule")


def test_only_our_rules_of_that_set_may_store_mail(stack: cdk.Stack) -> None:
    receiving(stack, existing=True)
    policy = properties(template_of(stack), "AWS::S3::BucketPolicy")["PolicyDocument"]
    [allow] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert allow["Condition"]["ArnLike"]["aws:SourceArn"] == [
        "arn:aws:ses:us-west-2:111111111111:receipt-rule-set/email-received:receipt-rule/support"
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"after": "theirs"}, "give existing=True"),
        (
            {"existing": True, "rules": [ReceiptRule(name=f"r{n}") for n in range(91)]},
            "91 rules for an existing rule set; .* room for 90",
        ),
        ({"existing": True, "take_over": True}, "an existing one is not activated"),
    ],
    ids=["after", "too many", "take over"],
)
def test_what_is_for_the_other_kind_of_rule_set_is_refused(
    stack: cdk.Stack, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        receiving(stack, **options)


def test_trial_mails_of_a_bucket_with_versions_are_taken_away_with_them(stack: cdk.Stack) -> None:
    receiving(stack, versioned=True)
    template = template_of(stack)
    assert properties(template, "Custom::SesSetupNotification")["Versioned"] == "true"
    [policy] = [
        one["Properties"]["PolicyDocument"]["Statement"][0]
        for one in of_type(template, "AWS::IAM::Policy").values()
        if one["Properties"]["PolicyName"] == "SesSetupNotification"
    ]
    assert policy["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"]
    bucket = name_of(template, "AWS::S3::Bucket").lower()
    assert Deployment(template).resolve(policy["Resource"]) == [
        f"arn:aws:s3:::{bucket}",
        f"arn:aws:s3:::{bucket}/mail/*AMAZON_SES_SETUP_NOTIFICATION",
    ]
