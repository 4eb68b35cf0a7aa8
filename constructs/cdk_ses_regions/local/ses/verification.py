"""Whether identities are verified: SES finds out from DNS, and here DNS is the local Route 53.

Gaps: ministack verifies every identity at once, makes the same DKIM tokens in every Region, and has no
MAIL FROM status.
Rests on the SES developer guide, "Creating and verifying identities" and "Using a custom MAIL FROM domain".
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import hashlib
import threading
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import route53, ses, ses_v2

from cdk_ses_regions import regions
from cdk_ses_regions.errors import UnsupportedRegionError

_SENDER_POLICY = "v=spf1"
_SPF = "include:amazonses.com"

lock = threading.RLock()
"""Held by what adds or removes an identity: the two versions of the API must never be seen apart."""

Records = dict[tuple[str, str], list[str]]


def install() -> None:
    """Let ministack answer with the tokens of this Region wherever it names tokens."""
    ses._dkim_tokens = ses_v2._dkim_tokens = dkim_tokens


def dkim_zone() -> str:
    """Return the zone that the DKIM records of this Region point into."""
    try:
        return regions.region(get_region()).dkim_zone
    except UnsupportedRegionError:
        return "dkim.amazonses.com"


def dkim_tokens(domain: str) -> list[str]:
    """Return the three Easy DKIM tokens of a domain; another account or Region has others."""
    return [
        hashlib.sha256(f"{get_account_id()} {get_region()} {domain} {number}".encode()).hexdigest()[:32]
        for number in (1, 2, 3)
    ]


def dkim_records(domain: str) -> list[tuple[str, str]]:
    """Return name and target of the three CNAMEs that verify a domain."""
    zone = dkim_zone()
    return [(f"{token}._domainkey.{domain}", f"{token}.{zone}") for token in dkim_tokens(domain)]


def refresh() -> None:
    """Bring the state of this Region's identities up to what DNS says now, in both versions of the API."""
    with lock:
        _know_the_same_identities()
        _refresh_identities(_records())


def forget(name: str) -> None:
    """Delete an identity, in both versions of the API."""
    with lock:
        ses._identities.pop(name, None)
        ses_v2._identities.pop(name, None)
        ses_v2._ses_tags.pop(ses_v2._resource_arn("identity", name), None)


def needs_mail_from(name: str) -> str:
    """Return the MAIL FROM domain without which a verified identity sends nothing; empty if it has what it needs."""
    identity = ses_v2._identities.get(name, {})
    settings = identity.get("MailFromAttributes", {})
    must = settings.get("BehaviorOnMxFailure") == "REJECT_MESSAGE" and identity["VerifiedForSendingStatus"]
    return (
        settings.get("MailFromDomain", "")
        if must and settings.get("MailFromDomainStatus") != "SUCCESS"
        else ""
    )


def _refresh_identities(records: Records) -> None:
    for name, identity in ses_v2._identities.items():
        old = ses._identities[name]
        identity["FeedbackForwardingStatus"] = old["FeedbackForwardingEnabled"]
        old["DkimEnabled"] = identity["DkimAttributes"]["SigningEnabled"]
        _refresh_mail_from(identity["MailFromAttributes"], records)
        if "@" in name:
            identity["VerificationStatus"] = "SUCCESS" if identity["VerifiedForSendingStatus"] else "PENDING"
            continue
        found = all(records.get((cname.lower(), "CNAME")) == [target] for cname, target in dkim_records(name))
        identity["VerifiedForSendingStatus"] = found
        identity["VerificationStatus"] = "SUCCESS" if found else "PENDING"
        identity["DkimAttributes"] = {
            **identity["DkimAttributes"],
            "SigningAttributesOrigin": "AWS_SES",
            "SigningHostedZone": dkim_zone(),
            "Status": "SUCCESS" if found else "PENDING",
            "Tokens": dkim_tokens(name),
        }
        old["VerificationStatus"] = old["DkimVerificationStatus"] = "Success" if found else "Pending"
        old["DkimTokens"] = dkim_tokens(name)


def _refresh_mail_from(attributes: dict[str, Any], records: Records) -> None:
    domain = attributes.get("MailFromDomain", "").lower()
    if not domain:
        attributes.pop("MailFromDomainStatus", None)
        return
    exchanges = [value.split()[-1] for value in records.get((domain, "MX"), [])]
    texts = [
        value.strip('"').replace('" "', "").lower().split() for value in records.get((domain, "TXT"), [])
    ]
    sender_policy = any(text[:1] == [_SENDER_POLICY] and _SPF in text for text in texts)
    if len(exchanges) > 1:
        attributes["MailFromDomainStatus"] = "FAILED"
    elif exchanges and exchanges[0] in regions.feedback_hosts() and sender_policy:
        attributes["MailFromDomainStatus"] = "SUCCESS"
    else:
        attributes["MailFromDomainStatus"] = "PENDING"


def _know_the_same_identities() -> None:
    """The two versions of the API look at the same identities; ministack keeps them apart."""
    for name, old in list(ses._identities.items()):
        if name not in ses_v2._identities:
            ses_v2._identities[name] = {
                "EmailIdentity": name,
                "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
                "VerifiedForSendingStatus": old["VerificationStatus"] == "Success",
                "DkimAttributes": {"SigningEnabled": True, "Status": "PENDING", "Tokens": []},
                "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
                "Tags": [],
            }
    for name in list(ses_v2._identities):
        if name not in ses._identities:
            ses._identities[name] = ses._make_identity(name, "EmailAddress" if "@" in name else "Domain")


def _records() -> Records:
    """Return the values of all record sets in the account's hosted zones, by name and type."""
    return {
        (record["Name"].rstrip(".").lower(), record["Type"]): [
            _value(record["Type"], value) for value in record.get("ResourceRecords", [])
        ]
        for zone in list(route53._records.values())
        for record in list(zone)
    }


def _value(kind: str, value: str) -> str:
    return value if kind == "TXT" else value.rstrip(".").lower()
