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

from ministack.core import router
from ministack.core.responses import json_response
from ministack.services import ses, ses_v2

from cdk_ses_regions.local.identities import (
    address_verification,
    deed,
    dkim,
    identities,
    identity_policies,
    verification,
)
from cdk_ses_regions.local.identities.identity_policies import policies

Response = tuple[int, dict[str, str], bytes]
Data = dict[str, Any]

_SHOWN = (
    "IdentityType",
    "FeedbackForwardingStatus",
    "VerifiedForSendingStatus",
    "VerificationStatus",
    "DkimAttributes",
    "MailFromAttributes",
)


def answer(method: str, path: str, headers: dict[str, str], body: bytes, query: Data) -> Response | None:
    """Answer a request about identities, or None for ministack to do it."""
    parts = path.removeprefix("/v2/email").strip("/").split("/")
    if parts[0] not in ("identities", "list-identities"):
        return None
    data: Data = json.loads(body) if body else {}
    if len(parts) == 1:
        if method == "POST" and parts[0] == "identities":
            return _create(data, router.extract_access_key_id(headers, query))
        return _list(query if method == "GET" else ses_v2._body_paging(data), data.get("Filter") or {})
    name, operation = unquote(parts[1]), (method, "/".join(parts[2:3]))
    if operation == ("PUT", "dkim"):
        operation = ("PUT", "/".join(parts[2:]))
    if operation not in _OPERATIONS:
        return None
    if name not in ses_v2._identities:
        return _error("NotFoundException", f"Email identity {name} does not exist.", 404)
    if len(parts) == 4 and parts[2] == "policies":
        data = {**data, "PolicyName": unquote(parts[3])}
    try:
        return _OPERATIONS[operation](name, data)
    except ValueError as error:
        return _error("BadRequestException", str(error))


