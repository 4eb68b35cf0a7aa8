"""Addresses as identities: verified by the link in the mail that SES sends."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from deployed import Stack
from region import Region, unique

from cdk_ses_regions import regions
from cdk_ses_regions.local import LocalAws


@pytest.fixture
def address() -> str:
    return f"{unique('a')}@elsewhere.example"


def verified(region: Region, address: str) -> tuple[str, bool]:
    identity = region.sesv2.get_email_identity(EmailIdentity=address)
    return identity["VerificationStatus"], identity["VerifiedForSendingStatus"]


def mails_to(local: LocalAws, address: str) -> int:
    return sum(address in mail.recipients for mail in local.control.outbox())


def send(region: Region, address: str) -> str:
    answer = region.ses.send_email(
        Source=address,
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}},
    )
    return str(answer["MessageId"])


def test_an_address_is_pending_until_the_link_is_followed(here: Region, address: str) -> None:
    created = here.sesv2.create_email_identity(EmailIdentity=address)
    assert (created["IdentityType"], created["VerifiedForSendingStatus"]) == ("EMAIL_ADDRESS", False)
    assert verified(here, address) == ("PENDING", False)
    with pytest.raises(ClientError, match="Email address is not verified"):
        send(here, address)
    assert here.follow(here.link(address)) == 200
    assert verified(here, address) == ("SUCCESS", True)
    assert send(here, address)


def test_the_mail_comes_from_aws_and_names_region_account_and_address(here: Region, address: str) -> None:
    here.sesv2.create_email_identity(EmailIdentity=address)
    [mail] = [mail for mail in here.local.control.outbox() if address in mail.recipients]
    message = mail.message()
    assert (mail.via, mail.region) == ("SES", here.name)
    assert "no-reply-aws@amazon.com" in str(message["From"])
    assert here.name in str(message["Subject"])
    text = message.get_content()
    assert address in text
    assert here.local.account in text
    assert here.link(address).startswith(here.local.endpoint_url)


def test_a_link_verifies_its_address_in_its_region_alone(here: Region, there: Region, address: str) -> None:
    for region in (here, there):
        region.sesv2.create_email_identity(EmailIdentity=address)
    there.follow(there.link(address))
    assert verified(here, address) == ("PENDING", False)
    assert verified(there, address) == ("SUCCESS", True)


def test_a_link_that_nobody_was_sent_verifies_nothing(here: Region, address: str) -> None:
    here.sesv2.create_email_identity(EmailIdentity=address)
    assert here.follow(f"{here.link(address)}x") == 400
    assert here.follow(f"{here.local.endpoint_url}/_ses/verify") == 400
    assert verified(here, address) == ("PENDING", False)


def test_version_1_sends_the_mail_again_and_the_last_link_counts(
    local: LocalAws, here: Region, address: str
) -> None:
    here.ses.verify_email_identity(EmailAddress=address)
    first = here.link(address)
    here.ses.verify_email_identity(EmailAddress=address)
    assert mails_to(local, address) == 2
    assert here.follow(first) == 400
    assert here.follow(here.link(address)) == 200
    attributes = here.ses.get_identity_verification_attributes(Identities=[address])
    assert attributes["VerificationAttributes"][address] == {"VerificationStatus": "Success"}
    assert address in here.ses.list_verified_email_addresses()["VerifiedEmailAddresses"]


def test_asking_again_for_an_address_that_is_verified_leaves_it_so(here: Region, address: str) -> None:
    here.verified_address(address)
    here.ses.verify_email_identity(EmailAddress=address)
    assert verified(here, address) == ("SUCCESS", True)


def test_the_link_of_an_address_that_was_deleted_verifies_nothing(here: Region, address: str) -> None:
    here.sesv2.create_email_identity(EmailIdentity=address)
    link = here.link(address)
    here.ses.delete_verified_email_address(EmailAddress=address)
    assert here.follow(link) == 400
    here.ses.verify_email_address(EmailAddress=address)
    assert verified(here, address) == ("PENDING", False)
    assert here.follow(link) == 400


def test_a_stack_creates_an_address_that_gets_its_mail(here: Region, address: str) -> None:
    stack = Stack(here, unique("stack"))
    resources = {"It": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": address}}}
    assert stack.deploy(resources) == "CREATE_COMPLETE", stack.reasons()
    assert verified(here, address) == ("PENDING", False)
    here.follow(here.link(address))
    assert verified(here, address) == ("SUCCESS", True)


def test_a_stack_replaces_an_address_by_another(here: Region, address: str) -> None:
    stack, other = Stack(here, unique("stack")), f"{unique('b')}@elsewhere.example"
    for name in (address, other):
        resources = {"It": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": name}}}
        assert stack.deploy(resources).endswith("_COMPLETE"), stack.reasons()
        assert stack.physical_id("It") == name
        assert here.follow(here.link(name)) == 200
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.get_email_identity(EmailIdentity=address)
    assert verified(here, other) == ("SUCCESS", True)


def test_the_link_may_come_to_a_door_of_this_very_machine(here: Region) -> None:
    """The address is at a domain that SES receives for: the mail is delivered while the request waits."""
    domain, inbox, rules = here.verified_domain(), here.bucket(here.rule_arn("*")), unique("s")
    here.publish(domain, "MX", f"10 {regions.region(here.name).inbound}")
    here.ses.create_receipt_rule_set(RuleSetName=rules)
    action = {"S3Action": {"BucketName": inbox}}
    rule = {"Name": "all", "Enabled": True, "Recipients": [domain], "Actions": [action]}
    here.ses.create_receipt_rule(RuleSetName=rules, Rule=rule)
    here.ses.set_active_receipt_rule_set(RuleSetName=rules)
    try:
        here.sesv2.create_email_identity(EmailIdentity=f"me@{domain}")
    finally:
        here.ses.set_active_receipt_rule_set()
    s3 = here.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=inbox)["Contents"]]
    [mail] = [key for key in keys if "SETUP_NOTIFICATION" not in key]
    text = s3.get_object(Bucket=inbox, Key=mail)["Body"].read().decode()
    assert here.follow(next(line for line in text.splitlines() if line.startswith("http://"))) == 200
    assert verified(here, f"me@{domain}") == ("SUCCESS", True)


@pytest.mark.parametrize(
    "name", ["nobody@", "@example.com", "a b@example.com", "<a@example.com>", "ä@example.com"]
)
def test_what_is_no_address_is_refused(here: Region, name: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        here.ses.verify_email_identity(EmailAddress=name)
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.create_email_identity(EmailIdentity=name)


@pytest.mark.parametrize(
    "name", ["example", "exa mple.com", "bücher.example", "-a.example.com", f"{'a' * 64}.com"]
)
def test_what_is_no_domain_is_refused(here: Region, name: str) -> None:
    for verify in (here.ses.verify_domain_identity, here.ses.verify_domain_dkim):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            verify(Domain=name)
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.create_email_identity(EmailIdentity=name)
