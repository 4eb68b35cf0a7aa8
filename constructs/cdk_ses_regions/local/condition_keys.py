"""What conditions of IAM policies may ask for.

Gap: to ministack `aws:PrincipalArn` of an assumed role is the session's ARN instead of the role's, and a change of
records has no `route53:ChangeResourceRecordSets...` keys, so that `ForAllValues` conditions let everything through.

Rests on the IAM user guide, "AWS global condition context keys", and the Route 53 developer guide, "Using IAM policy
conditions for fine-grained access control".
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import re
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, route53

_SESSION = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/")
_CHANGE = "route53:ChangeResourceRecordSets"


def install() -> None:
    """Patch how ministack finds the values of condition keys."""
    resolve, of_tags = iam_evaluator._resolve_condition_key, iam_actions.request_tag_context

    def resolve_with_role(key: str, context: Any) -> Any:
        found = resolve(key, context)
        return _role_of(found) if key.lower() == "aws:principalarn" and isinstance(found, str) else found

    def of_tags_and_records(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        found = of_tags(service, action, body, parameters)
        return {**found, **_records_of(body)} if action == _CHANGE else found

    iam_evaluator._resolve_condition_key = resolve_with_role
    iam_actions.request_tag_context = of_tags_and_records


def _role_of(principal: str) -> str:
    """Return the ARN of the role behind a session; of others their own."""
    if (session := _SESSION.match(principal)) is None:
        return principal
    partition, account, name = session.groups()
    role = iam._roles.get_scoped(account, None, name)  # which knows its path
    return role["Arn"] if role else f"arn:{partition}:iam::{account}:role/{name}"


def _records_of(body: bytes) -> dict[str, list[str]]:
    """Return names, types and actions of the records that a request changes, as conditions compare them."""
    root = route53._parse_body(body)
    changes = [] if root is None else [one for one in root.iter() if one.tag.endswith("}Change")]
    sets = [(one, route53._find(one, "ResourceRecordSet")) for one in changes]
    return {
        f"{_CHANGE}NormalizedRecordNames".lower(): [
            route53._text(one, "Name").lower().rstrip(".") for _, one in sets
        ],
        f"{_CHANGE}RecordTypes".lower(): [route53._text(one, "Type") for _, one in sets],
        f"{_CHANGE}Actions".lower(): [route53._text(one, "Action") for one, _ in sets],
    }
