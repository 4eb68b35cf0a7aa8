"""The pytest fixture `local_ses`: a local AWS with SES in several Regions, fresh for each test.

pytest finds this module by itself once cdk-ses-regions is installed. It starts a server when the first test asks for
it, one for the whole run, and empties it before each test that does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cdk_ses_regions.local import LocalAws

_REGIONS = ["us-east-1", "eu-west-1"]
_NEEDED = ("ministack", "aiosmtpd", "cryptography", "dkim", "dns", "jinja2", "starlette")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of the local AWS that tests use."""
    parser.addini(
        "ses_regions", f"AWS Regions of local_ses (default: {' '.join(_REGIONS)})", "args", default=_REGIONS
    )
    parser.addini(
        "ses_hosted_zones",
        "Route 53 zones of local_ses: one domain a line, after its zone id if that matters (default: none)",
        "linelist",
        default=[],
    )


@pytest.fixture(scope="session")
def local_ses_server(pytestconfig: pytest.Config) -> Iterator[LocalAws]:
    """The local AWS of this run of pytest; ask for `local_ses` instead."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        pytest.fail(
            f"local_ses needs {', '.join(missing)}: pip install 'cdk-ses-regions[local]'", pytrace=False
        )
    from cdk_ses_regions.errors import SesRegionsError
    from cdk_ses_regions.local import LocalAws

    regions: list[str] = pytestconfig.getini("ses_regions")
    try:
        local = LocalAws.start(regions, hosted_zones=_zones(pytestconfig.getini("ses_hosted_zones")))
    except SesRegionsError as error:
        pytest.fail(f"local_ses: {error}", pytrace=False)
    with local:
        yield local


@pytest.fixture
def local_ses(local_ses_server: LocalAws) -> LocalAws:
    """A local AWS with nothing in it: `client(service, region)`, `verify(domain)`, `deliver(mail)`, `outbox`, ...

    Regions and hosted zones are those of the settings `ses_regions` and `ses_hosted_zones`.
    """
    local_ses_server.reset()
    return local_ses_server


def _zones(lines: list[str]) -> Mapping[str, str]:
    """Return zone id to domain; a domain without an id gets one that is the same in every run."""
    found: dict[str, str] = {}
    for line in lines:
        zone_id, _, domain = line.rpartition(" ")
        made = f"Z{hashlib.sha256(domain.encode()).hexdigest()[:20].upper()}"
        found[zone_id.strip() or made] = domain
    return found
