"""`ses-regions`: the command line, one module a command group.

Exit codes: 0 ok; 1 internal (a defect, or a service that fails); 2 usage or configuration; 4 some Regions failed;
130 interrupted.
Data goes to stdout, errors to stderr, without a traceback; SES_REGIONS_TRACEBACK=1 shows it for a bug report.

Groups are imported when they are called: `--help` and `--version` stay fast, and the extras of a group that
is not used need not be installed.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, Any

from cdk_ses_regions.errors import ConfigError, SesRegionsError

try:
    import typer
    from typer.core import TyperGroup
except ModuleNotFoundError:  # pragma: no cover - the tests have every extra
    sys.stderr.write("ses-regions: the command line needs: pip install 'cdk-ses-regions[ops]'\n")
    raise SystemExit(2) from None

GROUPS = {
    "config": "Check and show the configuration file",
    "dns": "The DNS records of the domains, for DNS elsewhere than Route 53",
    "local": "Run a local AWS with SES in several Regions (extra [local])",
}
"""The command groups, each in the module of its name, with what `--help` says about it."""

_EXTRA_OF = {
    "aiosmtpd": "local",
    "cryptography": "local",
    "ministack": "local",
    "dkim": "local",
    "jinja2": "local",
    "starlette": "local",
    "dns": "ops",
    "rich": "ops",
}


class _Groups(TyperGroup):
    """Imports a group when it is called, and turns this package's errors into messages and exit codes."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in GROUPS:
            return args[0], _group(args[0]), args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SesRegionsError as error:
            _fail(error)
            # A ValueError is what the user wrote; any other error is what happened while doing it.
            raise typer.Exit(2 if isinstance(error, (ConfigError, ValueError)) else 1) from None
        except ModuleNotFoundError as error:
            extra = _EXTRA_OF.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            typer.echo(f"ses-regions: this command needs: pip install 'cdk-ses-regions[{extra}]'", err=True)
            raise typer.Exit(2) from None
        except typer.Abort:
            raise typer.Exit(130) from None


app = typer.Typer(
    name="ses-regions",
    cls=_Groups,
    help="Amazon SES in several Regions: check the configuration, try it on a local AWS.",
    epilog="Exit codes: 0 ok, 1 internal, 2 usage or configuration, 4 some Regions failed, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich doubles the time that --help takes
    pretty_exceptions_enable=False,
)
for _name, _help in GROUPS.items():
    # What --help lists; resolve_command() has the real one.
    app.add_typer(typer.Typer(), name=_name, help=_help)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"ses-regions {version('cdk-ses-regions')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version  # its callback has printed it


def main() -> None:
    """Run `ses-regions` with the arguments of the process; always ends in SystemExit."""
    try:
        app()
    except Exception as error:
        _fail(error, prefix=f"internal error: {type(error).__name__}: ")
        raise SystemExit(1) from None


def _group(name: str) -> Any:
    """Return the command group called `name`, imported now."""
    module = importlib.import_module(f"cdk_ses_regions.ops.{name}")
    group: Any = typer.main.get_group(module.app)
    group.name = name
    return group


def _fail(error: Exception, *, prefix: str = "") -> None:
    if os.environ.get("SES_REGIONS_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    lines = str(error) if isinstance(error, ConfigError) else f"ses-regions: {prefix}{error}"
    typer.echo(lines, err=True)
