"""Replicas: an identity that signs with the key of the one of its name in another Region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from deployed import Stack
from dkim_keys import as_given, key, put_key, sent, signature
from region import ZONE, Region, a_domain, policy, unique

from cdk_ses_regions.local import LocalAws

ORIGIN = "AWS_SES_US_WEST_2"
LONG = 73  # hours, and SES waits for 72


@pytest.fixture(scope="module")
def own() -> Iterator[LocalAws]:
    """A server whose clock is moved."""
    zones = {ZONE: "local.example"}
    with LocalAws.start(["us-east-1", "us-west-2", "eu-west-1"], hosted_zones=zones) as local:
        yield local


def replicate(region: Region, domain: str, origin: str = ORIGIN) -> dict[str, Any]:
    return region.sesv2.create_email_identity(
        EmailIdentity=domain, DkimSigningAttributes={"DomainSigningAttributesOrigin": origin}
    )


def found(region: Region, domain: str) -> dict[str, Any]:
    return region.sesv2.get_email_identity(EmailIdentity=domain)


def status(region: Region, domain: str) -> tuple[str, str, bool]:
    identity = found(region, domain)
    verified = identity["VerifiedForSendingStatus"]
    return identity["DkimAttributes"]["Status"], identity["VerificationStatus"], verified


def error(region: Region, domain: str) -> str:
    return str(found(region, domain)["VerificationInfo"].get("ErrorType", ""))


def test_a_replica_of_a_verified_parent_is_verified_without_records_of_its_own(
    here: Region, there: Region
) -> None:
    domain = here.verified_domain()
    created = replicate(there, domain)
    assert created["VerifiedForSendingStatus"]
    parent, replica = (found(region, domain)["DkimAttributes"] for region in (here, there))
    assert (replica["SigningAttributesOrigin"], replica["Status"]) == (ORIGIN, "SUCCESS")
    for shared in ("Tokens", "SigningHostedZone", "CurrentSigningKeyLength", "LastKeyGenerationTimestamp"):
        assert replica[shared] == parent[shared]


def test_a_replica_follows_its_parent_from_state_to_state(own: LocalAws) -> None:
    here, there, domain = Region(own, "us-west-2"), Region(own, "eu-west-1"), a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    replicate(there, domain)
    assert status(there, domain) == ("PENDING", "PENDING", False)
    records = here.dkim_records(domain)
    for name, target in records:
        here.publish(name, "CNAME", target)
    assert status(there, domain) == ("SUCCESS", "SUCCESS", True)
    here.withdraw(records[0][0], "CNAME", records[0][1])
    assert status(there, domain) == ("TEMPORARY_FAILURE", "TEMPORARY_FAILURE", True)
    assert error(there, domain) == "HOST_NOT_FOUND"
    own.control.forward(LONG)
    assert status(there, domain) == ("FAILED", "FAILED", False)
    here.publish(records[0][0], "CNAME", records[0][1])
    here.ses.verify_domain_dkim(Domain=domain)
    assert status(there, domain) == ("SUCCESS", "SUCCESS", True)


def test_a_replica_signs_with_the_key_of_its_parent_also_after_a_change(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    replicate(there, domain)
    here.sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=domain,
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
    )
    assert found(there, domain)["DkimAttributes"]["CurrentSigningKeyLength"] == "RSA_1024_BIT"
    mine, other = (signature(sent(region, f"news@{domain}"), domain) for region in (here, there))
    assert mine == other != ""


def test_a_parent_stays_as_long_as_it_has_replicas(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    replicate(there, domain)
    with pytest.raises(ClientError, match=r"BadRequestException.*eu-west-1"):
        here.sesv2.delete_email_identity(EmailIdentity=domain)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        here.ses.delete_identity(Identity=domain)
    there.sesv2.delete_email_identity(EmailIdentity=domain)
    here.sesv2.delete_email_identity(EmailIdentity=domain)


def test_what_could_not_become_a_replica_keeps_no_parent(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    a_user(there, CREATE).create_email_identity(
        EmailIdentity=domain, DkimSigningAttributes={"DomainSigningAttributesOrigin": ORIGIN}
    )
    here.sesv2.delete_email_identity(EmailIdentity=domain)
    assert error(there, domain) == "REPLICATION_ACCESS_DENIED"


def test_a_stack_keeps_a_parent_that_has_replicas(here: Region, there: Region) -> None:
    domain, stack = a_domain(), Stack(here, unique("stack"))
    resources = {"It": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": domain}}}
    assert stack.deploy(resources) == "CREATE_COMPLETE", stack.reasons()
    replicate(there, domain)
    assert stack.delete() == "DELETE_FAILED"
    assert found(here, domain)
    there.sesv2.delete_email_identity(EmailIdentity=domain)
    assert stack.delete() == ""


def test_a_replica_becomes_an_identity_with_keys_of_its_own(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    replicate(there, domain)
    there.sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=domain, SigningAttributesOrigin="AWS_SES"
    )
    replica = found(there, domain)["DkimAttributes"]
    assert (replica["SigningAttributesOrigin"], replica["Status"]) == ("AWS_SES", "PENDING")
    assert not set(replica["Tokens"]) & set(found(here, domain)["DkimAttributes"]["Tokens"])
    here.sesv2.delete_email_identity(EmailIdentity=domain)


# What goes wrong


def test_a_parent_that_is_not_there_is_waited_for(here: Region, there: Region) -> None:
    domain = a_domain()
    replicate(there, domain)
    assert error(there, domain) == "REPLICATION_PRIMARY_NOT_FOUND"
    assert status(there, domain) == ("PENDING", "PENDING", False)
    assert found(there, domain)["DkimAttributes"]["Tokens"] == []
    here.verified_domain(domain)
    assert error(there, domain) == ""
    assert status(there, domain) == ("SUCCESS", "SUCCESS", True)


def test_a_parent_that_never_comes_is_a_failure(own: LocalAws) -> None:
    there, domain = Region(own, "eu-west-1"), a_domain()
    replicate(there, domain)
    own.control.forward(LONG)
    assert status(there, domain) == ("FAILED", "FAILED", False)
    assert error(there, domain) == "REPLICATION_PRIMARY_NOT_FOUND"


def test_the_region_itself_is_no_parent(here: Region) -> None:
    domain = a_domain()
    replicate(here, domain)
    assert error(here, domain) == "REPLICATION_PRIMARY_INVALID_REGION"


def test_a_replica_is_no_parent(local: LocalAws, here: Region, there: Region) -> None:
    domain = here.verified_domain()
    replicate(there, domain)
    third = Region(local, "us-east-1")
    replicate(third, domain, "AWS_SES_EU_WEST_1")
    assert error(third, domain) == "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED"


def test_an_identity_with_a_key_of_its_own_is_no_parent(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    replicate(there, domain)
    put_key(here, domain, "mine", as_given(key()))
    assert error(there, domain) == "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED"


@pytest.mark.parametrize("origin", ["AWS_SES", "EXTERNAL", "AWS_SES_MOON_1"])
def test_what_names_no_region_is_no_origin_of_a_replica(here: Region, origin: str) -> None:
    domain = a_domain()
    with pytest.raises(ClientError, match="BadRequestException"):
        replicate(here, domain, origin)
    with pytest.raises(ClientError, match="NotFoundException"):
        found(here, domain)


# Who may


def a_user(region: Region, *statements: dict[str, Any]) -> Any:
    """Return a client of SES, in this Region, of a user who may do this."""
    iam, name = region.client("iam"), unique("user")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="it", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return ses_as(region, key["AccessKeyId"], key["SecretAccessKey"])


def ses_as(region: Region, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        "sesv2",
        region_name=region.name,
        endpoint_url=region.local.endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )


CREATE = {"Effect": "Allow", "Action": "ses:CreateEmailIdentity", "Resource": "*"}


def may_replicate(parent: str, region: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "ses:ReplicateEmailIdentityDKIMSigningKey",
        "Resource": parent,
        "Condition": {"ForAllValues:StringEquals": {"ses:ReplicaRegion": [region]}},
    }


@pytest.mark.parametrize(
    ("identity", "into", "expected"),
    [
        pytest.param("", "eu-west-1", "", id="allowed"),
        pytest.param("", "us-east-1", "REPLICATION_ACCESS_DENIED", id="into another Region"),
        pytest.param("x", "eu-west-1", "REPLICATION_ACCESS_DENIED", id="of another identity"),
        pytest.param("", None, "REPLICATION_ACCESS_DENIED", id="nothing of the kind"),
    ],
)
def test_the_key_of_the_parent_is_for_those_who_may_replicate_it(
    here: Region, there: Region, identity: str, into: str | None, expected: str
) -> None:
    domain = here.verified_domain()
    statements = [CREATE]
    if into:
        statements.append(may_replicate(here.arn("ses", f"identity/{identity}{domain}"), into))
    a_user(there, *statements).create_email_identity(
        EmailIdentity=domain, DkimSigningAttributes={"DomainSigningAttributesOrigin": ORIGIN}
    )
    assert error(there, domain) == expected
    assert status(there, domain)[2] is (expected == "")


@pytest.mark.parametrize("may", [True, False])
def test_a_role_creates_a_replica_as_a_custom_resource_does(here: Region, there: Region, may: bool) -> None:
    domain, iam, name = here.verified_domain(), here.client("iam"), unique("role")
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(anybody))["Role"]["Arn"]
    right = may_replicate(here.arn("ses", f"identity/{domain}"), there.name)
    iam.put_role_policy(
        RoleName=name, PolicyName="it", PolicyDocument=policy(CREATE, *([right] if may else []))
    )
    session = there.client("sts").assume_role(RoleArn=role, RoleSessionName="it")["Credentials"]
    client = ses_as(there, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    client.create_email_identity(
        EmailIdentity=domain, DkimSigningAttributes={"DomainSigningAttributesOrigin": ORIGIN}
    )
    assert status(there, domain)[2] is may
