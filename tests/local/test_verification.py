"""Whether an identity is verified follows the records in Route 53, in each Region for itself."""

from __future__ import annotations

from typing import Any

import pytest
from account import Account, domain
from botocore.exceptions import ClientError

from cdk_ses_regions.local import LocalAws

SPF = '"v=spf1 include:amazonses.com ~all"'


@pytest.fixture
def account(local: LocalAws) -> Account:
    return Account(local, "us-west-2")


def identity(account: Account, name: str) -> dict[str, Any]:
    return account("sesv2").get_email_identity(EmailIdentity=name)


def is_verified(account: Account, name: str) -> bool:
    return identity(account, name)["VerifiedForSendingStatus"]


def send(account: Account, sender: str) -> str:
    return account("sesv2").send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}},
    )["MessageId"]


def test_dkim_tokens_are_the_same_at_each_look(account: Account) -> None:
    name = domain()
    created = account("sesv2").create_email_identity(EmailIdentity=name)["DkimAttributes"]
    assert len(set(created["Tokens"])) == 3
    assert identity(account, name)["DkimAttributes"]["Tokens"] == created["Tokens"]


def test_another_region_has_other_dkim_tokens_of_the_same_domain(local: LocalAws) -> None:
    name, tokens = domain(), set[str]()
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        created = Account(local, region)("sesv2").create_email_identity(EmailIdentity=name)
        tokens |= set(created["DkimAttributes"]["Tokens"])
    assert len(tokens) == 9


def test_another_domain_has_other_dkim_tokens(account: Account) -> None:
    one, two = (
        set(account("sesv2").create_email_identity(EmailIdentity=domain())["DkimAttributes"]["Tokens"])
        for _ in range(2)
    )
    assert one.isdisjoint(two)


def test_both_versions_tell_the_same_tokens(account: Account) -> None:
    name = domain()
    created = account("sesv2").create_email_identity(EmailIdentity=name)["DkimAttributes"]
    attributes = account("ses").get_identity_dkim_attributes(Identities=[name])["DkimAttributes"][name]
    assert attributes["DkimTokens"] == created["Tokens"]
    assert attributes["DkimVerificationStatus"] == "Pending"


def test_the_zone_of_the_dkim_records_is_the_regions_own_where_it_has_one(local: LocalAws) -> None:
    zones = {
        region: Account(local, region)("sesv2").create_email_identity(EmailIdentity=domain())[
            "DkimAttributes"
        ]["SigningHostedZone"]
        for region in ("us-east-1", "eu-south-1")
    }
    assert zones == {"us-east-1": "dkim.amazonses.com", "eu-south-1": "dkim.eu-south-1.amazonses.com"}


def test_a_new_domain_is_pending(account: Account) -> None:
    name = domain()
    account("sesv2").create_email_identity(EmailIdentity=name)
    found = identity(account, name)
    assert not found["VerifiedForSendingStatus"]
    assert (found["VerificationStatus"], found["DkimAttributes"]["Status"]) == ("PENDING", "PENDING")


def test_a_domain_is_verified_by_its_three_records_and_not_by_two(account: Account) -> None:
    name = domain()
    account("sesv2").create_email_identity(EmailIdentity=name)
    first, *others = account.dkim_records(name)
    account.publish(*others)
    assert not is_verified(account, name)
    account.publish(first)
    found = identity(account, name)
    assert found["VerifiedForSendingStatus"]
    assert (found["VerificationStatus"], found["DkimAttributes"]["Status"]) == ("SUCCESS", "SUCCESS")


def test_a_record_with_a_wrong_target_does_not_verify(account: Account) -> None:
    name = account.verified()
    (record, kind, _), *_ = account.dkim_records(name)
    account.publish((record, kind, ["elsewhere.dkim.amazonses.com"]))
    assert not is_verified(account, name)


def test_a_domain_is_pending_again_when_its_records_are_gone(account: Account) -> None:
    name = account.verified()
    assert is_verified(account, name)
    account.publish(*account.dkim_records(name), action="DELETE")
    assert not is_verified(account, name)


def test_a_final_dot_and_capitals_in_a_record_do_not_matter(account: Account) -> None:
    name = domain()
    account("sesv2").create_email_identity(EmailIdentity=name)
    account.publish(
        *((f"{record.upper()}.", kind, [f"{value.upper()}."]) for record, kind, [value] in account.dkim_records(name))
    )
    assert is_verified(account, name)


def test_one_regions_records_verify_nothing_in_another(local: LocalAws) -> None:
    here, there = Account(local, "us-east-1"), Account(local, "eu-west-1")
    name = here.verified()
    there("sesv2").create_email_identity(EmailIdentity=name)
    assert is_verified(here, name)
    assert not is_verified(there, name)


