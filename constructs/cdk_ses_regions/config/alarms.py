"""The configuration's `alarms`: from when on a Region is in trouble, and who hears of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from cdk_ses_regions.config.base import Model, refuse
from cdk_ses_regions.config.feedback import Subscriptions
from cdk_ses_regions.limits import BOUNCE_RATE_REVIEWED, COMPLAINT_RATE_REVIEWED


def _share(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        given = str(value).lower() if isinstance(value, bool) else repr(value)
        raise refuse(f"must be a number, like 0.05 for 5 %, not {given}")
    if not 0 < value <= 1:
        raise refuse(f"{value:g} is no share; write a number up to 1, like 0.05 for 5 %")
    return value


_Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(json_schema_extra={"exclusiveMinimum": 0, "maximum": 1}),
]


class BounceRate(Model):
    """Alarms on the share of mail that bounces hard; SES reviews an account at 5 %, and stops it at 10 %."""

    warning: _Share = BOUNCE_RATE_REVIEWED / 2
    """Half of what SES reviews an account at."""
    critical: _Share = BOUNCE_RATE_REVIEWED
    """What SES reviews an account at."""


class ComplaintRate(Model):
    """Alarms on the share of mail that is marked as spam; SES reviews an account at 0.1 %, and stops it at 0.5 %."""

    warning: _Share = COMPLAINT_RATE_REVIEWED / 2
    """Half of what SES reviews an account at."""
    critical: _Share = COMPLAINT_RATE_REVIEWED
    """What SES reviews an account at."""


class Alarms(Model):
    """Alarms in each Region; `alarms: {}` takes the defaults."""

    bounce_rate: BounceRate = Field(default_factory=BounceRate)
    """Share of mail that bounces hard."""
    complaint_rate: ComplaintRate = Field(default_factory=ComplaintRate)
    """Share of mail that is marked as spam."""
    quota_used: _Share = 0.8
    """Share of the daily sending quota that is used."""
    queue_age_seconds: Annotated[StrictInt, Field(ge=60, le=1209600)] = 1800
    """Age of the oldest message in a queue that a function of ours reads."""
    subscriptions: Subscriptions = Field(default_factory=Subscriptions)
    """Who hears of the alarms; the topic is called `email-alarms`."""
    dashboard: StrictBool = True
    """Whether the primary Region has a dashboard of all Regions."""
