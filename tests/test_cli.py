"""The command line `ses-regions`."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from cdk_ses_regions import config
from cdk_ses_regions.errors import SesRegionsError, UnsupportedRegionError
from cdk_ses_regions.ops import cli

ROOT = Path(__file__).parent.parent
GOOD = "regions: [us-east-1]\ndomains: [{name: example.com}]\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command_group(action: Any) -> SimpleNamespace:
    """A stand-in for a group's module, with one command."""
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("go")(action)
    return SimpleNamespace(app=app)


def test_help_lists_the_groups_and_the_exit_codes() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "config  Check and show the configuration file" in result.stdout
    assert "local   Run a local AWS" in result.stdout
    assert "Exit codes: 0 ok, 1 internal, 2 usage or configuration, 4 some Regions failed," in result.stdout


def test_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"ses-regions {version('cdk-ses-regions')}\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    result = run("nonsense")
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.stderr
    assert not result.stdout


def test_every_config_command_shows_an_example() -> None:
    for command in ("validate", "schema", "path", "show"):
        result = run("config", command, "--help")
        assert result.exit_code == 0
        assert f"Example: ses-regions config {command}" in result.stdout


def test_validate_says_that_a_file_is_right(folder: Path) -> None:
    (folder / "ses-regions.yaml").write_text(GOOD)
    result = run("config", "validate")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "ses-regions.yaml: ok, 1 domain in us-east-1\n"


def test_validate_says_all_that_is_wrong_on_stderr_and_exits_with_2(folder: Path) -> None:
    (folder / "mail.yaml").write_text("regions: [us-easy-1]\ndomains: [{name: example.com.}]\n")
    result = run("config", "validate", "--config", "mail.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "mail.yaml:1:11: regions.0: unknown Region 'us-easy-1'; did you mean 'us-east-1'?\n"
        "mail.yaml:2:18: domains.0.name: domain 'example.com.' ends with a dot; write 'example.com'\n"
    )


def test_a_missing_file_is_a_configuration_error(folder: Path) -> None:
    result = run("config", "validate")
    assert result.exit_code == 2
    assert result.stderr.startswith("ses-regions.yaml: not found in ")


def test_path_prints_the_nearest_file_above(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "ses-regions.yaml").write_text(GOOD)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert run("config", "path").stdout == f"{(folder / 'ses-regions.yaml').resolve()}\n"


def test_show_prints_settings_that_load_to_the_same(folder: Path) -> None:
    for example in (ROOT / "ses-regions.yaml", *sorted((ROOT / "examples").glob("*.yaml"))):
        shown = run("config", "show", "--config", str(example))
        assert shown.exit_code == 0
        (folder / "shown.yaml").write_text(shown.stdout)
        assert config.load(folder / "shown.yaml") == config.load(example)


def test_show_fills_in_defaults_and_keeps_account_ids_text(folder: Path) -> None:
    (folder / "ses-regions.yaml").write_text('account: "012345670123"\n' + GOOD)
    shown = yaml.safe_load(run("config", "show").stdout)
    assert shown["account"] == "012345670123"
    assert shown["primary_region"] == "us-east-1"
    assert shown["domains"][0]["dkim"]["kind"] == "easy"


def test_schema_is_json() -> None:
    assert json.loads(run("config", "schema").stdout) == config.json_schema()


def test_a_group_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_ministack(name: str, *arguments: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "ministack":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments, **more)

    def start() -> None:
        __import__("ministack")

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: command_group(start))
    monkeypatch.setattr(builtins, "__import__", without_ministack)
    result = run("local", "go")
    assert result.exit_code == 2
    assert result.stderr == "ses-regions: this command needs: pip install 'cdk-ses-regions[local]'\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnsupportedRegionError("unknown Region 'x'"), 2),
        (SesRegionsError("the server did not start"), 1),
        (typer.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=["what the user wrote", "what happened", "aborted at a prompt", "interrupted"],
)
def test_errors_become_exit_codes(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: command_group(fail))
    result = run("local", "go")
    assert result.exit_code == code
    assert "Traceback" not in result.stderr
    if isinstance(error, SesRegionsError):
        assert result.stderr == f"ses-regions: {error}\n"


def test_a_defect_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: command_group(fail))
    monkeypatch.setattr(sys, "argv", ["ses-regions", "local", "go"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "ses-regions: internal error: RuntimeError: boom\n"

    monkeypatch.setenv("SES_REGIONS_TRACEBACK", "1")
    with pytest.raises(SystemExit):
        cli.main()
    assert "Traceback" in capsys.readouterr().err


def test_the_installed_command_needs_no_node(tmp_path: Path) -> None:
    (tmp_path / "ses-regions.yaml").write_text(GOOD.replace("us-east-1", "us-easy-1"))
    environment = {key: value for key, value in os.environ.items() if key not in {"JSII_NODE", "PATH"}}
    command = Path(sys.executable).with_name("ses-regions")
    done = subprocess.run(
        [command, "config", "validate"],
        cwd=tmp_path,
        env={**environment, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "ses-regions.yaml:1:11: regions.0: unknown Region 'us-easy-1'; did you mean 'us-east-1'?\n"
    )
