"""Suppressions go from Region to Region, deployed into three: one is down and comes back, events come twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "suppression-sync.yaml"
HERE, THERE, ELSEWHERE = REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
NOWHERE = "nowhere.example.com"
PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployed(aws: LocalAws) -> Cdk:
    """The example; mail to NOWHERE bounces hard, since the Region that its MX names receives nothing."""
    cdk = Cdk(aws, project=ROOT, config=EXAMPLE)
    cdk.bootstrap()
    cdk.deploy()
    record = {
        "Name": NOWHERE,
        "Type": "MX",
        "TTL": 300,
        "ResourceRecords": [{"Value": f"10 inbound-smtp.{HERE}.amazonaws.com"}],
    }
    aws.client("route53", HERE).change_resource_record_sets(
        HostedZoneId="Z0123456789EXAMPLE01",
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )
    return cdk


@pytest.fixture
def journeys(aws: LocalAws, deployed: Cdk) -> dict[str, RegionJourney]:
    settings = config.load(EXAMPLE)
    return {region: RegionJourney(aws, settings, region) for region in REGIONS}


def listed(aws: LocalAws, region: str) -> dict[str, str]:
    """The suppression list of a Region, read where a Region that is down can be read, too."""
    return {one.address: one.reason for one in aws.control.suppression() if one.region == region}


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what} in {PATIENCE_SECONDS} seconds"
        time.sleep(0.2)


def queue_url(journey: RegionJourney, name: str) -> str:
    return journey.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def waiting(journey: RegionJourney, name: str) -> int:
    """How many messages are in a queue, with those that are being handled or come again later."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = journey.client("sqs").get_queue_attributes(
        QueueUrl=queue_url(journey, name), AttributeNames=names
    )
    return sum(int(answer["Attributes"][name]) for name in names)


def all_is_handled(journey: RegionJourney) -> bool:
    others = [region for region in REGIONS if region != journey.region]
    queues = ["mail-suppression", *(f"mail-suppress-{region}" for region in others)]
    return not any(waiting(journey, name) for name in queues)


def tell(journey: RegionJourney, topic: str, notification: dict[str, Any]) -> None:
    """Publish what SES would."""
    journey.client("sns").publish(TopicArn=journey.outputs[topic], Message=json.dumps(notification))


def complaint(address: str, at: datetime) -> dict[str, Any]:
    return {
        "notificationType": "Complaint",
        "mail": {"destination": [address, "innocent@elsewhere.example"]},
        "complaint": {
            "complainedRecipients": [{"emailAddress": address}],
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "feedbackId": "feedback",
            "complaintSubType": None,
            "complaintFeedbackType": "abuse",
        },
    }


def bounce(address: str, at: datetime) -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "mail": {"destination": [address]},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address}],
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "feedbackId": "feedback",
        },
    }


