"""An authoritative name server for the zones of the local DNS, over UDP and TCP on loopback.

So `dig`, dnspython and whoever checks records ask real DNS and not an API. It answers from the zones as they are
at each query. Names outside the zones are refused: it is no resolver.
Rests on RFC 1035 (messages) and RFC 7766 (DNS over TCP).
"""

from __future__ import annotations

import contextlib
import logging
import socketserver
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from cdk_ses_regions.local.dns import lookup

_log = logging.getLogger(__name__)

_UDP_WITHOUT_EDNS = 512


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
        answer = lookup.ask(question.name, question.rdtype)
    except Exception:
        _log.exception("no answer to %s", question)
        answer = lookup.Answer(dns.rcode.SERVFAIL)
    response.set_rcode(answer.rcode)
    if answer.rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        response.flags |= dns.flags.AA
    response.answer = list(answer.answers)
    response.authority = list(answer.authority)
    return response


def _within(response: dns.message.Message, size: int) -> bytes:
    """Return the response for UDP: cut, and marked as such, when it is too long."""
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        response.flags |= dns.flags.TC
        response.answer, response.authority = [], []
        return response.to_wire(max_size=size)
