"""Settings of the whole account in a Region, politely: one owner, and what was set before comes back.

SES says neither who set them nor when, so a parameter in Systems Manager does: it names the owner, which a second
deployment finds, and has what was there before, which a second attempt finds. CloudFormation's own
`AWS::SES::VdmAttributes` remembers nothing.
Rests on the SES API v2 reference, `GetAccount`, `PutAccountSuppressionAttributes` and `PutAccountVdmAttributes`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from patience import Patience, is_error

_ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
_MEMBERS = {
    "EngagementMetrics": "DashboardAttributes",
    "OptimizedSharedDelivery": "GuardianAttributes",
}

Value = dict[str, Any]
"""A setting in the form in which it is compared and remembered."""


class AccountSetting(ABC):
    """What the settings have in common. Properties: `Parameter`, its name in Systems Manager; `Owner`, a text that
    nobody else has; and the setting's own.
    """

    TYPE = ""
    SERVICE = "sesv2"
    WHAT = ""

    def __init__(self, sesv2: Any, patience: Patience, *, ssm: Any = None) -> None:
        self._sesv2 = sesv2
        self._patience = patience
        self._ssm: Any = ssm or boto3.client("ssm", config=_ONE_ATTEMPT)  # pyright: ignore[reportUnknownMemberType]

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: a Region has each setting once."""
        return f"account-setting{properties['Parameter']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Set what is wanted; refuse when the setting has another owner."""
        self._claim(properties)
        self._put(self._wanted(properties))
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Set what is wanted now; what was there before the first time stays remembered."""
        return self.create(new)

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Put back what was set before, unless somebody has changed it since, and give the setting free."""
        kept = None if physical_id.startswith("failed/") else self._kept(properties)
        if kept is None or kept["Owner"] != properties["Owner"]:
            return
        if self._get() == self._wanted(properties):
            self._put(kept["Before"])
        self._patience.call(self._ssm.delete_parameter, Name=properties["Parameter"])

    def _claim(self, properties: dict[str, Any]) -> None:
        """Become the owner, with what is set now as what was before; be it still after an earlier attempt."""
        try:
            self._patience.call(
                self._ssm.put_parameter,
                Name=properties["Parameter"],
                Description=f"Owner of the account's {self.WHAT} in Amazon SES, and what was set before",
                Type="String",
                Value=json.dumps({"Owner": properties["Owner"], "Before": self._get()}),
            )
        except ClientError as error:
            if not is_error(error, "ParameterAlreadyExists"):
                raise
            kept = self._kept(properties)
            owner = "somebody else" if kept is None else kept["Owner"]
            if owner != properties["Owner"]:
                raise RuntimeError(
                    f"the {self.WHAT} of this account and Region belong to {owner}: one deployment sets them. Leave "
                    "them out here or there; if that deployment is gone, delete the parameter "
                    f"{properties['Parameter']}"
                ) from None

    def _kept(self, properties: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer = self._patience.call(self._ssm.get_parameter, Name=properties["Parameter"])
        except ClientError as error:
            if is_error(error, "ParameterNotFound"):
                return None
            raise
        return json.loads(answer["Parameter"]["Value"])

    def _account(self) -> dict[str, Any]:
        return self._patience.call(self._sesv2.get_account)

    @abstractmethod
    def _get(self) -> Value: ...

    @abstractmethod
    def _put(self, value: Value) -> None: ...

    @abstractmethod
    def _wanted(self, properties: dict[str, Any]) -> Value: ...


class AccountSuppression(AccountSetting):
    """For which reasons the account suppresses addresses. Property: `SuppressedReasons`, of BOUNCE and COMPLAINT."""

    TYPE = "Custom::SesAccountSuppression"
    WHAT = "suppression reasons"

    def _get(self) -> Value:
        return {"SuppressedReasons": sorted(self._attributes().get("SuppressedReasons", []))}

    def _put(self, value: Value) -> None:
        # SES has the account's address validation in the same place; it is not ours.
        validation = self._attributes().get("ValidationAttributes")
        self._patience.call(
            self._sesv2.put_account_suppression_attributes,
            **value,
            **({"ValidationAttributes": validation} if validation else {}),
        )

    def _wanted(self, properties: dict[str, Any]) -> Value:
        return {"SuppressedReasons": sorted(properties.get("SuppressedReasons", []))}

    def _attributes(self) -> dict[str, Any]:
        return self._account().get("SuppressionAttributes", {})


class AccountVdm(AccountSetting):
    """Virtual Deliverability Manager. Properties: `VdmEnabled`, `EngagementMetrics`, `OptimizedSharedDelivery`, each
    ENABLED or DISABLED.
    """

    TYPE = "Custom::SesAccountVdm"
    WHAT = "settings of Virtual Deliverability Manager"

    def _get(self) -> Value:
        attributes = self._account().get("VdmAttributes", {})
        found = {name: attributes.get(group, {}).get(name) for name, group in _MEMBERS.items()}
        return _vdm({"VdmEnabled": attributes.get("VdmEnabled"), **found})

    def _put(self, value: Value) -> None:
        attributes = {"VdmEnabled": value["VdmEnabled"]}
        if value["VdmEnabled"] == "ENABLED":
            attributes |= {group: {name: value[name]} for name, group in _MEMBERS.items()}
        self._patience.call(self._sesv2.put_account_vdm_attributes, VdmAttributes=attributes)

    def _wanted(self, properties: dict[str, Any]) -> Value:
        return _vdm(properties)


def _vdm(values: dict[str, Any]) -> Value:
    """Return the settings with what is not said; where it is off, nothing else counts."""
    enabled = values.get("VdmEnabled") == "ENABLED"
    return {
        name: "ENABLED" if enabled and values.get(name) == "ENABLED" else "DISABLED"
        for name in ("VdmEnabled", *_MEMBERS)
    }
