"""Which identity an address sends as: itself, itself without its label, its domain, or a domain above that.

Rests on the SES developer guide, "Creating and verifying identities"
(https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html): an address is compared by the letter, a domain
is not, and whoever has verified `a@example.com` may use `a+label@example.com`.
"""

# pyright: standard
# ministack has no types.

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr

from ministack.services import ses_v2


def identity_of(address: str, wanted: str = "", *, verified: bool = True) -> str:
    """Return the identity of this account and Region that an address sends as; empty when there is none.

    Args:
        address: with or without a name; `@example.com` for a domain alone.
        wanted: the only identity that will do (default: any).
        verified: whether it must be verified.
    """
    known = ses_v2._identities
    as_written = {name.lower(): name for name in known if "@" not in name}
    for candidate in _candidates(parseaddr(address)[1]):
        name = candidate if "@" in candidate else as_written.get(candidate, "")
        if name not in known or wanted not in ("", name):
            continue
        if not verified or known[name].get("VerifiedForSendingStatus"):
            return name
    return ""


def _candidates(address: str) -> Iterator[str]:
    """Return the names an identity may have, the most special first; domains in small letters."""
    local, _, domain = address.rpartition("@")
    if local:
        yield address
        yield f"{local}@{domain.lower()}"
        unlabelled = local.partition("+")[0]
        yield f"{unlabelled}@{domain}"
        yield f"{unlabelled}@{domain.lower()}"
    labels = domain.lower().split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])
