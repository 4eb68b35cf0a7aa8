"""Import directions: `lint-imports` checks the contracts of pyproject.toml; here is that they leave nothing out."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "constructs" / "cdk_ses_regions"
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "tool"
]["importlinter"]["contracts"]


def imported(file: Path) -> Iterator[str]:
    """The absolute names that a module imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def contract(words: str) -> dict[str, Any]:
    [found] = [one for one in CONTRACTS if words in one["name"]]
    return found


def test_the_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_package_has_its_layer() -> None:
    layers = {
        name.strip().removeprefix("cdk_ses_regions.")
        for layer in contract("one way")["layers"]
        for name in layer.split("|")
    }
    modules = {file.stem for file in PACKAGE.glob("*.py") if file.stem != "__init__"}
    assert modules - layers == set()


def test_every_module_of_the_configuration_has_its_layer() -> None:
    layers = {name.strip() for layer in contract("in layers")["layers"] for name in layer.split("|")}
    modules = {file.stem for file in (PACKAGE / "config").glob("*.py") if file.stem != "__init__"}
    assert modules == layers


def test_every_module_of_the_package_is_model_or_construct_or_for_the_users_code() -> None:
    model = set(contract("The model knows")["source_modules"])
    constructs = set(contract("Constructs take")["source_modules"])
    for_users = set(contract("needs boto3 alone")["source_modules"])
    modules = {f"cdk_ses_regions.{file.stem}" for file in PACKAGE.glob("*.py") if file.stem != "__init__"}
    modules.add("cdk_ses_regions.config")
    assert model | constructs | for_users == modules
    assert len(model) + len(constructs) + len(for_users) == len(modules)


def test_the_client_is_one_file_that_needs_boto3_alone() -> None:
    strangers = {name.partition(".")[0] for name in imported(PACKAGE / "client.py")}
    assert strangers - {"boto3", "botocore", *sys.stdlib_module_names} == set()


def test_every_module_of_a_lambda_is_out_of_bounds() -> None:
    modules = {file.stem for file in (PACKAGE / "handlers").rglob("*.py")}
    assert set(contract("Nobody imports")["forbidden_modules"]) == modules
    sources = [*PACKAGE.glob("*.py"), *(PACKAGE / "ops").rglob("*.py"), *(PACKAGE / "local").rglob("*.py")]
    for file in [*sources, *(ROOT / "stacks").glob("*.py"), ROOT / "app.py"]:
        assert not [name for name in imported(file) if name.startswith("cdk_ses_regions.handlers")], file


def test_a_lambda_imports_its_neighbours_boto3_and_the_standard_library_alone() -> None:
    for folder in (PACKAGE / "handlers").iterdir():
        known = {file.stem for file in folder.glob("*.py")} | {"boto3", "botocore", *sys.stdlib_module_names}
        for file in folder.glob("*.py"):
            strangers = {name.partition(".")[0] for name in imported(file)} - known
            # Types only: boto3's stubs are not there when it runs.
            assert not [name for name in strangers if not name.startswith("mypy_boto3_")], file


def test_the_app_stands_on_stacks_and_configuration() -> None:
    ours = {name for name in imported(ROOT / "app.py") if name.startswith("cdk_ses_regions.")}
    assert ours <= {
        "cdk_ses_regions.config",
        "cdk_ses_regions.errors",
        "cdk_ses_regions.errors.SesRegionsError",
        "cdk_ses_regions.node",
    }


def test_nobody_below_imports_the_app() -> None:
    for file in [*PACKAGE.rglob("*.py"), *(ROOT / "stacks").glob("*.py")]:
        assert "app" not in set(imported(file)), file
