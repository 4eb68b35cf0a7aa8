"""Event destinations of configuration sets: topics, the event bus, metrics, Firehose.

Gap: ministack keeps event destinations and publishes to none.
Rests on the SES developer guide, "Monitor email sending using Amazon SES event publishing"
(https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, eventbridge, firehose, ses_v2

from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.feedback import notifications, records
from cdk_ses_regions.local.feedback.events import Kind, MailEvent
from cdk_ses_regions.local.feedback.metrics import NAMESPACE
from cdk_ses_regions.local.feedback.telling import note
from cdk_ses_regions.local.ses.roles import require_role
from cdk_ses_regions.local.ses.targets import NotPermittedError

_log = logging.getLogger(__name__)

Destination = dict[str, Any]

_DETAIL_TYPES: dict[Kind, str] = {
    "Send": "Email Sent",
    "Reject": "Email Rejected",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Delivery": "Email Delivered",
    "DeliveryDelay": "Email Delivery Delayed",
    "RenderingFailure": "Email Rendering Failed",
}
_METRIC_VALUE = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_TELL_OF_BOUNCES = ("SnsDestination", "KinesisFirehoseDestination", "EventBridgeDestination")


def configuration_set_arn(name: str) -> str:
    """Return the ARN of a configuration set of this account and Region."""
    return f"arn:aws:ses:{get_region()}:{get_account_id()}:configuration-set/{name}"


def tell(event: MailEvent) -> None:
    """Publish an event to those destinations of the mail's configuration set that want its kind."""
    name = event.mail.configuration_set
    for destination_name, destination in _of(event):
        body = records.record(event)
        dropped = _publish(event, destination, body)
        if dropped:
            _log.warning("nothing told to event destination %s/%s: %s", name, destination_name, dropped)
        note(event, "event destination", f"{name}/{destination_name}", body, dropped=dropped)


def tells_in_full(event: MailEvent) -> bool:
    """Whether a destination gets the whole event, so that SES need not forward it by email."""
    return any(destination.get(kind) for _, destination in _of(event) for kind in _TELL_OF_BOUNCES)


def require(destination: Destination, configuration_set: str) -> None:
    """Make sure that there is such a destination, and that SES may take the role that it names.

    Whether the policy of a topic lets SES in is asked when there is something to publish: people often add it later.

    Raises:
        NotPermittedError: when there is no such topic, bus or stream, or the role is not for SES.
    """
    if sns := destination.get("SnsDestination"):
        _require_topic(sns["TopicArn"])
    if stream := destination.get("KinesisFirehoseDestination"):
        arn = stream["DeliveryStreamArn"]
        if arn.rpartition("/")[2] not in firehose._streams:
            raise NotPermittedError(f"Could not find the delivery stream <{arn}>.")
        source_arn = configuration_set_arn(configuration_set)
        require_role(stream["IamRoleArn"], "firehose:PutRecordBatch", arn, source_arn)
    if bus := destination.get("EventBridgeDestination"):
        default = f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/default"
        if bus["EventBusArn"] != default:
            raise NotPermittedError(f"Only the default event bus is supported: <{default}>.")


def _require_topic(topic: str) -> None:
    if [*topic.split(":"), "", "", "", ""][3] != get_region() or topic.endswith(".fifo"):
        raise NotPermittedError(f"SNS topic <{topic}> is not a standard topic in {get_region()}.")
    try:
        as_root()("sns", get_region()).get_topic_attributes(TopicArn=topic)
    except ClientError as error:
        raise NotPermittedError(f"SNS topic <{topic}> not found.") from error


def _of(event: MailEvent) -> Iterator[tuple[str, Destination]]:
    wanted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event.kind).upper()
    found = ses_v2._config_sets.get(event.mail.configuration_set) or {}
    for name, destination in list((found.get("EventDestinations") or {}).items()):
        if destination["Enabled"] and wanted in destination["MatchingEventTypes"]:
            yield name, destination


def _publish(event: MailEvent, destination: Destination, body: dict[str, Any]) -> str:
    """Publish an event and return why SES could not; empty when it could."""
    for kind, publish in _PUBLISHERS.items():
        if destination.get(kind):
            try:
                return publish(event, destination[kind], body)
            except NotPermittedError as error:
                return str(error)
    return "SES publishes nothing there here"


def _to_topic(event: MailEvent, target: Destination, body: dict[str, Any]) -> str:
    return notifications.publish(
        target["TopicArn"], body, configuration_set_arn(event.mail.configuration_set)
    )


def _to_bus(event: MailEvent, target: Destination, body: dict[str, Any]) -> str:
    entry = {
        "Source": "aws.ses",
        "DetailType": _DETAIL_TYPES[event.kind],
        "Detail": json.dumps(body),
        "Resources": [records.source_arn(event.mail)],
        "EventBusName": target["EventBusArn"],
    }
    answer = json.loads(eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)[2])
    return answer["Entries"][0].get("ErrorMessage", "") if answer["FailedEntryCount"] else ""


def _to_metrics(event: MailEvent, target: Destination, body: dict[str, Any]) -> str:
    dimensions = {
        one["DimensionName"]: _value(event, one) for one in target.get("DimensionConfigurations") or ()
    }
    for name, value in dimensions.items():
        if not _METRIC_VALUE.fullmatch(value):
            return f"{value!r} cannot be the value of dimension {name}"
    cloudwatch.record_metric(NAMESPACE, event.kind, len(event.recipients), "Count", dimensions)
    return ""


def _value(event: MailEvent, dimension: dict[str, str]) -> str:
    """Return the value of a dimension: from the mail's tags or headers, else the default."""
    name, source = dimension["DimensionName"], dimension["DimensionValueSource"]
    found = list[str]()
    if source == "MESSAGE_TAG":
        found = list(records.tags(event.mail).get(name, ()))
    elif source == "EMAIL_HEADER":
        found = [value for header, value in event.mail.headers if header.lower() == name.lower()]
    return found[0] if found else dimension["DefaultDimensionValue"]


def _to_stream(event: MailEvent, target: Destination, body: dict[str, Any]) -> str:
    require({"KinesisFirehoseDestination": target}, event.mail.configuration_set)
    data = base64.b64encode(f"{json.dumps(body)}\n".encode()).decode()
    name = target["DeliveryStreamArn"].rpartition("/")[2]
    answer = json.loads(
        firehose._put_record_batch({"DeliveryStreamName": name, "Records": [{"Data": data}]})[2]
    )
    if "FailedPutCount" not in answer:
        return str(answer.get("message") or answer.get("Message"))
    return answer["RequestResponses"][0]["ErrorMessage"] if answer["FailedPutCount"] else ""


_PUBLISHERS: dict[str, Callable[[MailEvent, Destination, dict[str, Any]], str]] = {
    "SnsDestination": _to_topic,
    "EventBridgeDestination": _to_bus,
    "CloudWatchDestination": _to_metrics,
    "KinesisFirehoseDestination": _to_stream,
}
