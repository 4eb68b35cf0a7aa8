"""Policies of identities, with which their owner lets others send in their name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import ses_v2
from region import Region, a_domain, policy, unique

from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.identities import identity_policies

DELEGATE = "arn:aws:iam::222222222222:user/delegate"


def statement(arn: str, **changed: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": DELEGATE},
        "Action": ["ses:SendEmail", "ses:SendRawEmail"],
        "Resource": arn,
        **changed,
    }


@pytest.fixture
def name(here: Region) -> str:
    name = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=name)
    return name


@pytest.fixture
def good(here: Region, name: str) -> str:
    return policy(statement(here.arn("ses", f"identity/{name}")))


def test_a_policy_is_created_read_changed_and_deleted(here: Region, name: str, good: str) -> None:
    ses = here.sesv2
    ses.create_email_identity_policy(EmailIdentity=name, PolicyName="one", Policy=good)
    assert ses.get_email_identity_policies(EmailIdentity=name)["Policies"] == {"one": good}
    assert ses.get_email_identity(EmailIdentity=name)["Policies"] == {"one": good}
    other = json.dumps({**json.loads(good), "Id": "changed"})
    ses.update_email_identity_policy(EmailIdentity=name, PolicyName="one", Policy=other)
    assert ses.get_email_identity_policies(EmailIdentity=name)["Policies"] == {"one": other}
    for _ in range(2):  # also when it is gone
        ses.delete_email_identity_policy(EmailIdentity=name, PolicyName="one")
    assert ses.get_email_identity_policies(EmailIdentity=name)["Policies"] == {}


def test_version_1_has_the_same_policies(here: Region, name: str, good: str) -> None:
    ses, arn = here.ses, here.arn("ses", f"identity/{name}")
    ses.put_identity_policy(Identity=name, PolicyName="two", Policy=good)
    ses.put_identity_policy(Identity=arn, PolicyName="one", Policy=good)
    ses.put_identity_policy(Identity=arn, PolicyName="one", Policy=good)
    assert ses.list_identity_policies(Identity=name)["PolicyNames"] == ["one", "two"]
    read = ses.get_identity_policies(Identity=name, PolicyNames=["one", "three"])["Policies"]
    assert read == {"one": good}
    assert set(here.sesv2.get_email_identity_policies(EmailIdentity=name)["Policies"]) == {"one", "two"}
    ses.delete_identity_policy(Identity=name, PolicyName="one")
    assert ses.list_identity_policies(Identity=name)["PolicyNames"] == ["two"]


def test_a_policy_is_created_once(here: Region, name: str, good: str) -> None:
    here.sesv2.create_email_identity_policy(EmailIdentity=name, PolicyName="one", Policy=good)
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        here.sesv2.create_email_identity_policy(EmailIdentity=name, PolicyName="one", Policy=good)


def test_an_update_of_a_policy_that_is_not_there_changes_nothing(here: Region, name: str, good: str) -> None:
    here.sesv2.update_email_identity_policy(EmailIdentity=name, PolicyName="one", Policy=good)
    assert here.sesv2.get_email_identity_policies(EmailIdentity=name)["Policies"] == {}


def test_an_identity_has_at_most_twenty_policies(here: Region, name: str, good: str) -> None:
    for number in range(20):
        here.sesv2.create_email_identity_policy(EmailIdentity=name, PolicyName=f"p{number}", Policy=good)
    with pytest.raises(ClientError, match="LimitExceededException"):
        here.sesv2.create_email_identity_policy(EmailIdentity=name, PolicyName="more", Policy=good)
    with pytest.raises(ClientError, match="LimitExceeded"):
        here.ses.put_identity_policy(Identity=name, PolicyName="more", Policy=good)
    here.ses.put_identity_policy(Identity=name, PolicyName="p1", Policy=good)


@pytest.mark.parametrize(
    ("policy_name", "change"),
    [
        pytest.param("one", lambda good: "{", id="no JSON"),
        pytest.param("one", lambda good: '{"Version": "2012-10-17"}', id="no statement"),
        pytest.param("one", lambda good: good.replace("Principal", "NotThePrincipal"), id="no principal"),
        pytest.param("one", lambda good: good.replace(":identity/", ":identity/x"), id="another identity"),
        pytest.param("one", lambda good: good + " " * 4096, id="too long"),
        pytest.param("a name", lambda good: good, id="a name with a space"),
    ],
)
def test_what_is_no_policy_of_the_identity_is_refused(
    here: Region, name: str, good: str, policy_name: str, change: Any
) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.create_email_identity_policy(
            EmailIdentity=name, PolicyName=policy_name, Policy=change(good)
        )
    with pytest.raises(ClientError, match="InvalidPolicy"):
        here.ses.put_identity_policy(Identity=name, PolicyName=policy_name, Policy=change(good))


def test_an_identity_that_is_not_there_has_no_policies(here: Region) -> None:
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.get_email_identity_policies(EmailIdentity=a_domain())
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        here.ses.list_identity_policies(Identity=a_domain())


ARN = "arn:aws:ses:eu-west-1:111111111111:identity/example.com"
FROM_NEWS = {"StringLike": {"ses:FromAddress": "news@example.com"}}


@pytest.mark.parametrize(
    ("statements", "action", "expected"),
    [
        ([], "ses:SendEmail", False),
        ([statement(ARN)], "ses:SendEmail", True),
        ([statement(ARN)], "ses:SendTemplatedEmail", False),
        ([statement(ARN, Principal={"AWS": "222222222222"})], "ses:SendEmail", True),
        ([statement(ARN, Principal={"AWS": "333333333333"})], "ses:SendEmail", False),
        ([statement(ARN), statement(ARN, Effect="Deny", Action="ses:SendEmail")], "ses:SendEmail", False),
        ([statement(ARN, Condition=FROM_NEWS)], "ses:SendEmail", True),
        (
            [statement(ARN, Condition={"StringLike": {"ses:FromAddress": "shop@example.com"}})],
            "ses:SendEmail",
            False,
        ),
    ],
)
def test_policies_decide_who_sends_in_the_name_of_an_identity(
    statements: list[dict[str, Any]], action: str, expected: bool
) -> None:
    with request_scope("111111111111", "eu-west-1"):
        documents = {str(number): policy(one) for number, one in enumerate(statements)}
        ses_v2._identities["example.com"] = {"Policies": documents}
    keys = {"ses:FromAddress": "news@example.com"}
    lets = identity_policies.lets(ARN, action=action, principal=DELEGATE, account="222222222222", keys=keys)
    assert lets is expected


def test_somebody_of_another_account_sends_when_the_policy_lets_him(here: Region) -> None:
    domain, other = here.verified_domain(), "222222222222"
    arn, endpoint = here.arn("ses", f"identity/{domain}"), here.local.endpoint_url
    user, iam = unique("delegate"), Clients(endpoint, access_key_id=other)("iam", here.name)
    iam.create_user(UserName=user)
    everything = policy({"Effect": "Allow", "Action": "ses:*", "Resource": "*"})
    iam.put_user_policy(UserName=user, PolicyName="it", PolicyDocument=everything)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    delegate = Clients(endpoint, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])(
        "sesv2", here.name
    )

    def send(sender: str = "news") -> str:
        answer = delegate.send_email(
            FromEmailAddress=f"{sender}@{domain}",
            FromEmailAddressIdentityArn=arn,
            Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        )
        return str(answer["MessageId"])

    with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied"):
        send()
    lets = statement(
        arn,
        Principal={"AWS": f"arn:aws:iam::{other}:user/{user}"},
        Condition={"StringEquals": {"ses:FromAddress": f"news@{domain}"}},
    )
    here.sesv2.create_email_identity_policy(EmailIdentity=domain, PolicyName="one", Policy=policy(lets))
    assert send()
    with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied"):
        send("shop")
    here.sesv2.delete_email_identity_policy(EmailIdentity=domain, PolicyName="one")
    with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied"):
        send()
