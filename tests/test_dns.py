"""The records of a mail domain, as values."""

from __future__ import annotations

import pytest

from cdk_ses_regions import dns
from cdk_ses_regions.dns import Record
from cdk_ses_regions.errors import InvalidNameError, UnsupportedRegionError


def test_dkim_cnames_point_where_the_identity_says() -> None:
    records = dns.dkim_records(
        "example.com",
        [
            ("aaa._domainkey.example.com", "aaa.dkim.eu-south-1.amazonses.com"),
            ("bbb._domainkey.example.com", "bbb.dkim.eu-south-1.amazonses.com"),
            ("ccc._domainkey.example.com", "ccc.dkim.eu-south-1.amazonses.com"),
        ],
    )
    assert [(record.name, record.type, record.values) for record in records] == [
        ("aaa._domainkey.example.com", "CNAME", ("aaa.dkim.eu-south-1.amazonses.com",)),
        ("bbb._domainkey.example.com", "CNAME", ("bbb.dkim.eu-south-1.amazonses.com",)),
        ("ccc._domainkey.example.com", "CNAME", ("ccc.dkim.eu-south-1.amazonses.com",)),
    ]


def test_a_mail_from_domain_has_exactly_one_mx_and_an_spf_record() -> None:
    mx, spf = dns.mail_from_records("bounce.example.com", "us-west-2")
    assert (mx.name, mx.type, mx.values) == (
        "bounce.example.com",
        "MX",
        ("10 feedback-smtp.us-west-2.amazonses.com",),
    )
    assert (spf.name, spf.type, spf.values) == (
        "bounce.example.com",
        "TXT",
        ("v=spf1 include:amazonses.com ~all",),
    )


def test_records_can_be_moved_within_minutes() -> None:
    assert all(record.ttl == 300 for record in dns.mail_from_records("bounce.example.com", "us-west-2"))


def test_bounces_cannot_go_to_a_region_without_ses() -> None:
    with pytest.raises(UnsupportedRegionError):
        dns.mail_from_records("bounce.example.com", "mx-central-1")


def test_inbound_mail_goes_to_the_regions_in_their_written_order() -> None:
    record = dns.inbound_mx("example.com", ["eu-west-1", "us-east-1", "us-west-2"])
    assert (record.name, record.type) == ("example.com", "MX")
    assert record.values == (
        "10 inbound-smtp.eu-west-1.amazonaws.com",
        "20 inbound-smtp.us-east-1.amazonaws.com",
        "30 inbound-smtp.us-west-2.amazonaws.com",
    )


def test_inbound_mail_cannot_go_to_a_region_that_does_not_receive() -> None:
    with pytest.raises(UnsupportedRegionError, match="SES does not receive mail in ap-south-2"):
        dns.inbound_mx("example.com", ["us-east-1", "ap-south-2"])


def test_an_inbound_mx_without_regions_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one Region"):
        dns.inbound_mx("example.com", [])


def test_dmarc_says_the_policy_and_where_reports_go() -> None:
    assert dns.dmarc_record("example.com", "none").values == ("v=DMARC1; p=none",)
    record = dns.dmarc_record("example.com", "reject", ["a@example.com", "b@example.org"])
    assert (record.name, record.type) == ("_dmarc.example.com", "TXT")
    assert record.values == ("v=DMARC1; p=reject; rua=mailto:a@example.com,mailto:b@example.org",)


@pytest.mark.parametrize(
    "address", ["mailto:a@example.com", "a,b@example.com", "a!b@example.com", "nobody", "a@b"]
)
def test_a_dmarc_report_address_that_would_break_the_record_is_refused(address: str) -> None:
    with pytest.raises(InvalidNameError):
        dns.dmarc_record("example.com", "none", [address])


def test_every_record_says_what_it_is_for_and_carries_no_format() -> None:
    records: list[Record] = [
        *dns.dkim_records("example.com", [("a._domainkey.example.com", "a.dkim.amazonses.com")]),
        *dns.mail_from_records("bounce.example.com", "us-east-1"),
        dns.inbound_mx("example.com", ["us-east-1"]),
        dns.dmarc_record("example.com", "none"),
    ]
    for record in records:
        assert record.purpose
        assert not record.name.endswith(".")
        assert not any(value.endswith(".") or '"' in value for value in record.values)
