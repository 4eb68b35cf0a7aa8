"""What CloudFormation asks of a custom resource, and how it is answered."""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.request
from typing import Any

logger = logging.getLogger()

_LARGEST_ANSWER = 4096
_ATTEMPTS = 5


class Request:
    """One request of CloudFormation: `kind` is Create, Update or Delete."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event
        self.kind: str = event["RequestType"]
        self.resource_type: str = event["ResourceType"]
        self.physical_id: str = event.get("PhysicalResourceId", "")
        self.properties: dict[str, Any] = event.get("ResourceProperties", {})
        self.old_properties: dict[str, Any] = event.get("OldResourceProperties", {})
        self.physical_id_after_failure = self.physical_id or f"failed/{event['LogicalResourceId']}"


def respond(
    request: Request,
    *,
    physical_id: str,
    data: dict[str, str] | None = None,
    error: Exception | None = None,
) -> None:
    """Put the answer to the address that CloudFormation gave; try again when the network fails."""
    answer = {
        "Status": "SUCCESS" if error is None else "FAILED",
        "Reason": "" if error is None else str(error) or type(error).__name__,
        "PhysicalResourceId": physical_id,
        "StackId": request.event["StackId"],
        "RequestId": request.event["RequestId"],
        "LogicalResourceId": request.event["LogicalResourceId"],
        "Data": data or {},
    }
    body = _encode(answer)
    # The address is signed for an empty content type.
    put = urllib.request.Request(
        request.event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
    )
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(put, timeout=10):
                return
        except (OSError, http.client.HTTPException) as failure:
            logger.warning("answer %d of %d failed: %s", attempt, _ATTEMPTS, failure)
            if attempt == _ATTEMPTS:
                raise
            time.sleep(attempt)


def _encode(answer: dict[str, Any]) -> bytes:
    """Return the answer as JSON, its reason cut until all fits: bytes count, not characters."""
    body = json.dumps(answer).encode()
    while len(body) >= _LARGEST_ANSWER and answer["Reason"]:
        # A character takes at most twelve bytes: two escapes of six.
        excess = len(body) - _LARGEST_ANSWER
        answer["Reason"] = answer["Reason"][: -max(1, excess // 12)]
        body = json.dumps(answer).encode()
    return body
