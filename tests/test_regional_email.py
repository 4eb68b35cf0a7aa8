"""The stack of one Region: what the configuration wants there, and what it is called as outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from templates import Deployment, of_type, only, properties, template_of

from cdk_ses_regions import config
from stacks.regional_email import RegionalEmailStack

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "ses-regions.yaml"
TWO_DOMAINS = ROOT / "examples" / "two-domains.yaml"


def stack_of(app: cdk.App, file: Path, region: str, **changes: Any) -> RegionalEmailStack:
    settings = config.load(file).model_copy(update=changes)
    return RegionalEmailStack(app, settings, region=region)


def outputs(template: dict[str, Any], region: str) -> dict[str, Any]:
    deployment = Deployment(template, region=region)
    return {name: deployment.resolve(output["Value"]) for name, output in template["Outputs"].items()}


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1"])
def test_each_region_has_its_own_endpoints_and_names_as_outputs(app: cdk.App, region: str) -> None:
    stack = stack_of(app, EXAMPLE, region)
    assert (stack.stack_name, stack.region) == (f"Email-{region}", region)
    found = outputs(template_of(stack), region)
    assert found["ApiEndpoint"] == f"email.{region}.amazonaws.com"
    assert found["SmtpEndpoint"] == f"email-smtp.{region}.amazonaws.com"
    assert found["InboundEndpoint"] == f"inbound-smtp.{region}.amazonaws.com"
    assert found["FeedbackTopicArn"] == f"arn:aws:sns:{region}:111111111111:email-feedback"
    assert found["ReceivedTopicArn"] == f"arn:aws:sns:{region}:111111111111:email-received"
    assert found["RuleSetName"] == "email-received"
    assert {"MailBucketName", "KeyArn", "DeadLetterQueueArn"} <= set(found)


def test_rules_are_called_by_their_domain_and_keep_their_order(app: cdk.App) -> None:
    template = template_of(stack_of(app, EXAMPLE, "us-west-2"))
    rules = [one["Properties"]["Rule"] for one in of_type(template, "AWS::SES::ReceiptRule").values()]
    assert [(rule["Name"], rule["Recipients"], rule["TlsPolicy"]) for rule in rules] == [
        ("example.com-support", ["support@example.com"], "Require"),
        ("example.com-hello", ["hello@example.com"], "Optional"),
    ]


def test_a_domain_receives_in_the_regions_it_names_only(app: cdk.App) -> None:
    assert stack_of(app, TWO_DOMAINS, "eu-west-1").email.receiving is not None
    sending = stack_of(app, TWO_DOMAINS, "eu-central-1")
    assert sending.email.receiving is None
    assert set(sending.email.identities) == {"example.com", "example.net"}
    assert "InboundEndpoint" not in template_of(sending)["Outputs"]


def test_a_rule_without_recipients_takes_its_domain_and_not_every_domain(
    app: cdk.App, tmp_path: Path
) -> None:
    file = tmp_path / "ses-regions.yaml"
    file.write_text(
        "regions: [us-east-1]\n"
        "domains: [{name: example.com, receiving: {rules: [{name: all}]}}, {name: example.net}]\n",
        encoding="utf-8",
    )
    template = template_of(stack_of(app, file, "us-east-1"))
    assert properties(template, "AWS::SES::ReceiptRule")["Rule"]["Recipients"] == ["example.com"]


def test_a_domain_whose_dns_is_elsewhere_gives_its_records_as_outputs(app: cdk.App) -> None:
    template = template_of(stack_of(app, ROOT / "examples" / "minimal.yaml", "us-east-1"))
    assert of_type(template, "AWS::Route53::RecordSet") == {}
    [identity] = of_type(template, "AWS::SES::EmailIdentity")
    for number in (1, 2, 3):
        assert template["Outputs"][f"Domain0Record{number}"]["Value"] == {
            "Fn::Join": [
                "",
                [
                    {"Fn::GetAtt": [identity, f"DkimDNSTokenName{number}"]},
                    " CNAME ",
                    {"Fn::GetAtt": [identity, f"DkimDNSTokenValue{number}"]},
                ],
            ]
        }


SHARED = [
    "bounce.example.com MX 10 feedback-smtp.us-east-1.amazonses.com",
    "bounce.example.com TXT v=spf1 include:amazonses.com ~all",
    "example.com MX 10 inbound-smtp.us-east-1.amazonaws.com",
    "example.com MX 20 inbound-smtp.us-west-2.amazonaws.com",
    "example.com MX 30 inbound-smtp.eu-west-1.amazonaws.com",
    "_dmarc.example.com TXT v=DMARC1; p=none",
]


@pytest.mark.parametrize(("region", "shared"), [("us-east-1", SHARED), ("us-west-2", [])])
def test_the_primary_region_alone_tells_the_shared_records_of_a_domain_whose_dns_is_elsewhere(
    app: cdk.App, region: str, shared: list[str]
) -> None:
    domains = (config.load(EXAMPLE).domains[0].model_copy(update={"hosted_zone_id": None}),)
    outputs = template_of(stack_of(app, EXAMPLE, region, domains=domains))["Outputs"]
    records = [outputs[name]["Value"] for name in sorted(outputs) if name.startswith("Domain0Record")]
    assert [record for record in records if isinstance(record, str)] == shared


def test_retention_removal_tags_and_protection_come_from_the_configuration(app: cdk.App) -> None:
    stack = stack_of(app, TWO_DOMAINS, "eu-west-1")
    template = template_of(stack)
    [rule] = properties(template, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90
    assert only(template, "AWS::S3::Bucket")["DeletionPolicy"] == "RetainExceptOnCreate"
    assert stack.termination_protection is True
    assert stack.tags.tag_values() == {"project": "mail", "stage": "production"}


def test_destroy_and_take_over_have_to_be_asked_for(app: cdk.App) -> None:
    receiving = config.load(EXAMPLE).receiving.model_copy(update={"on_removal": "destroy", "take_over": True})
    template = template_of(stack_of(app, EXAMPLE, "us-east-1", receiving=receiving))
    assert only(template, "AWS::S3::Bucket")["DeletionPolicy"] == "Delete"
    assert properties(template, "Custom::SesActiveReceiptRuleSet")["TakeOver"] == "true"


def test_two_regions_differ_in_nothing_but_the_region(app: cdk.App) -> None:
    settings = config.load(EXAMPLE)
    for region in ("us-west-2", "eu-west-1", "us-east-1"):
        RegionalEmailStack(app, settings, region=region)
    templates = {stack.stack_name: stack.template for stack in app.synth().stacks}
    west, ireland, primary = (templates[f"Email-{name}"] for name in ("us-west-2", "eu-west-1", "us-east-1"))
    assert str(west).replace("us-west-2", "eu-west-1") == str(ireland)
    assert west != ireland
    more = set(primary["Resources"]) - set(west["Resources"])
    assert [primary["Resources"][name]["Type"] for name in more] == ["AWS::DynamoDB::Table"]
