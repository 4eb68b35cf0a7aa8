"""Addresses and delegates: verified by their links in each Region, told of their bounces, let in by policies."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "senders.yaml"
HERE, THERE = REGIONS = ("eu-west-1", "eu-central-1")
ADDRESSES = ("alerts@example.org", "invoices@example.org")
ACCOUNTING = "444444444444"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS of its own: these tests end with everything destroyed."""
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    cdk = Cdk(aws, project=ROOT, config=file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


@pytest.fixture
def journeys(aws: LocalAws, deployment: Cdk) -> list[RegionJourney]:
    assert deployment.config is not None
    settings = config.load(deployment.config)
    return [RegionJourney(aws, settings, region) for region in REGIONS]


def change(deployment: Cdk, senders: Any) -> None:
    """Write the configuration with other senders of the domain."""
    assert deployment.config is not None
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    data["domains"][0]["senders"] = senders
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")


def link(journey: RegionJourney, address: str) -> str:
    """The link in the verification mail that the address got from a Region."""
    [mail] = [
        mail
        for mail in journey.local.outbox
        if mail.via == "SES" and mail.region == journey.region and address in mail.recipients
    ]
    return next(line for line in mail.message().get_content().splitlines() if line.startswith("http://"))


def policies(journey: RegionJourney, identity: str = "example.com") -> dict[str, Any]:
    answer = journey.client("sesv2").get_email_identity_policies(EmailIdentity=identity)
    return {name: json.loads(text) for name, text in answer["Policies"].items()}


def delegate(aws: LocalAws, account: str, region: str) -> Any:
    """SES as a user of another account, whose own policies let him do everything."""
    iam = Clients(aws.endpoint_url, access_key_id=account)("iam", region)
    iam.create_user(UserName=f"mailer-{region}")
    everything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"},
    }
    iam.put_user_policy(UserName=f"mailer-{region}", PolicyName="ses", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName=f"mailer-{region}")["AccessKey"]
    clients = Clients(
        aws.endpoint_url, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )
    return clients("sesv2", region)


def send(ses: Any, journey: RegionJourney, identity: str, recipient: str) -> str:
    answer = ses.send_email(
        FromEmailAddress=identity,
        FromEmailAddressIdentityArn=f"arn:aws:ses:{journey.region}:{journey.local.account}:identity/{identity}",
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    return str(answer["MessageId"])


def test_each_region_sends_each_address_a_link_that_verifies_it_there_alone(
    journeys: list[RegionJourney],
) -> None:
    for address in ADDRESSES:
        for journey in journeys:
            assert journey.identity(address)["VerificationStatus"] == "PENDING"
        for done, journey in enumerate(journeys, start=1):
            with urllib.request.urlopen(link(journey, address), timeout=10) as answer:
                assert answer.status == 200
            states = [one.identity(address)["VerifiedForSendingStatus"] for one in journeys]
            assert states == [True] * done + [False] * (len(journeys) - done)


def test_a_bounce_of_an_address_is_told_on_the_topic_of_its_region(journeys: list[RegionJourney]) -> None:
    for journey in journeys:
        with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
            sent = journey.send(sender="alerts@example.org", recipient="bounce@simulator.amazonses.com")
            note = wait_for(lambda note, sent=sent: note.get("mail", {}).get("messageId") == sent, "bounce")
        assert note["notificationType"] == "Bounce"
        assert note["mail"]["sourceArn"] == (
            f"arn:aws:ses:{journey.region}:{journey.local.account}:identity/alerts@example.org"
        )
        attributes = journey.client("ses").get_identity_notification_attributes(
            Identities=["alerts@example.org"]
        )
        assert attributes["NotificationAttributes"]["alerts@example.org"]["ForwardingEnabled"] is False


def test_every_region_has_the_policy_of_each_sender(journeys: list[RegionJourney]) -> None:
    for journey in journeys:
        found = policies(journey)
        assert set(found) == {"mail-agency", "mail-partner"}
        [statement] = found["mail-agency"]["Statement"]
        assert statement["Principal"] == {"AWS": ["222222222222"]}
        assert statement["Resource"].split(":")[3] == journey.region
        assert statement["Condition"]["DateLessThanEquals"] == {"aws:CurrentTime": "2027-03-31T23:59:59Z"}


def test_a_delegate_sends_in_the_name_of_the_identity_that_let_him_in_and_of_no_other(
    aws: LocalAws, journeys: list[RegionJourney]
) -> None:
    for journey in journeys:
        ses = delegate(aws, ACCOUNTING, journey.region)
        recipient = f"customer@{journey.region}.example"
        assert send(ses, journey, "invoices@example.org", recipient)
        [mail] = [mail for mail in aws.outbox if mail.recipients == (recipient,)]
        assert mail.identity == "invoices@example.org"
        for identity in ("alerts@example.org", "example.com"):
            with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied|BadRequest"):
                send(ses, journey, identity, recipient)


def test_a_policy_of_somebody_else_stops_the_deployment_and_stays(
    aws: LocalAws, deployment: Cdk, journeys: list[RegionJourney]
) -> None:
    here = journeys[0]
    [statement] = policies(here)["mail-partner"]["Statement"]
    theirs = {"Version": "2012-10-17", "Statement": [statement]}
    here.client("sesv2").create_email_identity_policy(
        EmailIdentity="example.com", PolicyName="mail-shop", Policy=json.dumps(theirs)
    )
    change(deployment, [{"name": "shop", "accounts": ["666666666666"]}])
    with pytest.raises(LocalAwsError, match="already has a policy 'mail-shop'"):
        deployment.deploy(f"Mail-{HERE}")
    found = policies(here)
    assert found.pop("mail-shop") == theirs
    assert set(found) == {"mail-agency", "mail-partner"}  # rolled back


def test_senders_change_and_go(deployment: Cdk, journeys: list[RegionJourney]) -> None:
    there = journeys[1]
    change(deployment, [{"name": "agency", "accounts": ["777777777777"]}])
    deployment.deploy(f"Mail-{THERE}")
    found = policies(there)
    assert set(found) == {"mail-agency"}
    assert found["mail-agency"]["Statement"][0]["Principal"] == {"AWS": ["777777777777"]}
    assert "Condition" not in found["mail-agency"]["Statement"][0]
    change(deployment, [])
    deployment.deploy(f"Mail-{THERE}")
    assert policies(there) == {}
    assert set(policies(there, "invoices@example.org")) == {"mail-accounting"}


def test_destroying_takes_the_addresses_too(aws: LocalAws, deployment: Cdk) -> None:
    deployment.destroy()
    for region in REGIONS:
        assert aws.client("sesv2", region).list_email_identities()["EmailIdentities"] == []
