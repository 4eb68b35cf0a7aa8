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
