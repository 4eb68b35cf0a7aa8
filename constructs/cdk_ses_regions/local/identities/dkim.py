"""DKIM keys of identities: made when they are first needed, published by the local DNS, never shown by the API.

Easy DKIM has three selectors (the tokens). One signs; a change of the key's length goes on to the next one, so that
mails on their way keep their key. A replica has tokens and key of its parent, in the parent's Region; an identity
with a key of its own (BYODKIM) has the selector that it was given.

Gap: ministack has no keys, and makes the same tokens in every Region.
Rests on the SES developer guide, "Authenticating email with DKIM"
(https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, request_scope
from ministack.services import ses_v2

from cdk_ses_regions import regions
from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.local import clock
from cdk_ses_regions.local.identities.senders import identity_of

EASY, OWN = "AWS_SES", "EXTERNAL"
"""Origins of an identity's keys; those of replicas name the parent's Region: `AWS_SES_US_EAST_1`."""
SIGNS = ("SUCCESS", "TEMPORARY_FAILURE")
"""Statuses of DKIM in which mails are signed."""
BITS = {"RSA_1024_BIT": 1024, "RSA_2048_BIT": 2048}
_DEFAULT_LENGTH = "RSA_2048_BIT"
_SELECTORS = (1, 2, 3)

_lock = threading.RLock()
easy_keys = AccountRegionScopedDict()
"""Domain to `current` (number of the selector that signs), `length`, `generated` and `pems` by number."""
own_keys = AccountRegionScopedDict()
"""Domain to `selector` and `pem`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """With what SES signs the mails of an identity.

    Attributes:
        domain: `d=`.
        selector: `s=`.
        private_key: PEM.
    """

    domain: str
    selector: str
    private_key: bytes


def signer(identity: str) -> Signer | None:
    """Return the signer of an identity of this account and Region; None when it does not sign (yet).

    An address is signed with the key of its domain.
    """
    attributes = ses_v2._identities.get(identity, {}).get("DkimAttributes", {})
    if not attributes.get("SigningEnabled"):
        return None
    domain = identity if "@" not in identity else _domain_of(identity)
    attributes = ses_v2._identities.get(domain, {}).get("DkimAttributes", {})
    if attributes.get("Status") not in SIGNS:
        return None
    if origin(domain) == OWN:
        own = own_keys[domain]
        return Signer(domain=domain, selector=own["selector"], private_key=own["pem"].encode())
    with request_scope(get_account_id(), key_region(domain)), _lock:
        number = _easy(domain)["current"]
        return Signer(
            domain=domain,
            selector=_token(get_account_id(), get_region(), domain, number),
            private_key=_pem(domain, number).encode(),
        )


def origin(domain: str) -> str:
    """Return where the keys of a domain of this account and Region come from."""
    attributes = ses_v2._identities.get(domain, {}).get("DkimAttributes", {})
    return str(attributes.get("SigningAttributesOrigin") or EASY)


def parent_region(of_origin: str) -> str:
    """Return the Region that an origin names as the parent's, empty for one that names none."""
    if of_origin in (EASY, OWN):
        return ""
    return next((region.name for region in regions.all_regions() if region.deed_origin == of_origin), "")


def key_region(domain: str) -> str:
    """Return the Region that has the keys of a domain: the parent's for a replica."""
    return parent_region(origin(domain)) or get_region()


def zone(domain: str = "") -> str:
    """Return the zone that the DKIM records of a domain point into."""
    try:
        return regions.region(key_region(domain)).dkim_zone
    except UnsupportedRegionError:
        return "dkim.amazonses.com"


def tokens(domain: str) -> list[str]:
    """Return the three Easy DKIM tokens of a domain; another account or Region has others."""
    return [_token(get_account_id(), key_region(domain), domain, number) for number in _SELECTORS]


def records(domain: str) -> list[tuple[str, str]]:
    """Return name and target of the three CNAMEs that Easy DKIM needs."""
    return [(f"{token}._domainkey.{domain}", f"{token}.{zone(domain)}") for token in tokens(domain)]


