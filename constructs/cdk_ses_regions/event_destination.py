"""Where SES tells what becomes of mail that is sent with a configuration set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from aws_cdk import CfnResource, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.configuration_set import ConfigurationSet
from cdk_ses_regions.encryption import EmailKey
from cdk_ses_regions.feedback import topic_for_ses
from cdk_ses_regions.limits import DIMENSIONS_PER_DESTINATION
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import SES

EventType = Literal[
    "send",
    "reject",
    "bounce",
    "complaint",
    "delivery",
    "open",
    "click",
    "renderingFailure",
    "deliveryDelay",
    "subscription",
]
DEFAULT_EVENTS: tuple[EventType, ...] = (
    "send",
    "reject",
    "bounce",
    "complaint",
    "delivery",
    "renderingFailure",
    "deliveryDelay",
)
"""All but those for which SES changes the mail."""


@dataclass(frozen=True, kw_only=True)
class MetricDimension:
    """A dimension of the CloudWatch metrics of an event destination.

    Args:
        name: of the message tag, header or link tag, and of the dimension.
        default: value for mail that has none.
        source: where SES finds the value (default "messageTag").
    """

    name: str
    default: str
    source: Literal["messageTag", "emailHeader", "linkTag"] = "messageTag"


class EventTopic(Construct):
    """An encrypted SNS topic that SES may publish the events of one configuration set to.

    See https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html

    Args:
        topic_name: physical name of the topic.
        configuration_set: the configuration set.
        key: customer managed key (default: one of its own).

    Attributes:
        topic: the topic; subscribe to it.
        key: the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic_name: str,
        configuration_set: ConfigurationSet,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key if key is not None else EmailKey(self, "Key").key
        self.topic = topic_for_ses(
            self,
            topic_name=topic_name,
            key=self.key,
            sid="SesEvents",
            source_arns=[configuration_set.configuration_set_arn],
        )


class EventDestination(Construct):
    """One event destination of a configuration set: CloudWatch, EventBridge, SNS or Firehose.

    A topic's policies are the user's matter unless it is an `EventTopic`. For a Firehose stream a role is made that SES
    alone can take, for this configuration set, and that can do nothing but put records into the stream.
    See https://docs.aws.amazon.com/ses/latest/dg/event-destinations-manage.html

    Args:
        configuration_set: the configuration set.
        name: unique in the configuration set: at most 64 letters, digits, hyphens and underscores.
        events: what is told (default: all but open, click and subscription, for which SES changes the mail).
        enabled: whether it is in force (default True).
        dimensions: CloudWatch: the dimensions of the metrics, one to ten.
        event_bridge: EventBridge: the default bus of this account and Region, the only one that SES takes.
        topic: SNS: a standard topic of this Region.
        delivery_stream_arn: Firehose: a stream of this Region.

    Attributes:
        role: the role for the Firehose stream; None for the others.
        resource: the `AWS::SES::ConfigurationSetEventDestination`.

    Raises:
        ValueError: there is not exactly one target, it is in another Region, no event is told, or there are too
            many dimensions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration_set: ConfigurationSet,
        name: str,
        events: Sequence[EventType] = DEFAULT_EVENTS,
        enabled: bool = True,
        dimensions: Sequence[MetricDimension] = (),
        event_bridge: bool = False,
        topic: sns.ITopic | None = None,
        delivery_stream_arn: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        targets = [bool(dimensions), event_bridge, topic is not None, delivery_stream_arn is not None]
        if problem := _problem(name, events, sum(targets), len(dimensions)):
            raise ValueError(problem)
        self.role: iam.IRole | None = None
        if dimensions:
            target = {
                "CloudWatchDestination": {"DimensionConfigurations": [_dimension(d) for d in dimensions]}
            }
        elif event_bridge:
            target = {"EventBridgeDestination": {"EventBusArn": _default_bus(scope)}}
        elif topic is not None:
            _require_this_region(scope, "topic", topic.env.region)
            target = {"SnsDestination": {"TopicARN": topic.topic_arn}}
        else:
            target = {"KinesisFirehoseDestination": self._stream(configuration_set, str(delivery_stream_arn))}
        self.resource = CfnResource(
            self,
            "Resource",
            type="AWS::SES::ConfigurationSetEventDestination",
            properties={
                "ConfigurationSetName": {"Ref": configuration_set.resource.logical_id},
                "EventDestination": {
                    "Name": name,
                    "Enabled": enabled,
                    "MatchingEventTypes": list(events),
                    **target,
                },
            },
        )
        if topic is not None:
            # SES looks at the policies when the destination is made.
            self.resource.node.add_dependency(topic)
        if self.role is not None:
            self.resource.node.add_dependency(self.role)

    def _stream(self, configuration_set: ConfigurationSet, stream_arn: str) -> dict[str, Any]:
        if not Token.is_unresolved(stream_arn):
            _require_this_region(self, "delivery stream", [*stream_arn.split(":"), "", "", "", ""][3])
        trusted = iam.ServicePrincipal(
            SES,
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": Place.of(self).account,
                    "aws:SourceArn": configuration_set.configuration_set_arn,
                }
            },
        )
        put = iam.PolicyStatement(actions=["firehose:PutRecordBatch"], resources=[stream_arn])
        role = iam.Role(
            self,
            "Role",
            description=f"Lets SES put events of {configuration_set.name} into a Firehose stream",
            assumed_by=cast(iam.IPrincipal, trusted),
            inline_policies={"Put": iam.PolicyDocument(statements=[put])},
        )
        self.role = cast(iam.IRole, role)
        return {"DeliveryStreamARN": stream_arn, "IAMRoleARN": self.role.role_arn}


def _problem(name: str, events: Sequence[EventType], targets: int, dimensions: int) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        return f"event destination name {name!r} must have letters, digits, hyphens and underscores only, at most 64"
    if targets != 1:
        return (
            f"event destination {name!r} has {targets} targets; give exactly one of dimensions, event_bridge, topic "
            "and delivery_stream_arn"
        )
    if not events:
        return f"event destination {name!r} tells no event; give at least one"
    if dimensions > DIMENSIONS_PER_DESTINATION:
        return (
            f"event destination {name!r} has {dimensions} dimensions; SES allows {DIMENSIONS_PER_DESTINATION}"
        )
    return None


def _dimension(dimension: MetricDimension) -> dict[str, str]:
    return {
        "DimensionName": dimension.name,
        "DimensionValueSource": dimension.source,
        "DefaultDimensionValue": dimension.default,
    }


def _default_bus(scope: Construct) -> str:
    place = Place.of(scope)
    return f"arn:{place.partition}:events:{place.region}:{place.account}:event-bus/default"


def _require_this_region(scope: Construct, what: str, theirs: str) -> None:
    ours = Place.of(scope).region
    if ours != theirs and not Token.is_unresolved(ours) and not Token.is_unresolved(theirs):
        raise ValueError(
            f"{what} is in {theirs or 'no Region'}, the configuration set in {ours}; SES tells events in its own "
            f"Region only, so give one in {ours}"
        )
