"""What the configuration says of alarms, as the constructs take it, and the dashboard of all Regions."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack

from cdk_ses_regions.config import Settings
from cdk_ses_regions.dashboard import EmailDashboard
from cdk_ses_regions.monitoring import Monitoring, MonitoringOptions, Thresholds
from stacks.sending import subscribers


def monitoring_options(settings: Settings, region: str) -> MonitoringOptions | None:
    """Return from when on a Region is in trouble; None if nothing watches it."""
    section = settings.alarms
    if section is None:
        return None
    bounces, complaints = section.bounce_rate, section.complaint_rate
    return MonitoringOptions(
        bounce_rate=Thresholds(warning=bounces.warning, critical=bounces.critical),
        complaint_rate=Thresholds(warning=complaints.warning, critical=complaints.critical),
        quota_used=section.quota_used,
        queue_age=Duration.seconds(section.queue_age_seconds),
        subscribers=subscribers(section.subscriptions, region),
    )


def add_dashboard(primary: Stack, settings: Settings, watched: Sequence[Monitoring | None]) -> None:
    """Define the dashboard of all Regions in the stack of the primary one, if there are alarms and it is wanted."""
    columns = [one.column for one in watched if one is not None]
    if settings.alarms is not None and settings.alarms.dashboard:
        EmailDashboard(primary, "Dashboard", names=settings.names, columns=columns)
