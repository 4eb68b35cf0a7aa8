"""Sending authorization: a policy of an identity that lets others send in its name, which CloudFormation cannot say.

Rests on the SES API v2 reference, `CreateEmailIdentityPolicy` and its siblings: unlike those of version 1, IAM can hold
them to one identity.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error


class IdentityPolicy:
    """Properties: `Identity`, `PolicyName`, `Policy` as an object, `Owner`, a text that nobody else has.

    The policy's `Id` is made of the owner: by it a policy of somebody else is told from ours.
    """

    TYPE = "Custom::SesIdentityPolicy"
    SERVICE = "sesv2"

    def __init__(self, ses: Any, patience: Patience) -> None:
        self._ses = ses
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: there is one policy of a name at an identity."""
        return f"identity-policy/{properties['Identity']}/{properties['PolicyName']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Attach the policy; refuse when there is one of that name that is not ours."""
        if not self._attached(properties):
            if not self._is_ours(properties):
                raise RuntimeError(_refusal(properties))
            # Lambda tries again what it did not see end: the first attempt got this far.
            self._change(properties)
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Attach the new policy; under another name or at another identity CloudFormation then deletes the old one.

        Under the same name it replaces whatever is there: a rollback that refused would leave the stack stuck.
        """
        if self.physical_id(new) != physical_id:
            return self.create(new)
        if not self._attached(new):
            self._change(new)
        return physical_id, {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Take the policy away, if it is ours."""
        if physical_id.startswith("failed/"):  # before anything was done
            return
        try:
            if self._is_ours(properties):
                self._patience.call(self._ses.delete_email_identity_policy, **_which(properties))
        except ClientError as error:
            # The identity went first, and its policies with it.
            if not is_error(error, "NotFoundException"):
                raise

    def _attached(self, properties: dict[str, Any]) -> bool:
        """Attach the policy and return True; return False, and change nothing, when its name is taken."""
        try:
            self._patience.call(
                self._ses.create_email_identity_policy,
                # A principal that was created a moment ago may not have arrived yet.
                maybe_early="BadRequestException",
                **_which(properties),
                Policy=_document(properties),
            )
        except ClientError as error:
            if not is_error(error, "AlreadyExistsException"):
                raise
            return False
        return True

    def _change(self, properties: dict[str, Any]) -> None:
        self._patience.call(
            self._ses.update_email_identity_policy,
            maybe_early="BadRequestException",
            **_which(properties),
            Policy=_document(properties),
        )

    def _is_ours(self, properties: dict[str, Any]) -> bool:
        answer = self._patience.call(
            self._ses.get_email_identity_policies, EmailIdentity=properties["Identity"]
        )
        text = answer.get("Policies", {}).get(properties["PolicyName"], "{}")
        try:
            return json.loads(text).get("Id") == _id(properties)
        except (ValueError, AttributeError):
            return False


def _which(properties: dict[str, Any]) -> dict[str, Any]:
    return {"EmailIdentity": properties["Identity"], "PolicyName": properties["PolicyName"]}


def _document(properties: dict[str, Any]) -> str:
    # Without spaces: SES counts each against its 4 KB.
    return json.dumps({"Id": _id(properties), **properties["Policy"]}, separators=(",", ":"))


def _id(properties: dict[str, Any]) -> str:
    return f"cdk-{hashlib.sha256(properties['Owner'].encode()).hexdigest()[:16]}"


def _refusal(properties: dict[str, Any]) -> str:
    name, identity = properties["PolicyName"], properties["Identity"]
    return (
        f"identity '{identity}' already has a policy '{name}' that this resource did not make; "
        "give the sender another name, or delete that policy first"
    )
