"""Verification as time goes by: what is not found fails, what is lost fails later. The clock is moved, nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain

from cdk_ses_regions import regions
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.identities import progress
from cdk_ses_regions.local.identities.progress import Finding

LONG = 73  # hours, and SES waits for 72
LOST = Finding("HOST_NOT_FOUND")
FOUND = Finding()


@pytest.fixture(scope="module")
def own() -> Iterator[LocalAws]:
    with LocalAws.start(["us-west-2"], hosted_zones={"Z0LOCAL00000000001": "local.example"}) as local:
        yield local


@pytest.fixture
def here(own: LocalAws) -> Iterator[Region]:
    yield Region(own, "us-west-2")
    own.control.clear_faults()


def status(region: Region, domain: str) -> tuple[str, str, bool]:
    """Return the status of DKIM and of the identity, and whether it sends."""
    identity = region.sesv2.get_email_identity(EmailIdentity=domain)
    verified = identity["VerifiedForSendingStatus"]
    return identity["DkimAttributes"]["Status"], identity["VerificationStatus"], verified


def publish(region: Region, domain: str) -> None:
    for name, target in region.dkim_records(domain):
        region.publish(name, "CNAME", target)


def send(region: Region, domain: str) -> str:
    answer = region.sesv2.send_email(
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    return str(answer["MessageId"])


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([(0, LOST)], "PENDING"),
        ([(71, LOST)], "PENDING"),
        ([(72, LOST)], "FAILED"),
        ([(72, LOST), (73, FOUND)], "FAILED"),
        ([(73, FOUND)], "SUCCESS"),
        ([(1, FOUND), (100, LOST)], "TEMPORARY_FAILURE"),
        ([(1, FOUND), (100, LOST), (171, LOST)], "TEMPORARY_FAILURE"),
        ([(1, FOUND), (100, LOST), (172, LOST)], "FAILED"),
        ([(1, FOUND), (100, LOST), (171, FOUND), (200, LOST)], "TEMPORARY_FAILURE"),
        ([(1, Finding("INVALID_VALUE", final=True))], "FAILED"),
    ],
)
def test_findings_lead_from_state_to_state(findings: list[tuple[int, Finding]], expected: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = progress.begin(start)
    for hours, finding in findings:
        progress.advance(found, finding, start + timedelta(hours=hours))
    assert found["status"] == expected


def test_a_domain_without_records_fails_and_stays_so(here: Region) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    here.local.control.forward(LONG)
    assert status(here, domain) == ("FAILED", "FAILED", False)
    publish(here, domain)
    assert status(here, domain) == ("FAILED", "FAILED", False)


def restart_by_create(here: Region, domain: str) -> None:
    here.sesv2.delete_email_identity(EmailIdentity=domain)
    here.sesv2.create_email_identity(EmailIdentity=domain)


RESTARTS: dict[str, Callable[[Region, str], object]] = {
    "version 1": lambda here, domain: here.ses.verify_domain_dkim(Domain=domain),
    "version 2": lambda here, domain: here.sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=domain, SigningAttributesOrigin="AWS_SES"
    ),
    "created again": restart_by_create,
}


@pytest.mark.parametrize("how", RESTARTS)
def test_what_has_failed_is_started_again(here: Region, how: str) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    publish(here, domain)
    name, target = here.dkim_records(domain)[0]
    here.withdraw(name, "CNAME", target)
    here.local.control.forward(LONG)
    here.local.control.forward(LONG)
    assert status(here, domain) == ("FAILED", "FAILED", False)
    RESTARTS[how](here, domain)
    assert status(here, domain) == ("PENDING", "PENDING", False)
    here.publish(name, "CNAME", target)
    assert status(here, domain) == ("SUCCESS", "SUCCESS", True)


def test_a_text_record_is_asked_for_again_when_it_came_too_late(here: Region) -> None:
    domain = a_domain()
    token = here.ses.verify_domain_identity(Domain=domain)["VerificationToken"]
    here.local.control.forward(LONG)
    here.publish(f"_amazonses.{domain}", "TXT", token)
    assert status(here, domain) == ("NOT_STARTED", "FAILED", False)
    assert here.ses.verify_domain_identity(Domain=domain)["VerificationToken"] == token
    assert status(here, domain) == ("NOT_STARTED", "SUCCESS", True)


def test_a_domain_that_loses_its_records_sends_until_it_fails(here: Region) -> None:
    domain = here.verified_domain()
    assert send(here, domain)
    name, target = here.dkim_records(domain)[1]
    here.withdraw(name, "CNAME", target)
    here.local.control.forward(LONG - 2)
    assert status(here, domain) == ("TEMPORARY_FAILURE", "TEMPORARY_FAILURE", True)
    assert send(here, domain)
    here.local.control.forward(2)
    assert status(here, domain) == ("FAILED", "FAILED", False)
    with pytest.raises(ClientError, match="Email address is not verified"):
        send(here, domain)


def test_while_dns_fails_what_is_verified_stays_so_for_a_while(here: Region) -> None:
    domain, pending = here.verified_domain(), a_domain()
    here.sesv2.create_email_identity(EmailIdentity=pending)
    assert status(here, domain) == ("SUCCESS", "SUCCESS", True)
    here.local.control.fault("dns")
    assert status(here, domain) == ("TEMPORARY_FAILURE", "TEMPORARY_FAILURE", True)
    assert status(here, pending) == ("PENDING", "PENDING", False)
    info = here.sesv2.get_email_identity(EmailIdentity=domain)["VerificationInfo"]
    assert info["ErrorType"] == "DNS_SERVER_ERROR"
    assert info["LastSuccessTimestamp"] <= info["LastCheckedTimestamp"]
    here.local.control.clear_faults()
    assert status(here, domain) == ("SUCCESS", "SUCCESS", True)


def test_a_mail_from_domain_without_records_fails_until_it_is_set_up_again(here: Region) -> None:
    domain = here.verified_domain()
    mail_from, put = f"bounce.{domain}", here.sesv2.put_email_identity_mail_from_attributes
    put(EmailIdentity=domain, MailFromDomain=mail_from)

    def found() -> str:
        identity = here.sesv2.get_email_identity(EmailIdentity=domain)
        return str(identity["MailFromAttributes"]["MailFromDomainStatus"])

    assert found() == "PENDING"
    here.local.control.forward(LONG)
    assert found() == "FAILED"
    here.publish(mail_from, "MX", f"10 {regions.region('us-east-1').feedback}")
    here.publish(mail_from, "TXT", "v=spf1 include:amazonses.com ~all")
    assert found() == "FAILED"
    put(EmailIdentity=domain, MailFromDomain=mail_from)
    assert found() == "SUCCESS"
    assert status(here, domain)[1:] == ("SUCCESS", True)


def test_the_link_to_an_address_is_good_for_a_day(here: Region) -> None:
    address = "too-late@elsewhere.example"
    here.sesv2.create_email_identity(EmailIdentity=address)
    link = here.link(address)
    here.local.control.forward(24)
    identity = here.sesv2.get_email_identity(EmailIdentity=address)
    assert (identity["VerificationStatus"], identity["VerifiedForSendingStatus"]) == ("FAILED", False)
    assert here.follow(link) == 400
    here.ses.verify_email_identity(EmailAddress=address)
    assert here.follow(here.link(address)) == 200
    assert here.sesv2.get_email_identity(EmailIdentity=address)["VerifiedForSendingStatus"]


def test_the_time_that_ses_waits_is_a_setting() -> None:
    with LocalAws.start(["us-west-2"], verification_hours=2) as local:
        here, domain = Region(local, "us-west-2"), "example.com"
        here.sesv2.create_email_identity(EmailIdentity=domain)
        local.control.forward(1)
        assert status(here, domain)[0] == "PENDING"
        local.control.forward(1)
        assert status(here, domain)[0] == "FAILED"
