"""`ses-regions local`: a local AWS with SES in several Regions, on loopback only."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdk_ses_regions.ops.options import ConfigOption, config_path

if TYPE_CHECKING:
    from cdk_ses_regions.local import LocalAws

app = typer.Typer(
    no_args_is_help=True,
    help="Run a local AWS with SES in several Regions. It listens on 127.0.0.1 only.",
    rich_markup_mode=None,
)

StateOption = Annotated[
    Path,
    typer.Option("--state", metavar="DIR", help="Folder with its log, its address and what it persists."),
]
_STATE = Path(".local-aws")


@app.command()
def up(
    config: ConfigOption = None,
    port: Annotated[int | None, typer.Option(help="Port; default: a free one.", min=1, max=65535)] = None,
    persist: Annotated[bool, typer.Option("--persist", help="Keep the services' state on disk.")] = False,
    state: StateOption = _STATE,
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
    )
    _tell(local)


@app.command()
def env(state: StateOption = _STATE) -> None:
    """Print what points other tools here.

    The AWS command line, SDKs and cdk read these variables.

    Example: eval "$(ses-regions local env)"
    """
    from cdk_ses_regions.local import LocalAws

    _print_exports(LocalAws.find(state))


@app.command()
def status(state: StateOption = _STATE) -> None:
    """Show what is in each Region.

    Its door for incoming mail, active receipt rule set, identities and stacks.

    Example: ses-regions local status
    """
    from rich.console import Console
    from rich.table import Table

    from cdk_ses_regions.local import LocalAws

    local = LocalAws.find(state)
    typer.echo(
        f"up on {local.endpoint_url}, account {local.account}, DNS on port {local.dns_port}, loopback only",
        err=True,
    )
    table = Table("Region", "SMTP in", "active rule set", "identities", "stacks")
    for region in local.regions:
        table.add_row(*_row(local, region))
    Console(width=None if typer.get_text_stream("stdout").isatty() else 160).print(table)


@app.command()
def down(state: StateOption = _STATE) -> None:
    """End it. What was not persisted is gone.

    Example: ses-regions local down
    """
    from cdk_ses_regions.local import LocalAws

    local = LocalAws.find(state)
    local.stop()
    typer.echo(f"{local.endpoint_url} is down", err=True)


@app.command()
def reset(state: StateOption = _STATE) -> None:
    """Start it afresh, with nothing in it.

    The port stays, the keys to export are new.

    Example: eval "$(ses-regions local reset)"
    """
    from cdk_ses_regions.local import LocalAws

    _tell(LocalAws.find(state).restart_empty())


def _tell(local: LocalAws) -> None:
    """Say to a person where everything is, and to a shell what to export."""
    typer.echo(f"up on {local.endpoint_url}, loopback only; end it with `ses-regions local down`", err=True)
    for region, door in local.inbound_ports.items():
        typer.echo(f"  {region}: mail comes in on 127.0.0.1:{door}", err=True)
    typer.echo(f"  DNS of the hosted zones: dig @127.0.0.1 -p {local.dns_port}", err=True)
    _print_exports(local)


def _print_exports(local: LocalAws) -> None:
    for name, value in local.exports().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _row(local: LocalAws, region: str) -> list[str]:
    """Ask the services of one Region for its row of the table."""
    ses, sesv2 = local.client("ses", region), local.client("sesv2", region)
    active: dict[str, Any] = ses.describe_active_receipt_rule_set().get("Metadata", {})
    identities: list[str] = []
    for one in sesv2.list_email_identities()["EmailIdentities"]:
        identity = sesv2.get_email_identity(EmailIdentity=one["IdentityName"])
        verified = "verified" if identity["VerifiedForSendingStatus"] else "pending"
        identities.append(f"{one['IdentityName']} {verified}")
    stacks = local.client("cloudformation", region).describe_stacks()["Stacks"]
    return [
        region,
        str(local.inbound_ports.get(region, "-")),
        active.get("Name", "-"),
        "\n".join(identities) or "-",
        "\n".join(f"{stack['StackName']} {stack['StackStatus']}" for stack in stacks) or "-",
    ]