def test_who_bounces_in_one_region_is_suppressed_in_every_other(
    aws: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    for region in REGIONS:
        address = f"from-{region}@{NOWHERE}"
        journeys[region].send(sender="hello@example.com", recipient=address)
        eventually(
            lambda address=address: all(listed(aws, one).get(address) == "BOUNCE" for one in REGIONS),
            f"{address} is not everywhere",
        )


def test_it_is_not_sent_to_then(aws: LocalAws, journeys: dict[str, RegionJourney]) -> None:
    sent = journeys[ELSEWHERE].send(sender="hello@example.com", recipient=f"from-{HERE}@{NOWHERE}")
    [mail] = [mail for mail in aws.sent if mail.message_id == sent]
    assert mail.hops[0].result == "suppressed"
    eventually(lambda: all_is_handled(journeys[ELSEWHERE]), "the notice of that is not done with")


def test_a_complaint_on_a_topic_of_a_domain_counts_for_those_who_complained_alone(
    aws: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    tell(journeys[THERE], "FeedbackShopTopicArn", complaint("jane@shop-customer.example", datetime.now(UTC)))
    for region in (HERE, ELSEWHERE):
        eventually(
            lambda region=region: listed(aws, region).get("jane@shop-customer.example") == "COMPLAINT",
            f"{region} does not know of the complaint",
        )
        assert "innocent@elsewhere.example" not in listed(aws, region)


def test_a_region_that_is_down_holds_up_no_other_and_has_all_when_it_is_back(
    aws: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    for region in (HERE, ELSEWHERE):  # messages come again after seconds, not after 15 minutes
        journeys[region].client("sqs").set_queue_attributes(
            QueueUrl=queue_url(journeys[region], f"mail-suppress-{THERE}"),
            Attributes={"VisibilityTimeout": "3"},
        )
    now = datetime.now(UTC)
    events = [
        (region, make(f"{number}@down.example", now))
        for number in range(3)
        for region, make in ((HERE, bounce), (ELSEWHERE, complaint), (HERE, bounce))
    ]
    random.Random(7).shuffle(events)
    aws.control.fault("down", THERE)
    try:
        for region, event in events:
            tell(journeys[region], "FeedbackTopicArn", event)
        for region in (HERE, ELSEWHERE):
            eventually(
                lambda region=region: sum("@down" in address for address in listed(aws, region)) == 3,
                f"{region} was held up",
            )
        assert not [address for address in listed(aws, THERE) if "@down" in address]
        assert waiting(journeys[HERE], f"mail-suppress-{THERE}") > 0
    finally:
        aws.control.clear_faults()
    expected = {f"{number}@down.example": "COMPLAINT" for number in range(3)}

    def everything_is_there() -> bool:
        found = listed(aws, THERE).items()
        return {address: reason for address, reason in found if "@down" in address} == expected

    eventually(everything_is_there, "not everything came after the Region was back")
    eventually(lambda: all(map(all_is_handled, journeys.values())), "messages are left")


def test_what_was_seen_before_a_removal_does_not_undo_it_and_what_comes_after_counts(
    aws: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    address, seen = "removed@late.example", datetime.now(UTC)
    tell(journeys[HERE], "FeedbackTopicArn", bounce(address, seen))
    eventually(lambda: address in listed(aws, THERE) and address in listed(aws, ELSEWHERE), "not suppressed")
    for region in (THERE, ELSEWHERE):  # as docs/suppression-sync.md says
        removed = int(time.time())
        journeys[region].client("dynamodb").put_item(
            TableName="mail-suppression",
            Item={
                "id": {"S": f"removed#{address}"},
                "removed_at": {"N": str(removed)},
                "expires": {"N": str(removed + 60 * 24 * 3600)},
            },
        )
        journeys[region].client("sesv2").delete_suppressed_destination(EmailAddress=address)
    tell(journeys[HERE], "FeedbackTopicArn", bounce(address.replace("removed", "REMOVED"), seen))
    tell(journeys[HERE], "FeedbackTopicArn", complaint(address, seen))
    eventually(lambda: waiting(journeys[HERE], "mail-suppression") == 0, "the late events are not read")
    eventually(lambda: all_is_handled(journeys[HERE]), "the late events are not done with")
    assert not [one for region in (THERE, ELSEWHERE) for one in listed(aws, region) if "@late" in one]
    while int(time.time()) <= removed:  # the same second would still be the removal's
        time.sleep(0.05)
    tell(journeys[HERE], "FeedbackTopicArn", bounce(address, datetime.now(UTC)))
    eventually(lambda: address in listed(aws, THERE) and address in listed(aws, ELSEWHERE), "not again")


def test_two_regions_write_to_a_third_at_the_pace_of_its_ses(
    aws: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    """The local SES refuses a second request within a second here, as AWS does."""
    aws.control.limit_control_plane(True)
    try:
        now = datetime.now(UTC)
        for number in range(3):
            for region in (HERE, ELSEWHERE):
                tell(journeys[region], "FeedbackTopicArn", bounce(f"{number}-{region}@limit.example", now))
        eventually(lambda: sum("@limit" in one for one in listed(aws, THERE)) == 6, "not all are suppressed")
    finally:
        aws.control.limit_control_plane(False)


def test_nothing_is_in_the_dead_letter_queues(journeys: dict[str, RegionJourney]) -> None:
    for journey in journeys.values():
        dead = journey.outputs["SuppressionDeadLetterQueueArn"].rpartition(":")[2]
        assert waiting(journey, dead) == 0
