"""Whether identities are verified: SES finds out from DNS, and here DNS is the local one.

An identity is looked at whenever somebody asks SES for anything: there is no wait for SES's next look.

Gaps: ministack verifies every identity at once and never again, keeps the identities of the two versions of the API
apart, and has no MAIL FROM status.
Rests on the SES developer guide, "Creating and verifying identities"
(https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html) and "Using a custom MAIL FROM domain"
(https://docs.aws.amazon.com/ses/latest/dg/mail-from.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import datetime, timedelta
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, request_scope
from ministack.services import ses, ses_v2

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.dns import lookup
from cdk_ses_regions.local.identities import deed, dkim, dns_checks
from cdk_ses_regions.local.identities.dns_checks import remembered
from cdk_ses_regions.local.identities.progress import GOOD, SUCCESS, Finding, Progress, advance, begin, expire

ADDRESS_HOURS = 24
"""How long the link of an address can be followed."""

lock = threading.RLock()
"""Held by what adds or removes an identity: the two versions of the API must never be seen apart."""

states = AccountRegionScopedDict()
"""Identity to its progress: `verification`, `dkim` once started, `mail_from` with its `domain` and
`progress`; and `text`: whether SES was asked for a TXT record."""

_VERSION_1 = {
    "PENDING": "Pending",
    "SUCCESS": "Success",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
    "NOT_STARTED": "NotStarted",
}


def install() -> None:
    """Let ministack answer with the tokens of this Region wherever it names tokens."""
    ses._dkim_tokens = ses_v2._dkim_tokens = dkim.tokens


def refresh() -> None:
    """Bring the state of this Region's identities up to what DNS says now, in both versions of the API."""
    with lock:
        _know_the_same_identities()
        now = clock.now()
        for name in ses_v2._identities:
            _refresh(name, now)


def refresh_everywhere() -> None:
    """Do so in all Regions of all accounts."""
    for account, region in {key[:2] for key, _ in ses_v2._identities.all_items()}:
        with request_scope(account, region):
            refresh()


def forward(by: timedelta) -> datetime:
    """Move the time forward, with a look at DNS before and after; return the time."""
    refresh_everywhere()
    now = clock.forward(by)
    refresh_everywhere()
    return now


def start(name: str, *, signs: bool = True, text: bool = False) -> None:
    """Start, or start again, what has not succeeded of the verification of an identity.

    Args:
        name: the identity.
        signs: whether DKIM is set up, too.
        text: whether a TXT record is asked for.
    """
    with lock:
        state, now = states.setdefault(name, {}), clock.now()
        if text:
            state["text"] = True
        if signs and "@" not in name and state.get("dkim", {}).get("status") not in GOOD:
            state["dkim"] = begin(now)
        if state.get("verification", {}).get("status") not in GOOD:
            state["verification"] = begin(now)


def start_signing_again(name: str) -> None:
    """Start DKIM anew, for the keys have changed; a domain that is verified stays so meanwhile."""
    with lock:
        states.setdefault(name, {})["dkim"] = begin(clock.now())
        start(name)


def check_mail_from(name: str, domain: str) -> None:
    """Refuse a MAIL FROM domain that is not below the domain of its identity; none at all is one.

    Raises:
        ValueError: in SES's words.
    """
    if domain and not domain.lower().endswith(f".{name.rpartition('@')[2].lower()}"):
        raise ValueError(
            f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{name}>."
        )


def start_mail_from_again(name: str) -> None:
    """Start the verification of the MAIL FROM domain anew."""
    states.setdefault(name, {}).pop("mail_from", None)


def succeed(name: str) -> None:
    """Call an address verified, for its owner has followed the link."""
    with lock:
        advance(states[name]["verification"], Finding(), clock.now())


def forget(name: str) -> None:
    """Delete an identity, in both versions of the API.

    Raises:
        ValueError: other identities are its replicas.
    """
    with lock:
        if found := deed.replicas(name):
            raise ValueError(
                f"Identity {name} cannot be deleted: it is the parent of replicas in {', '.join(found)}."
            )
        for store in (ses._identities, ses_v2._identities, states, deed.denied):
            store.pop(name, None)
        ses_v2._ses_tags.pop(ses_v2._resource_arn("identity", name), None)
        dkim.forget(name)


def needs_mail_from(name: str) -> str:
    """Return the MAIL FROM domain without which a verified identity sends nothing; empty if it has what it needs."""
    identity = ses_v2._identities.get(name, {})
    settings = identity.get("MailFromAttributes", {})
    must = settings.get("BehaviorOnMxFailure") == "REJECT_MESSAGE" and identity["VerifiedForSendingStatus"]
    return settings.get("MailFromDomain", "") if must and not mail_from(name) else ""


def mail_from(name: str) -> str:
    """Return the MAIL FROM domain of an identity when it can be used now, else nothing."""
    settings = ses_v2._identities.get(name, {}).get("MailFromAttributes", {})
    usable = settings.get("MailFromDomainStatus") == SUCCESS
    return settings.get("MailFromDomain", "") if usable else ""


def info(name: str) -> dict[str, Any]:
    """Return the `VerificationInfo` of an identity."""
    progress: Progress = states[name]["verification"]
    found: dict[str, Any] = {"LastCheckedTimestamp": progress["checked"]}
    if progress["succeeded"]:
        found["LastSuccessTimestamp"] = progress["succeeded"]
    if progress["error"]:
        found["ErrorType"] = progress["error"]
    if "@" not in name and (soa := lookup.start_of_authority(name)):
        keys = ("PrimaryNameServer", "AdminEmail", "SerialNumber")
        found["SOARecord"] = dict(zip(keys, soa, strict=True))
    return found


