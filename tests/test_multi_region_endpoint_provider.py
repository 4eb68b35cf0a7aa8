"""The provider's side of a global endpoint: both Regions are looked at before, and its id is found after."""

from __future__ import annotations

from typing import Any

import pytest
from multi_region_endpoint import MultiRegionEndpoint, NotReadyError, RegionsAlike
from patience import Patience
from provider_fakes import FakeClock, client_error

HERE, THERE = "us-east-1", "eu-west-1"
WANTED = {
    "Regions": [HERE, THERE],
    "Identities": ["example.com", "alerts@example.org"],
    "ConfigurationSetName": "email-sending",
    "Policies": {"example.com": ["email-agency"]},
    "ServiceToken": "arn:aws:lambda:us-east-1:111111111111:function:provider",
    "ServiceTimeout": "300",
}
NAMED = {"EndpointName": "email-with-eu-west-1"}


class Ses:
    """One Region that has everything, until a test takes something away."""

    def __init__(self) -> None:
        self.identities: dict[str, dict[str, Any]] = {
            "example.com": {
                "Policies": {"email-agency": "{}", "somebody-elses": "{}"},
                "MailFromAttributes": {"MailFromDomain": "bounce.example.com"},
                "VerifiedForSendingStatus": False,
            },
            "alerts@example.org": {"Policies": {}},
        }
        self.sets = {"email-sending"}
        self.statuses = ["READY"]
        self.faults: list[Exception] = []
        self.asked = 0

    def get_email_identity(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        if EmailIdentity not in self.identities:
            raise client_error("NotFoundException", "GetEmailIdentity")
        return self.identities[EmailIdentity]

    def get_configuration_set(self, *, ConfigurationSetName: str) -> dict[str, Any]:  # noqa: N803
        if ConfigurationSetName not in self.sets:
            raise client_error("NotFoundException", "GetConfigurationSet")
        return {"ConfigurationSetName": ConfigurationSetName}

    def get_multi_region_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        assert EndpointName == NAMED["EndpointName"]
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"EndpointId": "abcdef12.g3h", "Status": status}


@pytest.fixture
def regions() -> dict[str, Ses]:
    return {HERE: Ses(), THERE: Ses()}


def patience(seconds: float = 200, clock: FakeClock | None = None) -> Patience:
    clock = clock or FakeClock()
    return Patience(seconds=seconds, sleep=clock.sleep, clock=clock)


def alike(regions: dict[str, Ses]) -> RegionsAlike:
    return RegionsAlike(regions[HERE], patience(), connect=regions.__getitem__)


def test_regions_that_have_the_same_are_alike_verified_or_not(regions: dict[str, Ses]) -> None:
    physical_id, attributes = alike(regions).create(WANTED)
    assert physical_id.startswith("regions-alike/")
    assert attributes == {}


def lack(ses: Ses, what: str) -> None:
    match what:
        case "identity":
            del ses.identities["alerts@example.org"]
        case "policy":
            del ses.identities["example.com"]["Policies"]["email-agency"]
        case "mail from":
            del ses.identities["example.com"]["MailFromAttributes"]
        case _:
            ses.sets.clear()


LACKS = {
    "identity": "has no identity alerts@example.org",
    "policy": "has no policy email-agency of example.com",
    "mail from": "has no MAIL FROM domain of example.com",
    "set": "has no configuration set email-sending",
}


@pytest.mark.parametrize("region", [HERE, THERE])
@pytest.mark.parametrize("what", LACKS)
def test_what_one_region_lacks_stops_the_endpoint(regions: dict[str, Ses], region: str, what: str) -> None:
    lack(regions[region], what)
    with pytest.raises(RuntimeError) as caught:
        alike(regions).create(WANTED)
    assert f"{region} {LACKS[what]}. Deploy both Regions first" in str(caught.value)


def test_all_that_is_missing_is_said_at_once(regions: dict[str, Ses]) -> None:
    for what in ("policy", "mail from", "set"):
        lack(regions[THERE], what)
    lack(regions[HERE], "identity")
    with pytest.raises(RuntimeError) as caught:
        alike(regions).create(WANTED)
    assert [said for said in LACKS.values() if said in str(caught.value)] == list(LACKS.values())


def test_what_neither_region_has_and_nobody_asks_for_is_no_difference(regions: dict[str, Ses]) -> None:
    for ses in regions.values():
        lack(ses, "mail from")
        lack(ses, "set")
    alike(regions).create({"Regions": [HERE, THERE], "Identities": ["example.com"]})


def test_what_was_checked_before_is_not_refused_when_a_change_is_rolled_back(regions: dict[str, Ses]) -> None:
    more = {**WANTED, "Identities": [*WANTED["Identities"], "example.net"]}
    physical_id, _ = alike(regions).create(WANTED)
    with pytest.raises(RuntimeError, match=r"no identity example\.net"):
        alike(regions).update(physical_id, old=WANTED, new=more)
    lack(regions[THERE], "policy")  # meanwhile
    assert alike(regions).update(physical_id, old=more, new=WANTED) == (physical_id, {})

    regions[THERE].identities["example.com"]["Policies"]["email-agency"] = "{}"
    for ses in regions.values():
        ses.identities["example.net"] = {}
    changed, _ = alike(regions).update(physical_id, old=WANTED, new=more)
    assert changed != physical_id
    lack(regions[THERE], "policy")
    back, _ = alike(regions).update(changed, old=more, new=WANTED)
    assert back == physical_id
    with pytest.raises(RuntimeError, match="no policy email-agency"):
        alike(regions).update(back, old=WANTED, new=more)


def test_a_new_function_behind_it_is_no_reason_to_look_again(regions: dict[str, Ses]) -> None:
    physical_id, _ = alike(regions).create(WANTED)
    asked = regions[HERE].asked
    moved = {**WANTED, "ServiceToken": "arn:aws:lambda:us-east-1:111111111111:function:other"}
    assert alike(regions).update(physical_id, old=WANTED, new=moved) == (physical_id, {})
    assert regions[HERE].asked == asked


def test_it_waits_while_ses_is_asked_too_often(regions: dict[str, Ses]) -> None:
    regions[THERE].faults = [client_error("TooManyRequestsException", "GetEmailIdentity")]
    alike(regions).create(WANTED)
    assert regions[THERE].asked == 3


def test_the_id_is_told_once_the_endpoint_is_ready(regions: dict[str, Ses]) -> None:
    clock = FakeClock()
    regions[HERE].statuses = ["CREATING", "CREATING", "READY"]
    endpoint = MultiRegionEndpoint(regions[HERE], patience(clock=clock))
    expected = ("multi-region-endpoint/email-with-eu-west-1", {"EndpointId": "abcdef12.g3h"})
    assert endpoint.create(NAMED) == expected
    assert clock.slept == [1.0, 2.0]
    assert endpoint.update(expected[0], old=NAMED, new=NAMED) == expected


def test_an_endpoint_that_is_never_ready_fails_in_time(regions: dict[str, Ses]) -> None:
    regions[HERE].statuses = ["CREATING"]
    with pytest.raises(NotReadyError, match="still being made"):
        MultiRegionEndpoint(regions[HERE], patience(seconds=30)).create(NAMED)


@pytest.mark.parametrize("status", ["FAILED", "DELETING"])
def test_an_endpoint_that_failed_says_so_at_once(regions: dict[str, Ses], status: str) -> None:
    clock = FakeClock()
    regions[HERE].statuses = [status]
    with pytest.raises(RuntimeError, match=f"is {status}"):
        MultiRegionEndpoint(regions[HERE], patience(clock=clock)).create(NAMED)
    assert clock.slept == []
