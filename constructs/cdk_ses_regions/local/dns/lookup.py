"""Questions to the local DNS: how its zones answer, and shorthands for SES, which asks without a packet.

Rests on RFC 1034 section 4.3.2 (how a server answers) and RFC 2308 (negative answers).
"""

# pyright: standard
# dnspython makes the attributes of its records at run time.

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from cdk_ses_regions.local import faults
from cdk_ses_regions.local.dns.zones import Zone, above, key, zones

_CHAIN_MOST = 8


class DnsFailure(Exception):  # noqa: N818 - DNS says SERVFAIL, which is an answer
    """DNS has no answer now: SERVFAIL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS says to a question: answers, and the SOA when there is nothing."""

    rcode: dns.rcode.Rcode
    answers: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()


def ask(name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
    """Return what the local DNS says, or SERVFAIL while it is broken on purpose."""
    if faults.current().dns_fails:
        return Answer(dns.rcode.SERVFAIL)
    return look_up(zones(), name, kind)


def look_up(known: Mapping[str, Zone], name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
    """Return what the closest zone says about a name, following CNAMEs as far as our zones go."""
    chain: list[dns.rrset.RRset] = []
    for _ in range(_CHAIN_MOST):
        asked = key(name)
        zone = _closest(known, asked)
        if zone is None:
            # The end of a chain outside is for others to answer.
            return Answer(dns.rcode.NOERROR if chain else dns.rcode.REFUSED, tuple(chain))
        nothing = () if zone.soa is None else (zone.soa,)
        records = zone.at(asked)
        if records is None:
            return Answer(dns.rcode.NXDOMAIN, tuple(chain), nothing)
        wanted = set(records) if kind == dns.rdatatype.ANY else {dns.rdatatype.to_text(kind)} & set(records)
        if wanted:
            found = [_renamed(records[one], name) for one in sorted(wanted)]
            return Answer(dns.rcode.NOERROR, (*chain, *found))
        if "CNAME" not in records:
            return Answer(dns.rcode.NOERROR, tuple(chain), nothing)
        alias = _renamed(records["CNAME"], name)
        chain.append(alias)
        name = dns.name.from_text(str(alias[0]))
    return Answer(dns.rcode.SERVFAIL, tuple(chain))


def records(name: str, kind: str) -> tuple[str, ...] | None:
    """Return the values that DNS has for a name and type: host names in small letters, texts in one piece.

    Returns:
        No values when the name has none of this type, None when there is no such name (in our zones).

    Raises:
        DnsFailure: DNS fails.
    """
    wanted = dns.rdatatype.from_text(kind)
    try:
        answer = ask(dns.name.from_text(name), wanted)
    except dns.exception.DNSException:  # no name at all
        return None
    if answer.rcode == dns.rcode.SERVFAIL:
        raise DnsFailure(name)
    if answer.rcode != dns.rcode.NOERROR:
        return None
    return tuple(_text(rdata) for rrset in answer.answers if rrset.rdtype == wanted for rdata in rrset)


def exchanges(domain: str) -> tuple[str, ...]:
    """Return the hosts that take a domain's mail, the most preferred first; none if it has no MX.

    Equally preferred ones come in any order, so that they share the load (RFC 5321 section 5.1).

    Raises:
        DnsFailure: DNS fails.
    """
    found = [value.split() for value in records(domain, "MX") or ()]
    random.shuffle(found)
    found.sort(key=lambda value: int(value[0]))
    return tuple(host for _, *hosts in found for host in hosts)


def start_of_authority(name: str) -> tuple[str, str, int] | None:
    """Return primary name server, mailbox of who runs it, and serial number of the zone a name is in; None for none."""
    if faults.current().dns_fails:
        return None
    zone = _closest(zones(), key(dns.name.from_text(name)))
    if zone is None or zone.soa is None:
        return None
    soa: Any = zone.soa[0]
    mailbox = soa.rname.to_text(omit_final_dot=True).replace(".", "@", 1)
    return soa.mname.to_text(omit_final_dot=True), mailbox, soa.serial


def _closest(known: Mapping[str, Zone], name: str) -> Zone | None:
    while name not in known:
        if name == ".":
            return None
        name = above(name)
    return known[name]


def _renamed(rrset: dns.rrset.RRset, name: dns.name.Name) -> dns.rrset.RRset:
    """Return the record set under the name that was asked for, which a wildcard stood in for."""
    if rrset.name.labels == name.labels:
        return rrset
    return dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))


def _text(rdata: Any) -> str:
    if rdata.rdtype == dns.rdatatype.TXT:
        return b"".join(rdata.strings).decode(errors="replace")
    return str(rdata).rstrip(".").lower()
