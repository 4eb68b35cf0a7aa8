"""What DNS says decides: the records are put into the local Route 53, and SES is asked."""

from __future__ import annotations

from typing import Any

import dns.resolver
import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain

from cdk_ses_regions import regions
from cdk_ses_regions.local import LocalAws

SPF = "v=spf1 include:amazonses.com ~all"


@pytest.fixture
def mail_from(here: Region) -> str:
    """The MAIL FROM domain of a new identity; nothing is in DNS yet."""
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    here.sesv2.put_email_identity_mail_from_attributes(
        EmailIdentity=domain, MailFromDomain=f"bounce.{domain}"
    )
    return f"bounce.{domain}"


def status(region: Region, domain: str) -> tuple[str, bool]:
    identity = region.sesv2.get_email_identity(EmailIdentity=domain)
    return identity["DkimAttributes"]["Status"], identity["VerifiedForSendingStatus"]


def verification_info(region: Region, domain: str) -> dict[str, Any]:
    return region.sesv2.get_email_identity(EmailIdentity=domain)["VerificationInfo"]


def mail_from_status(region: Region, mail_from: str) -> str:
    identity = region.sesv2.get_email_identity(EmailIdentity=mail_from.removeprefix("bounce."))
    return identity["MailFromAttributes"]["MailFromDomainStatus"]


def test_a_domain_is_pending_until_all_three_records_are_in_dns(here: Region) -> None:
    domain = a_domain()
    created = here.sesv2.create_email_identity(EmailIdentity=domain)
    assert created["VerifiedForSendingStatus"] is False
    for name, target in here.dkim_records(domain):
        assert status(here, domain) == ("PENDING", False)
        here.publish(name, "CNAME", target)
    assert status(here, domain) == ("SUCCESS", True)


def test_version_1_tells_the_same(here: Region) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    for expected in ("Pending", "Success"):
        verified = here.ses.get_identity_verification_attributes(Identities=[domain])
        assert verified["VerificationAttributes"][domain]["VerificationStatus"] == expected
        dkim = here.ses.get_identity_dkim_attributes(Identities=[domain])["DkimAttributes"][domain]
        assert (dkim["DkimEnabled"], dkim["DkimVerificationStatus"]) == (True, expected)
        for name, target in here.dkim_records(domain):
            here.publish(name, "CNAME", target)


def test_the_lists_tell_the_same(here: Region) -> None:
    pending, verified = a_domain(), here.verified_domain()
    here.sesv2.create_email_identity(EmailIdentity=pending)
    answer = here.sesv2.list_email_identities(PageSize=1000)
    listed = {one["IdentityName"]: one for one in answer["EmailIdentities"]}
    assert (listed[pending]["VerificationStatus"], listed[pending]["SendingEnabled"]) == ("PENDING", False)
    assert (listed[verified]["VerificationStatus"], listed[verified]["SendingEnabled"]) == ("SUCCESS", True)


def test_a_record_that_points_elsewhere_does_not_verify(here: Region) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    (name, target), *others = here.dkim_records(domain)
    for other in others:
        here.publish(other[0], "CNAME", other[1])
    assert verification_info(here, domain)["ErrorType"] == "HOST_NOT_FOUND"
    here.publish(name, "TXT", target)
    assert verification_info(here, domain)["ErrorType"] == "TYPE_NOT_FOUND"
    here.withdraw(name, "TXT", target)
    here.publish(name, "CNAME", "elsewhere.example.com")
    assert verification_info(here, domain)["ErrorType"] == "INVALID_VALUE"
    assert status(here, domain) == ("PENDING", False)
    here.publish(name, "CNAME", target)
    assert status(here, domain) == ("SUCCESS", True)
    assert "ErrorType" not in verification_info(here, domain)


@pytest.mark.parametrize("elsewhere", [True, False], ids=["points elsewhere", "withdrawn"])
def test_a_record_that_is_lost_later_is_a_temporary_failure(here: Region, elsewhere: bool) -> None:
    domain = here.verified_domain()
    assert status(here, domain) == ("SUCCESS", True)
    name, target = here.dkim_records(domain)[0]
    if elsewhere:
        here.publish(name, "CNAME", "elsewhere.example.com")
    else:
        here.withdraw(name, "CNAME", target)
    assert status(here, domain) == ("TEMPORARY_FAILURE", True)
    verified = here.ses.get_identity_verification_attributes(Identities=[domain])["VerificationAttributes"]
    assert verified[domain]["VerificationStatus"] == "TemporaryFailure"
    here.publish(name, "CNAME", target)
    assert status(here, domain) == ("SUCCESS", True)


