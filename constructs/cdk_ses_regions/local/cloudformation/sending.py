"""CloudFormation's resource types of sending: dedicated IP pools and global endpoints.

Gap: ministack has neither.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_region
from ministack.services import ses_v2
from ministack.services.cloudformation import provisioners, stacks

from cdk_ses_regions.local.clients import as_root

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]

_POOL, _ENDPOINT = "AWS::SES::DedicatedIpPool", "AWS::SES::MultiRegionEndpoint"
_PATIENCE_SECONDS = 30


def install() -> None:
    """Register the types with ministack's CloudFormation."""
    handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
    handlers |= {
        _POOL: {
            "create": _create_pool,
            "update": _update_pool,
            "update_with_logical_id": True,
            "delete": _delete_pool,
        },
        _ENDPOINT: {
            "create": _create_endpoint,
            "update": _update_endpoint,
            "update_with_logical_id": True,
            "delete": _delete_endpoint,
        },
    }
    # These ask the API of this very server, which the event loop has to answer meanwhile.
    blocks = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind in (_POOL, _ENDPOINT) or blocks(kind)


def _sesv2() -> Any:
    return as_root()("sesv2", get_region())


def _create_pool(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    name = properties.get("PoolName") or f"{stack_name}-{logical_id}".lower()[:64]
    _sesv2().create_dedicated_ip_pool(
        PoolName=name,
        ScalingMode=properties.get("ScalingMode", "STANDARD"),
        Tags=properties.get("Tags", []),
    )
    return name, {}


def _update_pool(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Provisioned:
    if old.get("PoolName") != new.get("PoolName"):
        return provisioners._rename_replacement(
            physical_id, old, new, stack_name, logical_id, new.get("PoolName"), old.get("PoolName"),
            _create_pool, _delete_pool,
        ) or (physical_id, {})  # fmt: skip
    before, mode = (each.get("ScalingMode", "STANDARD") for each in (old, new))
    if (before, mode) == ("MANAGED", "STANDARD"):
        raise ValueError("A managed dedicated IP pool cannot become a standard one.")
    ses_v2._dedicated_ip_pools[physical_id]["ScalingMode"] = mode
    return physical_id, {}


def _delete_pool(physical_id: str, properties: Properties) -> None:
    # Not by the API: after a replacement this runs in the event loop, which could not answer.
    ses_v2._dedicated_ip_pools.pop(physical_id, None)
    ses_v2._ses_tags.pop(ses_v2._resource_arn("dedicated-ip-pool", physical_id), None)


def _create_endpoint(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    name, sesv2 = properties["EndpointName"], _sesv2()
    sesv2.create_multi_region_endpoint(
        EndpointName=name,
        Details={"RoutesDetails": properties["Details"]["RouteDetails"]},
        Tags=properties.get("Tags", []),
    )
    until = time.monotonic() + _PATIENCE_SECONDS
    while sesv2.get_multi_region_endpoint(EndpointName=name)["Status"] != "READY":
        if time.monotonic() > until:
            raise ValueError(f"{_ENDPOINT} {name} did not stabilize.")
        time.sleep(0.2)
    return name, {}


def _update_endpoint(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Provisioned:
    if (old["EndpointName"], old["Details"]) == (new["EndpointName"], new["Details"]):
        ses_v2._ses_tags[ses_v2._resource_arn("multi-region-endpoint", physical_id)] = new.get("Tags", [])
        return physical_id, {}
    # The name stays the name: another second Region under the same one is refused, as by CloudFormation.
    made = _create_endpoint(logical_id, new, stack_name)
    _delete_endpoint(physical_id, old)
    return made


def _delete_endpoint(physical_id: str, properties: Properties) -> None:
    sesv2 = _sesv2()
    try:
        sesv2.delete_multi_region_endpoint(EndpointName=physical_id)
    except sesv2.exceptions.NotFoundException:
        return
