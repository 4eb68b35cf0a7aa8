"""Dedicated IP pools and global endpoints, deployed by the CloudFormation of the local AWS and read back from SES."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from deployed import Stack
from region import Region, unique


@pytest.fixture
def stack(here: Region) -> Iterator[Stack]:
    stack = Stack(here, unique("stack"))
    yield stack
    if stack.status():
        stack.delete()


def a_pool(name: str, mode: str = "STANDARD") -> dict[str, Any]:
    properties = {"PoolName": name, "ScalingMode": mode}
    return {"Pool": {"Type": "AWS::SES::DedicatedIpPool", "Properties": properties}}


def an_endpoint(name: str, region: str) -> dict[str, Any]:
    properties = {"EndpointName": name, "Details": {"RouteDetails": [{"Region": region}]}}
    return {"Endpoint": {"Type": "AWS::SES::MultiRegionEndpoint", "Properties": properties}}


def modes(region: Region) -> dict[str, str]:
    names = region.sesv2.list_dedicated_ip_pools()["DedicatedIpPools"]
    return {
        name: region.sesv2.get_dedicated_ip_pool(PoolName=name)["DedicatedIpPool"]["ScalingMode"]
        for name in names
    }


def endpoints(region: Region) -> dict[str, list[str]]:
    listed = region.sesv2.list_multi_region_endpoints()["MultiRegionEndpoints"]
    return {one["EndpointName"]: one["Regions"] for one in listed}


def test_a_pool_is_made_managed_renamed_and_deleted(here: Region, stack: Stack) -> None:
    one, other = unique("pool"), unique("pool")
    assert stack.deploy(a_pool(one)) == "CREATE_COMPLETE"
    assert modes(here)[one] == "STANDARD"
    assert stack.deploy(a_pool(one, "MANAGED")) == "UPDATE_COMPLETE"
    assert modes(here)[one] == "MANAGED"
    assert stack.deploy(a_pool(other, "MANAGED")) == "UPDATE_COMPLETE"
    assert one not in modes(here)
    assert modes(here)[other] == "MANAGED"
    assert stack.delete() == ""
    assert other not in modes(here)


def test_a_managed_pool_is_never_standard_again(here: Region, stack: Stack) -> None:
    name = unique("pool")
    stack.deploy(a_pool(name, "MANAGED"))
    assert stack.deploy(a_pool(name)) == "UPDATE_ROLLBACK_COMPLETE"
    assert modes(here)[name] == "MANAGED"


def test_a_pool_of_somebody_else_is_not_taken_over(here: Region, stack: Stack) -> None:
    name = unique("pool")
    here.sesv2.create_dedicated_ip_pool(PoolName=name)
    assert stack.deploy(a_pool(name, "MANAGED")) == "ROLLBACK_COMPLETE"
    assert modes(here)[name] == "STANDARD"
    here.sesv2.delete_dedicated_ip_pool(PoolName=name)


def test_an_endpoint_is_ready_when_its_stack_is_and_is_replaced_under_another_name(
    here: Region, there: Region, stack: Stack
) -> None:
    one, other = unique("endpoint"), unique("endpoint")
    assert stack.deploy(an_endpoint(one, there.name)) == "CREATE_COMPLETE"
    assert here.sesv2.get_multi_region_endpoint(EndpointName=one)["Status"] == "READY"
    assert stack.deploy(an_endpoint(one, "us-east-1")) == "UPDATE_ROLLBACK_COMPLETE"
    assert endpoints(here)[one] == [here.name, there.name]
    assert stack.deploy(an_endpoint(other, "us-east-1")) == "UPDATE_COMPLETE"
    assert stack.physical_id("Endpoint") == other
    assert one not in endpoints(here)
    assert endpoints(here)[other] == [here.name, "us-east-1"]
    assert stack.delete() == ""
    assert other not in endpoints(here)