def published(token: str, in_zone: str) -> str | None:
    """Return the TXT that SES has for a token, whoever's it is; None for none of ours in this zone."""
    for (account, region, name), _ in ses_v2._identities.all_items():
        if "@" in name:
            continue
        with request_scope(account, region):
            if parent_region(origin(name)) or zone(name) != in_zone or token not in tokens(name):
                continue
            with _lock:
                return f"p={public_key(_pem(name, tokens(name).index(token) + 1))}"
    return None


@lru_cache(maxsize=1000)
def public_key(pem: str) -> str:
    """Return the public half of a private key, as DKIM publishes it: DER in base64."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def lengths(domain: str) -> dict[str, Any]:
    """Return what the API says of the key: its length, that of the next one, and when it was generated."""
    with request_scope(get_account_id(), key_region(domain)), _lock:
        key = _easy(domain)
    length = {"NextSigningKeyLength": key["length"], "CurrentSigningKeyLength": key["length"]}
    return {**length, "LastKeyGenerationTimestamp": key["generated"]}


def change_length(domain: str, length: str) -> None:
    """Generate a key of another length, for the next of the three selectors.

    Raises:
        ValueError: there is no such length, the key has it, or it was changed less than a day ago.
    """
    _check(length)
    with _lock:
        key = _easy(domain)
        now = clock.now().timestamp()
        if length == key["length"]:
            raise ValueError(f"The signing key length is already {length}.")
        if now - key.get("changed", 0) < 24 * 60 * 60:
            raise ValueError("The signing key length can be changed at most once per day.")
        # A selector whose turn comes again gets a new key.
        current = key["current"] % len(_SELECTORS) + 1
        pems = {number: pem for number, pem in key["pems"].items() if number != str(current)}
        easy_keys[domain] = {
            "current": current,
            "length": length,
            "generated": now,
            "changed": now,
            "pems": pems,
        }


def begin(domain: str, length: str = "") -> None:
    """Begin with a new key.

    Raises:
        ValueError: there is no such length.
    """
    _check(length or _DEFAULT_LENGTH)
    now = clock.now().timestamp()
    easy_keys[domain] = {
        "current": 1,
        "length": length or _DEFAULT_LENGTH,
        "generated": now,
        "pems": {},
    }


def take(domain: str, selector: str, private_key: str) -> None:
    """Sign with a key that the domain's owner brings.

    Args:
        domain: the identity.
        selector: under which its public half is in DNS.
        private_key: RSA, 1024 to 2048 bit, PKCS #1 or #8, base64 of its DER.

    Raises:
        ValueError: it is no such key; says why.
    """
    if not (selector and private_key):
        raise ValueError("DomainSigningSelector and DomainSigningPrivateKey are required together.")
    try:
        key = serialization.load_der_private_key(base64.b64decode(private_key, validate=True), password=None)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("DomainSigningPrivateKey is not a valid private key.") from None
    if not isinstance(key, rsa.RSAPrivateKey) or not 1024 <= key.key_size <= 2048:
        raise ValueError("DomainSigningPrivateKey must be an RSA key of 1024 to 2048 bit.")
    own_keys[domain] = {"selector": selector, "pem": _text(key)}


def forget(domain: str) -> None:
    """Forget the keys of a domain."""
    easy_keys.pop(domain, None)
    own_keys.pop(domain, None)


def _check(length: str) -> None:
    if length not in BITS:
        raise ValueError(
            f"1 validation error detected: Value '{length}' at 'nextSigningKeyLength' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(BITS)}]"
        )


def _easy(domain: str) -> dict[str, Any]:
    if domain not in easy_keys:
        begin(domain)
    return easy_keys[domain]


def _pem(domain: str, number: int) -> str:
    """Return the private key of a selector; it is made when first asked for."""
    key = _easy(domain)
    if str(number) not in key["pems"]:
        made = rsa.generate_private_key(public_exponent=65537, key_size=BITS[key["length"]])
        key["pems"] = {**key["pems"], str(number): _text(made)}
    return str(key["pems"][str(number)])


def _text(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _domain_of(address: str) -> str:
    """Return the verified identity that an address inherits from: its domain or the nearest above."""
    return identity_of(f"@{address.rpartition('@')[2]}")


@lru_cache(maxsize=20_000)
def _token(account: str, region: str, domain: str, number: int) -> str:
    return hashlib.sha256(f"{account} {region} {domain} {number}".encode()).hexdigest()[:32]
