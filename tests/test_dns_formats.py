"""The records of a domain as other tools read them."""

from __future__ import annotations

import json
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest
import yaml

from cdk_ses_regions.dns import Record, dkim_records, dmarc_record, inbound_mx, mail_from_records
from cdk_ses_regions.ops import dns_formats

RECORDS = [
    *dkim_records("example.com", [("abc._domainkey.example.com", "abc.dkim.eu-south-1.amazonses.com")]),
    *mail_from_records("bounce.example.com", "eu-west-1"),
    inbound_mx("example.com", ["us-east-1", "eu-west-1"]),
    dmarc_record("example.com", "reject", ["dmarc@example.com"]),
]
ZONES = [("example.com", RECORDS)]
LONG = Record(name="key._domainkey.example.com", type="TXT", values=('p="' + "A" * 600 + "\\",))


def parsed(text: str) -> dns.zone.Zone:
    around = "$TTL 60\n@ IN SOA ns admin 1 2 3 4 5\n@ IN NS ns\nns IN A 127.0.0.1\n"
    return dns.zone.from_text(around + text, origin="example.com.", relativize=False)


def test_a_zone_file_says_what_the_records_say() -> None:
    zone = parsed(dns_formats.bind(ZONES))
    for record in RECORDS:
        found = zone.find_rrset(f"{record.name}.", record.type)
        values = [str(value).strip('"').rstrip(".") for value in found]
        assert (sorted(values), found.ttl) == (sorted(record.values), record.ttl)


def test_a_text_longer_than_a_dns_string_is_cut_and_read_as_one() -> None:
    zone = parsed(dns_formats.bind([("example.com", [LONG])]))
    [text] = zone.find_rrset(f"{LONG.name}.", "TXT")
    assert b"".join(text.strings).decode() == LONG.values[0]
    assert [len(part) for part in text.strings] == [255, 255, 94]


def test_json_has_a_version_and_every_record() -> None:
    document = json.loads(dns_formats.as_json(ZONES))
    assert document["version"] == 1
    [zone] = document["domains"]
    assert zone["domain"] == "example.com"
    assert [record["name"] for record in zone["records"]] == [record.name for record in RECORDS]
    assert zone["records"][0] == {
        "name": "abc._domainkey.example.com",
        "type": "CNAME",
        "ttl": 1800,
        "values": ["abc.dkim.eu-south-1.amazonses.com"],
        "purpose": "DKIM key of example.com",
    }


def test_octodns_gets_names_relative_to_the_zone() -> None:
    assert yaml.safe_load(dns_formats.octodns(ZONES)) == {
        "": {
            "ttl": 300,
            "type": "MX",
            "values": [
                {"exchange": "inbound-smtp.us-east-1.amazonaws.com.", "preference": 10},
                {"exchange": "inbound-smtp.eu-west-1.amazonaws.com.", "preference": 20},
            ],
        },
        "_dmarc": {
            "ttl": 300,
            "type": "TXT",
            "values": ["v=DMARC1\\; p=reject\\; rua=mailto:dmarc@example.com"],
        },
        "abc._domainkey": {"ttl": 1800, "type": "CNAME", "value": "abc.dkim.eu-south-1.amazonses.com."},
        "bounce": [
            {
                "ttl": 300,
                "type": "MX",
                "values": [{"exchange": "feedback-smtp.eu-west-1.amazonses.com.", "preference": 10}],
            },
            {"ttl": 300, "type": "TXT", "values": ["v=spf1 include:amazonses.com ~all"]},
        ],
    }


def test_octodns_has_one_zone_a_file() -> None:
    with pytest.raises(ValueError, match="too many values"):
        dns_formats.octodns([*ZONES, ("example.org", [])])


def test_terraform_reads_as_written(tmp_path: Path) -> None:
    text = dns_formats.terraform([("example.com", [RECORDS[1], LONG])])
    assert text.startswith('variable "example_com_zone_id" {')
    assert (
        'resource "aws_route53_record" "bounce_example_com_mx" {\n'
        "  zone_id = var.example_com_zone_id\n"
        '  name    = "bounce.example.com"\n'
        '  type    = "MX"\n'
        "  ttl     = 300\n"
        "  records = [\n"
        '    "10 feedback-smtp.eu-west-1.amazonses.com",\n'
        "  ]\n"
        "}\n"
    ) in text
    assert text.count('A\\"\\"A') == 2, "the provider joins the strings of a long text at these"


def test_every_record_type_we_write_has_a_place_in_each_format() -> None:
    kinds = {record.type for record in RECORDS}
    assert kinds == {"CNAME", "MX", "TXT"}
    assert all(dns.rdatatype.from_text(kind) for kind in kinds)
    for name, form in dns_formats.FORMATS.items():
        assert all(kind in form(ZONES) for kind in kinds), name
