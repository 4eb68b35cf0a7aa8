"""Sending authorization: policies with which an identity's owner lets others send in its name.

Gap: ministack has no policies of identities.
Rests on the SES developer guide, "Using sending authorization"
(https://docs.aws.amazon.com/ses/latest/dg/sending-authorization.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy, validate_policy_document
from ministack.core.responses import request_scope
from ministack.services import ses_v2

MOST = 20
"""Policies of one identity."""
BYTES_MOST = 4096
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IDENTITY = re.compile(r"arn:aws[a-z-]*:ses:([a-z0-9-]+):(\d{12}):identity/(.+)")


def policies(identity: str) -> dict[str, str]:
    """Return the policies of an identity of this account and Region, by name; changing it changes them."""
    return ses_v2._identities[identity].setdefault("Policies", {})


def check(identity: str, name: str, policy: str) -> None:
    """Refuse what is no policy of an identity.

    Raises:
        ValueError: says why.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("A policy name has up to 64 alphanumeric characters, dashes and underscores.")
    if len(policy.encode()) > BYTES_MOST:
        raise ValueError("The policy exceeds the limit of 4 KB.")
    if problem := validate_policy_document(policy):
        raise ValueError(f"{problem}.")
    document = json.loads(policy)
    statements = document["Statement"]
    arn = ses_v2._resource_arn("identity", identity)
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement:
            raise ValueError("Statement must contain a Principal element.")
        resources = statement.get("Resource")
        if any(one != arn for one in (resources if isinstance(resources, list) else [resources])):
            raise ValueError(f"The resource of the policy must be the identity: {arn}.")


def split(arn: str) -> tuple[str, str, str] | None:
    """Return Region, account and name of the identity that an ARN names, or None if it names none."""
    found = _IDENTITY.fullmatch(arn)
    return (found[1], found[2], found[3]) if found else None


def lets(
    arn: str,
    *,
    action: str,
    principal: str,
    account: str,
    keys: Mapping[str, str | list[str]] | None = None,
) -> bool:
    """Tell whether the policies of an identity let somebody of another account send in its name.

    Args:
        arn: of the identity.
        action: `ses:SendEmail`, `ses:SendRawEmail`, ...
        principal: ARN of the caller.
        account: account of the caller.
        keys: condition keys, such as `ses:FromAddress`.
    """
    if (parts := split(arn)) is None:
        return False
    region, owner, name = parts
    context = EvalContext(
        principal_arn=principal,
        principal_type="User",
        principal_account=account,
        action=action,
        resource_arn=arn,
        region=region,
        service_context={key.lower(): value for key, value in (keys or {}).items()},
    )
    with request_scope(owner, region):
        documents = list(ses_v2._identities.get(name, {}).get("Policies", {}).values())
    decisions = [evaluate_resource_policy(document, context).decision for document in documents]
    return "Deny" not in decisions and "Allow" in decisions
