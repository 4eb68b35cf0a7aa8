"""An authoritative name server for the hosted zones of the local Route 53, over UDP and TCP on loopback.

So `dig`, dnspython and whoever checks records ask real DNS and not an API. It answers from the record sets as they are
at each query. Names outside the zones are refused: it is no resolver.
Rests on RFC 1034 section 4.3.2 (how a server answers), RFC 2308 (negative answers) and RFC 7766 (DNS over TCP).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import contextlib
import logging
import socketserver
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from ministack.services import route53

_log = logging.getLogger(__name__)

_UDP_WITHOUT_EDNS = 512
_CHAIN_MOST = 8

Zone = dict[tuple[dns.name.Name, str], dns.rrset.RRset]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a zone says to a question: answers, and the SOA when there is nothing."""

    rcode: dns.rcode.Rcode
    answers: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()


class NameServer:
    """Serves the zones until it is stopped.

    Args:
        host: IP address to listen on.
    """

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        self._host = host
        self._servers: list[socketserver.BaseServer] = []

    def start(self) -> int:
        """Listen on a free port, the same for UDP and TCP; return it."""
        while not self._servers:
            tcp = _Tcp((self._host, 0), _TcpHandler)
            try:
                udp = _Udp((self._host, tcp.server_address[1]), _UdpHandler)
            except OSError:  # taken for UDP: another one
                tcp.server_close()
                continue
            self._servers = [tcp, udp]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        return self._servers[0].server_address[1]  # type: ignore[index]

    def stop(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers = []


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        if (response := respond(wire)) is not None:
            query_size = max(_UDP_WITHOUT_EDNS, response.request_payload or 0)
            sock.sendto(_within(response, query_size), self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            while len(length := self.rfile.read(2)) == 2:
                response = respond(self.rfile.read(*struct.unpack("!H", length)))
                if response is None:
                    return
                wire = response.to_wire()
                self.wfile.write(struct.pack("!H", len(wire)) + wire)


def respond(wire: bytes) -> dns.message.Message | None:
    """Return the response to a query, or None to what is none."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, our_payload=1232)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    question = query.question[0]
    try:
        answer = look_up(_zones(), question.name, question.rdtype)
    except Exception:
        _log.exception("no answer to %s", question)
        answer = Answer(dns.rcode.SERVFAIL)
    response.set_rcode(answer.rcode)
    if answer.rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        response.flags |= dns.flags.AA
    response.answer = list(answer.answers)
    response.authority = list(answer.authority)
    return response


def look_up(zones: dict[dns.name.Name, Zone], name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
    """Return what the closest zone says about a name, following CNAMEs as far as our zones go."""
    origin = max((zone for zone in zones if name.is_subdomain(zone)), key=len, default=None)
    if origin is None:
        return Answer(dns.rcode.REFUSED)
    zone, soa = zones[origin], zones[origin].get((origin, "SOA"))
    nothing = () if soa is None else (soa,)
    chain: list[dns.rrset.RRset] = []
    for _ in range(_CHAIN_MOST):
        owner = _closest_owner(zone, origin, name)
        if owner is None:
            # The end of a chain outside is for others to answer.
            rcode = dns.rcode.NXDOMAIN if name.is_subdomain(origin) else dns.rcode.NOERROR
            return Answer(rcode, tuple(chain), nothing if name.is_subdomain(origin) else ())
        types = {found for at, found in zone if at == owner}
        wanted = types if kind == dns.rdatatype.ANY else types & {dns.rdatatype.to_text(kind)}
        if wanted:
            found = [_renamed(zone[owner, one], name) for one in sorted(wanted)]
            return Answer(dns.rcode.NOERROR, (*chain, *found))
        if "CNAME" not in types:
            return Answer(dns.rcode.NOERROR, tuple(chain), nothing)
        alias = _renamed(zone[owner, "CNAME"], name)
        chain.append(alias)
        name = dns.name.from_text(str(alias[0]))
    return Answer(dns.rcode.SERVFAIL, tuple(chain))


def _closest_owner(zone: Zone, origin: dns.name.Name, name: dns.name.Name) -> dns.name.Name | None:
    """Return the name whose records answer: itself, an empty name above others, or the wildcard that covers it."""
    names = {owner for owner, _ in zone}
    if name in names or any(owner.is_subdomain(name) for owner in names):
        return name
    parent = name
    while parent != origin and parent.is_subdomain(origin):
        parent = parent.parent()
        if (wildcard := dns.name.Name((b"*", *parent.labels))) in names:
            return wildcard
        if parent in names:
            return None
    return None


def _renamed(rrset: dns.rrset.RRset, name: dns.name.Name) -> dns.rrset.RRset:
    """Return the record set under the name that was asked for, which a wildcard stood in for."""
    return dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))


def _zones() -> dict[dns.name.Name, Zone]:
    """Return the account's hosted zones as they are now."""
    return {
        dns.name.from_text(zone["name"]): _records(route53._records.get(zone_id, []))
        for zone_id, zone in list(route53._zones.items())
    }


def _records(record_sets: Iterable[dict[str, Any]]) -> Zone:
    records: Zone = {}
    for one in list(record_sets):
        if not one.get("ResourceRecords"):  # an alias has no records of its own
            continue
        # Route 53 writes a wildcard's asterisk as an octal escape.
        name = dns.name.from_text(one["Name"].replace("\\052", "*"))
        # To Route 53 every name is absolute, with a final dot or without.
        records[name, one["Type"]] = dns.rrset.from_text_list(
            name,
            int(one.get("TTL", 300)),
            dns.rdataclass.IN,
            one["Type"],
            one["ResourceRecords"],
            origin=dns.name.root,
            relativize=False,
        )
    return records


def _within(response: dns.message.Message, size: int) -> bytes:
    """Return the response for UDP: cut, and marked as such, when it is too long."""
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        response.flags |= dns.flags.TC
        response.answer, response.authority = [], []
        return response.to_wire(max_size=size)