def test_version_1_follows_the_same_records(account: Account) -> None:
    name = domain()
    account("sesv2").create_email_identity(EmailIdentity=name)

    def status() -> str:
        answer = account("ses").get_identity_verification_attributes(Identities=[name])
        return answer["VerificationAttributes"][name]["VerificationStatus"]

    assert status() == "Pending"
    account.publish(*account.dkim_records(name))
    assert status() == "Success"


def test_nothing_is_sent_for_a_domain_that_is_pending(account: Account) -> None:
    name = domain()
    account("sesv2").create_email_identity(EmailIdentity=name)
    with pytest.raises(ClientError, match="MessageRejected"):
        send(account, f"hello@{name}")
    account.publish(*account.dkim_records(name))
    assert send(account, f"hello@{name}")


def test_a_domain_that_is_verified_elsewhere_sends_nothing_here(local: LocalAws) -> None:
    name = Account(local, "us-east-1").verified()
    with pytest.raises(ClientError, match="MessageRejected"):
        send(Account(local, "eu-west-1"), f"hello@{name}")


def mail_from(account: Account, *records: tuple[str, list[str]]) -> str:
    """Return the MAIL FROM status of a verified domain whose MAIL FROM domain has these records."""
    name = account.verified()
    account("sesv2").put_email_identity_mail_from_attributes(
        EmailIdentity=name, MailFromDomain=f"bounce.{name}"
    )
    account.publish(*((f"bounce.{name}", kind, values) for kind, values in records))
    return identity(account, name)["MailFromAttributes"]["MailFromDomainStatus"]


def mx(region: str) -> str:
    return f"10 feedback-smtp.{region}.amazonses.com"


@pytest.mark.parametrize("region", ["us-west-2", "us-east-1", "eu-central-2"])
def test_one_mx_of_any_region_makes_a_mail_from_domain(account: Account, region: str) -> None:
    assert mail_from(account, ("MX", [mx(region)]), ("TXT", [SPF])) == "SUCCESS"


def test_two_mx_records_fail_a_mail_from_domain(account: Account) -> None:
    assert mail_from(account, ("MX", [mx("us-west-2"), mx("us-east-1")]), ("TXT", [SPF])) == "FAILED"


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([("TXT", [SPF])], id="no MX"),
        pytest.param([("MX", [mx("us-west-2")])], id="no SPF"),
        pytest.param([("MX", ["10 mail.example.com"]), ("TXT", [SPF])], id="a foreign host"),
        pytest.param([("MX", [mx("ap-east-1")]), ("TXT", [SPF])], id="a Region without SES"),
        pytest.param([("MX", [mx("us-west-2")]), ("TXT", ['"v=spf1 -all"'])], id="an SPF of others"),
        pytest.param(
            [("MX", [mx("us-west-2")]), ("TXT", ['"see include:amazonses.com"'])], id="a text that is no SPF"
        ),
    ],
)
def test_a_mail_from_domain_is_pending_with(account: Account, records: list[tuple[str, list[str]]]) -> None:
    assert mail_from(account, *records) == "PENDING"


def test_version_1_tells_the_same_mail_from_status(account: Account) -> None:
    name = account.verified()
    account("ses").set_identity_mail_from_domain(Identity=name, MailFromDomain=f"bounce.{name}")

    def attributes() -> dict[str, str]:
        answer = account("ses").get_identity_mail_from_domain_attributes(Identities=[name])
        return answer["MailFromDomainAttributes"][name]

    assert attributes()["MailFromDomainStatus"] == "Pending"
    account.publish((f"bounce.{name}", "MX", [mx("us-west-2")]), (f"bounce.{name}", "TXT", [SPF]))
    assert attributes() == {
        "MailFromDomain": f"bounce.{name}",
        "MailFromDomainStatus": "Success",
        "BehaviorOnMXFailure": "UseDefaultValue",
    }


def test_a_mail_from_domain_that_is_not_set_up_refuses_mail_only_when_told_to(account: Account) -> None:
    name = account.verified()
    put = account("sesv2").put_email_identity_mail_from_attributes
    put(EmailIdentity=name, MailFromDomain=f"bounce.{name}", BehaviorOnMxFailure="USE_DEFAULT_VALUE")
    assert send(account, f"hello@{name}")
    put(EmailIdentity=name, MailFromDomain=f"bounce.{name}", BehaviorOnMxFailure="REJECT_MESSAGE")
    with pytest.raises(ClientError, match="MailFromDomainNotVerified"):
        send(account, f"hello@{name}")
    account.publish((f"bounce.{name}", "MX", [mx("us-west-2")]), (f"bounce.{name}", "TXT", [SPF]))
    assert send(account, f"hello@{name}")
