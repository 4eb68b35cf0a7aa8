"""The pytest plugin, as somebody's own tests use it: a folder of their own, and a run of pytest in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "local-aws.md"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nses_regions = eu-west-1 us-west-2\nses_hosted_zones =\n"
        "    example.com\n    Z0MINE00000000000001 example.org\n",
        encoding="utf-8",
    )
    return tmp_path


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_example_on_the_page_passes(tmp_path: Path) -> None:
    [settings] = blocks("ini")
    [test] = blocks("python pytest")
    (tmp_path / "pytest.ini").write_text(settings, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(test, encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{test.count('def test_')} passed" in done.stdout


def test_each_test_begins_with_nothing_and_all_share_one_server(folder: Path) -> None:
    (folder / "test_fresh.py").write_text(
        """
import pytest

endpoints = set()

@pytest.mark.parametrize("number", [1, 2])
def test_fresh(local_ses, number):
    endpoints.add(local_ses.endpoint_url)
    assert len(endpoints) == 1
    assert local_ses.regions == ["eu-west-1", "us-west-2"]
    assert set(local_ses.hosted_zones.values()) == {"example.com", "example.org"}
    assert local_ses.hosted_zones["Z0MINE00000000000001"] == "example.org"
    sesv2 = local_ses.client("sesv2", "us-west-2")
    assert sesv2.list_email_identities()["EmailIdentities"] == []
    assert local_ses.sent == local_ses.received == local_ses.outbox == local_ses.feedback == ()
    local_ses.verify("example.com")
    sesv2.send_email(
        FromEmailAddress="a@example.com",
        Destination={"ToAddresses": ["b@example.net"]},
        Content={"Simple": {"Subject": {"Data": "A"}, "Body": {"Text": {"Data": "B"}}}},
    )
    [mail] = local_ses.outbox
    assert mail.message()["Subject"] == "A"
""",
        encoding="utf-8",
    )
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_run_that_asks_for_nothing_starts_and_imports_nothing(folder: Path) -> None:
    (folder / "test_nothing.py").write_text(
        """
import sys

def test_nothing():
    assert "cdk_ses_regions.local.pytest_plugin" in sys.modules
    heavy = {"boto3", "botocore", "ministack", "starlette", "jinja2", "aiosmtpd", "dns", "aws_cdk", "pydantic"}
    assert heavy & set(sys.modules) == set()
""",
        encoding="utf-8",
    )
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_extra_it_says_what_to_install(folder: Path) -> None:
    (folder / "conftest.py").write_text(
        """
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ministack" else find(name, *rest)
from cdk_ses_regions.local import pytest_plugin
pytest_plugin.find_spec = importlib.util.find_spec
""",
        encoding="utf-8",
    )
    (folder / "test_it.py").write_text("def test_it(local_ses): pass\n", encoding="utf-8")
    done = run(folder)
    assert done.returncode == 1
    assert "local_ses needs ministack: pip install 'cdk-ses-regions[local]'" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_region_without_ses_is_named(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nses_regions = mars-north-1\n", encoding="utf-8")
    (folder / "test_it.py").write_text("def test_it(local_ses): pass\n", encoding="utf-8")
    done = run(folder)
    assert done.returncode == 1
    assert "mars-north-1" in done.stdout


def test_nothing_is_left_after_a_run_that_is_killed_by_a_failing_test(folder: Path, tmp_path: Path) -> None:
    (folder / "test_it.py").write_text(
        """
def test_it(local_ses):
    open("endpoint", "w").write(local_ses.endpoint_url)
    raise SystemExit(3)
""",
        encoding="utf-8",
    )
    run(folder)
    port = int((folder / "endpoint").read_text(encoding="utf-8").rpartition(":")[2])
    found = subprocess.run(
        [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"],
        capture_output=True,
        check=False,
    )
    assert found.returncode != 0