def test_the_details_of_a_verification_name_the_zone_and_the_last_success(here: Region) -> None:
    domain = here.verified_domain()
    info = verification_info(here, domain)
    assert info["LastSuccessTimestamp"] == info["LastCheckedTimestamp"]
    [soa] = dns.resolver.resolve_at("127.0.0.1", "local.example", "SOA", port=here.local.dns_port)
    assert info["SOARecord"]["PrimaryNameServer"] == soa.mname.to_text(omit_final_dot=True)
    assert info["SOARecord"]["SerialNumber"] == soa.serial
    assert "@" in info["SOARecord"]["AdminEmail"]


def test_a_text_record_verifies_what_version_1_asked_to_verify(here: Region, there: Region) -> None:
    domain = a_domain()
    tokens = [
        region.ses.verify_domain_identity(Domain=domain)["VerificationToken"] for region in (here, there)
    ]
    assert tokens[0] != tokens[1]
    asked = here.ses.get_identity_verification_attributes(Identities=[domain])["VerificationAttributes"]
    assert asked[domain] == {"VerificationStatus": "Pending", "VerificationToken": tokens[0]}
    here.publish(f"_amazonses.{domain}", "TXT", "of somebody else", tokens[0])
    assert status(here, domain) == ("NOT_STARTED", True)
    assert status(there, domain) == ("NOT_STARTED", False)
    here.publish(f"_amazonses.{domain}", "TXT", *tokens)
    assert status(there, domain) == ("NOT_STARTED", True)


def test_dkim_succeeds_by_its_own_records_alone(here: Region) -> None:
    domain = a_domain()
    token = here.ses.verify_domain_identity(Domain=domain)["VerificationToken"]
    here.ses.verify_domain_dkim(Domain=domain)
    here.publish(f"_amazonses.{domain}", "TXT", token)
    assert status(here, domain) == ("PENDING", True)
    for name, target in here.dkim_records(domain):
        here.publish(name, "CNAME", target)
    assert status(here, domain) == ("SUCCESS", True)


def test_a_final_dot_and_capitals_in_a_record_do_not_matter(here: Region) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    for name, target in here.dkim_records(domain):
        here.publish(f"{name.upper()}.", "CNAME", f"{target.upper()}.")
    assert status(here, domain) == ("SUCCESS", True)


def test_each_region_has_records_of_its_own_and_is_verified_by_those_alone(
    here: Region, there: Region
) -> None:
    domain = here.verified_domain()
    there.sesv2.create_email_identity(EmailIdentity=domain)
    assert not set(here.dkim_records(domain)) & set(there.dkim_records(domain))
    assert status(there, domain) == ("PENDING", False)
    for name, target in there.dkim_records(domain):
        there.publish(name, "CNAME", target)
    assert status(here, domain) == status(there, domain) == ("SUCCESS", True)


def test_the_records_point_into_the_zone_of_their_region(local: LocalAws) -> None:
    for name in ("us-east-1", "eu-central-2", "ap-south-2"):
        region, domain = Region(local, name), a_domain()
        attributes = region.sesv2.create_email_identity(EmailIdentity=domain)["DkimAttributes"]
        assert attributes["SigningHostedZone"] == regions.region(name).dkim_zone


def test_version_1_names_the_same_tokens_and_does_not_verify_by_naming_them(here: Region) -> None:
    domain = a_domain()
    tokens = here.ses.verify_domain_dkim(Domain=domain)["DkimTokens"]
    identity = here.sesv2.get_email_identity(EmailIdentity=domain)
    assert identity["DkimAttributes"]["Tokens"] == tokens
    assert status(here, domain) == ("PENDING", False)


@pytest.mark.parametrize("region", ["us-west-2", "eu-west-1", "ap-south-2"])
def test_mail_from_needs_one_mx_to_the_feedback_host_of_any_region_and_the_sender_policy(
    here: Region, mail_from: str, region: str
) -> None:
    assert mail_from_status(here, mail_from) == "PENDING"
    here.publish(mail_from, "MX", f"10 {regions.region(region).feedback}")
    assert mail_from_status(here, mail_from) == "PENDING"
    here.publish(mail_from, "TXT", SPF)
    assert mail_from_status(here, mail_from) == "SUCCESS"


def test_mail_from_fails_with_two_mx_until_it_is_set_up_again(here: Region, mail_from: str) -> None:
    hosts = sorted(regions.feedback_hosts())[:2]
    here.publish(mail_from, "TXT", SPF)
    here.publish(mail_from, "MX", *(f"10 {host}" for host in hosts))
    assert mail_from_status(here, mail_from) == "FAILED"
    here.publish(mail_from, "MX", f"10 {hosts[0]}.")
    assert mail_from_status(here, mail_from) == "FAILED"
    here.sesv2.put_email_identity_mail_from_attributes(
        EmailIdentity=mail_from.removeprefix("bounce."), MailFromDomain=mail_from
    )
    assert mail_from_status(here, mail_from) == "SUCCESS"


