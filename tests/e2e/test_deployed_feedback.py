"""Feedback topics, subscriptions and the configuration set of examples/feedback.yaml, deployed into two Regions."""

from __future__ import annotations

import contextlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

FEEDBACK = ROOT / "examples" / "feedback.yaml"
REGIONS = ("us-east-1", "eu-west-1")
PATIENCE_SECONDS = 30
STREAM, FUNCTION = "mail-events", "shop-feedback"


@pytest.fixture(scope="module")
def here() -> Iterator[LocalAws]:
    zones = config.load(FEEDBACK).hosted_zones
    with LocalAws.start(REGIONS, hosted_zones=zones) as local:
        yield local


@pytest.fixture(scope="module")
def configured(here: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with the ARNs of what the user has: a function and a stream of one name in each Region."""
    text = FEEDBACK.read_text(encoding="utf-8").replace("111111111111", here.account)
    for region in REGIONS:
        here.client("lambda", region).create_function(
            FunctionName=FUNCTION,
            Runtime="python3.13",
            Role=a_role(here),
            Handler="index.handler",
            Code={"ZipFile": archive()},
        )
        here.client("firehose", region).create_delivery_stream(
            DeliveryStreamName=STREAM,
            ExtendedS3DestinationConfiguration={
                "RoleARN": f"arn:aws:iam::{here.account}:role/firehose",
                "BucketARN": "arn:aws:s3:::somewhere",
            },
        )
    path = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as code:
        code.writestr("index.py", "def handler(event, context):\n    return event\n")
    return file.getvalue()


def a_role(local: LocalAws) -> str:
    """ARN of a role for functions, made at the first call."""
    iam = local.client("iam", REGIONS[0])
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=FUNCTION, AssumeRolePolicyDocument=document)
    return iam.get_role(RoleName=FUNCTION)["Role"]["Arn"]


@pytest.fixture(scope="module")
def deploy(here: LocalAws, configured: Path) -> Cdk:
    cdk = Cdk(here, project=ROOT, config=configured)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


@pytest.fixture(params=REGIONS)
def feedback(request: pytest.FixtureRequest, here: LocalAws, configured: Path, deploy: Cdk) -> RegionJourney:
    return RegionJourney(here, config.load(configured), request.param)


def heard(journey: RegionJourney, queue: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first message of a queue that is wanted: what SES told the topic."""
    sqs = journey.client("sqs")
    url, deadline = sqs.get_queue_url(QueueName=queue)["QueueUrl"], time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            told = json.loads(json.loads(message["Body"])["Message"])
            if wanted(told):
                return told
    raise AssertionError(f"nothing wanted came to {queue} in {journey.region}")


def about(message_id: str) -> Callable[[dict[str, Any]], bool]:
    return lambda told: told.get("mail", {}).get("messageId") == message_id


def test_a_bounce_comes_to_the_queue_that_is_subscribed(feedback: RegionJourney) -> None:
    sent = feedback.send(sender="hello@example.com", recipient="bounce@simulator.amazonses.com")
    told = heard(feedback, "mail-bounces", about(sent))
    assert told["notificationType"] == "Bounce"
    assert told["mail"]["headers"]


def test_a_domain_with_topics_of_its_own_tells_deliveries_as_well_without_headers(
    feedback: RegionJourney,
) -> None:
    sent = feedback.send(sender="hello@shop.example.com", recipient="success@simulator.amazonses.com")
    told = heard(feedback, "mail-shop", about(sent))
    assert told["notificationType"] == "Delivery"
    assert "headers" not in told["mail"]


def test_feedback_by_email_has_no_topics_and_stays_forwarded(feedback: RegionJourney) -> None:
    answer = feedback.client("ses").get_identity_notification_attributes(Identities=["example.net"])
    told = answer["NotificationAttributes"]["example.net"]
    assert told["ForwardingEnabled"] is True
    assert not {"BounceTopic", "ComplaintTopic", "DeliveryTopic"} & {key for key in told if told[key]}


def test_the_configuration_set_is_what_was_configured(feedback: RegionJourney) -> None:
    found = feedback.client("sesv2").get_configuration_set(ConfigurationSetName="mail-sending")
    assert found["DeliveryOptions"] == {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 3600}
    assert found["ReputationOptions"]["ReputationMetricsEnabled"] is True
    assert found["SendingOptions"] == {"SendingEnabled": True}
    assert found["SuppressionOptions"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert found["SuppressionOptions"]["ValidationOptions"]["ConditionThreshold"] == {
        "ConditionThresholdEnabled": "ENABLED",
        "OverallConfidenceThreshold": {"ConfidenceVerdictThreshold": "MANAGED"},
    }
    assert found["VdmOptions"] == {
        "DashboardOptions": {"EngagementMetrics": "ENABLED"},
        "GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"},
    }


@pytest.mark.parametrize("domain", ["example.com", "shop.example.com", "example.net"])
def test_mail_of_every_domain_uses_the_set(feedback: RegionJourney, domain: str) -> None:
    assert feedback.identity(domain)["ConfigurationSetName"] == "mail-sending"


def test_events_come_to_the_queue_on_the_topic_of_their_destination(feedback: RegionJourney) -> None:
    sent = feedback.send(sender="hello@example.com", recipient="success@simulator.amazonses.com")
    event = heard(feedback, "mail-audit", lambda told: about(sent)(told) and told["eventType"] == "Delivery")
    assert event["mail"]["tags"]["ses:configuration-set"] == ["mail-sending"]


def test_ses_reaches_every_destination(feedback: RegionJourney, here: LocalAws) -> None:
    """A bounce is wanted by metrics, bus and stream: the role and the policies let SES in to each."""
    sent = feedback.send(sender="hello@example.com", recipient="bounce@simulator.amazonses.com")
    told: dict[str, str] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not {"metrics", "bus", "archive"} <= told.keys() and time.monotonic() < deadline:
        told = {
            one.target.rpartition("/")[2]: one.dropped
            for one in here.control.feedback(sent)
            if one.kind == "Bounce" and one.channel == "event destination"
        }
    assert told == {"metrics": "", "bus": "", "archive": ""}


def test_emails_functions_and_urls_are_subscribed(feedback: RegionJourney) -> None:
    def subscribed(topic: str) -> set[tuple[str, str]]:
        pages = feedback.client("sns").list_subscriptions_by_topic(TopicArn=feedback.outputs[topic])
        return {(one["Protocol"], one["Endpoint"].rpartition(":")[2]) for one in pages["Subscriptions"]}

    assert subscribed("FeedbackTopicArn") == {("email", "postmaster@example.com"), ("sqs", "mail-bounces")}
    for topic in ("Bounces", "Complaints", "Deliveries"):
        assert subscribed(f"FeedbackShop{topic}TopicArn") == {
            ("sqs", "mail-shop"),
            ("lambda", FUNCTION),
            ("https", "//shop.example.com/feedback"),
        }


def test_what_is_never_deleted_waits_in_the_dead_letter_queue(feedback: RegionJourney) -> None:
    sqs = feedback.client("sqs")
    url = sqs.get_queue_url(QueueName="mail-bounces")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == feedback.outputs["UndeliveredQueueArn"]
    assert int(redrive["maxReceiveCount"]) == 5


def test_changing_to_email_and_stopping_to_send_is_applied_and_the_rest_goes(
    here: LocalAws, configured: Path, deploy: Cdk
) -> None:
    """Last: it changes what the tests above look at."""
    changed = yaml.safe_load(configured.read_text(encoding="utf-8"))
    changed["domains"][1]["feedback"] = "email"
    changed["configuration_set"] = {"sending": False}
    configured.write_text(yaml.safe_dump(changed), encoding="utf-8")
    deploy.deploy()
    for region in REGIONS:
        ses, sesv2 = here.client("ses", region), here.client("sesv2", region)
        answer = ses.get_identity_notification_attributes(Identities=["shop.example.com"])
        told = answer["NotificationAttributes"]["shop.example.com"]
        assert told["ForwardingEnabled"] is True
        assert not told.get("BounceTopic")
        topics = [
            one["TopicArn"].rpartition(":")[2] for one in here.client("sns", region).list_topics()["Topics"]
        ]
        assert topics == ["mail-feedback"]
        found = sesv2.get_configuration_set(ConfigurationSetName="mail-sending")
        assert found["SendingOptions"] == {"SendingEnabled": False}
        left = sesv2.get_configuration_set_event_destinations(ConfigurationSetName="mail-sending")
        assert left.get("EventDestinations", []) == []
        with pytest.raises(sesv2.exceptions.SendingPausedException):
            RegionJourney(here, config.load(configured), region).send(
                sender="hello@example.com", recipient="success@simulator.amazonses.com"
            )