def _create(data: Data, access_key_id: str) -> Response:
    name, signing = data.get("EmailIdentity", ""), data.get("DkimSigningAttributes") or {}
    origin, settings = signing.get("DomainSigningAttributesOrigin", ""), data.get("ConfigurationSetName", "")
    try:
        identities.check(name)
        parent = _parent(name, origin)
        if settings and (error := _no_configuration_set(settings)) is not None:
            return error
        allowed = not parent or deed.may_replicate(access_key_id, name, parent)
        with verification.lock:
            if name in ses_v2._identities:
                return _error("AlreadyExistsException", f"Email identity {name} already exist.")
            attributes = {"ConfigurationSetName": settings}
            identities.create(name, {"ConfigurationSetAttributes": attributes, "Tags": data.get("Tags")})
            if parent:
                identities.replicate(name, origin, allowed=allowed)
            else:
                _sign(name, signing)
    except ValueError as error:
        return _error("BadRequestException", str(error))
    if "@" in name:
        address_verification.ask(name)
    identity = ses_v2._identities[name]
    return json_response(
        {key: identity[key] for key in ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")}
    )


def _parent(name: str, origin: str) -> str:
    """Return the Region of the parent that a new identity is to have, empty for none."""
    if not origin:
        return ""
    if "@" in name:
        raise ValueError("DkimSigningAttributes can be specified for a domain identity only.")
    if not (region := dkim.parent_region(origin)):
        raise ValueError(f"DomainSigningAttributesOrigin {origin} is not the origin of a replica.")
    return region


def _sign(name: str, signing: Data) -> None:
    try:
        identities.sign(name, signing)
    except ValueError:
        verification.forget(name)
        raise


def _no_configuration_set(name: str) -> Response | None:
    if name in ses_v2._config_sets or name in ses._configuration_sets:
        return None
    return _error("NotFoundException", f"Configuration set <{name}> does not exist.", 404)


def _get(name: str, data: Data) -> Response:
    identity = ses_v2._identities[name]
    settings = identity.get("ConfigurationSetName")
    return json_response(
        {
            **{key: identity[key] for key in _SHOWN},
            "Policies": policies(name),
            "Tags": ses_v2._ses_tags.get(ses_v2._resource_arn("identity", name), []),
            "VerificationInfo": verification.info(name),
            **({"ConfigurationSetName": settings} if settings else {}),
        }
    )


def _delete(name: str, data: Data) -> Response:
    blocked = ses_v2._tenant_delete_block(ses_v2._resource_arn("identity", name))
    if blocked:
        return blocked
    verification.forget(name)
    return json_response({})


def _list(paging: Data, wanted: dict[str, str]) -> Response:
    """Answer with the identities and their real state; to ministack all are verified."""
    listed = [
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
        for identity in listed
        if wanted.get("IDENTITY_NAME_CONTAINS", "") in identity["IdentityName"]
        and wanted.get("IDENTITY_TYPE", identity["IdentityType"]) == identity["IdentityType"]
        and wanted.get("VERIFICATION_STATUS", identity["VerificationStatus"])
        == identity["VerificationStatus"]
    ]
    page, token, error = ses_v2._paginate(found, paging, 1000, maximum=1000)
    return error or json_response({"EmailIdentities": page, **({"NextToken": token} if token else {})})


def _put_mail_from(name: str, data: Data) -> Response:
    domain = data.get("MailFromDomain", "")
    verification.check_mail_from(name, domain)
    ses_v2._identities[name]["MailFromAttributes"] = {
        **({"MailFromDomain": domain} if domain else {}),
        "BehaviorOnMxFailure": data.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
    }
    verification.start_mail_from_again(name)
    return json_response({})


def _put_feedback(name: str, data: Data) -> Response:
    ses._identities[name]["FeedbackForwardingEnabled"] = bool(data.get("EmailForwardingEnabled"))
    return json_response({})


def _put_configuration_set(name: str, data: Data) -> Response:
    settings = data.get("ConfigurationSetName", "")
    if settings and (error := _no_configuration_set(settings)) is not None:
        return error
    ses_v2._identities[name]["ConfigurationSetName"] = settings
    return json_response({})


def _put_dkim(name: str, data: Data) -> Response:
    ses_v2._identities[name]["DkimAttributes"]["SigningEnabled"] = bool(data.get("SigningEnabled"))
    return json_response({})


def _put_dkim_signing(name: str, data: Data) -> Response:
    origin, signing = data.get("SigningAttributesOrigin", ""), data.get("SigningAttributes") or {}
    if "@" in name:
        raise ValueError("DKIM signing attributes can be set for a domain identity only.")
    if origin == dkim.OWN:
        given = {key: signing.get(key, "") for key in ("DomainSigningSelector", "DomainSigningPrivateKey")}
        if not all(given.values()):
            raise ValueError("DomainSigningSelector and DomainSigningPrivateKey are required.")
        identities.sign(name, given)
    elif origin == dkim.EASY:
        identities.sign_easily(name, signing.get("NextSigningKeyLength", ""))
    else:
        raise ValueError(f"SigningAttributesOrigin must be {dkim.EASY} or {dkim.OWN}, not {origin!r}.")
    attributes = ses_v2._identities[name]["DkimAttributes"]
    return json_response({"DkimStatus": attributes["Status"], "DkimTokens": attributes["Tokens"]})


def _create_policy(name: str, data: Data) -> Response:
    if data["PolicyName"] in policies(name):
        return _error("AlreadyExistsException", f"Policy {data['PolicyName']} already exists.")
    if len(policies(name)) >= identity_policies.MOST:
        return _error(
            "LimitExceededException", f"Identity {name} has the most policies: {identity_policies.MOST}."
        )
    return _update_policy(name, data, create=True)


def _update_policy(name: str, data: Data, *, create: bool = False) -> Response:
    identity_policies.check(name, data["PolicyName"], data.get("Policy", ""))
    if create or data["PolicyName"] in policies(name):
        policies(name)[data["PolicyName"]] = data["Policy"]
    return json_response({})  # also when there is no such policy, as API v2 has it


def _get_policies(name: str, data: Data) -> Response:
    return json_response({"Policies": policies(name)})


def _delete_policy(name: str, data: Data) -> Response:
    policies(name).pop(data["PolicyName"], None)
    return json_response({})


def _error(code: str, message: str, status: int = 400) -> Response:
    return ses_v2._json_err(code, message, status)


_OPERATIONS: dict[tuple[str, str], Callable[[str, Data], Response]] = {
    ("GET", ""): _get,
    ("DELETE", ""): _delete,
    ("PUT", "mail-from"): _put_mail_from,
    ("PUT", "feedback"): _put_feedback,
    ("PUT", "configuration-set"): _put_configuration_set,
    ("PUT", "dkim"): _put_dkim,
    ("PUT", "dkim/signing"): _put_dkim_signing,
    ("GET", "policies"): _get_policies,
    ("POST", "policies"): _create_policy,
    ("PUT", "policies"): _update_policy,
    ("DELETE", "policies"): _delete_policy,
}
