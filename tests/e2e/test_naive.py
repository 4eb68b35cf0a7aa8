"""What this project is for: the naive way to a second Region fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from tests.e2e.conftest import ROOT


def test_cdks_own_identity_in_a_second_region_fails_because_the_record_already_exists(tmp_path: Path) -> None:
    app = f"{sys.executable} {Path(__file__).parent / 'naive_app.py'}"
    (tmp_path / "cdk.json").write_text(json.dumps({"app": app}), encoding="utf-8")
    with LocalAws.start(
        ["us-east-1", "us-west-2"], hosted_zones={"Z0NAIVE000000000001": "naive.example"}
    ) as local:
        cdk = Cdk(local, project=tmp_path, cli=ROOT / "node_modules")
        cdk.bootstrap()
        cdk.deploy("Naive-us-east-1")
        with pytest.raises(LocalAwsError, match="already exists"):
            cdk.deploy("Naive-us-west-2")
