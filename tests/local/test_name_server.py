"""The name server: what is in the local Route 53 is in DNS."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from ministack.services import route53

from cdk_ses_regions import regions
from cdk_ses_regions.local import LocalAws, faults
from cdk_ses_regions.local.dns import lookup
from cdk_ses_regions.local.dns.lookup import look_up
from cdk_ses_regions.local.dns.name_server import respond
from cdk_ses_regions.local.dns.zones import Zone, zones
from cdk_ses_regions.local.faults import Faults

ZONE = "Z0LOCAL00000000001"


def zone(origin: str, *records: tuple[str, str, str]) -> Zone:
    soa = (origin, "SOA", "ns. host. 1 7200 900 1209600 86400")
    return Zone(
        origin,
        [
            dns.rrset.from_text(dns.name.from_text(name), 300, dns.rdataclass.IN, kind, *value.split("|"))
            for name, kind, value in (soa, *records)
        ],
    )


def ask(served: list[Zone], name: str, kind: str) -> tuple[str, list[str]]:
    known = {zone.origin: zone for zone in served}
    answer = look_up(known, dns.name.from_text(name), dns.rdatatype.from_text(kind))
    values = [f"{dns.rdatatype.to_text(rrset.rdtype)} {value}" for rrset in answer.answers for value in rrset]
    return dns.rcode.to_text(answer.rcode), values


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "values"),
    [
        ("mail.zone.test.", "MX", "NOERROR", ["MX 10 a.", "MX 20 b."]),
        ("MAIL.zone.test.", "MX", "NOERROR", ["MX 10 a.", "MX 20 b."]),
        ("mail.zone.test.", "TXT", "NOERROR", []),
        ("none.zone.test.", "MX", "NXDOMAIN", []),
        ("elsewhere.test.", "MX", "REFUSED", []),
        ("alias.zone.test.", "CNAME", "NOERROR", ["CNAME mail.zone.test."]),
        ("alias.zone.test.", "MX", "NOERROR", ["CNAME mail.zone.test.", "MX 10 a.", "MX 20 b."]),
        ("away.zone.test.", "MX", "NOERROR", ["CNAME host.elsewhere.test."]),
        ("loop.zone.test.", "MX", "SERVFAIL", ["CNAME loop.zone.test."] * 8),
        ("deep.er.zone.test.", "A", "NOERROR", ["A 127.0.0.1"]),
        ("er.zone.test.", "A", "NOERROR", []),
        ("any.wild.zone.test.", "TXT", "NOERROR", ['TXT "wild"']),
        ("there.wild.zone.test.", "TXT", "NOERROR", []),
        ("below.there.wild.zone.test.", "TXT", "NXDOMAIN", []),
        ("over.zone.test.", "MX", "NOERROR", ["CNAME mail.other.test.", "MX 10 c."]),
        ("nowhere.zone.test.", "MX", "NXDOMAIN", ["CNAME none.other.test."]),
        ("mail.sub.zone.test.", "MX", "NOERROR", ["MX 10 d."]),
        ("none.sub.zone.test.", "MX", "NXDOMAIN", []),
    ],
)
def test_a_zone_answers_as_dns_does(name: str, kind: str, rcode: str, values: list[str]) -> None:
    first = zone(
        "zone.test.",
        ("mail.zone.test.", "MX", "10 a.|20 b."),
        ("alias.zone.test.", "CNAME", "mail.zone.test."),
        ("away.zone.test.", "CNAME", "host.elsewhere.test."),
        ("loop.zone.test.", "CNAME", "loop.zone.test."),
        ("deep.er.zone.test.", "A", "127.0.0.1"),
        ("*.wild.zone.test.", "TXT", '"wild"'),
        ("there.wild.zone.test.", "A", "127.0.0.1"),
        ("over.zone.test.", "CNAME", "mail.other.test."),
        ("nowhere.zone.test.", "CNAME", "none.other.test."),
    )
    other = zone("other.test.", ("mail.other.test.", "MX", "10 c."))
    below = zone("sub.zone.test.", ("mail.sub.zone.test.", "MX", "10 d."))
    assert ask([first, other, below], name, kind) == (rcode, values)


@pytest.mark.parametrize("wire", [b"", b"\0" * 5, b"\xff" * 40])
def test_what_is_no_query_gets_no_response(wire: bytes) -> None:
    assert respond(wire) is None


def write(local: LocalAws, name: str, kind: str, values: list[str], action: str = "UPSERT") -> None:
    record = {
        "Name": name,
        "Type": kind,
        "TTL": 60,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    local.client("route53", "us-east-1").change_resource_record_sets(
        HostedZoneId=ZONE, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    )


def over_udp(local: LocalAws, name: str, kind: str) -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", port=local.dns_port, timeout=5)


def over_tcp(local: LocalAws, name: str, kind: str) -> dns.message.Message:
    return dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", port=local.dns_port, timeout=5)


@pytest.mark.parametrize("query", [over_udp, over_tcp])
def test_a_record_is_in_dns_as_soon_as_route_53_has_it_and_no_longer(local: LocalAws, query) -> None:
    name = f"{query.__name__}.local.example."
    assert query(local, name, "MX").rcode() == dns.rcode.NXDOMAIN
    write(local, name, "MX", ["10 feedback-smtp.us-east-1.amazonses.com"])
    [answer] = query(local, name, "MX").answer
    assert answer.to_text() == f"{name} 60 IN MX 10 feedback-smtp.us-east-1.amazonses.com."
    write(local, name, "MX", ["10 feedback-smtp.us-east-1.amazonses.com"], action="DELETE")
    assert query(local, name, "MX").rcode() == dns.rcode.NXDOMAIN


def test_an_answer_too_long_for_udp_is_cut_and_whole_over_tcp(local: LocalAws) -> None:
    name = "long.local.example."
    write(local, name, "TXT", [f'"{number:03d} {"x" * 200}"' for number in range(20)])
    query = dns.message.make_query(name, "TXT", use_edns=False)
    response, over_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", port=local.dns_port, timeout=5)
    assert over_tcp
    assert len(response.answer[0]) == 20


def test_it_speaks_for_the_zones_and_resolves_nothing_else(local: LocalAws) -> None:
    soa = over_udp(local, "local.example.", "SOA")
    assert soa.flags & dns.flags.AA
    assert over_udp(local, "example.org.", "A").rcode() == dns.rcode.REFUSED


def test_a_record_that_is_none_is_left_out_and_the_others_are_there(local: LocalAws) -> None:
    write(local, "bad.local.example.", "MX", ["mail"])
    write(local, "good.local.example.", "MX", ["10 mail.local.example"])
    assert over_udp(local, "bad.local.example.", "MX").rcode() == dns.rcode.NXDOMAIN
    assert len(over_udp(local, "good.local.example.", "MX").answer) == 1


def test_dns_that_is_broken_on_purpose_says_servfail_to_all(local: LocalAws) -> None:
    local.control.fault("dns")
    try:
        for name in ("local.example.", "amazonses.com.", "example.org."):
            assert over_udp(local, name, "SOA").rcode() == dns.rcode.SERVFAIL
    finally:
        local.control.clear_faults()
    assert over_udp(local, "local.example.", "SOA").rcode() == dns.rcode.NOERROR


# SES's own names


def values(local: LocalAws, name: str, kind: str) -> list[str]:
    return [str(rdata) for rrset in over_udp(local, name, kind).answer for rdata in rrset]


@pytest.mark.parametrize("region", regions.all_regions(), ids=lambda region: region.name)
def test_the_hosts_of_ses_are_on_this_machine(local: LocalAws, region: regions.SesRegion) -> None:
    for host in filter(None, (region.inbound, region.smtp, region.feedback)):
        assert values(local, host, "A") == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("domain", "region"),
    [("amazonses.com", "us-east-1"), ("eu-west-1.amazonses.com", "eu-west-1")],
)
def test_the_mail_from_domains_of_ses_take_bounces_and_have_a_policy(
    local: LocalAws, domain: str, region: str
) -> None:
    assert values(local, domain, "MX") == [f"10 feedback-smtp.{region}.amazonses.com."]
    assert values(local, domain, "TXT") == ['"v=spf1 ip4:127.0.0.0/8 -all"']


def test_the_rest_of_aws_is_not_in_this_dns(local: LocalAws) -> None:
    for name in ("amazonaws.com.", "s3.amazonaws.com.", "email.us-east-1.amazonaws.com."):
        assert over_udp(local, name, "A").rcode() == dns.rcode.REFUSED


# Questions from inside


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> None:
    known = zone(
        "zone.test.",
        ("mail.zone.test.", "MX", "20 B.test.|10 a.test."),
        ("alias.zone.test.", "CNAME", "mail.zone.test."),
        ("null.zone.test.", "MX", "0 ."),
        ("text.zone.test.", "TXT", '"one " "two"'),
    )
    monkeypatch.setattr(lookup, "zones", lambda: {known.origin: known})


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.zone.test", ("a.test", "b.test")),
        ("ALIAS.zone.test", ("a.test", "b.test")),
        ("null.zone.test", ()),
        ("text.zone.test", ()),
        ("none.zone.test", ()),
        ("example.org", ()),
        ("no..name", ()),
    ],
)
def test_exchanges_are_named_in_their_order(records: None, domain: str, expected: tuple[str, ...]) -> None:
    assert lookup.exchanges(domain) == expected


def test_no_record_and_no_name_are_told_apart_and_texts_come_in_one_piece(records: None) -> None:
    assert lookup.records("text.zone.test", "TXT") == ("one two",)
    assert lookup.records("text.zone.test", "MX") == ()
    assert lookup.records("none.zone.test", "MX") is None


def test_a_failure_of_dns_is_no_answer(records: None) -> None:
    faults.put(Faults(dns_fails=True))
    try:
        with pytest.raises(lookup.DnsFailure):
            lookup.exchanges("mail.zone.test")
    finally:
        faults.put(Faults())


def test_private_zones_and_aliases_are_not_in_public_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def hosted(name: str, *, private: bool) -> dict[str, object]:
        return {"id": name, "name": f"{name}.", "private": private}

    alias = {"Name": "alias.open.test.", "Type": "A", "AliasTarget": {"DNSName": "x."}}
    text = {"Name": "text.open.test.", "Type": "TXT", "ResourceRecords": ['"here"']}
    monkeypatch.setattr(
        route53._zones,
        "_data",
        {n: hosted(n, private=n == "inside.test") for n in ("open.test", "inside.test")},
    )
    monkeypatch.setattr(route53._records, "_data", {n: [alias, text] for n in ("open.test", "inside.test")})
    known = zones()
    assert "inside.test." not in known
    assert known["open.test."].at("alias.open.test.") is None
    assert known["open.test."].at("text.open.test.") is not None
    assert zones() is known
    monkeypatch.setitem(route53._records._data, "open.test", [text])
    assert zones() is not known
