"""What SES tells of a mail: the JSON of each kind of event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.feedback import events, records
from cdk_ses_regions.local.feedback.events import MailEvent
from cdk_ses_regions.local.outbound.outgoing import Outgoing

TO = ("a@b.example", "c@d.example")
SENT = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
NOW = SENT + timedelta(seconds=2)
MAIL = Outgoing(
    message_id="0100-id",
    account="123456789012",
    region="eu-west-1",
    identity="local.example",
    source='"News, daily" <news@local.example>',
    envelope_sender="0100-id@eu-west-1.amazonses.com",
    return_path="news@local.example",
    recipients=TO,
    raw=b"Subject: Hello\r\n\r\nHello\r\n",
    headers=(
        ("From", '"News, daily" <news@local.example>'),
        ("To", "=?utf-8?q?J=C3=B6?= <a@b.example>, c@d.example"),
        ("Reply-To", "office@local.example"),
        ("Subject", "=?utf-8?q?H=C3=A4llo?="),
        ("Message-ID", "<mine@local.example>"),
    ),
    configuration_set="one",
    tags={"ses:source-ip": ("192.0.2.1",), "ses:caller-identity": ("deployer",), "campaign": ("spring",)},
    sent_at=SENT,
    via="API v2",
)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("event", "event_type", "field", "detail"),
    [
        (events.sent(MAIL), "Send", "send", {}),
        (events.rejected(MAIL, "Bad content"), "Reject", "reject", {"reason": "Bad content"}),
        (
            events.not_rendered(MAIL, template="one", message="no name"),
            "Rendering Failure",
            "failure",
            {"templateName": "one", "errorMessage": "no name"},
        ),
    ],
)
def test_a_record_has_the_detail_of_its_kind(
    event: MailEvent, event_type: str, field: str, detail: dict[str, Any]
) -> None:
    record = records.record(event)
    assert record["eventType"] == event_type
    assert record[field] == detail
    assert event.recipients == TO


def test_a_record_has_headers_and_tags() -> None:
    mail = records.record(events.sent(MAIL))["mail"]
    assert mail["timestamp"] == "2026-11-24T10:00:00.123Z"
    assert mail["source"] == MAIL.source
    assert mail["sourceArn"] == "arn:aws:ses:eu-west-1:123456789012:identity/local.example"
    assert mail["destination"] == list(TO)
    assert mail["headers"][0] == {"name": "From", "value": MAIL.source}
    assert mail["headersTruncated"] is False
    assert mail["commonHeaders"] == {
        "from": ["News, daily <news@local.example>"],
        "to": ["Jö <a@b.example>", "c@d.example"],
        "replyTo": ["office@local.example"],
        "subject": "Hällo",
        "messageId": "0100-id",
    }
    assert mail["tags"]["campaign"] == ["spring"]
    assert mail["tags"]["ses:configuration-set"] == ["one"]


def test_a_notification_has_the_message_id_that_the_application_gave() -> None:
    event = events.bounced(MAIL, TO)
    mail = records.notification(event, headers=True)["mail"]
    assert mail["commonHeaders"]["messageId"] == "<mine@local.example>"
    given = replace(MAIL, headers=(("Message-ID", "<0100-id@eu-west-1.amazonses.com>"),))
    mail = records.notification(replace(event, mail=given), headers=True)["mail"]
    assert mail["commonHeaders"]["messageId"] == "0100-id"
    assert mail["headers"] == []


def test_a_notification_names_address_and_caller_only() -> None:
    told = records.notification(events.bounced(MAIL, TO), headers=False)
    assert told["notificationType"] == "Bounce"
    assert told["mail"]["source"] == "news@local.example"
    assert (told["mail"]["sourceIp"], told["mail"]["callerIdentity"]) == ("192.0.2.1", "deployer")
    assert not {"tags", "headers", "commonHeaders", "headersTruncated"} & set(told["mail"])


def test_headers_that_ses_adds_are_not_told() -> None:
    mail = replace(MAIL, headers=(("DKIM-Signature", "v=1"), ("Subject", "Hello")))
    assert records.record(events.sent(mail))["mail"]["headers"] == [{"name": "Subject", "value": "Hello"}]


def test_headers_that_cannot_be_decoded_are_told_as_they_are() -> None:
    broken = "=?no-such-charset?q?H=C3=A4llo?="
    mail = replace(MAIL, headers=(("Subject", broken),))
    assert records.record(events.sent(mail))["mail"]["commonHeaders"]["subject"] == broken


def test_a_delivery_says_how_long_it_took() -> None:
    event = events.delivered(MAIL, TO[:1], smtp_response="250 OK", remote_host="mx.b.example")
    assert records.record(event)["delivery"] == {
        "timestamp": "2026-11-24T10:00:02.123Z",
        "processingTimeMillis": 2000,
        "recipients": ["a@b.example"],
        "smtpResponse": "250 OK",
        "remoteMtaIp": "127.0.0.1",
        "reportingMTA": events.MTA,
    }


def test_a_bounce_has_a_status_for_each_recipient() -> None:
    event = events.bounced(
        MAIL,
        TO,
        bounce_type="Transient",
        sub_type="MailboxFull",
        status="4.2.2",
        diagnostic="smtp; 452 4.2.2 full",
        remote_host="mx.b.example",
    )
    about = {"action": "failed", "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 full"}
    assert event.detail["bouncedRecipients"] == [{"emailAddress": address, **about} for address in TO]
    assert event.detail["reportingMTA"] == "dns; mx.b.example"
    assert event.detail["feedbackId"]
    assert "remoteMtaIp" in records.notification(event, headers=False)["bounce"]
    assert "remoteMtaIp" not in records.record(event)["bounce"]


def test_a_bounce_of_a_mail_that_never_left_has_no_status() -> None:
    event = events.bounced(MAIL, TO[:1], sub_type="Suppressed", status="")
    assert event.detail["bouncedRecipients"] == [{"emailAddress": "a@b.example"}]
    assert not {"reportingMTA", "remoteMtaIp"} & set(event.detail)


@pytest.mark.parametrize(
    ("bounce_type", "sub_type", "hard"),
    [
        ("Permanent", "General", True),
        ("Permanent", "NoEmail", True),
        ("Permanent", "Suppressed", False),
        ("Permanent", "OnAccountSuppressionList", False),
        ("Transient", "General", False),
        ("Undetermined", "Undetermined", False),
    ],
)
def test_hard_bounces_are_permanent_and_a_mail_servers(bounce_type: str, sub_type: str, hard: bool) -> None:
    assert events.bounced(MAIL, TO, bounce_type=bounce_type, sub_type=sub_type).is_hard_bounce is hard
    assert not events.sent(MAIL).is_hard_bounce


def test_a_complaint_has_a_feedback_type() -> None:
    detail = events.complained(MAIL, TO[:1], feedback_type="fraud").detail
    assert detail["complainedRecipients"] == [{"emailAddress": "a@b.example"}]
    assert (detail["complaintFeedbackType"], detail["complaintSubType"]) == ("fraud", None)


@pytest.mark.parametrize(("reason", "kind"), [("BOUNCE", "Bounce"), ("COMPLAINT", "Complaint")])
def test_suppression_is_told_as_what_it_is_for(reason: str, kind: str) -> None:
    event = events.suppressed(MAIL, TO[:1], reason=reason)
    assert event.kind == kind
    assert event.detail[f"{kind.lower()}SubType"] == "OnAccountSuppressionList"
    assert not event.is_hard_bounce
    assert "complaintFeedbackType" not in event.detail


def test_a_delay_says_until_when_ses_tries() -> None:
    event = events.delayed(MAIL, TO[:1], delay_type="General", diagnostic="smtp; 421 4.4.1 later")
    detail = records.record(event)["deliveryDelay"]
    assert detail["delayType"] == "General"
    assert detail["expirationTime"] == "2026-11-25T00:00:00.123Z"
    assert detail["delayedRecipients"] == [
        {"emailAddress": "a@b.example", "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 later"}
    ]


def test_each_piece_of_feedback_has_an_id_of_its_own() -> None:
    ids = {events.bounced(MAIL, TO).detail["feedbackId"] for _ in range(20)}
    assert len(ids) == 20
    assert {one[:4] for one in ids} == {"0102"}  # as in the message ids of eu-west-1
