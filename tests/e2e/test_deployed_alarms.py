"""Alarms of examples/alarms.yaml in two Regions: what goes wrong there sets them off, and is heard."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "alarms.yaml"
HERE, THERE = REGIONS = ("eu-west-1", "eu-central-1")
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def watched() -> Iterator[LocalAws]:
    """A local AWS of its own: these tests end with everything destroyed."""
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployment(watched: LocalAws) -> Cdk:
    cdk = Cdk(watched, project=ROOT, config=EXAMPLE)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


@pytest.fixture
def journeys(watched: LocalAws, deployment: Cdk) -> list[RegionJourney]:
    return [RegionJourney(watched, config.load(EXAMPLE), region) for region in REGIONS]


def states(journey: RegionJourney) -> dict[str, str]:
    alarms = journey.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def reach(journey: RegionJourney, alarm: str, state: str = "ALARM") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while states(journey)[alarm] != state:
        assert time.monotonic() < deadline, f"{alarm} in {journey.region} is {states(journey)[alarm]}"
        time.sleep(0.2)


def paged(journey: RegionJourney, alarm: str) -> dict[str, Any]:
    """What came to the subscribed queue when the alarm went off."""
    sqs = journey.client("sqs")
    url = sqs.get_queue_url(QueueName="mail-pager")["QueueUrl"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            told = json.loads(json.loads(message["Body"])["Message"])
            if told["AlarmName"] == alarm:
                return told
    raise AssertionError(f"nobody heard of {alarm} in {journey.region}")


def resource(journey: RegionJourney, kind: str) -> str:
    """The physical name of the one resource of a type in the Region's stack."""
    name = journey.settings.names.regional_stack(journey.region)
    pages = journey.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    [found] = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == kind
    ]
    return str(found)


def ask_for_the_quota(journey: RegionJourney) -> dict[str, Any]:
    """Invoke what the schedule invokes."""
    rule = resource(journey, "AWS::Events::Rule").rpartition("|")[2]
    [target] = journey.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    event = {"source": "aws.events", "detail-type": "Scheduled Event"}
    return journey.client("lambda").invoke(FunctionName=target["Arn"], Payload=json.dumps(event))


def test_nothing_is_wrong_at_first(journeys: list[RegionJourney]) -> None:
    for journey in journeys:
        found = states(journey)
        assert len(found) == 22
        assert "ALARM" not in found.values()


def test_a_mail_that_bounces_sets_off_the_alarms_of_its_region_alone(journeys: list[RegionJourney]) -> None:
    here, there = journeys
    for severity in ("warning", "critical"):
        assert states(here)[f"mail-bounce-rate-{severity}"] == "INSUFFICIENT_DATA"
    here.send(sender="hello@example.com", recipient="nobody@example.com")
    for severity in ("critical", "warning"):
        reach(here, f"mail-bounce-rate-{severity}")
    told = paged(here, "mail-bounce-rate-critical")
    assert (told["NewStateValue"], told["Region"]) == ("ALARM", HERE)
    assert told["Trigger"]["MetricName"] == "Reputation.BounceRate"
    assert told["AlarmDescription"].startswith("4 % or more of the mail bounces hard")
    assert states(there)["mail-bounce-rate-critical"] == "INSUFFICIENT_DATA"
    assert states(here)["mail-complaint-rate-critical"] == "OK"


def test_a_quota_that_is_nearly_used_up_sets_off_its_alarm(
    watched: LocalAws, journeys: list[RegionJourney]
) -> None:
    _, there = journeys
    assert "FunctionError" not in ask_for_the_quota(there)
    reach(there, "mail-quota-used", "OK")
    watched.control.set_quota(THERE, daily=5)
    for _ in range(4):
        there.send(sender="hello@example.com", recipient="success@simulator.amazonses.com")
    ask_for_the_quota(there)
    reach(there, "mail-quota-used")
    assert paged(there, "mail-quota-used")["Trigger"]["Namespace"] == "SesRegions"


def test_a_function_that_fails_sets_off_its_alarm(watched: LocalAws, journeys: list[RegionJourney]) -> None:
    here, _ = journeys
    watched.control.fault("throttled", HERE)
    try:
        assert "FunctionError" in ask_for_the_quota(here)
    finally:
        watched.control.clear_faults()
    reach(here, "mail-errors-quota")
    assert paged(here, "mail-errors-quota")["Trigger"]["MetricName"] == "Errors"
    assert states(here)["mail-errors-inbound"] == "OK"


@pytest.mark.parametrize(
    ("alarm", "metric", "value"),
    [
        ("mail-dead-letters-mail", "ApproximateNumberOfMessagesVisible", 1),
        ("mail-queue-age-suppression", "ApproximateAgeOfOldestMessage", 1800),
        ("mail-rules-failing", "PublishFailure", 1),
        ("mail-rules-expired", "PublishExpired", 1),
        ("mail-complaint-rate-critical", "Reputation.ComplaintRate", 0.001),
        ("mail-duration-inbound", "Duration", 48000),
    ],
)
def test_what_the_local_aws_does_not_publish_sets_off_its_alarm_as_well(
    journeys: list[RegionJourney], alarm: str, metric: str, value: float
) -> None:
    """Metrics put by hand, under the name and dimensions that the alarm in the deployed stack has."""
    _, there = journeys
    client = there.client("cloudwatch")
    [found] = client.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    assert found["MetricName"] == metric
    about = {"MetricName": metric, "Dimensions": found["Dimensions"], "Value": value * 0.99}
    client.put_metric_data(Namespace=found["Namespace"], MetricData=[about])
    assert states(there)[alarm] == "OK"
    client.put_metric_data(Namespace=found["Namespace"], MetricData=[{**about, "Value": value}])
    reach(there, alarm)
    paged(there, alarm)


def test_the_queues_and_functions_of_the_alarms_are_there(journeys: list[RegionJourney]) -> None:
    for journey in journeys:
        alarms = journey.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
        named = [(one["Name"], one["Value"]) for alarm in alarms for one in alarm["Dimensions"]]
        sqs, functions = journey.client("sqs"), journey.client("lambda")
        for name in {value for key, value in named if key == "QueueName"}:
            assert sqs.get_queue_url(QueueName=name)["QueueUrl"]
        for name in {value for key, value in named if key == "FunctionName"}:
            assert functions.get_function_configuration(FunctionName=name)["FunctionName"] == name
        assert {value for key, value in named if key == "RuleSetName"} == {journey.active_rule_set()}


def test_the_dashboard_of_the_primary_region_shows_the_alarms_of_all(journeys: list[RegionJourney]) -> None:
    here, _ = journeys
    body = json.loads(here.client("cloudwatch").get_dashboard(DashboardName="mail-regions")["DashboardBody"])
    shown = [
        arn
        for widget in body["widgets"]
        if widget["type"] == "alarm"
        for arn in widget["properties"]["alarms"]
    ]
    there_are = [
        alarm["AlarmArn"]
        for journey in journeys
        for alarm in journey.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    ]
    assert sorted(shown) == sorted(there_are)


def test_everything_goes(deployment: Cdk, journeys: list[RegionJourney]) -> None:
    deployment.destroy()
    for journey in journeys:
        assert states(journey) == {}
        assert journey.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
