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

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.dns.name_server import Zone, look_up, respond

ZONE = "Z0LOCAL00000000001"


def zone(*records: tuple[str, str, str]) -> dict[dns.name.Name, Zone]:
    found: Zone = {}
    for name, kind, value in (("zone.test.", "SOA", "ns. host. 1 7200 900 1209600 86400"), *records):
        owner = dns.name.from_text(name)
        found[owner, kind] = dns.rrset.from_text(owner, 300, dns.rdataclass.IN, kind, *value.split("|"))
    return {dns.name.from_text("zone.test."): found}


def ask(zones: dict[dns.name.Name, Zone], name: str, kind: str) -> tuple[str, list[str]]:
    answer = look_up(zones, dns.name.from_text(name), dns.rdatatype.from_text(kind))
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
    ],
)
def test_a_zone_answers_as_dns_does(name: str, kind: str, rcode: str, values: list[str]) -> None:
    zones = zone(
        ("mail.zone.test.", "MX", "10 a.|20 b."),
        ("alias.zone.test.", "CNAME", "mail.zone.test."),
        ("away.zone.test.", "CNAME", "host.elsewhere.test."),
        ("loop.zone.test.", "CNAME", "loop.zone.test."),
        ("deep.er.zone.test.", "A", "127.0.0.1"),
        ("*.wild.zone.test.", "TXT", '"wild"'),
        ("there.wild.zone.test.", "A", "127.0.0.1"),
    )
    assert ask(zones, name, kind) == (rcode, values)


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
