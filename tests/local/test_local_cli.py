"""`ses-regions local`: the commands as a person runs them, one process each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("ses-regions")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "local", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def up(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder, "up", "--config", str(ROOT / "ses-regions.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    run(tmp_path, "down")


def exports(output: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in output.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def test_up_prints_what_a_shell_has_to_export_and_nothing_else_on_stdout(folder: Path) -> None:
    done = up(folder)
    assert done.returncode == 0, done.stderr
    variables = exports(done.stdout)
    assert variables["AWS_REGION"] == "us-east-1"
    session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    client = session.client("sts", region_name="us-east-1", endpoint_url=variables["AWS_ENDPOINT_URL"])
    assert client.get_caller_identity()["Arn"].endswith(":user/deployer")


def test_it_outlives_the_command_and_is_found_again(folder: Path) -> None:
    started = exports(up(folder).stdout)
    assert exports(run(folder, "env").stdout) == started
    status = run(folder, "status")
    assert status.returncode == 0, status.stderr
    assert [region in status.stdout for region in ("us-east-1", "us-west-2", "eu-west-1")] == [True] * 3


def test_a_second_up_is_refused_and_leaves_the_first_alone(folder: Path) -> None:
    started = exports(up(folder).stdout)
    again = up(folder)
    assert again.returncode == 1
    assert "is up already" in again.stderr
    assert exports(run(folder, "env").stdout) == started


def test_reset_empties_it_and_keeps_the_port(folder: Path) -> None:
    started = exports(up(folder).stdout)
    session = boto3.Session(started["AWS_ACCESS_KEY_ID"], started["AWS_SECRET_ACCESS_KEY"])
    endpoint = started["AWS_ENDPOINT_URL"]
    session.client("sns", region_name="us-east-1", endpoint_url=endpoint).create_topic(Name="gone")

    fresh = exports(run(folder, "reset").stdout)

    assert fresh["AWS_ENDPOINT_URL"] == endpoint
    session = boto3.Session(fresh["AWS_ACCESS_KEY_ID"], fresh["AWS_SECRET_ACCESS_KEY"])
    assert session.client("sns", region_name="us-east-1", endpoint_url=endpoint).list_topics()["Topics"] == []


def test_down_ends_it_and_says_so_when_there_is_none(folder: Path) -> None:
    up(folder)
    assert run(folder, "down").returncode == 0
    none = run(folder, "down")
    assert none.returncode == 1
    assert none.stderr == "ses-regions: no local AWS is up here; start one with `ses-regions local up`\n"


def test_a_wrong_configuration_starts_nothing(folder: Path) -> None:
    path = folder / "wrong.yaml"
    path.write_text("regions: [us-east-1]\ndomains: [{name: example}]\n", encoding="utf-8")
    done = run(folder, "up", "--config", str(path))
    assert done.returncode == 2
    assert "domains.0.name" in done.stderr
    assert run(folder, "status").returncode == 1
