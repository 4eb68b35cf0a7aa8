"""Identities in version 2 of the SES API.

Gaps: ministack lets an identity be created twice, and lacks the calls that change one.
Rests on the SES API v2 reference.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from ministack.core.responses import json_response
from ministack.services import ses, ses_v2
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local.ses import verification

Response = tuple[int, dict[str, str], bytes]
Data = dict[str, Any]


def answer(method: str, path: str, headers: dict[str, str], body: bytes, query: Data) -> Response | None:
    """Answer a request about identities, or None for ministack to do it."""
    parts = path.removeprefix("/v2/email").strip("/").split("/")
    if parts[0] not in ("identities", "list-identities"):
        return None
    data: Data = json.loads(body) if body else {}
    if len(parts) == 1:
        if method == "POST" and parts[0] == "identities":
            return _create(data)
        return _list(query if method == "GET" else ses_v2._body_paging(data), data.get("Filter") or {})
    name, operation = unquote(parts[1]), (method, "/".join(parts[2:]))
    if operation not in _OPERATIONS:
        return None
    if name not in ses_v2._identities:
        return _error("NotFoundException", f"Email identity {name} does not exist.", 404)
    return _OPERATIONS[operation](name, data)


def _create(data: Data) -> Response:
    name = data.get("EmailIdentity", "")
    if not name:
        return _error("BadRequestException", "EmailIdentity is required.")
    if name in ses_v2._identities:
        return _error("AlreadyExistsException", f"Email identity {name} already exist.")
    with verification.lock:
        settings = {"ConfigurationSetName": data.get("ConfigurationSetName", "")}
        provisioners._ses_email_identity_apply(
            name,
            {
                "DkimAttributes": {"SigningEnabled": True},
                "ConfigurationSetAttributes": settings,
                "Tags": data.get("Tags"),
            },
        )
        verification.refresh()
        identity = ses_v2._identities[name]
        ses_v2._ses_tags[ses_v2._resource_arn("identity", name)] = identity["Tags"]
    _put_dkim_signing(name, {"SigningAttributes": data.get("DkimSigningAttributes") or {}})
    return json_response(
        {key: identity[key] for key in ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")}
    )


def _get(name: str, data: Data) -> Response:
    return json_response(ses_v2._identities[name])


def _delete(name: str, data: Data) -> Response:
    blocked = ses_v2._tenant_delete_block(ses_v2._resource_arn("identity", name))
    if blocked:
        return blocked
    verification.forget(name)
    return json_response({})


def _list(paging: Data, wanted: dict[str, str]) -> Response:
    """Answer with the identities and their real state; to ministack all are verified."""
    identities = [
        {
            "IdentityType": identity["IdentityType"],
            "IdentityName": name,
            "SendingEnabled": identity["VerifiedForSendingStatus"],
            "VerificationStatus": identity["VerificationStatus"],
        }
        for name, identity in ses_v2._identities.items()
    ]
    found = [
        identity
        for identity in identities
        if wanted.get("IDENTITY_NAME_CONTAINS", "") in identity["IdentityName"]
        and wanted.get("IDENTITY_TYPE", identity["IdentityType"]) == identity["IdentityType"]
        and wanted.get("VERIFICATION_STATUS", identity["VerificationStatus"])
        == identity["VerificationStatus"]
    ]
    page, token, error = ses_v2._paginate(found, paging, 1000, maximum=1000)
    return error or json_response({"EmailIdentities": page, **({"NextToken": token} if token else {})})


def _put_mail_from(name: str, data: Data) -> Response:
    domain = data.get("MailFromDomain", "")
    if domain and not domain.endswith(f".{name.rpartition('@')[2]}"):
        return _error("BadRequestException", f"MailFromDomain {domain} must be a subdomain of {name}.")
    ses_v2._identities[name]["MailFromAttributes"] = {
        **({"MailFromDomain": domain} if domain else {}),
        "BehaviorOnMxFailure": data.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
    }
    return json_response({})


def _put_feedback(name: str, data: Data) -> Response:
    ses._identities[name]["FeedbackForwardingEnabled"] = bool(data.get("EmailForwardingEnabled"))
    return json_response({})


def _put_dkim(name: str, data: Data) -> Response:
    ses_v2._identities[name]["DkimAttributes"]["SigningEnabled"] = bool(data.get("SigningEnabled"))
    return json_response({})


def _put_dkim_signing(name: str, data: Data) -> Response:
    attributes = ses_v2._identities[name]["DkimAttributes"]
    if length := (data.get("SigningAttributes") or {}).get("NextSigningKeyLength"):
        attributes["NextSigningKeyLength"] = length
    return json_response({"DkimStatus": attributes["Status"], "DkimTokens": attributes["Tokens"]})


def _error(code: str, message: str, status: int = 400) -> Response:
    return ses_v2._json_err(code, message, status)


_OPERATIONS: dict[tuple[str, str], Callable[[str, Data], Response]] = {
    ("GET", ""): _get,
    ("DELETE", ""): _delete,
    ("PUT", "mail-from"): _put_mail_from,
    ("PUT", "feedback"): _put_feedback,
    ("PUT", "dkim"): _put_dkim,
    ("PUT", "dkim/signing"): _put_dkim_signing,
}
