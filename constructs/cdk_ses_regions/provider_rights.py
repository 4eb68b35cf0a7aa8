"""What the function behind custom resources may do: a policy for each thing, as long as its role has room for them.

IAM counts the inline policies of a role together, and a stack may have a hundred identities. Nor can they share one
policy that names them all: CloudFormation would take a name out before it deletes what the name is for.
Rests on https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import Statement

_ROLE_LIMIT = 10_240  # without whitespace
_ITS_LOGS = 300
# Once more must fit beside it: for a moment a stack has both the things that go and those that come.
_ONE_BY_ONE = 3_600
_TOKEN = re.compile(r"\$\{Token\[[^]]*\]\}")
_ARN, _PART = "x" * 128, "x" * 32  # what a token may be, alone and in a text


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """What a permission is for where the role has no room left to name each thing.

    Args:
        name: name of that permission, once in a stack.
        resources: patterns that all of its things match.
    """

    name: str
    resources: Sequence[str]


class ProviderRights:
    """The policies of one function's role."""

    def __init__(self, scope: Construct, role: iam.IRole) -> None:
        self._scope = scope
        self._role_name = role.role_name
        self._policies: dict[tuple[str, str], CfnResource] = {}
        self._size, self._named = _ITS_LOGS, 0

    def give(
        self,
        name: str,
        statement: Statement,
        *,
        suffix: str = "",
        at: tuple[Construct, str] | None = None,
        beyond: Beyond | None = None,
    ) -> CfnResource:
        """Return the policy with the statement, attached once for what it acts on.

        Args:
            name: begins its name.
            statement: what it allows.
            suffix: ends its name (default: a number, from the second of the name on).
            at: scope and id of its construct (default: at the function, by its name).
            beyond: instead, when there is no room left (default: then it is refused).

        Raises:
            ValueError: the role has no room left.
        """
        resources = statement["Resource"]
        wanted = (name, str(resources))
        if wanted in self._policies:
            return self._policies[wanted]
        size = _size(statement)
        if beyond is not None:
            if self._named + size > _ONE_BY_ONE:
                return self.give(beyond.name, {**statement, "Resource": list(beyond.resources)})
            self._named += size
        self._size += size
        if self._size > _ROLE_LIMIT:
            raise ValueError(
                f"the function behind the custom resources of stack {Place.of(self._scope).stack.node.path} would "
                f"need more than {_ROLE_LIMIT} characters of policies, which is what a role has room for, the last of "
                f"them for {resources}; put some of the domains into another stack, or use fewer DNS roles"
            )
        earlier = sum(one == name for one, _ in self._policies)
        full_name = f"{name}{suffix or (earlier + 1 if earlier else '')}"
        scope, construct_id = at or (self._scope, full_name)
        self._policies[wanted] = CfnResource(
            scope,
            construct_id,
            type="AWS::IAM::Policy",
            properties={
                "PolicyName": full_name,
                "PolicyDocument": _document(statement),
                "Roles": [self._role_name],
            },
        )
        return self._policies[wanted]


def _document(statement: Statement) -> Statement:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _size(statement: Statement) -> int:
    """Return how long the policy with the statement is at most, as IAM counts; it may have tokens."""
    text = json.dumps(_document(statement), separators=(",", ":"))
    return len(_TOKEN.sub(_PART, re.sub(rf'"{_TOKEN.pattern}"', f'"{_ARN}"', text)))
