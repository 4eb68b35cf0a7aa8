"""`ses-regions dns`: the records of the domains, for DNS that Route 53 does not do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdk_ses_regions.ops.options import (
    ConfigOption,
    EndpointOption,
    ProfileOption,
    RegionOption,
    chosen_regions,
    config_path,
)

if TYPE_CHECKING:
    from cdk_ses_regions.dns import Record

app = typer.Typer(no_args_is_help=True, help="The DNS records of the domains.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `export` a command of its own while it is the only one."""


@app.command()
def export(
    domains: Annotated[
        list[str] | None,
        typer.Argument(help="The domains; default: all that are configured.", metavar="DOMAIN"),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", "-f", help="bind (zone file), json, octodns or terraform.")
    ] = "bind",
    config: ConfigOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    endpoint_url: EndpointOption = None,
) -> None:
    """Print every record of a domain.

    The DKIM records are asked of SES in each Region; deploy there first.
    A Region that does not answer is told on stderr, and the exit code is 4.

    Example: ses-regions dns export example.com --format octodns > example.com.yaml
    """
    from cdk_ses_regions import config as model
    from cdk_ses_regions.dns import dkim_records
    from cdk_ses_regions.ops import aws
    from cdk_ses_regions.ops.dns_formats import FORMATS
    from cdk_ses_regions.ops.fan_out import ask_each
    from cdk_ses_regions.records import regional_records, shared_records

    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    settings = model.load(config_path(config))
    names = domains or [domain.name for domain in settings.domains]
    for name in names:
        if name not in [domain.name for domain in settings.domains]:
            known = ", ".join(domain.name for domain in settings.domains)
            raise typer.BadParameter(f"{name!r} is not configured; there is {known}", param_hint="DOMAIN")
    if form == "octodns" and len(names) > 1:
        raise typer.BadParameter("octoDNS has a file for each zone: name one domain", param_hint="DOMAIN")
    connect = aws.connect(profile=profile, endpoint_url=endpoint_url)
    zones: list[tuple[str, list[Record]]] = []
    failed = False
    for name in names:
        answers = ask_each(
            chosen_regions(region, settings.regions),
            lambda one, name=name: _tokens(connect("sesv2", one), name),
        )
        records: list[Record] = []
        for answer in answers:
            if answer.value is None:
                typer.echo(f"{answer.region}: no DKIM records of {name}: {answer.failure}", err=True)
                failed = True
            else:
                records += dkim_records(name, answer.value)
        records += shared_records(settings, settings.domain(name))
        for one in chosen_regions(region, settings.regions):
            records += regional_records(settings, settings.domain(name), one)
        zones.append((name, list(dict.fromkeys(records))))
    typer.echo(FORMATS[form](zones), nl=False)
    if failed:
        raise typer.Exit(4)


def _tokens(sesv2: Any, domain: str) -> Sequence[tuple[str, str]]:
    """Return name and target of the DKIM records as SES of one Region has them; none with a key of your own."""
    attributes = sesv2.get_email_identity(EmailIdentity=domain)["DkimAttributes"]
    if attributes.get("SigningAttributesOrigin") == "EXTERNAL" or "SigningHostedZone" not in attributes:
        return ()
    zone = attributes["SigningHostedZone"]
    return [(f"{token}._domainkey.{domain}", f"{token}.{zone}") for token in attributes["Tokens"]]
