"""One local AWS for all tests of it; each test uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from region import Region

from cdk_ses_regions.local import LocalAws

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")


@pytest.fixture(scope="session")
def local() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones={"Z0LOCAL00000000001": "local.example"}) as local:
        yield local


@pytest.fixture
def here(local: LocalAws) -> Region:
    return Region(local, "us-west-2")


@pytest.fixture
def there(local: LocalAws) -> Region:
    return Region(local, "eu-west-1")
