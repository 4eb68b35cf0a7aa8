"""DKIM keys of identities: made when they are first needed, published by the local DNS, never shown by the API."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Return the signer of an identity of this account and Region; None when it does not sign (yet)."""
    return None
