"""The account's settings: set by one deployment, kept from a second one, and as they were when it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "account.yaml"
HERE, THERE = REGIONS = ("us-east-1", "eu-west-1")
RIVAL = """\
name: rival
regions: [us-east-1]
domains: [{name: rival.example}]
suppression: [bounce]
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS of its own, in one Region of which somebody has set things before."""
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        ses = local.client("sesv2", HERE)
        ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
        ses.put_account_vdm_attributes(VdmAttributes=vdm(engagement="ENABLED", shared="DISABLED"))
        yield local


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    cdk = Cdk(aws, project=ROOT, config=file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def vdm(*, engagement: str, shared: str) -> dict[str, Any]:
    return {
        "VdmEnabled": "ENABLED",
        "DashboardAttributes": {"EngagementMetrics": engagement},
        "GuardianAttributes": {"OptimizedSharedDelivery": shared},
    }


def account(aws: LocalAws, region: str) -> tuple[list[str], dict[str, Any]]:
    found = aws.client("sesv2", region).get_account()
    return sorted(found["SuppressionAttributes"]["SuppressedReasons"]), found["VdmAttributes"]


def parameters(aws: LocalAws, region: str) -> set[str]:
    found = aws.client("ssm", region).get_parameters_by_path(Path="/ses-regions/account")["Parameters"]
    return {one["Name"] for one in found}


def test_every_region_has_the_settings_and_sends_from_its_pool(aws: LocalAws, deployment: Cdk) -> None:
    for region in REGIONS:
        assert account(aws, region) == (["COMPLAINT"], vdm(engagement="DISABLED", shared="ENABLED"))
        ses = aws.client("sesv2", region)
        pool = ses.get_dedicated_ip_pool(PoolName="letters-pool")["DedicatedIpPool"]
        assert pool["ScalingMode"] == "MANAGED"
        found = ses.get_configuration_set(ConfigurationSetName="letters-sending")
        assert found["DeliveryOptions"]["SendingPoolName"] == "letters-pool"
        assert found["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]


def test_a_second_deployment_is_told_who_owns_the_settings_and_changes_nothing(
    aws: LocalAws, deployment: Cdk, tmp_path: Path
) -> None:
    file = tmp_path / "rival.yaml"
    file.write_text(RIVAL, encoding="utf-8")
    rival = Cdk(aws, project=ROOT, config=file)
    with pytest.raises(LocalAwsError, match="belong to stack Letters-us-east-1"):
        rival.deploy()
    rival.destroy()
    assert account(aws, HERE) == (["COMPLAINT"], vdm(engagement="DISABLED", shared="ENABLED"))
    assert parameters(aws, HERE) == {"/ses-regions/account/suppression", "/ses-regions/account/vdm"}


def test_settings_change_and_go_one_by_one(aws: LocalAws, deployment: Cdk) -> None:
    assert deployment.config is not None
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    data["suppression"] = []
    del data["vdm"]
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")
    deployment.deploy(f"Letters-{HERE}")
    assert account(aws, HERE) == ([], vdm(engagement="ENABLED", shared="DISABLED"))
    assert parameters(aws, HERE) == {"/ses-regions/account/suppression"}


def test_what_was_set_before_comes_back_unless_somebody_has_changed_it_since(
    aws: LocalAws, deployment: Cdk
) -> None:
    theirs = vdm(engagement="ENABLED", shared="ENABLED")
    aws.client("sesv2", THERE).put_account_vdm_attributes(VdmAttributes=theirs)
    deployment.destroy()
    assert account(aws, HERE) == (["BOUNCE"], vdm(engagement="ENABLED", shared="DISABLED"))
    assert account(aws, THERE) == (["BOUNCE", "COMPLAINT"], theirs)
    for region in REGIONS:
        assert parameters(aws, region) == set()
        assert aws.client("sesv2", region).list_dedicated_ip_pools()["DedicatedIpPools"] == []
