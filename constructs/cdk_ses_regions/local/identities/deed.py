"""Replicas: identities that sign with the key of the identity of the same name in another Region, their parent.

Gap: ministack takes no `DomainSigningAttributesOrigin`.
Rests on the SES developer guide, "Using Deterministic Easy DKIM (DEED)"
(https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-deed.html), and on what API v2 says of
`VerificationInfo.ErrorType`.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import AuthError, EvalContext
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, request_scope
from ministack.services import ses_v2

from cdk_ses_regions.local.identities import dkim

_ACTION = "ses:ReplicateEmailIdentityDKIMSigningKey"

denied = AccountRegionScopedDict()
"""The replicas whose creator had no right to the parent's key."""


def parent(name: str) -> str:
    """Return the Region of an identity's parent, empty for one that is no replica."""
    return dkim.parent_region(dkim.origin(name))


def problem(name: str) -> str:
    """Return the `VerificationError` that keeps a replica from its parent's key, empty for none."""
    region = parent(name)
    if region == get_region():
        return "REPLICATION_PRIMARY_INVALID_REGION"
    if name in denied:
        return "REPLICATION_ACCESS_DENIED"
    with request_scope(get_account_id(), region):
        if name not in ses_v2._identities:
            return "REPLICATION_PRIMARY_NOT_FOUND"
        if dkim.origin(name) == dkim.OWN:
            return "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED"
        return "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED" if parent(name) else ""


def replicas(name: str) -> list[str]:
    """Return the Regions with replicas of an identity of this Region; those that do not have its key do not count."""
    account, here = get_account_id(), get_region()
    found: list[str] = []
    for (owner, region, other), _ in ses_v2._identities.all_items():
        if (owner, other) == (account, name) and region != here:
            with request_scope(account, region):
                if parent(name) == here and not problem(name):
                    found.append(region)
    return sorted(found)


def may_replicate(access_key_id: str, name: str, region: str) -> bool:
    """Tell whether a caller may use the key of the parent in a Region for a replica in this one."""
    caller = iam_evaluator.resolve_principal(access_key_id, get_account_id())
    if isinstance(caller, AuthError):
        return False
    if caller.policies is None:  # root
        return True
    context = EvalContext(
        principal_arn=caller.arn,
        principal_type=caller.type,
        principal_account=caller.account,
        action=_ACTION,
        resource_arn=f"arn:aws:ses:{region}:{caller.account}:identity/{name}",
        region=region,
        service_context={"ses:replicaregion": [get_region()]},
        principal_keys=caller.keys,
    )
    return iam_evaluator.evaluate(context, caller.policies, *caller.limits).decision == "Allow"
