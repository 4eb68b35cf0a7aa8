"""A domain identity: what SES is asked for, and the three CNAMEs that verify it in one Region."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template
from templates import ACCOUNT, REGION, Deployment, of_type, template_of

from cdk_ses_regions import DomainIdentity, InvalidNameError


def test_easy_dkim_is_on_with_a_2048_bit_key(stack: cdk.Stack) -> None:
    DomainIdentity(stack, "Identity", domain_name="example.com")
    Template.from_stack(stack).has_resource_properties(
        "AWS::SES::EmailIdentity",
        {
            "EmailIdentity": "example.com",
            "DkimAttributes": {"SigningEnabled": True},
            "DkimSigningAttributes": {"NextSigningKeyLength": "RSA_2048_BIT"},
            "MailFromAttributes": Match.absent(),
        },
    )


def test_a_shorter_dkim_key_can_be_asked_for(stack: cdk.Stack) -> None:
    DomainIdentity(stack, "Identity", domain_name="example.com", dkim_key_length="RSA_1024_BIT")
    Template.from_stack(stack).has_resource_properties(
        "AWS::SES::EmailIdentity", {"DkimSigningAttributes": {"NextSigningKeyLength": "RSA_1024_BIT"}}
    )


def test_three_cnames_take_name_and_target_from_the_identity(stack: cdk.Stack) -> None:
    identity = DomainIdentity(
        stack, "Identity", domain_name="example.com", hosted_zone_id="Z0123456789EXAMPLE01"
    )
    logical_id = stack.get_logical_id(identity.resource)
    records = of_type(template_of(stack), "AWS::Route53::RecordSet")
    assert [record["Properties"] for record in records.values()] == [
        {
            "HostedZoneId": "Z0123456789EXAMPLE01",
            "Name": {"Fn::GetAtt": [logical_id, f"DkimDNSTokenName{number}"]},
            "Type": "CNAME",
            "TTL": "1800",
            "ResourceRecords": [{"Fn::GetAtt": [logical_id, f"DkimDNSTokenValue{number}"]}],
        }
        for number in (1, 2, 3)
    ]


def test_without_a_zone_nothing_is_written_and_the_records_can_be_read(stack: cdk.Stack) -> None:
    identity = DomainIdentity(stack, "Identity", domain_name="example.com")
    for number, (name, target) in enumerate(identity.dkim_records):
        cdk.CfnOutput(stack, f"Name{number}", value=name)
        cdk.CfnOutput(stack, f"Target{number}", value=target)
    template = template_of(stack)
    assert of_type(template, "AWS::Route53::RecordSet") == {}
    logical_id = stack.get_logical_id(identity.resource)
    assert template["Outputs"]["Name2"]["Value"] == {"Fn::GetAtt": [logical_id, "DkimDNSTokenName3"]}
    assert template["Outputs"]["Target2"]["Value"] == {"Fn::GetAtt": [logical_id, "DkimDNSTokenValue3"]}


@pytest.mark.parametrize("on_mx_failure", ["USE_DEFAULT_VALUE", "REJECT_MESSAGE"])
def test_a_mail_from_domain_is_set_with_what_happens_while_its_mx_is_wrong(
    stack: cdk.Stack, on_mx_failure: str
) -> None:
    DomainIdentity(
        stack,
        "Identity",
        domain_name="example.com",
        hosted_zone_id="Z0123456789EXAMPLE01",
        mail_from_domain="bounce.example.com",
        on_mx_failure=on_mx_failure,  # pyright: ignore[reportArgumentType] - parametrized
    )
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::SES::EmailIdentity",
        {
            "MailFromAttributes": {
                "MailFromDomain": "bounce.example.com",
                "BehaviorOnMxFailure": on_mx_failure,
            }
        },
    )
    # Its records have one owner for all Regions, and that is not the identity.
    template.resource_properties_count_is("AWS::Route53::RecordSet", {"Type": "MX"}, 0)


def test_its_arn_is_of_its_account_and_region(stack: cdk.Stack) -> None:
    identity = DomainIdentity(stack, "Identity", domain_name="example.com")
    cdk.CfnOutput(stack, "Arn", value=identity.identity_arn)
    template = template_of(stack)
    arn = Deployment(template).resolve(template["Outputs"]["Arn"]["Value"])
    assert arn == f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"


@pytest.mark.parametrize(
    "domain", ["", "example", "http://example.com", "exam ple.com", "-.example.com", "a@b.com"]
)
def test_what_is_no_domain_is_refused(stack: cdk.Stack, domain: str) -> None:
    with pytest.raises(InvalidNameError):
        DomainIdentity(stack, "Identity", domain_name=domain)


@pytest.mark.parametrize("mail_from", ["example.com", "bounce.example.net", "example.org", "notexample.com"])
def test_a_mail_from_domain_that_is_not_below_the_domain_is_refused(stack: cdk.Stack, mail_from: str) -> None:
    with pytest.raises(ValueError, match=mail_from.replace(".", r"\.")):
        DomainIdentity(stack, "Identity", domain_name="example.com", mail_from_domain=mail_from)
