"""Verification in version 1 of the SES API.

Gap: ministack calls verified whatever it is asked to verify.
Rests on the SES API v1 reference.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import ses, ses_v2

from cdk_ses_regions.local.identities import deed, dkim, identities, verification
from cdk_ses_regions.local.identities.identities_v1 import (
    Parameters,
    Response,
    answered,
    attributes,
    refused,
    unknown,
)


def _invalid(name: str) -> Response | None:
    try:
        identities.check(name)
    except ValueError as error:
        return refused("InvalidParameterValue", str(error))
    return None


def _verify_address(params: Parameters) -> Response:
    address, action = params.get("EmailAddress", ""), params["Action"]
    if (error := _invalid(address)) is not None:
        return error
    identities.ask_again(address)
    if action == "VerifyEmailAddress":  # older than results are
        return ses._xml(200, f"{action}Response", "")
    return answered(action)


def _verify_domain(params: Parameters) -> Response:
    domain = params.get("Domain", "")
    if (error := _invalid(domain)) is not None:
        return error
    with verification.lock:
        if domain in ses_v2._identities:
            verification.start(domain, signs=False, text=True)
        else:
            identities.create(domain, signs=False, text=True)
        token = verification.text_token(domain)
    return answered("VerifyDomainIdentity", f"<VerificationToken>{token}</VerificationToken>")


def _verify_domain_dkim(params: Parameters) -> Response:
    domain = params.get("Domain", "")
    if (error := _invalid(domain)) is not None:
        return error
    with verification.lock:
        if domain not in ses_v2._identities:
            identities.create(domain)
        elif not deed.parent(domain):
            identities.sign_easily(domain, "")
        ses_v2._identities[domain]["DkimAttributes"]["SigningEnabled"] = True
        tokens = "".join(f"<member>{token}</member>" for token in dkim.tokens(domain))
    return answered("VerifyDomainDkim", f"<DkimTokens>{tokens}</DkimTokens>")


def _set_dkim_enabled(params: Parameters) -> Response:
    name = params.get("Identity", "")
    if (error := unknown(name)) is not None:
        return error
    ses_v2._identities[name]["DkimAttributes"]["SigningEnabled"] = params.get("DkimEnabled") == "true"
    return answered("SetIdentityDkimEnabled")


def _get_verification(params: Parameters) -> Response:
    """Answer for the identities that are known; ministack calls all others pending."""

    def of(name: str) -> dict[str, Any]:
        asked = verification.states[name].get("text")
        token = {"VerificationToken": verification.text_token(name)} if asked else {}
        return {"VerificationStatus": ses._identities[name]["VerificationStatus"], **token}

    return attributes("GetIdentityVerificationAttributes", "VerificationAttributes", params, of)


ACTIONS: dict[str, Callable[[Parameters], Response]] = {
    "VerifyEmailIdentity": _verify_address,
    "VerifyEmailAddress": _verify_address,
    "VerifyDomainIdentity": _verify_domain,
    "VerifyDomainDkim": _verify_domain_dkim,
    "SetIdentityDkimEnabled": _set_dkim_enabled,
    "GetIdentityVerificationAttributes": _get_verification,
}
