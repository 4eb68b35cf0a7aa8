"""The main job: three Regions deployed by the real cdk command line, mail in and a bounce back in each."""

from __future__ import annotations

import smtplib

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney

LARGE = 200 * 1024


def records(local: LocalAws, settings: config.Settings) -> list[tuple[str, str, list[str]]]:
    zone = settings.domains[0].hosted_zone_id
    pages = local.client("route53", "us-east-1").get_paginator("list_resource_record_sets")
    return [
        (record["Name"], record["Type"], [value["Value"] for value in record["ResourceRecords"]])
        for page in pages.paginate(HostedZoneId=zone)
        for record in page["ResourceRecordSets"]
        if record["Type"] not in ("NS", "SOA")
    ]


def test_the_stack_of_each_region_is_complete(journey: RegionJourney) -> None:
    assert journey.stack["StackStatus"] == "CREATE_COMPLETE"
    assert journey.outputs["ApiEndpoint"] == f"email.{journey.region}.amazonaws.com"


def test_the_domain_is_verified_in_each_region(journey: RegionJourney) -> None:
    identity = journey.identity("example.com")
    assert identity["VerifiedForSendingStatus"] is True
    assert identity["DkimAttributes"]["Status"] == "SUCCESS"


def test_one_mail_from_mx_serves_all_regions(
    journey: RegionJourney, local: LocalAws, settings: config.Settings
) -> None:
    assert journey.identity("example.com")["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    at_mail_from = [record for record in records(local, settings) if record[0] == "bounce.example.com."]
    assert sorted(at_mail_from) == [
        ("bounce.example.com.", "MX", ["10 feedback-smtp.us-east-1.amazonses.com"]),
        ("bounce.example.com.", "TXT", ['"v=spf1 include:amazonses.com ~all"']),
    ]


def test_each_region_has_its_own_three_dkim_records(
    local: LocalAws, settings: config.Settings, deployed: str
) -> None:
    names = {name for name, kind, _ in records(local, settings) if kind == "CNAME"}
    assert len(names) == 9


def test_the_inbound_mx_names_the_regions_in_their_order(
    local: LocalAws, settings: config.Settings, deployed: str
) -> None:
    [values] = [
        values for name, kind, values in records(local, settings) if (name, kind) == ("example.com.", "MX")
    ]
    assert values == [
        "10 inbound-smtp.us-east-1.amazonaws.com",
        "20 inbound-smtp.us-west-2.amazonaws.com",
        "30 inbound-smtp.eu-west-1.amazonaws.com",
    ]


def test_the_rule_set_of_each_region_is_active(journey: RegionJourney) -> None:
    assert journey.active_rule_set() == "email-received"


def test_a_received_mail_is_stored_under_the_regions_key_and_told_of(journey: RegionJourney) -> None:
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as wait_for:
        message_id = journey.receive(sender="jane@example.net", recipient="support@example.com")
        stored = journey.stored(message_id)
        event = wait_for(lambda event: event["message_id"] == message_id, "event")
    assert stored["encryption"] == "aws:kms"
    assert stored["kms_key"] == journey.outputs["KeyArn"]
    assert event["region"] == journey.region
    assert event["s3"]["bucket"] == stored["bucket"]
    assert event["s3"]["key"] == stored["key"] == f"mail/example.com-support/{message_id}"
    assert event["envelope"]["sender"] == "jane@example.net"
    assert event["envelope"]["recipients"] == ["support@example.com"]
    assert event["text"].startswith("Hello from far away.")


def test_a_mail_too_large_for_a_notification_is_told_of_all_the_same(journey: RegionJourney) -> None:
    body = "A line that repeats until the mail is large.\n" * (LARGE // 45)
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as wait_for:
        message_id = journey.receive(sender="jane@example.net", recipient="hello@example.com", body=body)
        event = wait_for(lambda event: event["message_id"] == message_id, "event")
    assert event["size"] > 150 * 1024


def test_a_bounce_comes_back_on_the_topic_of_the_region_that_sent(journey: RegionJourney) -> None:
    with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
        sent = journey.send(sender="hello@example.com", recipient="bounce@simulator.amazonses.com")
        note = wait_for(lambda note: note.get("mail", {}).get("messageId") == sent, "bounce")
    assert note["notificationType"] == "Bounce"
    assert note["bounce"]["bounceType"] == "Permanent"
    assert note["mail"]["sourceArn"].split(":")[3] == journey.region
    assert note["mail"]["headers"], "headers were asked for"


def test_a_complaint_comes_back_as_well(journey: RegionJourney) -> None:
    with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
        sent = journey.send(sender="hello@example.com", recipient="complaint@simulator.amazonses.com")
        note = wait_for(lambda note: note.get("mail", {}).get("messageId") == sent, "complaint")
    assert note["notificationType"] == "Complaint"


def test_email_forwarding_is_off_because_both_topics_are_set(journey: RegionJourney) -> None:
    attributes = journey.client("ses").get_identity_notification_attributes(Identities=["example.com"])
    told = attributes["NotificationAttributes"]["example.com"]
    topic = journey.outputs["FeedbackTopicArn"]
    assert (told["BounceTopic"], told["ComplaintTopic"]) == (topic, topic)
    assert told["ForwardingEnabled"] is False
    assert told["HeadersInBounceNotificationsEnabled"] is True


def test_a_second_deployment_changes_nothing(cdk: Cdk, deployed: str) -> None:
    output = cdk.deploy()
    assert output.count("(no changes)") == 4


def test_a_mail_that_cannot_be_read_whole_is_kept_tagged_and_told_of(journey: RegionJourney) -> None:
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as wait_for:
        message_id = journey.local.deliver(
            journey.region, sender="jane@example.net", recipients=["hello@example.com"], raw=nested(100)
        )
        event = wait_for(lambda event: event["message_id"] == message_id, "event")
    assert event["parse"]["complete"] is False
    tags = journey.client("s3").get_object_tagging(Bucket=event["s3"]["bucket"], Key=event["s3"]["key"])
    assert {"Key": "ses-regions:parse", "Value": "failed"} in tags["TagSet"]


def test_a_recipient_that_no_rule_takes_is_refused(journey: RegionJourney) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="mailbox unavailable"):
        journey.receive(sender="jane@example.net", recipient="nobody@example.com")


def nested(depth: int) -> bytes:
    """Return a mail with a multipart in a multipart in a multipart."""
    lines = [b"From: jane@example.net", b"To: hello@example.com", b"Subject: nested", b"MIME-Version: 1.0"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"'.encode(), b"", f"--b{level}".encode()]
    lines += [b"Content-Type: text/plain", b"", b"deep"]
    lines += [f"--b{level}--".encode() for level in reversed(range(depth))]
    return b"\r\n".join(lines)
