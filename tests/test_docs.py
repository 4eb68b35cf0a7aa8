"""What the pages say works: their Python runs, and they know every key."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.errors import ConfigError

ROOT = Path(__file__).parents[1]


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)


PAGES = [
    "README.md",
    "docs/account.md",
    "docs/adoption.md",
    "docs/dkim.md",
    "docs/dns.md",
    "docs/failover.md",
    "docs/forwarding.md",
    "docs/global-endpoint.md",
    "docs/library.md",
    "docs/local-aws.md",
    "docs/mail-from.md",
    "docs/monitoring.md",
    "docs/receiving.md",
    "docs/senders.md",
    "docs/sending.md",
    "docs/smtp.md",
    "docs/suppression-sync.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_python_on_a_page_runs(page: str, tmp_path: Path) -> None:
    [code] = examples(page)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["account", "adoption", "forwarding", "global-endpoint"])
def test_the_configuration_on_a_page_is_valid(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    path = tmp_path / "ses-regions.yaml"
    path.write_text(example, encoding="utf-8")
    assert config.load(path).domains


@pytest.mark.parametrize("number", [0, 1])
def test_the_configurations_on_the_page_of_sending_are_valid(number: int, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "sending.md").read_text(encoding="utf-8")
    text = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)[number]
    path = tmp_path / "ses-regions.yaml"
    path.write_text(text, encoding="utf-8")
    assert config.load(path).domains


def test_the_configuration_on_the_page_of_suppressions_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "suppression-sync.md").read_text(encoding="utf-8")
    [text] = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)
    path = tmp_path / "ses-regions.yaml"
    path.write_text(text, encoding="utf-8")
    assert config.load(path).suppression_regions == ("us-east-1", "us-west-2", "eu-west-1")


def test_the_configuration_page_has_every_key() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = config.json_schema()
    keys = {key for model in [schema, *schema["$defs"].values()] for key in model["properties"]}
    # dmarc and receiving are told of by the keys in them.
    assert {key for key in keys if not re.search(rf"`(?:\w+\.)?{key}[`.]", page)} == set()


def test_the_message_on_the_configuration_page_is_what_is_really_said(tmp_path: Path) -> None:
    text: Any = (ROOT / "ses-regions.yaml").read_text(encoding="utf-8")
    path = tmp_path / "ses-regions.yaml"
    path.write_text(text.replace("regions: [us-east-1,", "regions: [us-esat-1,"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"ses-regions.yaml:\d+:\d+: (.*)", page)
    assert shown in str(caught.value)