def test_mail_from_that_loses_its_records_is_a_temporary_failure(here: Region, mail_from: str) -> None:
    here.publish(mail_from, "TXT", SPF)
    here.publish(mail_from, "MX", f"10 {regions.region('eu-west-1').feedback}")
    assert mail_from_status(here, mail_from) == "SUCCESS"
    here.withdraw(mail_from, "TXT", SPF)
    assert mail_from_status(here, mail_from) == "TEMPORARY_FAILURE"
    domain = mail_from.removeprefix("bounce.")
    told = here.ses.get_identity_mail_from_domain_attributes(Identities=[domain])["MailFromDomainAttributes"]
    assert told[domain]["MailFromDomainStatus"] == "TemporaryFailure"
    here.publish(mail_from, "TXT", SPF)
    assert mail_from_status(here, mail_from) == "SUCCESS"


@pytest.mark.parametrize(
    "host",
    [
        "mail.example.com",
        "inbound-smtp.us-west-2.amazonaws.com",
        pytest.param("feedback-smtp.ap-east-1.amazonses.com", id="of a Region without SES"),
    ],
)
def test_an_mx_to_another_host_does_not_do_for_mail_from(here: Region, mail_from: str, host: str) -> None:
    here.publish(mail_from, "TXT", SPF)
    here.publish(mail_from, "MX", f"10 {host}")
    assert mail_from_status(here, mail_from) == "PENDING"


def test_one_mail_from_domain_serves_two_regions(here: Region, there: Region, mail_from: str) -> None:
    domain = mail_from.removeprefix("bounce.")
    there.sesv2.create_email_identity(EmailIdentity=domain)
    there.ses.set_identity_mail_from_domain(Identity=domain, MailFromDomain=mail_from)
    here.publish(mail_from, "MX", f"10 {regions.region('eu-west-1').feedback}")
    here.publish(mail_from, "TXT", SPF)
    assert mail_from_status(here, mail_from) == mail_from_status(there, mail_from) == "SUCCESS"
    answer = there.ses.get_identity_mail_from_domain_attributes(Identities=[domain])
    assert answer["MailFromDomainAttributes"][domain]["MailFromDomainStatus"] == "Success"


def test_sending_needs_a_verified_identity_in_that_region(here: Region, there: Region) -> None:
    domain = here.verified_domain()
    there.sesv2.create_email_identity(EmailIdentity=domain)
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    to = {"ToAddresses": ["success@simulator.amazonses.com"]}
    source = f"news@{domain}"
    for region, verified in ((here, True), (there, False)):
        calls = (
            lambda region=region: region.ses.send_email(Source=source, Destination=to, Message=body),
            lambda region=region: region.sesv2.send_email(
                FromEmailAddress=source, Destination=to, Content={"Simple": body}
            ),
        )
        for call in calls:
            if verified:
                assert call()["MessageId"]
                continue
            with pytest.raises(ClientError) as raised:
                call()
            assert raised.value.response.get("Error", {}).get("Code") == "MessageRejected"
            assert "EU-WEST-1" in str(raised.value)


@pytest.mark.parametrize(
    "text", ["v=spf1 -all", "see include:amazonses.com", "v=spf10 include:amazonses.com"]
)
def test_a_text_that_does_not_let_ses_send_does_not_do_for_mail_from(
    here: Region, mail_from: str, text: str
) -> None:
    here.publish(mail_from, "MX", f"10 {regions.region('us-west-2').feedback}")
    here.publish(mail_from, "TXT", text)
    assert mail_from_status(here, mail_from) == "PENDING"
    here.publish(
        mail_from, "TXT", text, 'v=spf1 " "include:amazonses.com ~all'
    )  # in two strings, among others
    assert mail_from_status(here, mail_from) == "SUCCESS"


@pytest.mark.parametrize("version", [1, 2])
def test_an_identity_that_rejects_without_mail_from_sends_when_it_is_verified(
    here: Region, version: int
) -> None:
    domain = here.verified_domain()
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    to = {"ToAddresses": ["success@simulator.amazonses.com"]}

    def send() -> str:
        if version == 1:
            return here.ses.send_email(Source=f"a@{domain}", Destination=to, Message=body)["MessageId"]
        content = {"Simple": body}
        answer = here.sesv2.send_email(FromEmailAddress=f"a@{domain}", Destination=to, Content=content)
        return answer["MessageId"]

    put, mail_from = here.sesv2.put_email_identity_mail_from_attributes, f"bounce.{domain}"
    put(EmailIdentity=domain, MailFromDomain=mail_from, BehaviorOnMxFailure="USE_DEFAULT_VALUE")
    assert send()
    put(EmailIdentity=domain, MailFromDomain=mail_from, BehaviorOnMxFailure="REJECT_MESSAGE")
    with pytest.raises(ClientError, match="MailFromDomainNotVerified"):
        send()
    here.publish(mail_from, "MX", f"10 {regions.region('us-west-2').feedback}")
    here.publish(mail_from, "TXT", SPF)
    assert send()
