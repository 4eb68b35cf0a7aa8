"""The configuration's `configuration_set`: how mail is sent, and to whom SES tells of what becomes of it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from cdk_ses_regions.config.account import PoolName
from cdk_ses_regions.config.base import Model, checked
from cdk_ses_regions.config.feedback import ShortName, Subscriptions, problem_of_region
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.domains import domain_problem

EventType = Literal[
    "send",
    "reject",
    "bounce",
    "complaint",
    "delivery",
    "open",
    "click",
    "rendering_failure",
    "delivery_delay",
    "subscription",
]
# Opens and clicks are told by changing the mail, which nobody should find out by surprise.
DEFAULT_EVENTS: tuple[EventType, ...] = (
    "send",
    "reject",
    "bounce",
    "complaint",
    "delivery",
    "rendering_failure",
    "delivery_delay",
)

_STREAM = re.compile(
    r"arn:aws[a-z-]*:firehose:([a-z0-9-]+|\{region\}):\d{12}:deliverystream/[A-Za-z0-9_.-]{1,64}"
)
_ARCHIVE = re.compile(r"arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}:mailmanager-archive/[A-Za-z0-9-]{1,66}")


def _stream_problem(arn: str) -> str | None:
    if _STREAM.fullmatch(arn):
        return problem_of_region(arn)
    return (
        f"{arn!r} is no ARN of a Firehose stream; write it like "
        f"arn:aws:firehose:{REGION}:111111111111:deliverystream/mail"
    )


def _archive_problem(arn: str) -> str | None:
    if _ARCHIVE.fullmatch(arn):
        return problem_of_region(arn)
    return (
        f"{arn!r} is no ARN of a Mail Manager archive; write it like "
        "arn:aws:ses:us-east-1:111111111111:mailmanager-archive/a-0123456789"
    )


def _redirect_problem(domain: str) -> str | None:
    return domain_problem(domain.replace(REGION, "us-east-1"))


def _dimension_name_problem(name: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9_:-]{1,256}", name):
        return f"dimension name {name!r} must have letters, digits, _ - and : only, at most 256"
    return None


def _dimension_value_problem(value: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
        return f"dimension value {value!r} must have letters, digits, _ and - only, at most 256"
    return None


class Dimension(Model):
    """A dimension of the CloudWatch metrics of an event destination."""

    name: Annotated[str, checked(_dimension_name_problem)]
    """Name of the message tag, header or link tag, and of the dimension."""
    source: Literal["message_tag", "email_header", "link_tag"] = "message_tag"
    """Where SES finds its value."""
    default: Annotated[str, checked(_dimension_value_problem)]
    """Value for mail that has none."""


class EventDestination(Model):
    """Where SES tells what becomes of mail that is sent with the configuration set."""

    name: ShortName
    """Name, unique in the configuration set."""
    to: Literal["cloudwatch", "event_bridge", "sns", "firehose"]
    """CloudWatch metrics, the default event bus, a topic (`email-events-NAME`), or a Firehose stream."""
    events: Annotated[tuple[EventType, ...], Field(min_length=1)] = DEFAULT_EVENTS
    """What is told; left out: all but `open`, `click` and `subscription`, for which SES changes the mail."""
    enabled: StrictBool = True
    """Whether it is in force."""
    dimensions: tuple[Dimension, ...] = ()
    """For `cloudwatch`: the dimensions, one to ten."""
    delivery_stream: Annotated[str, checked(_stream_problem)] | None = None
    """For `firehose`: ARN of the stream, in each Region: `{region}` stands for it."""
    subscriptions: Subscriptions = Field(default_factory=Subscriptions)
    """For `sns`: who gets what the topic tells."""


class Redirect(Model):
    """The domain of the links that SES writes into mail, to see opens and clicks."""

    domain: Annotated[str, checked(_redirect_problem)]
    """A name in one of the domains; `{region}` stands for the Region: `click.{region}.example.com`."""
    https: Literal["optional", "require", "require_open_only"] = "optional"
    """`require`: links are https, for which the name has to lead to a CDN of yours; its record is then not written."""


class ConfigurationSet(Model):
    """The configuration set of each Region, and whose mail uses it: that of each identity, unless told otherwise."""

    tls: Literal["optional", "require"] = "optional"
    """`require`: mail is not delivered to servers that do not encrypt."""
    max_delivery_seconds: Annotated[StrictInt, Field(ge=300, le=50400)] | None = None
    """Seconds for which SES tries to deliver a mail; left out: SES's own 14 hours."""
    reputation_metrics: StrictBool = True
    """Whether CloudWatch gets the bounce and complaint rates of the set."""
    sending: StrictBool = True
    """`false` stops all mail that uses the set."""
    suppression: tuple[Literal["bounce", "complaint"], ...] | None = None
    """Why addresses are suppressed; `[]`: never. Left out: what the account says."""
    validation: Literal["disabled", "managed", "medium", "high"] | None = None
    """How sure SES must be that an address exists before it sends; needs `suppression`. Left out: the account's."""
    engagement_metrics: StrictBool | None = None
    """Virtual Deliverability Manager: track opens and clicks; left out: what the account says."""
    optimized_shared_delivery: StrictBool | None = None
    """Virtual Deliverability Manager: let SES choose among its shared IP addresses; left out: the account's."""
    redirect: Redirect | None = None
    """Domain of tracked links; left out: SES's own."""
    sending_pool: PoolName | None = None
    """Dedicated IP pool for its mail: `email-pool` of `dedicated_ip_pool`, or one that each Region has already; left
    out: SES's shared addresses."""
    archives: dict[str, Annotated[str, checked(_archive_problem)]] = Field(default_factory=dict)
    """Mail Manager archive that keeps what is sent, by Region: its ARN."""
    event_destinations: tuple[EventDestination, ...] = ()
    """Where SES tells what becomes of the mail, at most ten."""
