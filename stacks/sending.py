"""What the configuration says of sending and feedback, as the constructs of one Region take it."""

from __future__ import annotations

from typing import Literal, cast

from aws_cdk import Duration

from cdk_ses_regions.config import Settings, configuration_set
from cdk_ses_regions.config import feedback as told
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.configuration_set import HttpsPolicy, SuppressedReason, TlsPolicy, ValidationThreshold
from cdk_ses_regions.event_destination import EventType, MetricDimension
from cdk_ses_regions.feedback import ByEmail, Feedback
from cdk_ses_regions.sending import Events, SendingOptions
from cdk_ses_regions.subscriptions import Subscribers
from cdk_ses_regions.suppression_sync import Reason, SuppressionSyncOptions


def feedback(section: told.Feedback) -> Feedback | ByEmail:
    """Return how feedback is told."""
    if section.by == "email":
        return "email"
    return Feedback(
        bounce_topic=section.topics.bounce,
        complaint_topic=section.topics.complaint,
        delivery_topic=section.topics.delivery,
        include_headers=section.headers,
        email_forwarding=section.forwarding,
    )


def subscribers(section: told.Subscriptions, region: str) -> Subscribers:
    """Return who subscribes in a Region."""
    return Subscribers(
        emails=section.emails,
        queues=section.queues,
        function_arns=[arn.replace(REGION, region) for arn in section.functions],
        urls=section.urls,
    )


def suppression_sync(settings: Settings, region: str) -> SuppressionSyncOptions | None:
    """Return which Regions a Region tells whom to suppress; None if it tells none."""
    section = settings.suppression_sync
    if section is None or region not in settings.suppression_regions:
        return None
    return SuppressionSyncOptions(
        regions=settings.suppression_regions,
        reasons=[cast(Reason, reason.upper()) for reason in section.reasons],
    )


def sending_options(settings: Settings, region: str) -> SendingOptions | None:
    """Return the configuration set of a Region; None if none is configured."""
    section = settings.configuration_set
    if section is None:
        return None
    seconds, reasons = section.max_delivery_seconds, section.suppression
    redirect = section.redirect
    return SendingOptions(
        tls_policy=cast(TlsPolicy, section.tls.upper()),
        max_delivery=None if seconds is None else Duration.seconds(seconds),
        reputation_metrics=section.reputation_metrics,
        sending_enabled=section.sending,
        suppressed_reasons=None
        if reasons is None
        else [cast(SuppressedReason, reason.upper()) for reason in reasons],
        validation_threshold=cast(ValidationThreshold, section.validation.upper())
        if section.validation
        else None,
        engagement_metrics=section.engagement_metrics,
        optimized_shared_delivery=section.optimized_shared_delivery,
        redirect_domain=None if redirect is None else redirect.domain.replace(REGION, region),
        https_policy="OPTIONAL" if redirect is None else cast(HttpsPolicy, redirect.https.upper()),
        archive_arn=section.archives.get(region),
        sending_pool_name=section.sending_pool,
        events=[_events(destination, region) for destination in section.event_destinations],
    )


def _events(destination: configuration_set.EventDestination, region: str) -> Events:
    stream = destination.delivery_stream
    return Events(
        name=destination.name,
        events=[cast(EventType, _camel(event)) for event in destination.events],
        enabled=destination.enabled,
        dimensions=[
            MetricDimension(
                name=dimension.name,
                default=dimension.default,
                source=cast(
                    Literal["messageTag", "emailHeader", "linkTag"],
                    _camel(dimension.source),
                ),
            )
            for dimension in destination.dimensions
        ],
        event_bridge=destination.to == "event_bridge",
        topic=destination.to == "sns",
        subscribers=subscribers(destination.subscriptions, region),
        delivery_stream_arn=None if stream is None else stream.replace(REGION, region),
    )


def _camel(name: str) -> str:
    """delivery_delay -> deliveryDelay."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
