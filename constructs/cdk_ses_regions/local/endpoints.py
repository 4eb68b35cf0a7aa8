"""Where SES's host names are on this machine: `inbound-smtp.us-east-1.amazonaws.com` is a port on 127.0.0.1.

On AWS every host has the port 25 of an address of its own; on loopback they share one address.
"""

from __future__ import annotations

_ports: dict[str, int] = {}


def publish(host: str, port: int) -> None:
    """Say on which port of 127.0.0.1 a host's door is."""
    _ports[host.lower()] = port


def port_of(host: str) -> int | None:
    """Return the port of a host's door; None for a host that is not SES's or not here."""
    return _ports.get(host.rstrip(".").lower())
