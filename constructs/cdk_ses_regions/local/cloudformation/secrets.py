"""Secrets and their rotation in CloudFormation.

Gaps: ministack has no AWS::SecretsManager::RotationSchedule. To its AWS::SecretsManager::Secret `Ref` is the name, not
the ARN; it takes over a secret that is there already, begins with an empty text where a template gives no value, and
leaves a replica where a Region is taken out.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import secretsmanager as service
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local import secrets_rotation

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]


def install() -> None:
    """Register what is missing with ministack's CloudFormation."""
    handlers: Any = provisioners._RESOURCE_HANDLERS
    secret = handlers["AWS::SecretsManager::Secret"]
    create, delete = secret["create"], secret["delete"]
    secret["create"] = _create_secret(create, delete)
    secret["update"] = _update_secret(secret["update"])
    secret["delete"] = lambda physical_id, properties: delete(_name(physical_id), properties)
    handlers["AWS::SecretsManager::RotationSchedule"] = {
        "create": _create_schedule,
        "update": _update_schedule,
        "delete": _delete_schedule,
    }


def _create_secret(
    create: Callable[..., Provisioned], delete: Callable[..., None]
) -> Callable[..., Provisioned]:
    def make(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        if (name := properties.get("Name")) and name in service._secrets:
            raise ValueError(f"The operation failed because the secret {name} already exists.")
        alone = {key: value for key, value in properties.items() if key != "ReplicaRegions"}
        name, attributes = create(logical_id, alone, stack_name)
        if "SecretString" not in properties and "GenerateSecretString" not in properties:
            service._secrets[name]["Versions"].clear()
        if replicas := properties.get("ReplicaRegions"):
            try:
                provisioners._sm_secret_replicate(name, replicas)
            except ValueError:
                delete(name, properties)
                raise
        return attributes["Id"], attributes

    return make


def _update_secret(update: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    def change(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
    ) -> Provisioned:
        kept = {one["Region"] for one in new.get("ReplicaRegions", [])}
        gone = {one["Region"] for one in old.get("ReplicaRegions", [])} - kept
        name, attributes = update(_name(physical_id), old, new, stack_name, logical_id)
        secret = service._secrets[name]
        for region in gone:
            service._secrets.pop_scoped(get_account_id(), region, name, None)
        secret["ReplicationStatus"] = [
            one for one in secret["ReplicationStatus"] if one["Region"] not in gone
        ]
        return attributes["Id"], attributes

    return change


def _name(physical_id: str) -> str:
    """Return the name under which ministack has a secret; the ARN itself when it is gone."""
    name, _ = service._resolve(physical_id)
    return name or physical_id


def _create_schedule(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    at_once = properties.get("RotateImmediatelyOnUpdate", True)
    secrets_rotation.rotate(
        {
            "SecretId": properties["SecretId"],
            "RotationLambdaARN": properties["RotationLambdaARN"],
            "RotationRules": properties.get("RotationRules", {}),
            "RotateImmediately": str(at_once).lower() == "true",
        }
    )
    return properties["SecretId"], {"Id": properties["SecretId"]}


def _update_schedule(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    made = _create_schedule("", new, stack_name)
    if old["SecretId"] != new["SecretId"]:
        _delete_schedule(old["SecretId"], old)
    return made


def _delete_schedule(physical_id: str, properties: Properties) -> None:
    secrets_rotation.cancel(properties["SecretId"])
