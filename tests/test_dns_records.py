"""Records of the model, as Route 53 record sets."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from templates import name_of, of_type, template_of

from cdk_ses_regions import DnsRecords, DomainIdentity, Record
from cdk_ses_regions.dns import inbound_mx

ZONE = "Z0123456789EXAMPLE01"
ROLE = "arn:aws:iam::222222222222:role/mail-dns"
TEXT = Record(name="bounce.example.com", type="TXT", values=("v=spf1 -all",))


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


def test_with_a_role_or_with_adoption_the_function_writes_instead_of_cloudformation(stack: cdk.Stack) -> None:
    DnsRecords(stack, "There", hosted_zone_id=ZONE, records=[TEXT], dns_role_arn=ROLE)
    DnsRecords(stack, "Here", hosted_zone_id=ZONE, records=[TEXT], adopt=True)
    template = template_of(stack)
    assert of_type(template, "AWS::Route53::RecordSet") == {}
    there, here = (one["Properties"] for one in of_type(template, "Custom::SesDnsRecord").values())
    common = {
        "HostedZoneId": ZONE,
        "Name": "bounce.example.com.",
        "Type": "TXT",
        "TTL": "300",
        "Values": ['"v=spf1 -all"'],
        "Stack": {"Ref": "AWS::StackId"},
    }
    assert common.items() <= there.items()
    assert common.items() <= here.items()
    assert (there["RoleArn"], there["Adopt"]) == (ROLE, "false")
    assert ("RoleArn" in here, here["Adopt"]) == (False, "true")


def allowed(template: dict[str, Any]) -> dict[str, set[str]]:
    """What the function may do beside its log, by the resource that is not the stack itself."""
    statements = [
        statement
        for one in of_type(template, "AWS::IAM::Policy").values()
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert all(statement["Resource"][0] == {"Ref": "AWS::StackId"} for statement in statements)
    return {statement["Resource"][1]: set(statement["Action"]) for statement in statements}


def test_the_function_may_take_the_one_role_and_has_no_right_to_the_zone(stack: cdk.Stack) -> None:
    DnsRecords(stack, "Records", hosted_zone_id=ZONE, records=[TEXT], dns_role_arn=ROLE, adopt=True)
    actions = {"sts:AssumeRole", "cloudformation:ListStackResources"}
    assert allowed(template_of(stack)) == {ROLE: actions}


def test_the_function_may_write_to_the_zones_of_records_it_takes_over_and_no_others(stack: cdk.Stack) -> None:
    for zone in (ZONE, "Z0123456789EXAMPLE02"):
        DnsRecords(stack, zone, hosted_zone_id=zone, records=[TEXT], adopt=True)
    found = allowed(template_of(stack))
    assert set(found) == {f"arn:aws:route53:::hostedzone/{zone}" for zone in (ZONE, "Z0123456789EXAMPLE02")}
    assert set.union(*found.values()) == {
        "cloudformation:ListStackResources",
        "route53:ChangeResourceRecordSets",
        "route53:ListResourceRecordSets",
    }


def test_in_another_zone_it_is_another_resource_so_that_none_is_moved() -> None:
    ids: list[str] = []
    for zone in (ZONE, "Z0123456789EXAMPLE02"):
        stack = cdk.Stack(cdk.App(builtin_cloud_formation_validation=False), "Stack")
        DnsRecords(stack, "Records", hosted_zone_id=zone, records=[TEXT], adopt=True)
        ids += list(of_type(template_of(stack), "Custom::SesDnsRecord"))
    assert len(set(ids)) == 2


def test_zone_and_role_may_be_known_at_the_deployment_only(stack: cdk.Stack) -> None:
    zone, role = (cdk.CfnParameter(stack, name).value_as_string for name in ("Zone", "Role"))
    DnsRecords(stack, "There", hosted_zone_id=zone, records=[TEXT], dns_role_arn=role)
    DnsRecords(stack, "Here", hosted_zone_id=zone, records=[TEXT], adopt=True)
    template = template_of(stack)
    [there, here] = of_type(template, "Custom::SesDnsRecord").values()
    assert there["Properties"]["HostedZoneId"] == here["Properties"]["HostedZoneId"] == {"Ref": "Zone"}
    assert there["Properties"]["RoleArn"] == {"Ref": "Role"}


def test_the_dkim_records_of_a_domain_go_the_same_way(stack: cdk.Stack) -> None:
    DomainIdentity(stack, "Identity", domain_name="example.com", hosted_zone_id=ZONE, dns_role_arn=ROLE)
    template = template_of(stack)
    identity = name_of(template, "AWS::SES::EmailIdentity")
    records = [one["Properties"] for one in of_type(template, "Custom::SesDnsRecord").values()]
    assert [(one["Name"], one["Values"], one["TTL"], one["RoleArn"]) for one in records] == [
        (
            {"Fn::GetAtt": [identity, f"DkimDNSTokenName{number}"]},
            [{"Fn::GetAtt": [identity, f"DkimDNSTokenValue{number}"]}],
            "1800",
            ROLE,
        )
        for number in (1, 2, 3)
    ]


def test_a_role_without_a_zone_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"example\.com: dns_role_arn writes to a hosted zone"):
        DomainIdentity(stack, "Identity", domain_name="example.com", dns_role_arn=ROLE)


@pytest.mark.parametrize("zone", ["*", "/hostedzone/Z0123456789EXAMPLE01", "example.com", ""])
def test_a_policy_is_never_about_more_than_one_zone(stack: cdk.Stack, zone: str) -> None:
    with pytest.raises(ValueError, match="hosted_zone_id is "):
        DnsRecords(stack, "Records", hosted_zone_id=zone, records=[TEXT], adopt=True)


@pytest.mark.parametrize("role", ["*", "arn:aws:iam::222222222222:role/*", "arn:aws:iam::*:role/dns", "dns"])
def test_a_policy_is_never_about_more_than_one_role(stack: cdk.Stack, role: str) -> None:
    with pytest.raises(ValueError, match="dns_role_arn is "):
        DnsRecords(stack, "Records", hosted_zone_id=ZONE, records=[TEXT], dns_role_arn=role)


def test_zone_and_role_may_be_tokens(stack: cdk.Stack) -> None:
    zone, role = cdk.Fn.ref("Zone"), cdk.Fn.import_value("Role")
    DnsRecords(stack, "Records", hosted_zone_id=zone, records=[TEXT], dns_role_arn=role)
    cdk.CfnParameter(stack, "Zone")
    [record] = of_type(template_of(stack), "Custom::SesDnsRecord").values()
    assert record["Properties"]["HostedZoneId"] == {"Ref": "Zone"}
