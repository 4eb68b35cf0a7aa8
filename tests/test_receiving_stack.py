"""What the configuration says of receiving, in the stacks: examples/receiving.yaml, and smaller ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from templates import Deployment, of_type, properties, template_of

from cdk_ses_regions import config
from cdk_ses_regions.config import Settings
from cdk_ses_regions.records import own_records
from stacks.regional_email import RegionalEmailStack

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "receiving.yaml"
ACCOUNT = "111111111111"


@pytest.fixture(scope="module")
def templates() -> dict[str, dict[str, Any]]:
    settings = config.load(EXAMPLE).model_copy(update={"account": ACCOUNT})
    return {region: synthesized(settings, region) for region in settings.regions}


def synthesized(settings: Settings, region: str) -> dict[str, Any]:
    app = cdk.App(builtin_cloud_formation_validation=False)
    return template_of(RegionalEmailStack(app, settings, region=region))


def rules(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        one["Properties"]["Rule"]["Name"].removeprefix("example.com-"): one["Properties"]["Rule"]
        for one in of_type(template, "AWS::SES::ReceiptRule").values()
    }


def settings_of(**receiving: Any) -> Settings:
    domain = {"name": "example.com", "receiving": {"rules": [{"name": "a"}], **receiving}}
    return Settings.model_validate({"regions": ["us-east-1", "us-west-2", "eu-west-1"], "domains": [domain]})


def test_each_region_has_its_rules_in_their_written_order(templates: dict[str, dict[str, Any]]) -> None:
    shared = ["gate", "support", "secret", "tickets", "gone"]
    assert list(rules(templates["us-east-1"])) == [*shared, "subdomains", "rest", "office"]
    assert list(rules(templates["eu-west-1"])) == [*shared, "rest", "rest-of-subdomains"]


def test_the_region_stands_in_arns(templates: dict[str, dict[str, Any]]) -> None:
    for region, found in templates.items():
        [gate] = rules(found)["gate"]["Actions"]
        assert gate["LambdaAction"] == {
            "FunctionArn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:mail-gate",
            "InvocationType": "RequestResponse",
        }
        publish, _ = rules(found)["tickets"]["Actions"]
        assert publish["SNSAction"] == {
            "TopicArn": f"arn:aws:sns:{region}:{ACCOUNT}:tickets",
            "Encoding": "Base64",
        }


def test_actions_are_translated_one_by_one(templates: dict[str, dict[str, Any]]) -> None:
    template = templates["us-east-1"]
    [bucket] = [one for one in of_type(template, "AWS::S3::Bucket") if "AccessLogs" not in one]
    [key] = of_type(template, "AWS::KMS::Key")
    found = rules(template)
    assert [next(iter(one)) for one in found["support"]["Actions"]] == [
        "AddHeaderAction",
        "S3Action",
        "StopAction",
    ]
    topic = found["rest"]["Actions"][0]["S3Action"]["TopicArn"]
    assert found["support"]["Actions"][1]["S3Action"] == {
        "BucketName": {"Ref": bucket},
        "ObjectKeyPrefix": "mail/example.com-support/",
        "TopicArn": topic,
    }
    assert found["secret"]["Actions"][0]["S3Action"] == {
        "BucketName": {"Ref": bucket},
        "ObjectKeyPrefix": "mail/secret/",
        "KmsKeyArn": {"Fn::GetAtt": [key, "Arn"]},
    }
    assert found["gone"]["Actions"][0]["BounceAction"]["StatusCode"] == "5.1.1"
    store = found["subdomains"]["Actions"][0]["S3Action"]
    assert (store["BucketName"], store["ObjectKeyPrefix"]) == ("example-mail-calgary", "virginia/")
    assert "IamRoleArn" in store
    assert found["office"]["Enabled"] is False
    assert "WorkmailAction" in found["office"]["Actions"][0]


def test_a_region_has_its_own_in_place_of_the_rest(templates: dict[str, dict[str, Any]]) -> None:
    days: dict[str, tuple[int, int, int]] = {}
    for region, found in templates.items():
        [bucket] = [
            one["Properties"]
            for name, one in of_type(found, "AWS::S3::Bucket").items()
            if "Access" not in name
        ]
        [rule] = [one for one in bucket["LifecycleConfiguration"]["Rules"] if one["Id"] == "received-mail"]
        days[region] = (
            rule["Transitions"][0]["TransitionInDays"],
            rule["ExpirationInDays"],
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"],
        )
    assert days == {"us-east-1": (90, 365, 14), "eu-west-1": (30, 90, 14)}


def test_filters_are_in_every_region_that_receives(templates: dict[str, dict[str, Any]]) -> None:
    for template in templates.values():
        names = [
            one["Properties"]["Filter"]["Name"]
            for one in of_type(template, "AWS::SES::ReceiptFilter").values()
        ]
        assert names == ["mail-allow-203-0-113-7-32", "mail-block-203-0-113-0-24"]


def test_the_bucket_of_access_logs_is_an_output(templates: dict[str, dict[str, Any]]) -> None:
    for template in templates.values():
        [logs] = [name for name in of_type(template, "AWS::S3::Bucket") if "AccessLogs" in name]
        assert template["Outputs"]["AccessLogBucketName"]["Value"] == {"Ref": logs}


def test_an_existing_rule_set_may_be_that_of_one_region_alone() -> None:
    settings = settings_of()
    data = settings.model_dump(exclude_unset=True)
    data["overrides"] = {"us-west-2": {"receiving": {"rule_set": "theirs", "after": "spam"}}}
    settings = Settings.model_validate(data)
    here = synthesized(settings, "us-west-2")
    rule = properties(here, "AWS::SES::ReceiptRule")
    assert (rule["RuleSetName"], rule["After"]) == ("theirs", "spam")
    assert Deployment(here).resolve(here["Outputs"]["RuleSetName"]["Value"]) == "theirs"
    assert (
        properties(synthesized(settings, "eu-west-1"), "AWS::SES::ReceiptRuleSet")["RuleSetName"]
        == "email-received"
    )


def test_connect_and_a_client_side_key_of_ones_own_are_translated() -> None:
    instance = f"arn:aws:connect:us-east-1:{ACCOUNT}:instance/12345678-1234-1234-1234-123456789012"
    role, key = f"arn:aws:iam::{ACCOUNT}:role/connect", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    actions = [
        {
            "s3": {
                "encryption": "client_side",
                "key_arn": key,
                "topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t",
            }
        },
        {"connect": {"instance_arn": instance, "role_arn": role}},
    ]
    settings = settings_of(regions=["us-east-1"], rules=[{"name": "a", "actions": actions}])
    rule = properties(synthesized(settings, "us-east-1"), "AWS::SES::ReceiptRule")
    store, connect = rule["Rule"]["Actions"]
    assert store["S3Action"]["KmsKeyArn"] == key
    assert store["S3Action"]["TopicArn"].endswith(":t")
    assert connect == {"ConnectAction": {"InstanceARN": instance, "IAMRoleARN": role}}


# --- the inbound MX ---


def mx(**receiving: Any) -> list[str]:
    settings = settings_of(**receiving)
    return [value for record in own_records(settings, settings.domains[0]) for value in record.values]


def test_no_mx_is_written_unless_it_is_asked_for() -> None:
    assert mx() == []


def test_the_mx_names_regions_in_their_written_order_and_chosen_ones_only() -> None:
    assert mx(mx=True, regions=["eu-west-1", "us-east-1"]) == [
        "10 inbound-smtp.eu-west-1.amazonaws.com",
        "20 inbound-smtp.us-east-1.amazonaws.com",
    ]
    assert mx(mx=True, mx_regions=["us-west-2", "us-east-1"]) == [
        "10 inbound-smtp.us-west-2.amazonaws.com",
        "20 inbound-smtp.us-east-1.amazonaws.com",
    ]


def test_the_configuration_on_the_page_of_receiving_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "receiving.md").read_text(encoding="utf-8")
    [text] = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)
    path = tmp_path / "ses-regions.yaml"
    path.write_text(text, encoding="utf-8")
    assert config.load(path).domains


def test_what_show_prints_is_a_configuration_that_means_the_same(tmp_path: Path) -> None:
    settings = config.load(EXAMPLE)
    shown = {"name", "regions", "domains", "receiving", "overrides"}
    path = tmp_path / "ses-regions.yaml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json", include=shown)), encoding="utf-8")
    assert config.load(path) == settings


def test_ip_filters_are_where_a_domain_receives_and_nowhere_else() -> None:
    settings = Settings.model_validate(
        {
            "regions": ["us-east-1", "eu-west-1", "ca-west-1"],
            "receiving": {"filters": {"block": ["203.0.113.0/24"]}},
            "domains": [
                {"name": "example.com", "receiving": {"regions": ["us-east-1"], "rules": [{"name": "a"}]}}
            ],
        }
    )
    found = {
        region: len(of_type(synthesized(settings, region), "AWS::SES::ReceiptFilter"))
        for region in settings.regions
    }
    assert found == {"us-east-1": 1, "eu-west-1": 0, "ca-west-1": 0}  # SES does not even receive in Calgary
