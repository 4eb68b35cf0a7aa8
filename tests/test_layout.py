"""`constructs/` is a source root beside a PyPI package of the same name: the guards that keep it harmless.

The story: https://github.com/aws/aws-cdk/issues/19301.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import wheels

import cdk_ses_regions

ROOT = Path(__file__).parent.parent
SOURCE_ROOT = ROOT / "constructs"
PACKAGE = SOURCE_ROOT / "cdk_ses_regions"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
SOURCES = ("app.py", "stacks", "constructs", "tests", "benchmarks", "examples", "docs", "README.md")

IMPORT_CONSTRUCTS = """
from cdk_ses_regions import node
node.use()
import constructs, cdk_ses_regions
assert constructs.Construct
print(constructs.__file__)
print(cdk_ses_regions.__file__)
"""

IMPORT_EVERYTHING_WITHOUT_CDK = """
import importlib, json, pkgutil, sys
import cdk_ses_regions
names = ["errors", "regions", "domains", "naming", "dns", "config", "node"]
for name in names:
    importlib.import_module(f"cdk_ses_regions.{name}")
for room in ("ops", "local"):
    package = importlib.import_module(f"cdk_ses_regions.{room}")
    for module in pkgutil.iter_modules(package.__path__, f"cdk_ses_regions.{room}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def python(*arguments: str, cwd: Path, path: str = "") -> str:
    """What a new Python prints that is started in `cwd`."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel is installed."""
    folder = tmp_path_factory.mktemp("installed") / "site"
    python(
        "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check",
        "--target", str(folder), str(wheel), cwd=folder.parent,
    )  # fmt: skip
    return folder


def test_the_source_root_is_no_package() -> None:
    assert not (SOURCE_ROOT / "__init__.py").exists()
    assert not list(SOURCE_ROOT.glob("*.py"))


def test_the_source_root_holds_our_package_alone() -> None:
    folders = {path.name for path in SOURCE_ROOT.iterdir() if path.is_dir() and path.suffix != ".egg-info"}
    assert folders - {"__pycache__"} == {"cdk_ses_regions"}


def test_no_folder_of_tests_is_called_constructs() -> None:
    assert not [path for path in (ROOT / "tests").rglob("constructs") if path.is_dir()]


def test_nobody_imports_the_package_through_its_source_root() -> None:
    forbidden = "constructs." + "cdk_ses_regions"
    sources = [
        file
        for name in SOURCES
        for file in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
        if file.suffix in {".py", ".md", ".yaml"}
    ]
    assert len(sources) > 10
    assert [file for file in sources if forbidden in file.read_text(encoding="utf-8")] == []


def test_from_the_checkout_constructs_is_the_one_of_pypi() -> None:
    constructs, ours = python("-c", IMPORT_CONSTRUCTS, cwd=ROOT).split()
    assert Path(constructs) == SITE_PACKAGES / "constructs" / "__init__.py"
    assert Path(ours) == PACKAGE / "__init__.py"


def test_in_the_tests_constructs_is_the_one_of_pypi() -> None:
    import constructs

    assert constructs.__file__ is not None
    assert Path(constructs.__file__).is_relative_to(SITE_PACKAGES)


def test_the_model_and_the_command_line_start_neither_cdk_nor_node() -> None:
    loaded = set(json.loads(python("-c", IMPORT_EVERYTHING_WITHOUT_CDK, cwd=ROOT)))
    assert "pydantic" in loaded
    assert loaded & {"aws_cdk", "jsii", "constructs"} == set()


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = "import sys, cdk_ses_regions; print([one for one in sys.modules if one.startswith('cdk_ses_r')])"
    assert python("-c", code, cwd=ROOT).strip() == "['cdk_ses_regions']"


@pytest.mark.parametrize("name", cdk_ses_regions.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(cdk_ses_regions, name).__doc__
    assert name in dir(cdk_ses_regions)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = cdk_ses_regions.Nonsense


def test_the_wheel_holds_our_package_alone_with_all_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in files} == {"cdk_ses_regions"}
    wanted = {
        path.relative_to(SOURCE_ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".json", ".typed"} and "__pycache__" not in path.parts
    }
    assert wanted <= files
    assert {"cdk_ses_regions/py.typed", "cdk_ses_regions/ses_regions.json"} <= files
    assert any(name.startswith("cdk_ses_regions/handlers/inbound/") for name in files)
    assert any(name.startswith("cdk_ses_regions/handlers/ses_provider/") for name in files)


def test_beside_the_installed_wheel_constructs_is_the_one_of_pypi(installed: Path, tmp_path: Path) -> None:
    # -S: no .pth files, so the editable install of the checkout is not on the path.
    path = f"{installed}{os.pathsep}{SITE_PACKAGES}"
    constructs, ours = python("-S", "-c", IMPORT_CONSTRUCTS, cwd=tmp_path, path=path).split()
    assert Path(constructs) == SITE_PACKAGES / "constructs" / "__init__.py"
    assert Path(ours) == installed / "cdk_ses_regions" / "__init__.py"


def test_the_installed_wheel_cannot_be_reached_through_constructs(installed: Path, tmp_path: Path) -> None:
    code = f"import importlib.util; print(importlib.util.find_spec('constructs' + '.{PACKAGE.name}'))"
    path = f"{installed}{os.pathsep}{SITE_PACKAGES}"
    assert python("-S", "-c", code, cwd=tmp_path, path=path).strip() == "None"


def test_the_installed_wheel_finds_its_region_table(installed: Path, tmp_path: Path) -> None:
    code = "from cdk_ses_regions import all_regions; print(len(all_regions()))"
    path = f"{installed}{os.pathsep}{SITE_PACKAGES}"
    assert python("-S", "-c", code, cwd=tmp_path, path=path).strip() == "29"
