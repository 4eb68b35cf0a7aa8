"""Doing what happens on AWS by itself, by AWS's people, or by mistake."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdk_ses_regions.ops.local.options import STATE, RegionArgument, StateOption, find

if TYPE_CHECKING:
    from cdk_ses_regions.local.answers import Account
    from cdk_ses_regions.local.control import FaultKind

faults = typer.Typer(
    no_args_is_help=True, help="Break something on purpose, and repair it.", rich_markup_mode=None
)


class Decision(StrEnum):
    """What AWS's people answer."""

    GRANT = "grant"
    DENY = "deny"


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def review(
    region: RegionArgument,
    decision: Annotated[Decision, typer.Argument(metavar="DECISION", help="The answer: grant or deny.")],
    state: StateOption = STATE,
) -> None:
    """Grant or deny production access.

    As AWS's people do, once it was asked for with PutAccountDetails. Granted, it ends the sandbox in this Region.

    Example: ses-regions local review eu-west-1 grant
    """
    _tell(region, find(state).control.review(region, granted=decision is Decision.GRANT))


def quota(
    region: RegionArgument,
    daily: Annotated[
        float | None, typer.Option(help="Mails in 24 hours, -1 for any number; default: as it is.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Mails a second; default: as it is.")] = None,
    state: StateOption = STATE,
) -> None:
    """Change the sending quotas of a Region.

    Example: ses-regions local quota eu-west-1 --daily 200 --rate 1
    """
    if daily is None and rate is None:
        raise typer.BadParameter("give --daily, --rate or both")
    _tell(region, find(state).control.set_quota(region, daily=daily, rate=rate))


def forward(
    hours: Annotated[float, typer.Argument(metavar="HOURS", help="How far.", min=0)],
    state: StateOption = STATE,
) -> None:
    """Move SES's time forward.

    So 72 hours without a DNS record, or a day of quota, pass at once.

    Example: ses-regions local forward 72
    """
    typer.echo(f"it is {find(state).control.forward(hours):%Y-%m-%d %H:%M:%S} UTC for SES now", err=True)


def control_plane(
    limited: Annotated[Switch, typer.Argument(metavar="SWITCH", help="on or off.")],
    state: StateOption = STATE,
) -> None:
    """Let SES take one request a second.

    In each Region, and but for sending, as on AWS.

    Example: ses-regions local control-plane on
    """
    find(state).control.limit_control_plane(limited is Switch.ON)
    many = "one request a second" if limited is Switch.ON else "as many requests as come"
    typer.echo(f"SES takes {many}", err=True)


@faults.command()
def down(region: RegionArgument, state: StateOption = STATE) -> None:
    """Take a Region down.

    Connections to its services are cut, to its SMTP doors refused.

    Example: ses-regions local fault down us-east-1
    """
    _break("down", region, state)


@faults.command()
def slow(
    region: RegionArgument,
    seconds: Annotated[float, typer.Option(help="How long each answer waits.", min=0)] = 5.0,
    state: StateOption = STATE,
) -> None:
    """Let each answer of a Region wait.

    Example: ses-regions local fault slow us-east-1 --seconds 2
    """
    _break("slow", region, state, seconds=seconds)


@faults.command()
def throttle(region: RegionArgument, state: StateOption = STATE) -> None:
    """Let SES in a Region refuse all requests: `Rate exceeded`.

    Example: ses-regions local fault throttle us-east-1
    """
    _break("throttled", region, state)


@faults.command()
def dns(state: StateOption = STATE) -> None:
    """Let DNS answer SERVFAIL to everything.

    Example: ses-regions local fault dns
    """
    _break("dns", None, state)


@faults.command()
def bucket_policy(region: RegionArgument, state: StateOption = STATE) -> None:
    """Take SES out of the policies of its buckets.

    Those that the active receipt rule set of the Region stores in.

    Example: ses-regions local fault bucket-policy eu-west-1
    """
    _break("bucket-policy", region, state)


@faults.command()
def key(region: RegionArgument, state: StateOption = STATE) -> None:
    """Disable the keys of the buckets and topics that SES uses.

    Example: ses-regions local fault key eu-west-1
    """
    _break("key", region, state)


@faults.command()
def topic_policy(region: RegionArgument, state: StateOption = STATE) -> None:
    """Remove the policies of the topics that SES publishes to.

    At the next feedback SES drops the topic from the identity, and forwards feedback by email.

    Example: ses-regions local fault topic-policy eu-west-1
    """
    _break("topic-policy", region, state)


@faults.command()
def clear(state: StateOption = STATE) -> None:
    """Repair everything.

    A topic that SES has dropped stays dropped, as on AWS: deploy again.

    Example: ses-regions local fault clear
    """
    find(state).control.clear_faults()
    typer.echo("nothing is broken on purpose", err=True)


def _break(kind: FaultKind, region: str | None, state: Path, seconds: float | None = None) -> None:
    found = find(state).control.fault(kind, region, seconds=seconds)
    for what, where, name in found.broken:
        if (what, where) == (kind, region):
            typer.echo(f"broken: {name}", err=True)
    typer.echo("repair with `ses-regions local fault clear`", err=True)


def _tell(region: str, account: Account) -> None:
    access = "in the sandbox" if account.sandbox else "with production access"
    daily = "any number of mails" if account.daily < 0 else f"{account.daily:,.0f} mails"
    typer.echo(f"{region}: {access}, {daily} in 24 hours, {account.rate:g} a second", err=True)
