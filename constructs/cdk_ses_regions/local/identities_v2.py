"""Identities in version 2 of the SES API.

Gaps: ministack lets an identity be created twice, and lacks the calls that change one.
Rests on the SES API v2 reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from ministack.core.responses import json_response
from ministack.services import ses, ses_v2
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local import verification

Response = tuple[int, dict[str, str], bytes]
Data = dict[str, Any]


def answer(method: str, path: str, headers: dict[str, str], body: bytes, query: Data) -> Response | None:
    """Answer a request about identities, or None for ministack to do it."""
    parts = path.removeprefix("/v2/email").strip("/").split("/")
    if parts[0] != "identities":
        return None
    data: Data = json.loads(body) if body else {}
    if len(parts) == 1:
        return _create(data) if method == "POST" else None
    name = unquote(parts[1])
    if method == "DELETE":
        ses._identities.pop(name, None)
        return None
    change = _CHANGES.get("/".join(parts[2:])) if method == "PUT" else None
    if change is None:
        return None
    if name not in ses_v2._identities:
        return _error("NotFoundException", f"Email identity {name} does not exist.", 404)
    return change(name, data)


def _create(data: Data) -> Response:
    name = data.get("EmailIdentity", "")
    if not name:
        return _error("BadRequestException", "EmailIdentity is required.")
    if name in ses_v2._identities:
        return _error("AlreadyExistsException", f"Email identity {name} already exist.")
    provisioners._ses_email_identity_apply(name, {"DkimAttributes": {"SigningEnabled": True}, **data})
    verification.refresh()
    identity = ses_v2._identities[name]
    return json_response(
        {key: identity[key] for key in ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")}
    )


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
    length = data.get("SigningAttributes", {}).get("NextSigningKeyLength")
    if length:
        ses_v2._identities[name]["DkimAttributes"]["NextSigningKeyLength"] = length
    attributes = ses_v2._identities[name]["DkimAttributes"]
    return json_response({"DkimStatus": attributes["Status"], "DkimTokens": attributes["Tokens"]})


def _error(code: str, message: str, status: int = 400) -> Response:
    return ses_v2._json_err(code, message, status)


_CHANGES: dict[str, Callable[[str, Data], Response]] = {
    "mail-from": _put_mail_from,
    "feedback": _put_feedback,
    "dkim": _put_dkim,
    "v1/dkim/signing": _put_dkim_signing,
    "dkim/signing": _put_dkim_signing,
}
