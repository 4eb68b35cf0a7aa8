"""How a Region sends: its configuration set, and where SES tells what becomes of the mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Duration
from constructs import Construct

from cdk_ses_regions.configuration_set import (
    ConfigurationSet,
    HttpsPolicy,
    SuppressedReason,
    TlsPolicy,
    ValidationThreshold,
)
from cdk_ses_regions.event_destination import (
    DEFAULT_EVENTS,
    EventDestination,
    EventTopic,
    EventType,
    MetricDimension,
)
from cdk_ses_regions.limits import EVENT_DESTINATIONS_PER_SET
from cdk_ses_regions.naming import Names, short_name_problem
from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns


@dataclass(frozen=True, kw_only=True)
class Events:
    """An event destination of a bundle; see `EventDestination` for what the arguments mean.

    Args:
        name: unique in the bundle: a-z, 0-9 and hyphens, at most 40.
        events: what is told.
        enabled: whether it is in force.
        dimensions: to CloudWatch, by these dimensions.
        event_bridge: to the default event bus.
        topic: to a topic of its own, `email-events-NAME`.
        subscribers: who gets what that topic tells.
        delivery_stream_arn: to a Firehose stream.
    """

    name: str
    events: Sequence[EventType] = DEFAULT_EVENTS
    enabled: bool = True
    dimensions: Sequence[MetricDimension] = ()
    event_bridge: bool = False
    topic: bool = False
    subscribers: Subscribers = field(default_factory=Subscribers)
    delivery_stream_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class SendingOptions:
    """The configuration set of a bundle; see `ConfigurationSet` for what the arguments mean.

    Args:
        tls_policy: "REQUIRE" does not deliver to servers without TLS.
        max_delivery: how long SES tries.
        reputation_metrics: bounce and complaint rates in CloudWatch.
        sending_enabled: whether mail that uses the set is sent at all.
        suppressed_reasons: why addresses are suppressed.
        validation_threshold: how sure SES must be that an address exists.
        engagement_metrics: Virtual Deliverability Manager tracks opens and clicks.
        optimized_shared_delivery: it chooses among the shared IP addresses.
        redirect_domain: domain of the links for open and click tracking.
        https_policy: whether those links are https.
        archive_arn: Mail Manager archive of this Region.
        sending_pool_name: dedicated IP pool that mail leaves from.
        events: the event destinations, at most ten.
    """

    tls_policy: TlsPolicy = "OPTIONAL"
    max_delivery: Duration | None = None
    reputation_metrics: bool = True
    sending_enabled: bool = True
    suppressed_reasons: Sequence[SuppressedReason] | None = None
    validation_threshold: ValidationThreshold | None = None
    engagement_metrics: bool | None = None
    optimized_shared_delivery: bool | None = None
    redirect_domain: str | None = None
    https_policy: HttpsPolicy = "OPTIONAL"
    archive_arn: str | None = None
    sending_pool_name: str | None = None
    events: Sequence[Events] = ()


class Sending(Construct):
    """A configuration set with its event destinations, their topics and who subscribes to them.

    See https://docs.aws.amazon.com/ses/latest/dg/using-configuration-sets.html

    Args:
        names: the physical names: of the set, the topics and the queues.
        options: what the set is like.
        key: customer managed key for the topics (default: each has its own).

    Attributes:
        configuration_set: the configuration set.
        topics: the topic of each event destination that has one, by the destination's name.
        subscriptions: who subscribes to it, likewise.
        ready: the last thing made; what lets identities use the set depends on it.

    Raises:
        ValueError: an event destination is given twice or not usable, or there are more than ten.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        options: SendingOptions,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if problem := _events_problem(options.events):
            raise ValueError(problem)
        self.configuration_set = ConfigurationSet(
            self,
            "Set",
            name=names.configuration_set,
            tls_policy=options.tls_policy,
            max_delivery=options.max_delivery,
            reputation_metrics=options.reputation_metrics,
            sending_enabled=options.sending_enabled,
            suppressed_reasons=options.suppressed_reasons,
            validation_threshold=options.validation_threshold,
            engagement_metrics=options.engagement_metrics,
            optimized_shared_delivery=options.optimized_shared_delivery,
            redirect_domain=options.redirect_domain,
            https_policy=options.https_policy,
            archive_arn=options.archive_arn,
            sending_pool_name=options.sending_pool_name,
        )
        self.topics: dict[str, sns.ITopic] = {}
        self.subscriptions: dict[str, TopicSubscriptions] = {}
        previous: CfnResource = self.configuration_set.resource
        for events in options.events:
            if events.topic:
                self._topic(events, names, key)
            destination = EventDestination(
                self,
                f"Events {events.name}",
                configuration_set=self.configuration_set,
                name=events.name,
                events=events.events,
                enabled=events.enabled,
                dimensions=events.dimensions,
                event_bridge=events.event_bridge,
                topic=self.topics.get(events.name),
                delivery_stream_arn=events.delivery_stream_arn,
            )
            # One after the other: they share SES's one request a second.
            destination.resource.add_resource_dependency(previous)
            previous = destination.resource
        self.ready = previous

    def _topic(self, events: Events, names: Names, key: kms.IKey | None) -> None:
        topic = EventTopic(
            self,
            f"Topic {events.name}",
            topic_name=names.events_topic(events.name),
            configuration_set=self.configuration_set,
            key=key,
        ).topic
        self.topics[events.name] = topic
        if events.subscribers:
            self.subscriptions[events.name] = events.subscribers.subscribe(
                self, f"Subscriptions {events.name}", topics=[topic], names=names
            )


def _events_problem(events: Sequence[Events]) -> str | None:
    names = [one.name for one in events]
    if len(names) > EVENT_DESTINATIONS_PER_SET:
        return f"{len(names)} event destinations; SES allows {EVENT_DESTINATIONS_PER_SET}: join some"
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"event destination {', '.join(twice)} is given twice; rename one"
    if problem := next((one for name in names if (one := short_name_problem(name))), None):
        return f"event destination: {problem}"
    for one in events:
        if one.subscribers and not one.topic:
            return f"event destination {one.name!r} has subscribers but no topic; set topic=True, or leave them out"
    return None
