"""The configuration's `then`: what happens to a mail once SES has stored it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from cdk_ses_regions.config.actions import FunctionArn
from cdk_ses_regions.config.base import Model, checked
from cdk_ses_regions.domains import address_problem
from cdk_ses_regions.mail_steps import Verdict, subject_prefix_problem

_BUS = re.compile(r"[A-Za-z0-9._/-]{1,256}")
_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _bus_problem(name: str) -> str | None:
    if _BUS.fullmatch(name):
        return None
    return (
        f"{name!r} is no name of an event bus; EventBridge has letters, digits and . _ / - in it, at most 256"
    )


def _set_problem(name: str) -> str | None:
    if _SET.fullmatch(name):
        return None
    return f"{name!r} is no name of a configuration set; SES has letters, digits, _ and - in it, at most 64"


class Publish(Model):
    """Tells of the mail."""

    to: Literal["topic", "event_bridge"] = "topic"
    """The topic `received` of the Region, or EventBridge."""
    event_bus: Annotated[str, checked(_bus_problem)] | None = None
    """Name of the bus in each Region, for `event_bridge`; left out: `default`."""


class Drop(Model):
    """Ends the steps when SES found something; the mail stays in its bucket."""

    verdicts: Annotated[tuple[Verdict, ...], Field(min_length=1)] = ("spam", "virus")
    """Which verdicts count when they are FAIL; `dmarc_reject`: and the sender's domain asks to reject such mail."""
    unsure: StrictBool = False
    """Whether a verdict that SES did not reach (GRAY, PROCESSING_FAILED) counts as well."""


class Forward(Model):
    """Sends the mail on in the name of this deployment; answers go to the sender."""

    sender: Annotated[str, checked(address_problem)]
    """The new From: an address of one of the domains, or one of `addresses`."""
    to: Mapping[str, tuple[str, ...]]
    """Destinations by recipient: `support@example.com`, `@example.com` (its other addresses), `*` (all others); an
    empty list keeps mail back."""
    subject_prefix: Annotated[str, checked(subject_prefix_problem)] = ""
    """Put before the subject."""
    configuration_set: Annotated[str, checked(_set_problem)] | None = None
    """Of the mails that are sent; left out: that of this configuration, if there is one."""
    automatic: StrictBool = False
    """Whether mailing lists and generated mail are forwarded as well."""
    unsure: StrictBool = False
    """Whether mail whose spam or virus verdict SES did not reach is forwarded as well."""


class Invoke(Model):
    """Invokes a function with the event."""

    function_arn: FunctionArn
    """Your function; `{region}` stands for the Region."""


class Step(Model):
    """One step: exactly one of these keys."""

    publish: Publish | None = None
    """Tell of the mail."""
    drop: Drop | None = None
    """End here when SES found something."""
    forward: Forward | None = None
    """Send the mail on."""
    invoke: Invoke | None = None
    """Invoke a function."""
