"""What a stack has, as CloudFormation tells it: nothing is taken over that its own stack deletes afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from patience import Patience

_GIVEN_UP = ("DELETE_COMPLETE", "DELETE_SKIPPED")


def physical_ids(cloudformation: Any, patience: Patience, *, stack: str, resource_type: str) -> Iterator[str]:
    """Yield the physical ids of the stack's resources of one type, but for those that it deleted or retained."""
    more: dict[str, Any] = {}
    while True:
        page = patience.call(cloudformation.list_stack_resources, StackName=stack, **more)
        for one in page["StackResourceSummaries"]:
            if one["ResourceType"] == resource_type and one.get("ResourceStatus") not in _GIVEN_UP:
                yield one.get("PhysicalResourceId", "")
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
