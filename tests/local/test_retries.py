"""Mails that wait for their recipients' server, and what SES's clock has to do with it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from region import Region, unique
from waiting import eventually

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.control import SentMail

REGIONS = ("us-west-2", "eu-west-1")
BODY = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}


@pytest.fixture(scope="module")
def alone() -> Iterator[LocalAws]:
    """A server whose clock is ours."""
    with LocalAws.start(REGIONS, hosted_zones={"Z0LOCAL00000000001": "local.example"}) as local:
        yield local


@pytest.fixture
def sender(alone: LocalAws) -> Iterator[Region]:
    yield Region(alone, "us-west-2")
    alone.control.clear_faults()


@pytest.fixture
def to(sender: Region) -> str:
    """Somebody whose mail server is a Region that is down."""
    name = f"{unique('d')}.local.example"
    sender.publish(name, "MX", "10 inbound-smtp.eu-west-1.amazonaws.com")
    sender.local.control.fault("down", "eu-west-1")
    return f"a@{name}"


def send(region: Region, to: str) -> str:
    source = f"news@{region.verified_domain()}"
    return region.ses.send_email(Source=source, Destination={"ToAddresses": [to]}, Message=BODY)["MessageId"]


def sent(local: LocalAws, message_id: str) -> SentMail:
    (mail,) = [one for one in local.sent if one.message_id == message_id]
    return mail


def hop(local: LocalAws, message_id: str) -> tuple[str, str]:
    (found,) = sent(local, message_id).hops
    return found.result, found.how


def test_ses_gives_up_after_fourteen_hours(alone: LocalAws, sender: Region, to: str) -> None:
    message_id = send(sender, to)
    assert hop(alone, message_id)[0] == "delayed"
    alone.control.forward(13)
    assert hop(alone, message_id)[0] == "delayed"
    alone.control.forward(1.1)
    assert eventually(lambda: hop(alone, message_id)[0] == "bounced")
    assert (
        "550 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.1" in hop(alone, message_id)[1]
    )
    (bounce,) = eventually(lambda: alone.control.feedback(message_id))
    assert bounce.body["bounce"]["bounceType"] == "Transient"
    assert bounce.body["bounce"]["bouncedRecipients"][0]["status"] == "4.4.7"
    assert to not in [one.address for one in alone.control.suppression()]


def test_a_reset_forgets_what_waits(alone: LocalAws, sender: Region, to: str) -> None:
    send(sender, to)
    alone.control.reset()
    alone.control.forward(20)
    assert alone.sent == ()


def test_a_request_to_send_does_not_wait_for_a_slow_mail_server(alone: LocalAws, sender: Region) -> None:
    name = f"{unique('d')}.local.example"
    sender.publish(name, "MX", "10 inbound-smtp.eu-west-1.amazonaws.com")
    alone.control.fault("slow", "eu-west-1", seconds=3)  # before each of its SMTP answers
    message_id = send(sender, f"a@{name}")
    assert sent(alone, message_id).hops == ()
    alone.control.clear_faults()
    assert eventually(lambda: sent(alone, message_id).hops)
    assert hop(alone, message_id)[0] == "bounced"


def test_a_mail_on_its_way_tells_nothing_after_a_reset(alone: LocalAws, sender: Region) -> None:
    name = f"{unique('d')}.local.example"
    sender.publish(name, "MX", "10 inbound-smtp.eu-west-1.amazonaws.com")
    alone.control.fault("slow", "eu-west-1", seconds=3)
    send(sender, f"a@{name}")
    alone.control.reset()
    assert send(sender, f"a@{unique('d')}.local.example")
    time.sleep(4)  # longer than the door takes
    assert [one.hops[0].result for one in alone.sent] == ["outbox"]
    assert alone.feedback == ()


# Others who send


def test_another_account_sends_as_an_identity_whose_policy_lets_it(alone: LocalAws) -> None:
    owner = Region(alone, "us-west-2")
    name = owner.verified_domain()
    arn = owner.arn("ses", f"identity/{name}")
    stranger: Any = boto3.Session(
        aws_access_key_id="111111111111", aws_secret_access_key="test", region_name="us-west-2"
    ).client("sesv2", endpoint_url=alone.endpoint_url)

    def borrow() -> str:
        return stranger.send_email(
            FromEmailAddress=f"a@{name}",
            FromEmailAddressIdentityArn=arn,
            Destination={"ToAddresses": ["someone@elsewhere.example"]},
            Content={"Simple": BODY},
        )["MessageId"]

    with pytest.raises(ClientError):
        borrow()
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "111111111111"},
        "Action": ["ses:SendEmail", "ses:SendRawEmail"],
        "Resource": arn,
    }
    owner.sesv2.create_email_identity_policy(
        EmailIdentity=name,
        PolicyName="lend",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    assert sent(alone, borrow()).identity == name


def test_mails_of_other_services_go_the_same_way(alone: LocalAws) -> None:
    here = Region(alone, "us-west-2")
    cognito, address = here.client("cognito-idp"), f"{unique('user')}@elsewhere.example"
    pool = cognito.create_user_pool(PoolName=unique("pool"))["UserPool"]["Id"]
    cognito.admin_create_user(
        UserPoolId=pool, Username=address, UserAttributes=[{"Name": "email", "Value": address}]
    )
    mails = [one for one in alone.outbox if address in one.recipients]
    assert [mail.via for mail in mails] == ["SES"]
    assert b"temporary password" in mails[0].raw()
