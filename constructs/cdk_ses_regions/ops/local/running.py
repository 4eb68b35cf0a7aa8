"""Starting it, pointing others at it, ending it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from cdk_ses_regions.ops.local.options import STATE, StateOption, find
from cdk_ses_regions.ops.options import ConfigOption, config_path

if TYPE_CHECKING:
    from cdk_ses_regions.local import LocalAws


def up(
    config: ConfigOption = None,
    port: Annotated[int | None, typer.Option(help="Port; default: a free one.", min=1, max=65535)] = None,
    persist: Annotated[bool, typer.Option("--persist", help="Keep the services' state on disk.")] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Without production access, as a new account.")
    ] = False,
    verification_hours: Annotated[
        float | None,
        typer.Option(help="Hours until an identity without its DNS records fails; default: 72.", min=0.001),
    ] = None,
    state: StateOption = STATE,
) -> None:
    """Start it and print what to export.

    It has the Regions and hosted zones of the configuration.

    Example: eval "$(ses-regions local up)"
    """
    from cdk_ses_regions import config as model
    from cdk_ses_regions.local import LocalAws

    settings = model.load(config_path(config))
    local = LocalAws.start(
        settings.regions,
        hosted_zones=settings.hosted_zones,
        state_dir=state,
        port=port,
        keep=True,
        persist=persist,
        sandbox=sandbox,
        verification_hours=verification_hours,
    )
    _tell(local)


def env(state: StateOption = STATE) -> None:
    """Print what points other tools here.

    The AWS command line, SDKs and cdk read these variables.

    Example: eval "$(ses-regions local env)"
    """
    _print_exports(find(state))


def page(state: StateOption = STATE) -> None:
    """Print the address of its page, to open in a browser.

    Example: xdg-open "$(ses-regions local open)"
    """
    typer.echo(find(state).control.url)


def reset(state: StateOption = STATE) -> None:
    """Forget all that is in it.

    Keys, ports and hosted zones are as after the start.

    Example: ses-regions local reset
    """
    local = find(state)
    local.reset()
    _tell(local)


def down(state: StateOption = STATE) -> None:
    """End it. What was not persisted is gone.

    Example: ses-regions local down
    """
    local = find(state)
    local.stop()
    typer.echo(f"{local.endpoint_url} is down", err=True)


def _tell(local: LocalAws) -> None:
    """Say to a person where everything is, and to a shell what to export."""
    typer.echo(f"up on {local.endpoint_url}, loopback only; end it with `ses-regions local down`", err=True)
    for region in local.regions:
        doors = (("comes in on", local.inbound_ports), ("goes out on", local.submission_ports))
        ways = [f"{way} 127.0.0.1:{ports[region]}" for way, ports in doors if region in ports]
        typer.echo(f"  {region}: mail {', '.join(ways) or 'has no door here'}", err=True)
    typer.echo(f"  DNS of the hosted zones: dig @127.0.0.1 -p {local.dns_port}", err=True)
    typer.echo(f"  to look at: {local.control.url}", err=True)
    _print_exports(local)


def _print_exports(local: LocalAws) -> None:
    for name, value in local.exports().items():
        typer.echo(f"export {name}={shlex.quote(value)}")
