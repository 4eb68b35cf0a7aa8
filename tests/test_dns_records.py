"""Records of the model, as Route 53 record sets."""

from __future__ import annotations

import aws_cdk as cdk
from templates import of_type, template_of

from cdk_ses_regions import DnsRecords, Record
from cdk_ses_regions.dns import inbound_mx

ZONE = "Z0123456789EXAMPLE01"


def published(stack: cdk.Stack, *records: Record) -> list[dict[str, object]]:
    DnsRecords(stack, "Records", hosted_zone_id=ZONE, records=records)
    return [one["Properties"] for one in of_type(template_of(stack), "AWS::Route53::RecordSet").values()]


def test_a_name_is_absolute_and_the_ttl_is_text(stack: cdk.Stack) -> None:
    assert published(
        stack, Record(name="www.example.com", type="CNAME", values=("example.net",), ttl=60)
    ) == [
        {
            "HostedZoneId": ZONE,
            "Name": "www.example.com.",
            "Type": "CNAME",
            "TTL": "60",
            "ResourceRecords": ["example.net"],
        }
    ]


def test_one_record_set_holds_all_the_inbound_hosts_of_a_domain(stack: cdk.Stack) -> None:
    [record] = published(stack, inbound_mx("example.com", ["us-east-1", "eu-west-1"]))
    assert record["ResourceRecords"] == [
        "10 inbound-smtp.us-east-1.amazonaws.com",
        "20 inbound-smtp.eu-west-1.amazonaws.com",
    ]


def test_a_txt_value_is_quoted(stack: cdk.Stack) -> None:
    [record] = published(stack, Record(name="example.com", type="TXT", values=("v=spf1 -all",)))
    assert record["ResourceRecords"] == ['"v=spf1 -all"']


def test_a_long_txt_value_becomes_strings_of_255_characters(stack: cdk.Stack) -> None:
    [record] = published(stack, Record(name="example.com", type="TXT", values=("a" * 256,)))
    assert record["ResourceRecords"] == [f'"{"a" * 255}" "a"']


def test_two_types_at_one_name_are_two_record_sets(stack: cdk.Stack) -> None:
    records = published(
        stack,
        Record(name="example.com", type="TXT", values=("x",)),
        Record(name="example.com", type="MX", values=("10 mx.example.net",)),
    )
    assert [record["Type"] for record in records] == ["TXT", "MX"]
