"""What SES looks for in DNS: the records that prove a domain, sign for it, and take its bounces.

Rests on the SES developer guide: "Creating and verifying identities", "Using a custom MAIL FROM domain" and "Bring
your own DKIM" (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.local import faults
from cdk_ses_regions.local.dns import lookup
from cdk_ses_regions.local.dns.zones import zones
from cdk_ses_regions.local.identities.progress import Finding

FOUND = Finding()
_WRONG = Finding("INVALID_VALUE")
_SENDER_POLICY, _SES_SENDS = "v=spf1", "include:amazonses.com"


_dns: tuple[Mapping[Any, Any], bool] = ({}, False)
_found: dict[tuple[Any, ...], Finding] = {}


def remembered(check: Callable[..., Finding], *arguments: Any) -> Finding:
    """Return the finding of a check, made anew only when DNS has changed: requests come by the thousand."""
    global _dns, _found
    now = (zones(), faults.current().dns_fails)
    if now[0] is not _dns[0] or now[1] != _dns[1]:
        _dns, _found = now, {}
    found = _found
    if (key := (check, *arguments)) not in found:
        found[key] = check(*arguments)
    return found[key]


def easy_dkim(records: tuple[tuple[str, str], ...]) -> Finding:
    """Look for the CNAMEs of Easy DKIM, given as name and target; all must be there."""
    for name, target in records:
        found = _values(name, "CNAME")
        if isinstance(found, Finding):
            return found
        if found != (target.lower(),):
            return _WRONG
    return FOUND


def own_dkim(domain: str, selector: str, public_key: str) -> Finding:
    """Look for the public key of a domain that brings its own."""
    found = _values(f"{selector}._domainkey.{domain}", "TXT")
    if isinstance(found, Finding):
        return found
    return FOUND if any(_key_in(text) == public_key for text in found) else _WRONG


def ownership(domain: str, token: str) -> Finding:
    """Look for the token that proves a domain, one of the texts at `_amazonses`."""
    found = _values(f"_amazonses.{domain}", "TXT")
    if isinstance(found, Finding):
        return found
    return FOUND if token in found else _WRONG


def mail_from(domain: str) -> Finding:
    """Look for exactly one MX, to the feedback host of some Region, and a policy that lets SES send."""
    exchanges, texts = _values(domain, "MX"), _values(domain, "TXT")
    if isinstance(exchanges, Finding):
        return exchanges
    if len(exchanges) > 1:
        return Finding("INVALID_VALUE", final=True)
    if not any(exchange.split()[-1] in regions.feedback_hosts() for exchange in exchanges):
        return _WRONG
    if isinstance(texts, Finding):
        return texts
    policies = [text.lower().split() for text in texts]
    return FOUND if any(p[:1] == [_SENDER_POLICY] and _SES_SENDS in p for p in policies) else _WRONG


def _values(name: str, kind: str) -> tuple[str, ...] | Finding:
    """Return what DNS has, or why it has nothing."""
    try:
        found = lookup.records(name, kind)
    except lookup.DnsFailure:
        return Finding("DNS_SERVER_ERROR")
    if found is None:
        return Finding("HOST_NOT_FOUND")
    return found or Finding("TYPE_NOT_FOUND")


def _key_in(text: str) -> str:
    """Return the key in a DKIM record (RFC 6376 section 3.6.1), empty if there is none."""
    tags = (tag.partition("=") for tag in text.replace(" ", "").split(";"))
    return next((value for name, _, value in tags if name == "p"), "")
