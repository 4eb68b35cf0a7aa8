"""MAIL FROM domains and their records: one MX and one SPF for all Regions, or for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from templates import of_type, properties, template_of

from cdk_ses_regions import InvalidNameError, MailFromRecords, UnsupportedRegionError, config
from cdk_ses_regions.records import regional_records, shared_records
from stacks.regional_email import RegionalEmailStack

EXAMPLES = Path(__file__).parent.parent / "examples"
ZONE = "Z0123456789EXAMPLE01"


def test_there_is_exactly_one_mx_and_it_names_the_feedback_host_of_one_region(stack: cdk.Stack) -> None:
    MailFromRecords(
        stack,
        "MailFrom",
        mail_from_domain="bounce.example.com",
        feedback_region="eu-west-1",
        hosted_zone_id=ZONE,
    )
    records = {
        record["Properties"]["Type"]: record["Properties"]
        for record in of_type(template_of(stack), "AWS::Route53::RecordSet").values()
    }
    assert sorted(records) == ["MX", "TXT"]
    assert records["MX"]["ResourceRecords"] == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    assert records["TXT"]["ResourceRecords"] == ['"v=spf1 include:amazonses.com ~all"']
    assert {record["Name"] for record in records.values()} == {"bounce.example.com."}
    assert {record["HostedZoneId"] for record in records.values()} == {ZONE}


def test_the_feedback_region_need_not_be_the_one_of_the_stack(stack: cdk.Stack) -> None:
    made = MailFromRecords(
        stack,
        "MailFrom",
        mail_from_domain="bounce.example.com",
        feedback_region="ap-southeast-2",
        hosted_zone_id=ZONE,
    )
    assert stack.region != "ap-southeast-2"
    assert made.records[0].values == ("10 feedback-smtp.ap-southeast-2.amazonses.com",)


@pytest.mark.parametrize("name", ["*", "Bounce.example.com", "bounce.example.com."])
def test_a_name_that_is_no_domain_is_refused(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(InvalidNameError):
        MailFromRecords(
            stack, "MailFrom", mail_from_domain=name, feedback_region="us-east-1", hosted_zone_id="Z1"
        )


def test_a_region_without_ses_is_refused_with_the_nearest_name(stack: cdk.Stack) -> None:
    with pytest.raises(UnsupportedRegionError, match="eu-west-1"):
        MailFromRecords(
            stack,
            "MailFrom",
            mail_from_domain="bounce.example.com",
            feedback_region="eu-wst-1",
            hosted_zone_id=ZONE,
        )


def test_the_records_go_through_a_role_or_are_taken_over_as_those_of_a_domain(stack: cdk.Stack) -> None:
    role = "arn:aws:iam::222222222222:role/mail-dns"
    MailFromRecords(
        stack,
        "MailFrom",
        mail_from_domain="bounce.example.com",
        feedback_region="eu-west-1",
        hosted_zone_id=ZONE,
        dns_role_arn=role,
        adopt=True,
    )
    records = [one["Properties"] for one in of_type(template_of(stack), "Custom::SesDnsRecord").values()]
    assert {(one["Type"], one["RoleArn"], one["Adopt"]) for one in records} == {
        ("MX", role, "true"),
        ("TXT", role, "true"),
    }


def identities(settings: config.Settings, region: str) -> dict[str, dict[str, Any]]:
    app = cdk.App(builtin_cloud_formation_validation=False)
    template = template_of(RegionalEmailStack(app, settings, region=region))
    found = [one["Properties"] for one in of_type(template, "AWS::SES::EmailIdentity").values()]
    return {one["EmailIdentity"]: one["MailFromAttributes"] for one in found}


def test_each_domain_has_its_own_and_each_region_where_the_configuration_says_so() -> None:
    settings = config.load(EXAMPLES / "mail-from.yaml")
    for region in settings.regions:
        assert identities(settings, region) == {
            "example.com": {
                "MailFromDomain": "bounce.example.com",
                "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
            },
            "news.example.com": {
                "MailFromDomain": "bounce.news.example.com",
                "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
            },
            "example.net": {
                "MailFromDomain": f"{region}.bounce.example.net",
                "BehaviorOnMxFailure": "REJECT_MESSAGE",
            },
        }


def test_a_replica_has_the_same_options(tmp_path: Path) -> None:
    file = tmp_path / "ses-regions.yaml"
    text = (EXAMPLES / "mail-from.yaml").read_text(encoding="utf-8")
    file.write_text(
        text.replace("    mail_from:\n", "    dkim: deterministic\n    mail_from:\n"), encoding="utf-8"
    )
    settings = config.load(file)
    stack = RegionalEmailStack(
        cdk.App(builtin_cloud_formation_validation=False), settings, region="us-east-1"
    )
    replica = properties(template_of(stack), "Custom::SesReplicaIdentity")
    assert (replica["MailFromDomain"], replica["BehaviorOnMxFailure"]) == (
        "us-east-1.bounce.example.net",
        "REJECT_MESSAGE",
    )


def test_the_records_of_a_region_are_beside_the_shared_ones() -> None:
    settings = config.load(EXAMPLES / "mail-from.yaml")
    shared, own = settings.domain("example.com"), settings.domain("example.net")
    assert [record.name for record in shared_records(settings, shared)] == ["bounce.example.com"] * 2
    assert regional_records(settings, shared, "eu-west-1") == []
    assert shared_records(settings, own) == []
    mx, spf = regional_records(settings, own, "eu-west-1")
    assert (mx.name, mx.values) == (
        "eu-west-1.bounce.example.net",
        ("10 feedback-smtp.eu-west-1.amazonses.com",),
    )
    assert (spf.name, spf.type) == ("eu-west-1.bounce.example.net", "TXT")


def test_a_region_tells_the_records_that_somebody_has_to_write_for_it(tmp_path: Path) -> None:
    file = tmp_path / "ses-regions.yaml"
    file.write_text(
        "regions: [us-east-1, eu-west-1]\n"
        "domains: [{name: example.com, mail_from: 'bounce-{region}.example.com'}]\n",
        encoding="utf-8",
    )
    settings = config.load(file)
    for region in settings.regions:
        app = cdk.App(builtin_cloud_formation_validation=False)
        outputs = template_of(RegionalEmailStack(app, settings, region=region))["Outputs"]
        told = [one["Value"] for one in outputs.values() if isinstance(one["Value"], str)]
        assert f"bounce-{region}.example.com MX 10 feedback-smtp.{region}.amazonses.com" in told
        [text] = [one for one in told if " TXT " in one]
        assert text == f"bounce-{region}.example.com TXT v=spf1 include:amazonses.com ~all"
