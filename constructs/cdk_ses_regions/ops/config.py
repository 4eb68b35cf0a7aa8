"""`ses-regions config`: check the configuration file, and show what it means."""

from __future__ import annotations

import typer

from cdk_ses_regions.ops.options import ConfigOption, config_path

app = typer.Typer(no_args_is_help=True, help="Check and show the configuration file.", rich_markup_mode=None)


@app.command()
def validate(config: ConfigOption = None) -> None:
    """Check the file: every problem with line, column and key.

    Example: ses-regions config validate --config ses-regions.yaml
    """
    from cdk_ses_regions import config as model

    path = config_path(config)
    settings = model.load(path)
    domains = f"{len(settings.domains)} domain{'' if len(settings.domains) == 1 else 's'}"
    typer.echo(f"{path}: ok, {domains} in {', '.join(settings.regions)}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    Example: ses-regions config schema > ses-regions.schema.json
    """
    import json

    from cdk_ses_regions import config as model

    typer.echo(json.dumps(model.json_schema(), indent=2))


@app.command()
def path(config: ConfigOption = None) -> None:
    """Print which file is used.

    Example: ses-regions config path
    """
    typer.echo(config_path(config).resolve())


@app.command()
def show(config: ConfigOption = None) -> None:
    """Print the settings with all defaults filled in, as YAML.

    Example: ses-regions config show
    """
    import yaml

    from cdk_ses_regions import config as model

    settings = model.load(config_path(config))
    data = settings.model_dump(mode="json", exclude_none=True)  # what is not set has no key either
    typer.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)
