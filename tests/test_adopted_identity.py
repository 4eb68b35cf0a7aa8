"""Identities that may be there already, as constructs and in the bundle."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, REGION, of_type, template_of

from cdk_ses_regions import (
    AdoptedIdentity,
    EmailAddress,
    EmailDomain,
    InvalidNameError,
    OwnDkimKey,
    RegionalEmail,
    SendingOptions,
)

ZONE = "Z0123456789EXAMPLE01"
ARN = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"


def without_service(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if not key.startswith("Service")}


def test_a_domain_is_taken_over_with_what_is_given_and_nothing_else(stack: cdk.Stack) -> None:
    identity = AdoptedIdentity(
        stack,
        "Identity",
        name="example.com",
        mail_from_domain="bounce.example.com",
        on_mx_failure="REJECT_MESSAGE",
        configuration_set_name="mail",
    )
    AdoptedIdentity(stack, "Address", name="alerts@example.org")
    template = template_of(stack)
    domain, address = (
        without_service(one["Properties"]) for one in of_type(template, "Custom::SesAdoptedIdentity").values()
    )
    assert domain == {
        "Identity": "example.com",
        "IdentityArn": ARN,
        "MailFromDomain": "bounce.example.com",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
        "ConfigurationSetName": "mail",
        "Owner": {"Fn::Sub": f"${{AWS::StackId}}/{identity.node.addr}"},
    }
    assert set(address) == {"Identity", "IdentityArn", "Owner"}
    assert of_type(template, "AWS::SES::EmailIdentity") == {}


def test_the_records_of_a_domain_are_its_attributes_and_may_be_there_already(stack: cdk.Stack) -> None:
    identity = AdoptedIdentity(stack, "Identity", name="example.com", hosted_zone_id=ZONE)
    template = template_of(stack)
    records = of_type(template, "Custom::SesDnsRecord").values()
    names = [one["Properties"]["Name"]["Fn::GetAtt"][1] for one in records]
    assert names == ["DkimDNSTokenName1", "DkimDNSTokenName2", "DkimDNSTokenName3"]
    assert {one["Properties"]["Adopt"] for one in records} == {"true"}
    assert [stack.resolve(target)["Fn::GetAtt"][1] for _, target in identity.dkim_records] == [
        f"DkimDNSTokenValue{number}" for number in (1, 2, 3)
    ]
    assert AdoptedIdentity(stack, "Address", name="alerts@example.org").dkim_records == []


def test_the_provider_may_change_that_identity_alone(stack: cdk.Stack) -> None:
    AdoptedIdentity(stack, "Identity", name="example.com")
    statements = [
        statement
        for policy in of_type(template_of(stack), "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    sets, identity = sorted(statements, key=lambda one: isinstance(one["Action"], list))
    assert identity["Resource"] == [ARN, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/*"]
    assert "ses:TagResource" in identity["Action"]
    assert sets == {
        "Effect": "Allow",
        "Action": "ses:PutEmailIdentityConfigurationSetAttributes",
        "Resource": [ARN, f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/*"],
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "example"}, "example"),
        ({"name": "no body@example.com"}, "before the @"),
        ({"name": "example.com", "mail_from_domain": "bounce.example.org"}, "bounce.example.org"),
        ({"name": "a@example.com", "mail_from_domain": "bounce.example.com"}, "are for domains"),
        ({"name": "a@example.com", "hosted_zone_id": ZONE}, "are for domains"),
        ({"name": "example.com", "dns_role_arn": "arn:aws:iam::222222222222:role/dns"}, "hosted_zone_id"),
        ({"name": cdk.Token.as_string({"Ref": "Name"})}, "name is a token"),
    ],
)
def test_what_cannot_be_an_identity_is_refused(
    stack: cdk.Stack, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises((ValueError, InvalidNameError), match=told):
        AdoptedIdentity(stack, "Identity", **arguments)


def test_the_bundle_adopts_what_is_to_be_adopted_and_remembers_its_topics(stack: cdk.Stack) -> None:
    email = RegionalEmail(
        stack,
        "Email",
        domains=[
            EmailDomain(domain_name="example.com", hosted_zone_id=ZONE, adopt=True, adopt_records=True),
            EmailDomain(domain_name="example.net"),
        ],
        addresses=[EmailAddress(address="alerts@example.org", adopt=True), "news@example.org"],
        sending=SendingOptions(),
    )
    kinds = {name: type(one).__name__ for name, one in {**email.identities, **email.addresses}.items()}
    assert kinds == {
        "example.com": "AdoptedIdentity",
        "example.net": "DomainIdentity",
        "alerts@example.org": "AdoptedIdentity",
        "news@example.org": "AddressIdentity",
    }
    topics = of_type(template_of(stack), "Custom::SesIdentityNotificationTopics").values()
    remembered = {one["Properties"]["Identity"]: one["Properties"].get("Remembered") for one in topics}
    assert remembered == {
        "example.com": ARN,
        "example.net": None,
        "alerts@example.org": ARN.replace("example.com", "alerts@example.org"),
        "news@example.org": None,
    }
    for one in topics:
        if "Remembered" in one["Properties"]:
            name = one["Properties"]["Identity"]
            assert [dependency for dependency in one["DependsOn"] if dependency in _logical_ids(stack, name)]


def _logical_ids(stack: cdk.Stack, identity: str) -> set[str]:
    adopted = of_type(template_of(stack), "Custom::SesAdoptedIdentity")
    return {name for name, one in adopted.items() if one["Properties"]["Identity"] == identity}


def test_of_a_shared_key_the_parent_is_adopted_and_replicas_are_made(app: cdk.App) -> None:
    kinds: dict[str, str] = {}
    for region in ("us-east-1", "us-west-2"):
        stack = cdk.Stack(app, region, env=cdk.Environment(account=ACCOUNT, region=region))
        domain = EmailDomain(domain_name="example.com", dkim_parent_region="us-east-1", adopt=True)
        email = RegionalEmail(stack, "Email", domains=[domain])
        kinds[region] = type(email.identities["example.com"]).__name__
    assert kinds == {"us-east-1": "AdoptedIdentity", "us-west-2": "ReplicaIdentity"}


def test_an_adopted_domain_keeps_its_keys(stack: cdk.Stack) -> None:
    domain = EmailDomain(
        domain_name="example.com",
        adopt=True,
        own_dkim_key=OwnDkimKey(selector="mail", private_key_secret="mail/dkim"),
    )
    with pytest.raises(ValueError, match="adopt leaves the keys of an identity as they are"):
        RegionalEmail(stack, "Email", domains=[domain])


def test_it_has_the_logical_id_of_an_identity_that_is_not_adopted(app: cdk.App) -> None:
    """CloudFormation refuses to change the type under an id: so it never deletes what was just taken over."""
    ids: list[str] = []
    for adopt in (True, False):
        stack = cdk.Stack(app, f"Stack{adopt}", env=cdk.Environment(account=ACCOUNT, region=REGION))
        domain = EmailDomain(domain_name="example.com", adopt=adopt)
        identity = RegionalEmail(stack, "Email", domains=[domain]).identities["example.com"]
        ids.append(stack.get_logical_id(identity.resource))
    assert ids[0] == ids[1]


def test_a_role_may_be_let_send_from_it(stack: cdk.Stack) -> None:
    role = cdk.aws_iam.Role(stack, "Role", assumed_by=cdk.aws_iam.AccountRootPrincipal())
    AdoptedIdentity(stack, "Identity", name="example.com").grant_send(role)
    policies = of_type(template_of(stack), "AWS::IAM::Policy").values()
    [granted] = [one for one in policies if "ses:SendEmail" in json.dumps(one)]
    assert granted["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] == ARN
