"""SMTP credentials as a resource: there and tried before the stack is complete, gone before their user is.

CloudFormation's own `AWS::IAM::AccessKey` would show the secret to whoever reads the stack.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import Any, cast

import boto3
from botocore.config import Config
from patience import Patience
from smtp_rotation import Rotation

_ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
_SETTINGS = "SMTP_CREDENTIALS"


class SmtpCredentials:
    """Properties: `SecretId`; `UserName` of the IAM user; `Hosts`, Region to SMTP endpoint; `Replicas`, the Regions of
    the secret's replicas, optional.

    The answer has no attributes: the credentials are in the secret alone.
    """

    TYPE = "Custom::SesSmtpCredentials"
    SERVICE = "secretsmanager"

    def __init__(self, secrets: Any, patience: Patience, *, iam: Any = None, **options: Any) -> None:
        self._secrets = secrets
        self._patience = patience
        self._iam = iam or _client("iam")
        self._options = options

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: another secret for the same user is no reason to delete the user's keys."""
        return f"smtp-credentials/{properties['UserName']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Make the credentials; those of an attempt before, which may have died on the way, are only tried."""
        rotation = self._rotation(properties)
        if rotation.is_up_to_date():
            rotation.test()
        else:
            rotation.run(str(uuid.uuid4()))
        rotation.require_replicas(properties.get("Replicas", ()))
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Rotate when Regions came or went: a password for a new one takes a new key.

        For another user CloudFormation deletes the old one's keys afterwards. A rollback finds the secret as it was,
        and does nothing.
        """
        rotation, replicas = self._rotation(new), set(new.get("Replicas", ()))
        if rotation.is_up_to_date():
            replicas -= set(old.get("Replicas", ()))
        else:
            rotation.run(str(uuid.uuid4()))
        rotation.require_replicas(replicas)
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the user's keys, whoever made them: IAM keeps a user that has one."""
        if not physical_id.startswith("failed/"):  # before anything was done
            self._rotation(properties).remove_keys()

    def _rotation(self, properties: dict[str, Any]) -> Rotation:
        return Rotation(
            self._secrets,
            self._iam,
            self._patience,
            secret_id=properties["SecretId"],
            user_name=properties["UserName"],
            hosts=properties["Hosts"],
            **self._options,
        )


def rotate(event: dict[str, Any], patience: Patience) -> None:
    """Carry out one step for Secrets Manager; the environment says whose credentials the secret has."""
    settings = json.loads(os.environ[_SETTINGS])
    rotation = Rotation(
        _client("secretsmanager"),
        _client("iam"),
        patience,
        secret_id=event["SecretId"],
        user_name=settings["UserName"],
        hosts=settings["Hosts"],
    )
    rotation.step(event["Step"], event["ClientRequestToken"])


def _client(service: str) -> Any:
    return cast("Any", boto3).client(service, config=_ONE_ATTEMPT)
