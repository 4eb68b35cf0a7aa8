"""One deployment for all end-to-end tests: the example configuration in three Regions of the local AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "ses-regions.yaml"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def settings() -> config.Settings:
    return config.load(EXAMPLE)


@pytest.fixture(scope="session")
def local(settings: config.Settings) -> Iterator[LocalAws]:
    """A local AWS with IAM enforced; clients and the cdk command line come as a user, not as root."""
    with LocalAws.start(settings.regions, hosted_zones=settings.hosted_zones) as local:
        yield local


@pytest.fixture(scope="session")
def cdk(local: LocalAws) -> Cdk:
    cdk = Cdk(local, project=ROOT, config=EXAMPLE)
    cdk.bootstrap()
    return cdk


@pytest.fixture(scope="session")
def deployed(cdk: Cdk) -> str:
    """Deploy everything once; what the cdk command line said."""
    return cdk.deploy()


@pytest.fixture(params=["us-east-1", "us-west-2", "eu-west-1"])
def journey(
    request: pytest.FixtureRequest, local: LocalAws, settings: config.Settings, deployed: str
) -> RegionJourney:
    return RegionJourney(local, settings, request.param)
