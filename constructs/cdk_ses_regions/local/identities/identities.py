"""Identities as such, whichever version of the API, or CloudFormation, creates and deletes them."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import re
from typing import Any

from ministack.services import ses_v2
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local.identities import address_verification, deed, dkim, verification

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,255}}$)({_LABEL}\.)+{_LABEL}", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(r"[^@\s<>]{1,64}@(.+)")


def check(name: str) -> None:
    """Refuse what is neither a domain nor an address; both are ASCII, a domain of other letters is in Punycode.

    Raises:
        ValueError: in SES's words.
    """
    address = _ADDRESS.fullmatch(name)
    if "@" in name and not (name.isascii() and address and _DOMAIN.fullmatch(address[1])):
        raise ValueError(f"Invalid email address <{name}>.")
    if "@" not in name and not _DOMAIN.fullmatch(name):
        raise ValueError(f"Invalid domain name {name}.")


def create(
    name: str, properties: dict[str, Any] | None = None, *, signs: bool = True, text: bool = False
) -> None:
    """Create an identity that is not there yet, and start its verification; an address gets its mail by `ask`.

    Args:
        name: domain or address.
        properties: of its type in CloudFormation.
        signs: whether DKIM is set up at once.
        text: whether a domain is proved by a TXT record.
    """
    with verification.lock:
        provisioners._ses_email_identity_apply(
            name, {"DkimAttributes": {"SigningEnabled": True}, **(properties or {})}
        )
        begun(name, signs=signs, text=text)


def begun(name: str, *, signs: bool = True, text: bool = False) -> None:
    """Start the verification of an identity that was just stored."""
    with verification.lock:
        verification.states.pop(name, None)
        if "@" not in name:
            dkim.begin(name)
        verification.start(name, signs=signs, text=text)
        verification.refresh()
        ses_v2._ses_tags[ses_v2._resource_arn("identity", name)] = ses_v2._identities[name]["Tags"]


def sign(name: str, signing: dict[str, Any]) -> None:
    """Let a domain sign as it is asked to when it is created.

    Args:
        name: the domain.
        signing: `DkimSigningAttributes` of API v2 or CloudFormation.

    Raises:
        ValueError: it cannot; says why.
    """
    if not signing:
        return
    if "@" in name:
        raise ValueError("DkimSigningAttributes can be specified for a domain identity only.")
    selector, key = signing.get("DomainSigningSelector", ""), signing.get("DomainSigningPrivateKey", "")
    with verification.lock:
        attributes = ses_v2._identities[name]["DkimAttributes"]
        if selector or key:
            dkim.take(name, selector, key)
            attributes["SigningAttributesOrigin"] = dkim.OWN
            verification.start_signing_again(name)
        elif length := signing.get("NextSigningKeyLength"):
            dkim.begin(name, length)
        verification.refresh()


def replicate(name: str, origin: str, *, allowed: bool) -> None:
    """Let a new domain sign as its parent does.

    Args:
        name: the domain.
        origin: `AWS_SES_US_EAST_1` and the like.
        allowed: whether its creator may use the parent's key.
    """
    with verification.lock:
        ses_v2._identities[name]["DkimAttributes"]["SigningAttributesOrigin"] = origin
        if not allowed:
            deed.denied[name] = True
        verification.refresh()


def sign_easily(name: str, length: str) -> None:
    """Let a domain sign with keys of SES: from now on, with a key of another length, or start it again.

    Raises:
        ValueError: the length cannot be changed now.
    """
    with verification.lock:
        attributes = ses_v2._identities[name]["DkimAttributes"]
        changed = dkim.origin(name) != dkim.EASY or attributes["Status"] in ("FAILED", "NOT_STARTED")
        if changed:
            attributes["SigningAttributesOrigin"] = dkim.EASY
            dkim.forget(name)
            deed.denied.pop(name, None)
            dkim.begin(name, length)
            verification.start_signing_again(name)
        elif length:
            dkim.change_length(name, length)
        verification.refresh()


def ask_again(address: str) -> None:
    """Send the owner of an address the link again; create the address if need be."""
    if address not in ses_v2._identities:
        create(address)
    address_verification.ask(address)
    verification.refresh()
