"""Domains whose DKIM key Regions share: one that replicates another Region's, one that brings its own."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, REGION, of_type, properties, template_of

from cdk_ses_regions import (
    DomainIdentity,
    EmailDomain,
    InvalidNameError,
    OwnDkimKey,
    RegionalEmail,
    ReplicaIdentity,
    UnsupportedRegionError,
)

ZONE = "Z0123456789EXAMPLE01"
KEY = OwnDkimKey(selector="mail2026", private_key_secret="mail/dkim")


def test_a_replica_is_created_from_its_parent_and_writes_no_record(stack: cdk.Stack) -> None:
    identity = ReplicaIdentity(
        stack,
        "Identity",
        domain_name="example.com",
        parent_region="us-east-1",
        mail_from_domain="bounce.example.com",
        configuration_set_name="email",
    )
    template = template_of(stack)
    found = properties(template, "Custom::SesReplicaIdentity")
    assert {key: value for key, value in found.items() if not key.startswith("Service")} == {
        "Identity": "example.com",
        "ParentRegion": "us-east-1",
        "MailFromDomain": "bounce.example.com",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        "ConfigurationSetName": "email",
        "Owner": {"Ref": "AWS::StackName"},
    }
    assert of_type(template, "AWS::Route53::RecordSet") == {}
    assert identity.dkim_records == []
    assert identity.identity_arn == f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"


def test_the_provider_may_replicate_the_parents_key_here_and_change_the_replica_alone(
    stack: cdk.Stack,
) -> None:
    ReplicaIdentity(stack, "Identity", domain_name="example.com", parent_region="us-east-1")
    statements = [
        statement
        for policy in of_type(template_of(stack), "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ses:" in json.dumps(statement)
    ]
    replica = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
    statements.sort(key=lambda one: one["Resource"][0] != replica)
    assert statements == [
        {
            "Effect": "Allow",
            "Action": [
                "ses:CreateEmailIdentity",
                "ses:DeleteEmailIdentity",
                "ses:GetEmailIdentity",
                "ses:PutEmailIdentityConfigurationSetAttributes",
                "ses:PutEmailIdentityMailFromAttributes",
                "ses:TagResource",
            ],
            "Resource": [replica],
        },
        {
            "Effect": "Allow",
            "Action": "ses:ReplicateEmailIdentityDKIMSigningKey",
            "Resource": f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/example.com",
            "Condition": {"ForAllValues:StringEquals": {"ses:ReplicaRegion": [REGION]}},
        },
    ]


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        (REGION, "this very Region"),
        ("us-gov-west-1", "SES replicates keys within a partition only"),
    ],
)
def test_a_parent_that_cannot_be_one_is_refused(stack: cdk.Stack, parent: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ReplicaIdentity(stack, "Identity", domain_name="example.com", parent_region=parent)


def test_a_parent_region_without_ses_and_a_wrong_name_are_refused(stack: cdk.Stack) -> None:
    with pytest.raises(UnsupportedRegionError):
        ReplicaIdentity(stack, "One", domain_name="example.com", parent_region="mx-central-1")
    with pytest.raises(InvalidNameError):
        ReplicaIdentity(stack, "Two", domain_name="example", parent_region="us-east-1")
    with pytest.raises(InvalidNameError):
        ReplicaIdentity(
            stack,
            "Three",
            domain_name="example.com",
            parent_region="us-east-1",
            mail_from_domain="bounce.example.org",
        )


def test_an_own_key_is_named_by_its_secret_and_is_not_in_the_template(stack: cdk.Stack) -> None:
    identity = DomainIdentity(
        stack, "Identity", domain_name="example.com", hosted_zone_id=ZONE, own_dkim_key=KEY
    )
    template = template_of(stack)
    assert properties(template, "AWS::SES::EmailIdentity")["DkimSigningAttributes"] == {
        "DomainSigningSelector": "mail2026",
        "DomainSigningPrivateKey": "{{resolve:secretsmanager:mail/dkim:SecretString}}",
    }
    assert of_type(template, "AWS::Route53::RecordSet") == {}, "Regions share the one record"
    assert identity.dkim_records == []


def test_a_version_of_the_secret_can_be_asked_for() -> None:
    version = "0a1b2c3d-0000-1111-2222-333344445555"
    key = OwnDkimKey(selector="s", private_key_secret="mail/dkim", version_id=version)
    assert key.reference == f"{{{{resolve:secretsmanager:mail/dkim:SecretString:::{version}}}}}"


def test_the_bundle_has_the_parent_in_its_region_and_replicas_elsewhere(app: cdk.App) -> None:
    kinds: dict[str, str] = {}
    for region in ("us-east-1", "us-west-2"):
        stack = cdk.Stack(app, region, env=cdk.Environment(account=ACCOUNT, region=region))
        email = RegionalEmail(
            stack,
            "Email",
            domains=[
                EmailDomain(domain_name="example.com", hosted_zone_id=ZONE, dkim_parent_region="us-east-1")
            ],
        )
        kinds[region] = type(email.identities["example.com"]).__name__
    assert kinds == {"us-east-1": "DomainIdentity", "us-west-2": "ReplicaIdentity"}
