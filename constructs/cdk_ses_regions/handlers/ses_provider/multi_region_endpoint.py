"""A global endpoint: what both Regions must have before CloudFormation makes it, and its id, which that does not tell.

SES keeps the two Regions alike in nothing: half of the mail goes out through each.
Rests on the SES developer guide, "Using Global endpoints in Amazon SES".
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from patience import Patience, is_error

logger = logging.getLogger()

_ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})


class NotReadyError(RuntimeError):
    """The endpoint is still being made."""


class RegionsAlike:
    """Properties: `Regions`, the two; `Identities`; `ConfigurationSetName`, optional; `Policies`, optional: for an
    identity, the names of the policies that let senders in.

    It changes nothing. Whether an identity is verified is not asked: that may take DNS three days.
    """

    TYPE = "Custom::SesRegionsAlike"
    SERVICE = "sesv2"

    def __init__(
        self, sesv2: Any, patience: Patience, *, connect: Callable[[str], Any] | None = None
    ) -> None:
        self._patience = patience
        self._connect = connect or _sesv2

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id, which tells what has been checked."""
        return f"regions-alike/{_digest(properties)}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Fail, with all that one Region lacks."""
        lacks = list(self._lacks(properties))
        if lacks:
            raise RuntimeError(
                "a global endpoint sends half of the mail from each Region, and they are not alike: "
                f"{'; '.join(lacks)}. Deploy both Regions first, then this stack"
            )
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Check again, except what was checked before: a rollback that refused would leave the stack stuck."""
        _, current, *_ = [*physical_id.split("/"), ""]
        wanted = self.physical_id(new)
        if _digest(new) == current:
            return physical_id, {}
        if _digest(new) in physical_id.split("/"):
            return wanted, {}
        self.create(new)
        return f"{wanted}/{current}", {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Do nothing: there is nothing."""

    def _lacks(self, properties: dict[str, Any]) -> Iterator[str]:
        clients = {region: self._connect(region) for region in properties["Regions"]}
        for identity in properties["Identities"]:
            found = {region: self._identity(client, identity) for region, client in clients.items()}
            there = {region: one for region, one in found.items() if one is not None}
            yield from (f"{region} has no identity {identity}" for region in found if region not in there)
            for policy in properties.get("Policies", {}).get(identity, ()):
                for region, one in there.items():
                    if policy not in one.get("Policies", {}):
                        yield f"{region} has no policy {policy} of {identity}"
            without = [region for region, one in there.items() if not _mail_from(one)]
            if 0 < len(without) < len(there):
                yield f"{without[0]} has no MAIL FROM domain of {identity}"
            for region, one in there.items():
                if not one.get("VerifiedForSendingStatus"):
                    logger.warning("%s is not verified in %s yet", identity, region)
        if name := properties.get("ConfigurationSetName"):
            for region, client in clients.items():
                if self._found(client.get_configuration_set, ConfigurationSetName=name) is None:
                    yield f"{region} has no configuration set {name}"

    def _identity(self, client: Any, identity: str) -> dict[str, Any] | None:
        return self._found(client.get_email_identity, EmailIdentity=identity)

    def _found(self, ask: Callable[..., Any], **arguments: Any) -> dict[str, Any] | None:
        try:
            return self._patience.call(ask, **arguments)
        except ClientError as error:
            if is_error(error, "NotFoundException"):
                return None
            raise


class MultiRegionEndpoint:
    """Property: `EndpointName`. Attribute: `EndpointId`."""

    TYPE = "Custom::SesMultiRegionEndpoint"
    SERVICE = "sesv2"

    def __init__(self, sesv2: Any, patience: Patience) -> None:
        self._sesv2 = sesv2
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: a Region has one endpoint of a name."""
        return f"multi-region-endpoint/{properties['EndpointName']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Return the endpoint's id, once it is ready."""
        endpoint_id = self._patience.call(
            self._ready, maybe_soon=(NotReadyError,), name=properties["EndpointName"]
        )
        return self.physical_id(properties), {"EndpointId": endpoint_id}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Return the id of the endpoint that is named now."""
        return self.create(new)

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Do nothing: the endpoint is CloudFormation's."""

    def _ready(self, name: str) -> str:
        found = self._sesv2.get_multi_region_endpoint(EndpointName=name)
        if found["Status"] == "CREATING":
            raise NotReadyError(f"global endpoint {name} is still being made")
        if found["Status"] != "READY":
            raise RuntimeError(f"global endpoint {name} is {found['Status']}; delete it and deploy again")
        return found["EndpointId"]


def _sesv2(region: str) -> Any:
    return boto3.client("sesv2", region_name=region, config=_ONE_ATTEMPT)  # pyright: ignore[reportUnknownMemberType]


def _mail_from(identity: dict[str, Any]) -> str:
    return identity.get("MailFromAttributes", {}).get("MailFromDomain", "")


def _digest(properties: dict[str, Any]) -> str:
    wanted = {key: value for key, value in properties.items() if not key.startswith("Service")}
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
