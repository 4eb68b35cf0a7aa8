"""The zones of the local DNS: hosted zones of the local Route 53, and the names of SES itself.

SES's own names answer as on AWS, except that all of its hosts are 127.0.0.1: `amazonses.com` with its sender policy,
the zones of the Easy DKIM keys, feedback, inbound and submission hosts.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from ministack.services import route53

from cdk_ses_regions import regions
from cdk_ses_regions.local.identities import dkim

_log = logging.getLogger(__name__)

_SES = "amazonses.com"
_TTL = 300
_SOA = "ns.local. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60"
_SENDER_POLICY = '"v=spf1 ip4:127.0.0.0/8 -all"'
_STRING_MOST = 255
"""Bytes in one string of a TXT record (RFC 1035 section 3.3)."""

Records = Mapping[str, dns.rrset.RRset]
"""The record sets of one name, by type."""


def key(name: dns.name.Name) -> str:
    """Return a name as the zones look it up: text in small letters, with the final dot (dnspython's names are slow)."""
    return name.to_text().lower()


def above(name: str) -> str:
    """Return the name above one, for a key."""
    return name.partition(".")[2] or "."


class Zone:
    """The record sets of one zone.

    Args:
        origin: name of the zone, as a key.
        rrsets: all it has.
    """

    def __init__(self, origin: str, rrsets: Iterable[dns.rrset.RRset]) -> None:
        self.origin = origin
        self._records: dict[str, dict[str, dns.rrset.RRset]] = {}
        self._above: set[str] = set()
        for rrset in rrsets:
            name = key(rrset.name)
            self._records.setdefault(name, {})[dns.rdatatype.to_text(rrset.rdtype)] = rrset
            while name not in (origin, ".") and (name := above(name)) not in self._above:
                self._above.add(name)

    @property
    def soa(self) -> dns.rrset.RRset | None:
        """The start of authority, which also says how long a missing name may be remembered."""
        return self._records.get(self.origin, {}).get("SOA")

    def at(self, name: str) -> Records | None:
        """Return what a name has: itself, or the wildcard that covers it; None when there is no such name."""
        if (found := self._records.get(name)) is not None:
            return found
        if name in self._above:
            return {}
        while name not in (self.origin, "."):
            name = above(name)
            if (wildcard := f"*.{name}") in self._records:
                return self._records[wildcard]
            if name in self._records or name in self._above:
                return None
        return None


class _SesZone(Zone):
    """`amazonses.com`: its Easy DKIM keys are made when somebody asks for one."""

    def at(self, name: str) -> Records | None:
        token, _, zone = name.rstrip(".").partition(".")
        if zone not in _dkim_zones():
            return super().at(name)
        if (value := dkim.published(token, zone)) is None:
            return None
        strings = [value[at : at + _STRING_MOST] for at in range(0, len(value), _STRING_MOST)]
        return {"TXT": _rrset(name, "TXT", (" ".join(f'"{string}"' for string in strings),))}


_cached: tuple[list[Any], Mapping[str, Zone]] | None = None


def zones() -> Mapping[str, Zone]:
    """Return all zones by name, as they are now: the same object until one of them changes."""
    global _cached
    hosted = [(key, zone) for key, zone in list(route53._zones._data.items()) if not zone.get("private")]
    # Route 53 replaces the list of a zone's records at each change, never changes it.
    now = [part for key, zone in hosted for part in (zone, route53._records._data.get(key))]
    if _cached is None or not _same(now, _cached[0]):
        found = (*(_hosted(zone, route53._records._data.get(key) or []) for key, zone in hosted), *_of_ses())
        _cached = (now, {zone.origin: zone for zone in found})
    return _cached[1]


def _same(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(one is other for one, other in zip(now, before, strict=True))


def _hosted(zone: dict[str, Any], records: Iterable[dict[str, Any]]) -> Zone:
    return Zone(key(dns.name.from_text(zone["name"])), _record_sets(records))


def _record_sets(records: Iterable[dict[str, Any]]) -> Iterator[dns.rrset.RRset]:
    for one in records:
        values = tuple(one.get("ResourceRecords") or ())
        if not values:  # an alias has no records of its own
            continue
        try:
            # Route 53 writes a wildcard's asterisk as an octal escape.
            name = one["Name"].replace("\\052", "*")
            yield _rrset(name, one["Type"], values, int(one.get("TTL") or _TTL))
        except (dns.exception.DNSException, ValueError):
            _log.warning("not in DNS, for it is no record: %s", one)


@lru_cache(maxsize=20_000)
def _rrset(name: str, kind: str, values: tuple[str, ...], seconds: int = _TTL) -> dns.rrset.RRset:
    # To Route 53 every name is absolute, with a final dot or without.
    return dns.rrset.from_text_list(
        dns.name.from_text(name),
        seconds,
        dns.rdataclass.IN,
        kind,
        values,
        origin=dns.name.root,
        relativize=False,
    )


def _dkim_zones() -> frozenset[str]:
    return frozenset(region.dkim_zone for region in regions.all_regions())


def _of_ses() -> tuple[Zone, ...]:
    """Return the zones of SES's own names."""
    return _of_ses_in(regions.all_regions())


@lru_cache(maxsize=1)
def _of_ses_in(known: tuple[regions.SesRegion, ...]) -> tuple[Zone, ...]:
    records = [_rrset(_SES, "SOA", (_SOA,)), _rrset(_SES, "TXT", (_SENDER_POLICY,))]
    hosts: list[str] = []
    for region in known:
        bounces = _SES if region.name == "us-east-1" else f"{region.name}.{_SES}"
        records += [
            _rrset(bounces, "MX", (f"10 {region.feedback}",)),
            _rrset(bounces, "TXT", (_SENDER_POLICY,)),
            _rrset(region.feedback, "A", ("127.0.0.1",)),
        ]
        hosts += [host for host in (region.inbound, region.smtp) if host]
    # All of amazonaws.com would be too much to answer for: each host is a zone.
    return (_SesZone(f"{_SES}.", records), *map(_host_zone, hosts))


def _host_zone(host: str) -> Zone:
    return Zone(f"{host}.", [_rrset(host, "SOA", (_SOA,)), _rrset(host, "A", ("127.0.0.1",))])
