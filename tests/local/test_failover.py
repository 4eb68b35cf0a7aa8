"""The client of several Regions against the local AWS, with a Region that is throttled, paused or down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from region import Region, a_domain, unique
from waiting import eventually

from cdk_ses_regions import SesClient, UncertainError
from cdk_ses_regions.local import LocalAws

HERE, THERE = "us-west-2", "eu-west-1"


@pytest.fixture
def domain(local: LocalAws) -> str:
    """A domain that both Regions send for."""
    name = a_domain()
    for region in (HERE, THERE):
        Region(local, region).verified_domain(name)
    return name


@pytest.fixture
def session(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """The session of an application: environment variables are all that leads it to the local AWS."""
    for name, value in local.environment().items():
        monkeypatch.setenv(name, value)
    return boto3.Session()


@pytest.fixture
def client(session: boto3.Session) -> SesClient:
    return SesClient([HERE, THERE], preferred=HERE, session=session)


@pytest.fixture(autouse=True)
def repaired(local: LocalAws) -> Iterator[None]:
    yield
    local.control.clear_faults()


def mail(domain: str) -> dict[str, Any]:
    return {
        "FromEmailAddress": f"news@{domain}",
        "Destination": {"ToAddresses": [f"{unique('jane')}@elsewhere.example"]},
        "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    }


def regions_that_sent(local: LocalAws, to: str) -> list[str]:
    return [one.region for one in local.sent if to in one.recipients]


def test_it_sends_from_the_preferred_region(local: LocalAws, client: SesClient, domain: str) -> None:
    one = mail(domain)
    sent = client.send_email(**one)
    assert regions_that_sent(local, one["Destination"]["ToAddresses"][0]) == [HERE] == [sent.region]
    assert sent.message_id in [known.message_id for known in local.sent]


def test_a_throttled_region_is_left_for_the_next(local: LocalAws, client: SesClient, domain: str) -> None:
    local.control.fault("throttled", HERE)
    one = mail(domain)
    assert client.send_email(**one).region == THERE
    assert regions_that_sent(local, one["Destination"]["ToAddresses"][0]) == [THERE]


def test_so_is_an_account_that_is_paused(local: LocalAws, client: SesClient, domain: str) -> None:
    sesv2 = local.client("sesv2", HERE)
    sesv2.put_account_sending_attributes(SendingEnabled=False)
    try:
        one = mail(domain)
        assert client.send_email(**one).region == THERE
    finally:
        sesv2.put_account_sending_attributes(SendingEnabled=True)
    assert regions_that_sent(local, one["Destination"]["ToAddresses"][0]) == [THERE]


def test_so_is_a_quota_that_is_used_up(local: LocalAws, client: SesClient, domain: str) -> None:
    before = local.control.accounts()[HERE]
    client.send_email(**mail(domain))
    local.control.set_quota(HERE, daily=1)
    try:
        assert client.send_email(**mail(domain)).region == THERE
    finally:
        local.control.set_quota(HERE, daily=before.daily)


def test_a_region_that_goes_down_in_the_middle_is_uncertain(
    local: LocalAws, client: SesClient, domain: str
) -> None:
    local.control.fault("down", HERE)
    one = mail(domain)
    with pytest.raises(UncertainError):
        client.send_email(**one)
    assert regions_that_sent(local, one["Destination"]["ToAddresses"][0]) == []


def test_a_slow_answer_is_uncertain_and_the_mail_may_well_be_sent(
    local: LocalAws, session: boto3.Session, domain: str
) -> None:
    """Why it is not sent again: the Region took it, and was late to say so."""
    client = SesClient([HERE, THERE], preferred=HERE, session=session, read_seconds=0.5)
    local.control.fault("slow", HERE, seconds=2)
    one = mail(domain)
    with pytest.raises(UncertainError):
        client.send_email(**one)
    [to] = one["Destination"]["ToAddresses"]
    local.control.clear_faults()
    assert eventually(lambda: regions_that_sent(local, to)) == [HERE]
    sent = SesClient([THERE], session=session).send_email(**one)  # what resend_when_uncertain would do
    assert sent.region == THERE
    assert regions_that_sent(local, to) == [HERE, THERE]


def test_the_handler_of_the_page_sends_and_says_what_became_of_it(
    local: LocalAws, session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`session` is for the environment: the page makes its own."""
    domain = a_domain()
    for region in ("eu-west-1", "us-east-1"):
        Region(local, region).verified_domain(domain)
    page = (Path(__file__).parents[2] / "docs" / "failover.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    names: dict[str, Any] = {}
    monkeypatch.delenv("AWS_REGION", raising=False)
    exec(code.replace("111111111111", local.account).replace("example.com", domain), names)
    to = f"{unique('jane')}@elsewhere.example"
    answer = names["handler"]({"to": to, "text": "Hello"}, None)
    assert (answer["state"], answer["region"]) == ("sent", "eu-west-1")
    assert regions_that_sent(local, to) == ["eu-west-1"]
    local.control.fault("down", "eu-west-1")
    assert names["handler"]({"to": to, "text": "Hello"}, None) == {"state": "unknown"}
    answer = names["handler"]({"to": to, "text": "Hello"}, None)  # the Region that failed is tried last now
    assert (answer["state"], answer["region"]) == ("sent", "us-east-1")


def test_told_to_it_sends_again_from_the_next(local: LocalAws, session: boto3.Session, domain: str) -> None:
    client = SesClient([HERE, THERE], preferred=HERE, session=session, resend_when_uncertain=True)
    local.control.fault("down", HERE)
    one = mail(domain)
    assert client.send_email(**one).region == THERE
    assert regions_that_sent(local, one["Destination"]["ToAddresses"][0]) == [THERE]
