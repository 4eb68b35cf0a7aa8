"""What follows a receipt rule: the steps of the rules in a Region, and the table that all Regions share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from templates import of_type, properties, template_of

from cdk_ses_regions import (
    AddHeaderAction,
    DropStep,
    EmailDomain,
    ForwardStep,
    HandledMailTable,
    PublishStep,
    ReceiptRule,
    Receiving,
    ReceivingOptions,
    RegionalEmail,
    S3Action,
    StoreAction,
    config,
)
from stacks.regional_email import RegionalEmailStack

FORWARD = ForwardStep(sender="fwd@example.com", to={"*": ["jane@example.net"]})
DOMAIN = {"name": "example.com", "receiving": {"rules": [{"name": "a"}]}}


def receiving(stack: cdk.Stack, *rules: ReceiptRule, **options: Any) -> Receiving:
    return Receiving(
        stack,
        "Receiving",
        rule_set_name="email-received",
        topic_name="email-received",
        stored_topic_name="email-stored",
        rules=rules,
        **options,
    )


def steps_of(app: cdk.App) -> dict[str, Any]:
    [file] = Path(app.synth().directory).glob("asset.*/steps.json")
    return json.loads(file.read_text(encoding="utf-8"))


def settings_of(**more: Any) -> config.Settings:
    data = {"regions": ["us-east-1", "eu-west-1"], "domains": [DOMAIN], **more}
    return config.Settings.model_validate(data)


def test_each_rule_has_its_steps_and_a_prefix_by_which_they_are_found(app: cdk.App, stack: cdk.Stack) -> None:
    receiving(
        stack,
        ReceiptRule(name="plain"),
        ReceiptRule(name="desk", then=[DropStep(), FORWARD]),
        ReceiptRule(name="archive", actions=[S3Action(prefix="mail/archive/")]),
        ReceiptRule(name="last", actions=[AddHeaderAction(name="X-A", value="b"), StoreAction()]),
    )
    template = template_of(stack)
    rules = {
        one["Properties"]["Rule"]["Name"]: one["Properties"]["Rule"]["Actions"]
        for one in of_type(template, "AWS::SES::ReceiptRule").values()
    }
    [stored] = [
        name
        for name, one in of_type(template, "AWS::SNS::Topic").items()
        if one["Properties"]["TopicName"] == "email-stored"
    ]
    for name in ("plain", "desk", "last"):
        store = rules[name][-1]["S3Action"]
        assert (store["ObjectKeyPrefix"], store["TopicArn"]) == (f"mail/{name}/", {"Ref": stored})
    assert "TopicArn" not in rules["archive"][0]["S3Action"]
    found = steps_of(app)
    assert list(found) == ["plain", "desk", "last"]
    assert found["plain"] == found["last"] == [{"publish": {}}]
    assert [next(iter(step)) for step in found["desk"]] == ["drop", "forward"]


def test_the_trial_mail_of_every_prefix_is_taken_away(stack: cdk.Stack) -> None:
    receiving(
        stack,
        ReceiptRule(name="b"),
        ReceiptRule(name="a"),
        ReceiptRule(name="archive", actions=[S3Action(prefix="mail/old/")]),
    )
    assert properties(template_of(stack), "Custom::SesSetupNotification")["Keys"] == [
        "mail/a/AMAZON_SES_SETUP_NOTIFICATION",
        "mail/b/AMAZON_SES_SETUP_NOTIFICATION",
        "mail/old/AMAZON_SES_SETUP_NOTIFICATION",
    ]


def test_steps_without_a_mail_are_refused(stack: cdk.Stack) -> None:
    rule = ReceiptRule(name="a", actions=[S3Action()], then=[PublishStep()])
    with pytest.raises(ValueError, match="no mail to go on with"):
        receiving(stack, rule)


def test_steps_that_make_no_sense_are_refused_with_all_else(stack: cdk.Stack) -> None:
    rule = ReceiptRule(name="a", recipients=["*@example.com"], then=[DropStep()])
    with pytest.raises(ValueError, match=r"no '\*' in recipients.*drop: nothing comes after it"):
        receiving(stack, rule)


def test_a_mail_is_stored_for_its_steps_once(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="stored already"):
        receiving(stack, ReceiptRule(name="a", actions=[StoreAction(), StoreAction()]))


def test_the_table_is_in_one_region_and_all_know_it(app: cdk.App) -> None:
    found: dict[str, dict[str, Any]] = {}
    for region in ("us-east-1", "eu-west-1"):
        stack = cdk.Stack(app, region, env=cdk.Environment(account="111111111111", region=region))
        RegionalEmail(
            stack,
            "Email",
            domains=[EmailDomain(domain_name="example.com")],
            rules=[ReceiptRule(name="a")],
            receiving=ReceivingOptions(handled_mail_region="us-east-1"),
        )
        found[region] = {}
    templates = {stack.stack_name: stack.template for stack in app.synth().stacks}
    tables = {name: len(of_type(template, "AWS::DynamoDB::Table")) for name, template in templates.items()}
    assert tables == {"us-east-1": 1, "eu-west-1": 0}
    for template in templates.values():
        [inbound] = [
            one["Properties"]
            for one in of_type(template, "AWS::Lambda::Function").values()
            if one["Properties"]["Handler"] == "inbound.handler"
        ]
        variables = inbound["Environment"]["Variables"]
        assert (variables["TABLE"], variables["TABLE_REGION"]) == ("email-handled", "us-east-1")
    assert HandledMailTable(name="email-handled", region="us-east-1")


@pytest.mark.parametrize(
    ("more", "region"),
    [
        ({}, "us-east-1"),
        ({"primary_region": "eu-west-1"}, "eu-west-1"),
        ({"receiving": {"handle_once": False}}, None),
        ({"regions": ["us-east-1"]}, None),
        ({"regions": ["us-east-1"], "receiving": {"handle_once": True}}, "us-east-1"),
        ({"regions": ["us-east-1", "ca-west-1"]}, None),  # the second does not receive
        ({"domains": [{"name": "example.com"}], "receiving": {"handle_once": True}}, None),
    ],
)
def test_a_mail_is_handled_once_where_it_can_come_twice(more: dict[str, Any], region: str | None) -> None:
    assert settings_of(**more).handled_mail_region == region


def test_the_primary_region_has_the_table_though_it_does_not_receive(app: cdk.App) -> None:
    settings = settings_of(
        regions=["ca-west-1", "us-east-1", "eu-west-1"], primary_region="ca-west-1", account="111111111111"
    )
    for region in settings.regions:
        RegionalEmailStack(app, settings, region=region)
    templates = {stack.stack_name: stack.template for stack in app.synth().stacks}
    primary = templates["Email-ca-west-1"]
    assert of_type(primary, "AWS::SES::ReceiptRule") == {}
    assert len(of_type(primary, "AWS::DynamoDB::Table")) == 1


def test_the_configuration_names_identity_and_configuration_set_of_what_is_forwarded(app: cdk.App) -> None:
    text = """
    account: "111111111111"
    regions: [us-east-1]
    configuration_set: {}
    addresses: [single@example.org]
    domains:
      - {name: example.com}
      - name: mail.example.com
        receiving:
          rules:
            - name: a
              then:
                - forward: {sender: f@mail.example.com, to: {"*": [a@x.example]}}
                - forward: {sender: f@sub.example.com, to: {"*": [b@x.example]}, configuration_set: quiet}
                - forward: {sender: single@example.org, to: {"*": [c@x.example]}}
    """
    settings = config.Settings.model_validate(yaml.safe_load(text))
    RegionalEmailStack(app, settings, region="us-east-1")
    [stack] = app.synth().stacks
    statements = [
        statement
        for role in of_type(stack.template, "AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "ses:SendRawEmail"
    ]
    found = {
        one["Condition"]["StringEquals"]["ses:FromAddress"]: [
            arn.rpartition(":")[2] for arn in one["Resource"]
        ]
        for one in statements
    }
    assert found == {
        "f@mail.example.com": ["identity/mail.example.com", "configuration-set/email-sending"],
        "f@sub.example.com": ["identity/example.com", "configuration-set/quiet"],
        "single@example.org": ["identity/single@example.org", "configuration-set/email-sending"],
    }
