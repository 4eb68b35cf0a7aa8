"""Questions to the local DNS from inside the server, without a packet."""

from __future__ import annotations


class DnsFailure(Exception):  # noqa: N818 - DNS says SERVFAIL, which is an answer
    """DNS has no answer now: SERVFAIL."""


def exchanges(domain: str) -> tuple[str, ...]:
    """Return the hosts that take a domain's mail, the most preferred first; none if it has no MX.

    Raises:
        DnsFailure: DNS fails.
    """
    return ()