def text_token(domain: str) -> str:
    """Return the value of the TXT record that proves a domain; another account or Region has another."""
    seed = f"{get_account_id()} {get_region()} {domain} TXT"
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


def dkim_records(name: str) -> list[tuple[str, str]]:
    """Return name and target of the CNAMEs that verify an identity; none where there is nothing to publish."""
    own = "@" in name or dkim.origin(name) == dkim.OWN or "dkim" not in states.get(name, {})
    return [] if own else dkim.records(name)


def _refresh(name: str, now: datetime) -> None:
    identity, old = ses_v2._identities[name], ses._identities[name]
    if "verification" not in states.get(name, {}):
        start(name)
    state = states[name]
    if "@" in name:
        _refresh_address(identity, state, now)
    else:
        _refresh_domain(name, state, now)
        _show_dkim(name, identity, state)
    _refresh_mail_from(identity["MailFromAttributes"], state, now)
    status = state["verification"]["status"]
    identity["VerificationStatus"] = status
    identity["VerifiedForSendingStatus"] = status in GOOD
    identity["FeedbackForwardingStatus"] = old["FeedbackForwardingEnabled"]
    shown = identity["DkimAttributes"]
    old["VerificationStatus"] = _VERSION_1[status]
    old["DkimVerificationStatus"] = _VERSION_1[shown["Status"]]
    old["DkimEnabled"], old["DkimTokens"] = shown["SigningEnabled"], shown["Tokens"]


def _refresh_address(identity: dict[str, Any], state: dict[str, Any], now: datetime) -> None:
    expire(state["verification"], now, ADDRESS_HOURS)
    signing = identity["DkimAttributes"].get("SigningEnabled", True)
    identity["DkimAttributes"] = {"SigningEnabled": signing, "Status": "NOT_STARTED", "Tokens": []}


def _refresh_domain(name: str, state: dict[str, Any], now: datetime) -> None:
    if region := deed.parent(name):
        _follow_parent(name, region, state, now)
        return
    proofs: list[Finding] = []
    if (progress := state.get("dkim")) is not None:
        finding = _dkim_finding(name)
        advance(progress, finding, now)
        # What has failed proves nothing any more, though its records come late.
        proofs.append(finding if progress["status"] in GOOD else Finding(progress["error"]))
    if state.get("text"):
        proofs.append(remembered(dns_checks.ownership, name, text_token(name)))
    # One of the two is enough.
    advance(state["verification"], min(proofs, key=lambda proof: proof.error != ""), now)


def _dkim_finding(name: str) -> Finding:
    if dkim.origin(name) == dkim.OWN:
        own = dkim.own_keys[name]
        return remembered(dns_checks.own_dkim, name, own["selector"], dkim.public_key(own["pem"]))
    return remembered(dns_checks.easy_dkim, tuple(dkim.records(name)))


def _follow_parent(name: str, region: str, state: dict[str, Any], now: datetime) -> None:
    if error := deed.problem(name):
        for progress in (state["dkim"], state["verification"]):
            advance(progress, Finding(error), now)
        return
    with request_scope(get_account_id(), region):
        _know_the_same_identities()
        _refresh(name, now)
        parents: Progress = states[name].get("dkim") or begin(now)
    state["dkim"], state["verification"] = parents.copy(), parents.copy()


def _show_dkim(name: str, identity: dict[str, Any], state: dict[str, Any]) -> None:
    origin = dkim.origin(name)
    shown = {
        "SigningEnabled": identity["DkimAttributes"].get("SigningEnabled", True),
        "SigningAttributesOrigin": origin,
        "Status": state["dkim"]["status"] if "dkim" in state else "NOT_STARTED",
    }
    if origin == dkim.OWN:
        shown["Tokens"] = [dkim.own_keys[name]["selector"]]
    elif "dkim" not in state or (deed.parent(name) and deed.problem(name)):
        shown["Tokens"] = []
    else:
        shown |= {"Tokens": dkim.tokens(name), "SigningHostedZone": dkim.zone(name), **dkim.lengths(name)}
    identity["DkimAttributes"] = shown


def _refresh_mail_from(attributes: dict[str, Any], state: dict[str, Any], now: datetime) -> None:
    domain = attributes.get("MailFromDomain", "").lower()
    if not domain:
        for setting in ("MailFromDomain", "MailFromDomainStatus"):
            attributes.pop(setting, None)
        state.pop("mail_from", None)
        return
    if state.get("mail_from", {}).get("domain") != domain:
        state["mail_from"] = {"domain": domain, "progress": begin(now)}
    progress: Progress = state["mail_from"]["progress"]
    advance(progress, remembered(dns_checks.mail_from, domain), now)
    attributes["MailFromDomainStatus"] = progress["status"]


def _know_the_same_identities() -> None:
    """The two versions of the API look at the same identities; ministack keeps them apart."""
    for name in list(ses._identities):
        if name not in ses_v2._identities:
            ses_v2._identities[name] = {
                "EmailIdentity": name,
                "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
                "DkimAttributes": {"SigningEnabled": True},
                "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
                "Tags": [],
            }
    for name in list(ses_v2._identities):
        if name not in ses._identities:
            ses._identities[name] = ses._make_identity(name, "EmailAddress" if "@" in name else "Domain")
