"""Options that several command groups share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; default: the nearest ses-regions.yaml in this folder or above.",
    ),
]


def config_path(given: Path | None) -> Path:
    """Return the configuration file to use: `given`, else the nearest one; short if it is below this folder.

    Raises:
        ConfigError: None was given and there is none in this folder or above.
    """
    from cdk_ses_regions import config

    if given is not None:
        return given
    found, here = config.find(), Path.cwd()
    return found.relative_to(here) if found.is_relative_to(here) else found


RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region", "-r", metavar="REGION", help="A Region, may be repeated; default: the configuration's."
    ),
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Profile of the AWS configuration.")
]
EndpointOption = Annotated[
    str | None,
    typer.Option("--endpoint-url", metavar="URL", help="Endpoint of all services; default: AWS's own."),
]


def chosen_regions(given: list[str] | None, configured: tuple[str, ...]) -> tuple[str, ...]:
    """Return the Regions to ask: those given, else the configured ones.

    Raises:
        UnsupportedRegionError: SES is not in a Region that was given.
    """
    from cdk_ses_regions import regions

    return tuple(regions.region(name).name for name in dict.fromkeys(given)) if given else configured
