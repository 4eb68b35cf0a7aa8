"""Policies of identities in version 1 of the SES API.

Gap: ministack has none of these calls.
Rests on the SES API v1 reference.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable

from ministack.services import ses

from cdk_ses_regions.local.identities import identity_policies
from cdk_ses_regions.local.identities.identities_v1 import Parameters, Response, answered, refused, unknown
from cdk_ses_regions.local.identities.identity_policies import policies


def _of_known(act: Callable[[str, Parameters], Response]) -> Callable[[Parameters], Response]:
    """Let an action have the name of an identity that is there; its ARN will do as well."""

    def do(params: Parameters) -> Response:
        given = params.get("Identity", "")
        parts = identity_policies.split(given)
        name = parts[2] if parts else given
        return unknown(name) or act(name, params)

    return do


def _put(identity: str, params: Parameters) -> Response:
    name, policy = params.get("PolicyName", ""), params.get("Policy", "")
    try:
        identity_policies.check(identity, name, policy)
    except ValueError as error:
        return refused("InvalidPolicy", str(error))
    if name not in policies(identity) and len(policies(identity)) >= identity_policies.MOST:
        return refused(
            "LimitExceeded", f"An identity can have at most {identity_policies.MOST} policies: {identity}"
        )
    policies(identity)[name] = policy
    return answered("PutIdentityPolicy")


def _get(identity: str, params: Parameters) -> Response:
    wanted = ses._collect_list(params, "PolicyNames.member")
    entries = "".join(
        ses._receipt_element("entry", {"key": name, "value": policies(identity)[name]})
        for name in wanted
        if name in policies(identity)
    )
    return answered("GetIdentityPolicies", f"<Policies>{entries}</Policies>")


def _list(identity: str, params: Parameters) -> Response:
    names = "".join(f"<member>{name}</member>" for name in sorted(policies(identity)))
    return answered("ListIdentityPolicies", f"<PolicyNames>{names}</PolicyNames>")


def _delete(identity: str, params: Parameters) -> Response:
    policies(identity).pop(params.get("PolicyName", ""), None)
    return answered("DeleteIdentityPolicy")


ACTIONS: dict[str, Callable[[Parameters], Response]] = {
    "PutIdentityPolicy": _of_known(_put),
    "GetIdentityPolicies": _of_known(_get),
    "ListIdentityPolicies": _of_known(_list),
    "DeleteIdentityPolicy": _of_known(_delete),
}
