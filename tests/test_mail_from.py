"""The MAIL FROM records: one MX and one SPF for all Regions."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from templates import of_type, template_of

from cdk_ses_regions import MailFromRecords, UnsupportedRegionError

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


def test_a_region_without_ses_is_refused_with_the_nearest_name(stack: cdk.Stack) -> None:
    with pytest.raises(UnsupportedRegionError, match="eu-west-1"):
        MailFromRecords(
            stack,
            "MailFrom",
            mail_from_domain="bounce.example.com",
            feedback_region="eu-wst-1",
            hosted_zone_id=ZONE,
        )
