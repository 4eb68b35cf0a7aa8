"""Dead-letter queues of functions: an event that failed for good is there as it was, with the reason as attributes.

Gaps: ministack's AWS::Lambda::Function drops DeadLetterConfig, and its queue gets the record of a destination.
Rests on the Lambda developer guide, "Adding a dead-letter queue"
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_region
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local.clients import as_root

Properties = dict[str, Any]

_REASON_MOST = 1024


def install() -> None:
    """Put our answers before ministack's."""
    handlers: Any = provisioners._RESOURCE_HANDLERS
    function = handlers["AWS::Lambda::Function"]
    function["create"] = _keeping_queue(function["create"], properties_at=1)
    function["update"] = _keeping_queue(function["update"], properties_at=2)
    route = lambda_svc._route_async_failure

    def route_failure(target: str, function: str, event: Properties, result: Properties) -> None:
        config = lambda_svc._functions.get(function, {}).get("config", {})
        queue = (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if target == queue and ":sqs:" in target:
            _send(target, event, result)
        else:
            route(target, function, event, result)

    lambda_svc._route_async_failure = route_failure


def _keeping_queue(provision: Callable[..., Any], *, properties_at: int) -> Callable[..., Any]:
    """Wrap a create or update of a function, so that it has the dead-letter queue of its template."""

    def keep(*arguments: Any, **named: Any) -> Any:
        properties = arguments[properties_at]
        queue = properties.get("DeadLetterConfig")
        if (error := lambda_svc._validate_dead_letter_config(queue)) is not None:
            raise ValueError(f"AWS::Lambda::Function: {error[2]!r}")
        done = provision(*arguments, **named)
        config = lambda_svc._functions[done[0]]["config"]
        if queue:
            config["DeadLetterConfig"] = queue
        else:
            config.pop("DeadLetterConfig", None)
        return done

    return keep


def _send(queue: str, event: Properties, result: Properties) -> None:
    reason = (result.get("body") or {}).get("errorMessage") or "Unhandled"
    values = {
        "RequestID": ("String", str(uuid.uuid4())),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", str(reason)[:_REASON_MOST]),
    }
    sqs = as_root()("sqs", get_region())
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"],
        MessageBody=json.dumps(event),
        MessageAttributes={
            name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items()
        },
    )
