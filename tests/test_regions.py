"""The Region table, held against the sources that can be read without an account."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import botocore.session
import pytest

from cdk_ses_regions import regions
from cdk_ses_regions.errors import SesRegionsError, UnsupportedRegionError

CFN_LINT = importlib.util.find_spec("cfnlint")
assert CFN_LINT is not None
assert CFN_LINT.origin is not None
SCHEMAS = Path(CFN_LINT.origin).parent / "data" / "schemas" / "providers"

# cfn-lint 1.58.0 ships no schema for it (AWS advised customers to leave the damaged Region in 2026), so only
# the General Reference says that it receives.
NO_SCHEMA = {"me-south-1"}

# Only its API endpoint is documented; its schema is a copy of us-east-1's and proves nothing.
UNDOCUMENTED = {"eusc-de-east-1"}


@pytest.fixture
def untouched_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the table, so that what a test registers is gone after it."""
    copy = dict(regions._regions())
    monkeypatch.setattr(regions, "_regions", lambda: copy)


def resource_types(name: str) -> set[str]:
    return set(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def test_ses_has_29_regions_of_which_22_receive_and_19_speak_smtp() -> None:
    assert len(regions.all_regions()) == 29
    assert len(regions.receiving_regions()) == 22
    assert len(regions.smtp_regions()) == 19


def test_the_regions_are_those_in_which_botocore_knows_the_ses_api() -> None:
    session = botocore.session.get_session()
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("ses", partition_name=partition)
    }
    assert {one.name for one in regions.all_regions()} == known - UNDOCUMENTED


def test_partitions_and_fips_endpoints_are_those_of_botocore() -> None:
    endpoints = botocore.session.get_session().get_component("data_loader").load_data("endpoints")
    for partition in endpoints["partitions"]:
        service = partition["services"].get("email", {"endpoints": {}})["endpoints"]
        for one in regions.all_regions():
            if one.name not in service:
                continue
            assert one.partition == partition["partition"], one.name
            variants = service[one.name].get("variants", [])
            fips = [variant["hostname"] for variant in variants if variant["tags"] == ["fips"]]
            if fips:
                assert one.api_fips == fips[0], one.name


@pytest.mark.parametrize("one", regions.all_regions(), ids=lambda one: one.name)
def test_cloudformation_has_receipt_rules_exactly_where_ses_receives(one: regions.SesRegion) -> None:
    if one.name in NO_SCHEMA:
        assert not (SCHEMAS / f"{one.name}.json").exists(), (
            "cfn-lint knows the Region now: take it off the list"
        )
        assert one.can_receive
        return
    types = resource_types(one.name)
    assert "AWS::SES::EmailIdentity" in types
    assert ("AWS::SES::ReceiptRule" in types) is one.can_receive
    assert ("AWS::SES::ReceiptRuleSet" in types) is one.can_receive


@pytest.mark.parametrize("entry", regions._data()["without_ses"], ids=lambda entry: entry["name"])
def test_cloudformation_has_no_identities_where_the_table_says_there_is_no_ses(entry: dict[str, str]) -> None:
    if entry["name"] not in UNDOCUMENTED:
        assert "AWS::SES::EmailIdentity" not in resource_types(entry["name"])


def test_every_host_name_names_its_own_region() -> None:
    for one in regions.all_regions():
        hosts = (one.api, one.api_dualstack, one.api_fips, one.smtp, one.smtp_fips, one.inbound, one.feedback)
        for host in filter(None, hosts):
            assert re.fullmatch(rf"[a-z-]+\.{one.name}\.(amazonaws\.com|amazonses\.com|api\.aws)", host)
        assert one.dkim_zone in {"dkim.amazonses.com", f"dkim.{one.name}.amazonses.com"}
        assert one.deed_origin == "AWS_SES_" + one.name.upper().replace("-", "_")


def test_a_region_has_fips_smtp_only_where_it_has_smtp() -> None:
    assert all(one.has_smtp for one in regions.all_regions() if one.smtp_fips)


def test_the_data_says_where_and_when_it_was_read() -> None:
    assert "gr/ses" in regions._data()["_source"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", regions._data()["_generated"])


def test_a_region_is_found_by_name() -> None:
    found = regions.region("eu-west-1")
    assert found.title == "Europe (Ireland)"
    assert found.inbound == "inbound-smtp.eu-west-1.amazonaws.com"
    assert found.feedback == "feedback-smtp.eu-west-1.amazonses.com"
    assert found.can_receive
    assert found.has_smtp


def test_a_misspelt_region_gets_the_nearest_name() -> None:
    with pytest.raises(UnsupportedRegionError, match="unknown Region 'eu-wst-1'; did you mean 'eu-west-1'"):
        regions.region("eu-wst-1")


def test_a_name_that_is_like_none_gets_the_list() -> None:
    with pytest.raises(UnsupportedRegionError, match="unknown Region 'moon'; SES has us-east-1, us-east-2,"):
        regions.region("moon")


def test_a_region_of_aws_without_ses_is_named_as_such() -> None:
    with pytest.raises(UnsupportedRegionError, match="there is no SES in mx-central-1, Mexico"):
        regions.region("mx-central-1")
    with pytest.raises(UnsupportedRegionError, match="documented too little"):
        regions.region("eusc-de-east-1")


def test_receiving_where_it_is_not_offered_lists_where_it_is() -> None:
    with pytest.raises(UnsupportedRegionError) as caught:
        regions.require_receiving("ca-west-1")
    assert str(caught.value).startswith(
        "SES does not receive mail in ca-west-1, Canada West (Calgary); it does in us-east-1,"
    )
    assert all(name in str(caught.value) for name in regions.receiving_regions())


def test_receiving_is_granted_where_it_is_offered() -> None:
    assert regions.require_receiving("af-south-1").inbound == "inbound-smtp.af-south-1.amazonaws.com"


def test_an_unsupported_region_is_a_value_error_for_callers_who_know_nothing_of_ours() -> None:
    assert issubclass(UnsupportedRegionError, ValueError)
    assert issubclass(UnsupportedRegionError, SesRegionsError)


def test_the_feedback_hosts_are_one_a_region() -> None:
    assert len(regions.feedback_hosts()) == 29
    assert "feedback-smtp.us-gov-west-1.amazonses.com" in regions.feedback_hosts()


@pytest.mark.usefixtures("untouched_regions")
def test_a_region_newer_than_the_release_can_be_registered() -> None:
    added = regions.register("mx-central-1", receiving=True, smtp=False, title="Mexico (Central)")
    assert regions.region("mx-central-1") is added
    assert added.inbound == "inbound-smtp.mx-central-1.amazonaws.com"
    assert added.smtp is None
    assert "mx-central-1" in regions.receiving_regions()
    assert "mx-central-1" not in regions.smtp_regions()
    assert added.feedback in regions.feedback_hosts()


def test_what_a_test_registered_is_gone() -> None:
    assert len(regions.all_regions()) == 29
