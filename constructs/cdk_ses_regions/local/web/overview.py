"""The state of the local AWS, Region by Region, as its own services tell it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from cdk_ses_regions.local import breakage, clock, faults
from cdk_ses_regions.local.account import account as ses_account
from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.web.place import Place

Entry = dict[str, Any]


def status(place: Place) -> Entry:
    """Return everything about the server and its Regions; asks the services, so it blocks."""
    now = clock.now()

    def look(name: str) -> Entry:
        return region(place, name)

    with ThreadPoolExecutor(max(len(place.regions), 1)) as pool:
        found = list(pool.map(look, place.regions))
    return {
        "endpoint_url": place.endpoint_url,
        "account": place.account,
        "dns_port": place.dns_port,
        "hosted_zones": dict(place.hosted_zones),
        "now": now.isoformat(timespec="seconds"),
        "ahead_seconds": round((now - datetime.now(UTC)).total_seconds()),
        "control_plane_limited": ses_account.control_plane_is_limited(),
        "faults": in_force(),
        "regions": found,
    }


def in_force() -> Entry:
    """Return the faults: whole Regions, DNS, and resources that were broken on purpose."""
    current = faults.current()
    return {
        "down": sorted(current.down),
        "slow": dict(sorted(current.slow.items())),
        "throttled": sorted(current.throttled),
        "dns_fails": current.dns_fails,
        "broken": [
            {"kind": kind, "region": region, "name": name} for kind, region, name in breakage.broken()
        ],
    }


def region(place: Place, name: str) -> Entry:
    """Return one Region: doors, account, rule set, identities, stacks."""
    active = _client("ses", name).describe_active_receipt_rule_set()
    stacks = _client("cloudformation", name).describe_stacks()["Stacks"]
    return {
        "name": name,
        "inbound_port": place.inbound_ports.get(name),
        "submission_port": place.submission_ports.get(name),
        "feedback_port": place.feedback_ports.get(name),
        "active_rule_set": active.get("Metadata", {}).get("Name", ""),
        "rules": [rule["Name"] for rule in active.get("Rules", ())],
        "account": account(name),
        "identities": identities(name),
        "stacks": [{"name": stack["StackName"], "status": stack["StackStatus"]} for stack in stacks],
    }


def account(name: str) -> Entry:
    """Return what SES lets the account do in a Region, and what it did in the last 24 hours."""
    found = _client("sesv2", name).get_account()
    quota, details = found.get("SendQuota", {}), found.get("Details", {})
    return {
        "sandbox": not found.get("ProductionAccessEnabled", False),
        "sending": found.get("SendingEnabled", True),
        "daily": quota.get("Max24HourSend", 0.0),
        "rate": quota.get("MaxSendRate", 0.0),
        "used": quota.get("SentLast24Hours", 0.0),
        "review": details.get("ReviewDetails", {}).get("Status", ""),
        "suppresses": found.get("SuppressionAttributes", {}).get("SuppressedReasons", []),
    }


def identities(name: str) -> list[Entry]:
    """Return a Region's identities, with what each of them waits for."""
    sesv2 = _client("sesv2", name)
    return [
        _identity(one["IdentityName"], sesv2.get_email_identity(EmailIdentity=one["IdentityName"]))
        for one in _pages(sesv2.list_email_identities, "EmailIdentities")
    ]


def suppressed(name: str) -> list[Entry]:
    """Return the account's suppression list in a Region, newest first."""
    found = _pages(_client("sesv2", name).list_suppressed_destinations, "SuppressedDestinationSummaries")
    entries = [
        {
            "region": name,
            "address": one["EmailAddress"],
            "reason": one["Reason"],
            "at": one["LastUpdateTime"].isoformat(),
        }
        for one in found
    ]
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def _identity(name: str, found: Entry) -> Entry:
    dkim, mail_from = found.get("DkimAttributes", {}), found.get("MailFromAttributes", {})
    verified = found.get("VerifiedForSendingStatus", False)
    return {
        "name": name,
        "kind": found.get("IdentityType", "DOMAIN"),
        "verified": verified,
        "status": found.get("VerificationStatus", "SUCCESS" if verified else "PENDING"),
        "error": found.get("VerificationInfo", {}).get("ErrorType", ""),
        "dkim": dkim.get("Status", ""),
        "dkim_origin": dkim.get("SigningAttributesOrigin", ""),
        "mail_from": mail_from.get("MailFromDomain", ""),
        "mail_from_status": mail_from.get("MailFromDomainStatus", ""),
    }


def _pages(ask: Any, field: str) -> Iterator[Entry]:
    token: Entry = {}
    while True:
        answer = ask(**token)
        yield from answer.get(field, ())
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _client(service: str, name: str) -> Any:
    return as_root()(service, name)
