from __future__ import annotations

import json
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import inbound
import json_schema
import message as mail
import notice
import pytest
import received
import steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbound_aws import (
    BUCKET,
    FUNCTION_ARN,
    KEY,
    MESSAGE_ID,
    RULE,
    TOPIC_ARN,
    Context,
    Inbox,
    message,
    notification,
    refusal,
)
from inbound_bombs import BOMBS, HEAD, MIXED
from limits import KIB
from problems import DEFECTS, LOSSES

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "received-event.schema.json").read_text())


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def receive(inbox: Inbox, raw: bytes | None = None, **notices: Any) -> dict[str, Any]:
    """Deliver one mail and return the event, checked against the schema."""
    if raw is not None:
        inbox.store(raw)
    assert inbound.receive(notification(**notices), inbox.services) == inbound.HANDLED
    event = inbox.sns.published[-1]
    assert list(json_schema.errors(event, SCHEMA, SCHEMA)) == []
    return event


def example_mail() -> bytes:
    """Return the mail of docs/received-mail.md."""
    mail = EmailMessage()
    mail["Received"] = (
        "from mx.example.net (mx.example.net [192.0.2.1]) by inbound-smtp.us-east-1.amazonaws.com"
    )
    mail["From"] = "Jane Doe <jane@example.net>"
    mail["To"] = "support@example.com"
    mail["Subject"] = "Grüße aus Köln"
    mail["Date"] = "Mon, 30 Nov 2026 11:14:58 +0100"
    mail["Message-ID"] = "<20261130111458.1@example.net>"
    mail.set_content("Guten Tag\n")
    mail.add_alternative("<p>Guten Tag</p>\n", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf")
    # A boundary of our own: the library's is random.
    mail.set_boundary("outer")
    next(mail.iter_parts()).set_boundary("inner")  # pyright: ignore[reportAttributeAccessIssue]
    return mail.as_bytes().replace(b"\n", b"\r\n")


def test_the_event_tells_envelope_verdicts_and_place_of_the_mail(inbox: Inbox) -> None:
    inbox.s3.version_id = "v1"
    event = receive(
        inbox,
        HEAD + b"\r\nhi",
        sender="bounce@example.net",
        recipients=("support@example.com",),
        destination=("support@example.com", "other@example.org"),
        spam="FAIL",
    )
    assert event["version"] == "1"
    assert event["region"] == "us-east-1"
    assert event["message_id"] == MESSAGE_ID
    assert event["received_at"] == "2026-11-30T10:15:00.123Z"
    assert event["envelope"] == {
        "sender": "bounce@example.net",
        "recipients": ["support@example.com"],
        "destination": ["support@example.com", "other@example.org"],
    }
    assert event["verdicts"] == {
        "spam": "FAIL",
        "virus": "PASS",
        "spf": "PASS",
        "dkim": "PASS",
        "dmarc": "PASS",
        "dmarc_policy": None,
    }
    assert event["s3"]["bucket"] == BUCKET
    assert event["s3"]["key"] == KEY
    assert event["s3"]["version_id"] == "v1"
    assert re.fullmatch("[0-9a-f]{32}", event["s3"]["etag"])
    assert event["size"] == len(HEAD) + 4


def test_content_comes_from_the_stored_mail_and_never_from_the_event(inbox: Inbox) -> None:
    event = receive(inbox, HEAD + b"\r\nhi")
    assert event["common_headers"]["subject"] == "hello"
    assert "not to be trusted" not in json.dumps(event)


def test_headers_are_told_decoded_in_common_and_in_whole(inbox: Inbox) -> None:
    event = receive(
        inbox,
        b"From: =?utf-8?q?J=C3=A4n?= <jan@example.net>\r\nReply-To: a@example.net, b@example.net\r\n"
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nReferences: <a@x>\r\n <b@x>\r\n"
        b"Auto-Submitted: auto-replied\r\nList-ID: <list.example.net>\r\n"
        b"X-Loop: =?utf-8?q?=C3=A4?=\r\n\r\nhi",
    )
    common = event["common_headers"]
    assert common["from"] == [{"name": "Jän", "address": "jan@example.net"}]
    assert [address["address"] for address in common["reply_to"]] == ["a@example.net", "b@example.net"]
    assert common["subject"] == "Grüße"
    assert common["references"] == ["<a@x>", "<b@x>"]
    assert common["auto_submitted"] == "auto-replied"
    assert common["list_id"] == "<list.example.net>"
    assert common["precedence"] is None
    assert common["cc"] == []
    assert event["headers"][-1] == {"name": "X-Loop", "value": "ä"}


def test_message_attributes_let_subscribers_filter(inbox: Inbox) -> None:
    raw = MIXED + b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
    receive(inbox, raw, recipients=("a@Example.com", "b@example.org", "c@example.com"), virus="FAIL")
    values = {name: value["StringValue"] for name, value in inbox.sns.attributes[0].items()}
    assert values == {
        "region": "us-east-1",
        "has_attachments": "true",
        "parse_complete": "true",
        "spam_verdict": "PASS",
        "virus_verdict": "FAIL",
        "dmarc_verdict": "PASS",
        "recipient_domains": '["example.com","example.org"]',
    }
    assert inbox.sns.attributes[0]["recipient_domains"]["DataType"] == "String.Array"


def test_a_verdict_ses_did_not_give_is_null_and_filtered_as_none(inbox: Inbox) -> None:
    inbox.store(HEAD + b"\r\nhi")
    inbound.receive(notification(without=("spam", "dmarc")), inbox.services)
    assert inbox.sns.published[0]["verdicts"]["spam"] is None
    assert inbox.sns.attributes[0]["dmarc_verdict"]["StringValue"] == "NONE"


def test_a_mail_within_256_kb_is_read_with_one_ranged_get(inbox: Inbox) -> None:
    raw = HEAD + b"\r\n" + b"x" * 200 * KIB
    receive(inbox, raw)
    assert inbox.s3.calls == ["GetObject"]
    assert inbox.s3.ranges == [f"bytes=0-{256 * KIB - 1}"]


def test_a_larger_mail_is_read_with_a_second_one_and_told_the_same_way(inbox: Inbox) -> None:
    raw = MIXED + b"--b\r\n\r\nhi\r\n--b\r\nContent-Type: a/b\r\n\r\n" + b"x" * 700 * KIB + b"\r\n--b--\r\n"
    event = receive(inbox, raw)
    assert inbox.s3.ranges == [f"bytes=0-{256 * KIB - 1}", f"bytes={256 * KIB}-{len(raw) - 1}"]
    assert event["text"] == "hi"
    assert event["attachments"][0]["size"] == 700 * KIB
    assert event["parse"]["complete"]


def test_the_setup_notification_is_skipped_by_its_message_id(inbox: Inbox) -> None:
    setup = notification(message_id="AMAZON_SES_SETUP_NOTIFICATION")
    assert inbound.receive(setup, inbox.services) == inbound.SKIPPED
    assert inbox.s3.calls == []
    assert inbox.sns.published == []


SETUP_MAIL = (
    b"Date: Mon, 30 Nov 2026 10:15:00 +0000\r\nTo: recipient@example.com\r\n"
    b"From: Amazon Web Services <no-reply-aws@amazon.com>\r\nSubject: Amazon SES Setup Notification\r\n\r\n"
    b"Hello,\r\n\r\nYou received this message because you attempted to set up Amazon SES.\r\n"
)


def test_the_setup_notification_is_skipped_by_its_content(inbox: Inbox) -> None:
    inbox.store(SETUP_MAIL)
    assert inbound.receive(notification(), inbox.services) == inbound.SKIPPED
    assert inbox.sns.published == []


def test_a_mail_that_only_pretends_to_be_the_setup_notification_is_published(inbox: Inbox) -> None:
    event = receive(inbox, b"Received: from mx.example.net by inbound-smtp\r\n" + SETUP_MAIL)
    assert event["common_headers"]["subject"] == "Amazon SES Setup Notification"


def test_a_mail_that_cannot_be_read_whole_is_published_and_tagged_and_its_other_tags_stay(
    inbox: Inbox,
) -> None:
    inbox.s3.tags[KEY] = {"owner": "support", "ses-regions:parse": "old"}
    event = receive(inbox, MIXED + b"no boundary anywhere")
    assert not event["parse"]["complete"]
    assert event["parse"]["problems"] == [{"code": "missing_boundary", "part": None, "detail": "b"}]
    assert inbox.s3.tags[KEY] == {"owner": "support", "ses-regions:parse": "failed"}
    assert inbox.s3.objects[KEY].endswith(b"no boundary anywhere")


def test_an_object_with_ten_tags_is_left_as_it_is(inbox: Inbox) -> None:
    tags = {str(number): "x" for number in range(10)}
    inbox.s3.tags[KEY] = dict(tags)
    receive(inbox, b"")
    assert inbox.s3.tags[KEY] == tags


def test_a_mail_read_whole_is_not_tagged(inbox: Inbox) -> None:
    receive(inbox, HEAD + b"\r\nhi")
    assert "PutObjectTagging" not in inbox.s3.calls


def test_a_mail_removed_before_it_could_be_tagged_is_no_failure(inbox: Inbox) -> None:
    inbox.s3.refuse["PutObjectTagging"] = [refusal("PutObjectTagging", "NoSuchKey")]
    receive(inbox, b"")


@pytest.mark.parametrize("error", [RecursionError, MemoryError, ValueError, ZeroDivisionError])
def test_an_error_while_parsing_leaves_headers_in_the_event_and_the_mail_marked(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(mail, "read", fail)
    event = receive(inbox, HEAD + b"\r\nhi")
    assert event["common_headers"]["subject"] == "hello"
    assert event["parse"] == {
        "complete": False,
        "problems": [{"code": "failed", "part": None, "detail": error.__name__}],
    }
    assert inbox.s3.tags[KEY] == {"ses-regions:parse": "failed"}


def test_an_error_with_the_headers_still_leaves_an_event_with_the_place_of_the_mail(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(received, "_all", fail)
    event = receive(inbox, HEAD + b"\r\nhi")
    assert event["common_headers"] is None
    assert event["s3"]["key"] == KEY
    assert event["envelope"]["recipients"] == ["support@example.com"]
    assert not event["parse"]["complete"]


def test_memory_that_runs_out_while_the_mail_is_read_leaves_its_headers(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.store(HEAD + b"\r\n" + b"x" * 300 * KIB)
    inbox.s3.refuse["GetObject"] = []
    get_object = inbox.s3.get_object

    def second_fails(**arguments: Any) -> dict[str, Any]:
        if not arguments["Range"].startswith("bytes=0-"):
            raise MemoryError
        return get_object(**arguments)

    monkeypatch.setattr(inbox.s3, "get_object", second_fails)
    event = receive(inbox)
    assert event["common_headers"]["subject"] == "hello"
    assert [problem["code"] for problem in event["parse"]["problems"]] == ["failed"]


def test_ciphertext_of_client_side_encryption_is_pointed_to_and_not_parsed(inbox: Inbox) -> None:
    inbox.s3.metadata[KEY] = {"x-amz-key-v2": "AAAA", "x-amz-cek-alg": "AES/GCM/NoPadding"}
    event = receive(inbox, b"\x01\x02ciphertext")
    assert event["common_headers"] is None
    assert [problem["code"] for problem in event["parse"]["problems"]] == ["client_side_encrypted"]


@pytest.mark.parametrize(("operation", "raw"), [("HeadObject", b""), ("GetObject", HEAD + b"\r\nhi")])
@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "NoSuchKey"])
def test_s3_refusing_is_raised_so_that_lambda_tries_again(
    inbox: Inbox, operation: str, raw: bytes, code: str
) -> None:
    inbox.store(raw)
    inbox.s3.refuse[operation] = [refusal(operation, code)]
    with pytest.raises(Exception, match=code):
        inbound.receive(notification(), inbox.services)
    assert inbox.sns.published == []


def test_a_second_try_after_any_failure_publishes_the_event_and_marks_the_mail(inbox: Inbox) -> None:
    inbox.store(b"")
    inbox.sns.refuse = [refusal("Publish", "Throttling")]
    inbox.s3.refuse = {
        operation: [refusal(operation)]
        for operation in ("HeadObject", "GetObjectTagging", "PutObjectTagging")
    }
    failures = 0
    while True:
        try:
            inbound.receive(notification(), inbox.services)
            break
        except Exception:
            failures += 1
    assert failures == 4
    assert len(inbox.sns.published) == 1
    assert inbox.s3.tags[KEY] == {"ses-regions:parse": "failed"}


def test_a_mail_replaced_while_it_is_read_is_raised(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox.store(HEAD + b"\r\n" + b"x" * 300 * KIB)
    get_object = inbox.s3.get_object

    def replace(**arguments: Any) -> dict[str, Any]:
        found = get_object(**arguments)
        inbox.store(HEAD + b"\r\nanother")
        return found

    monkeypatch.setattr(inbox.s3, "get_object", replace)
    with pytest.raises(Exception, match="PreconditionFailed"):
        inbound.receive(notification(), inbox.services)


def read(text: str) -> notice.Notice:
    found = notice.from_notification(text, bucket=BUCKET, prefix="mail/")
    assert found is not None
    return found


def test_the_id_is_the_same_at_every_retry_and_differs_by_region_rule_and_recipients() -> None:
    one = read(notification(recipients=("a@example.com", "b@example.com")))
    again = read(notification(recipients=("b@example.com", "a@example.com")))
    other = read(notification(recipients=("a@example.com",)))
    another = read(notification(recipients=("a@example.com", "b@example.com"), rule="everything"))
    assert one.id("us-east-1") == again.id("us-east-1")
    ids = {one.id("us-east-1"), one.id("us-west-2"), other.id("us-east-1"), another.id("us-east-1")}
    assert len(ids) == 4


def test_metrics_are_one_line_of_embedded_metric_format(
    inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(inbox, HEAD + b"\r\nhi")
    receive(inbox, b"")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    [definition] = first["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "SesRegions"
    assert definition["Dimensions"] == [["Region", "Function"]]
    assert {metric["Name"]: metric["Unit"] for metric in definition["Metrics"]} == {
        "Received": "Count",
        "ParseFailed": "Count",
        "Bytes": "Bytes",
        "Published": "Count",
    }
    assert (first["MessageId"], first["Rule"]) == (MESSAGE_ID, RULE)
    assert (first["Region"], first["Function"]) == ("us-east-1", "email-inbound")
    assert (first["Received"], first["ParseFailed"], first["Bytes"]) == (1, 0, len(HEAD) + 4)
    assert second["ParseFailed"] == 1


@pytest.mark.parametrize("message_id", ["", "../../secret", "a/b", ".", "a\nb", "x" * 201, None, 7])
def test_a_message_id_that_could_name_another_object_is_refused(message_id: Any) -> None:
    with pytest.raises(ValueError, match=r"mail\.messageId"):
        read(notification(message_id=message_id))


@pytest.mark.parametrize(
    ("key", "bucket"),
    [
        (f"mail/{RULE}/another", BUCKET),
        (f"private/{RULE}/{MESSAGE_ID}", BUCKET),
        (f"mail/{MESSAGE_ID}", BUCKET),
        (None, BUCKET),
        (KEY, "another-bucket"),
    ],
)
def test_a_place_where_no_rule_stores_mail_is_refused(key: str | None, bucket: str) -> None:
    text = json.loads(notification())
    text["receipt"]["action"] |= {"objectKey": key, "bucketName": bucket}
    with pytest.raises(ValueError, match="mail of a rule is stored as"):
        read(json.dumps(text))


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", "null", "{}", '{"mail": {}}', '{"mail": {}, "receipt": {}}', '{"mail": 1}']
)
def test_a_message_that_is_no_notification_of_ses_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some are JSON's own words
        read(text)


def test_what_ses_publishes_to_try_out_the_topic_is_skipped(inbox: Inbox) -> None:
    trial = "Successfully validated SNS topic for Amazon SES event publishing."
    assert inbound.receive(trial, inbox.services) == inbound.SKIPPED
    assert inbox.s3.calls == []


def test_a_mail_of_a_rule_that_is_gone_waits_for_somebody_to_look(inbox: Inbox) -> None:
    inbox.store(HEAD + b"\r\nhi")
    with pytest.raises(ValueError, match="no receipt rule 'old'"):
        inbound.receive(notification(rule="old"), inbox.services)


def test_the_services_come_from_the_environment_and_the_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "steps.json"
    forward = {"sender": "Fwd@example.com", "to": {"*": ["jane@example.net"]}}
    file.write_text(json.dumps({"support": [{"publish": {}}, {"forward": forward}]}))
    known = steps.load(file)
    monkeypatch.setattr(steps, "load", lambda: known)
    environment = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_LAMBDA_FUNCTION_NAME": "email-inbound",
        "BUCKET": BUCKET,
        "PREFIX": "in/",
        "TOPIC_ARN": TOPIC_ARN,
        "FUNCTION_0": FUNCTION_ARN,
        "FUNCTION_1": FUNCTION_ARN + "2",
        "TABLE": "email-handled",
        "TABLE_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    inbound.services.cache_clear()
    try:
        services = inbound.services()
        assert services is inbound.services()
        assert services.storage.bucket == BUCKET
        assert (services.region, services.function) == ("eu-west-1", "email-inbound")
        assert (services.prefix, services.targets.topic_arn) == ("in/", TOPIC_ARN)
        assert services.targets.functions == (FUNCTION_ARN, FUNCTION_ARN + "2")
        assert services.targets.senders == {"fwd@example.com"}
        assert services.targets.sns.meta.region_name == "eu-west-1"
        assert services.targets.client("sesv2") is services.targets.client("sesv2")
        assert services.targets.once.dynamodb.meta.region_name == "us-east-1"
        assert services.targets.once.table == "email-handled"
    finally:
        inbound.services.cache_clear()


def test_an_event_of_something_else_is_refused() -> None:
    for event in ({}, {"Records": []}):
        with pytest.raises(ValueError, match="not one of a queue's"):
            inbound.handler(event, Context())


def test_one_message_that_fails_comes_again_alone(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox.store(HEAD + b"\r\nhi")
    monkeypatch.setattr(inbound, "services", lambda: inbox.services)
    records = [
        message("first", notification()),
        message("lost", notification(message_id="lost")),
        message("odd", "{"),
        message("setup", notification(message_id="AMAZON_SES_SETUP_NOTIFICATION")),
        message("last", notification()),
    ]
    answer = inbound.handler({"Records": records}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "lost"}, {"itemIdentifier": "odd"}]}
    assert len(inbox.sns.published) == 2
    assert "message lost failed" in capsys.readouterr().err


def test_a_mail_is_not_begun_when_the_function_is_about_to_be_stopped(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.store(HEAD + b"\r\nhi")
    monkeypatch.setattr(inbound, "services", lambda: inbox.services)
    answer = inbound.handler({"Records": [message("late", notification())]}, Context(19_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "late"}]}
    assert inbox.s3.calls == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BOMBS)
def test_poison_mail_is_published_like_any_other(inbox: Inbox, name: str) -> None:
    raw = BOMBS[name]()
    event = receive(inbox, raw)
    assert event["size"] == len(raw)
    assert inbox.s3.objects[KEY] == raw
    assert event["parse"]["complete"] != (inbox.s3.tags.get(KEY) == {"ses-regions:parse": "failed"})


INCOMPLETE = {
    "nothing",
    "header of 1 MB",
    "100,000 headers",
    "nesting of 10,000",
    "100,000 parts",
    "nested over a large body",
    "16,000 addresses",
    "broken base64",
    "boundary missing",
    "boundary not found",
}


@pytest.mark.parametrize("name", sorted(INCOMPLETE))
def test_mail_that_is_not_told_whole_says_so(inbox: Inbox, name: str) -> None:
    assert not receive(inbox, BOMBS[name]())["parse"]["complete"]


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("text", HEAD + b"\r\n" + b"\x01" * 100_000),
        ("html", HEAD + b"Content-Type: text/html\r\n\r\n" + b'"' * 100_000),
        ("headers", b"".join(b"X-%d: %s\r\n" % (n, b"x" * 500) for n in range(200)) + b"\r\n"),
        ("common_headers", b"To: " + b", ".join(b"u%d@example.com" % n for n in range(900)) + b"\r\n\r\n"),
        (
            "attachments",
            MIXED
            + b"--b\r\nContent-Type: a/b; name="
            + (b"x" * 200 + b"\r\n\r\n\r\n--b\r\nContent-Type: a/b; name=") * 900,
        ),
    ],
)
def test_what_does_not_fit_the_event_is_cut_and_named(inbox: Inbox, name: str, raw: bytes) -> None:
    event = receive(inbox, raw)
    assert name in event["truncated"]
    assert event[name]
    assert len(json.dumps(event[name], ensure_ascii=False).encode()) < 100 * KIB


def test_everything_too_large_at_once_still_fits_sns(inbox: Inbox) -> None:
    part = b"--b\r\nContent-Type: %s\r\n\r\n" + b"\x01" * 200_000 + b"\r\n"
    raw = (
        b"To: "
        + b",".join(b"u%d@example.com" % n for n in range(1500))
        + b"\r\n"
        + b"".join(b"X-%d: %s\r\n" % (n, b"\x02" * 1000) for n in range(150))
        + MIXED
        + part % b"text/plain"
        + part % b"text/html"
        + (b'--b\r\nContent-Type: a/b; name="' + b"\x01" * 2000 + b'"\r\n\r\n\r\n') * 800
    )
    recipients = tuple(f"{'x' * 60}{number}@{'y' * 60}{number}.example.com" for number in range(1000))
    event = receive(inbox, raw, recipients=recipients, sender="\x01" * 5000)
    assert sorted(event["truncated"]) == [
        "attachments",
        "common_headers",
        "envelope",
        "headers",
        "html",
        "text",
    ]
    assert "failed" not in {problem["code"] for problem in event["parse"]["problems"]}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=3000))
def test_any_bytes_make_a_valid_event(raw: bytes) -> None:
    receive(Inbox(), raw)


PIECES = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b"=", b'"', b"\0", b"\xff", b"(", b")", b"<a@b>",
        b"--b", b"--b--", b"--", b"=?", b"?=", b"=?utf-8?q?", b"=?utf-8?b?", b"+2AA-", b"QUJD", b"=C3",
        b"Content-Type: ", b"multipart/mixed; boundary=b", b"message/rfc822", b"text/html; charset=",
        b"utf-7", b"utf-16", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable",
        b"attachment; filename=", b"Content-Disposition: ", b"name*0*=utf-8''%ff", b"From: ", b"To: ",
        b"Subject: ", b"References: ",
        "\u00fc\ufffe\U0001f600".encode(),
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES | st.binary(max_size=5), max_size=120))
def test_any_heap_of_mail_like_bytes_makes_a_valid_event(pieces: list[bytes]) -> None:
    event = receive(Inbox(), b"".join(pieces))
    assert "failed" not in {problem["code"] for problem in event["parse"]["problems"]}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=50), st.lists(st.text(max_size=50), max_size=20))
def test_any_envelope_makes_a_valid_event(sender: str, recipients: list[str]) -> None:
    receive(Inbox(), b"", sender=sender) if not recipients else None
    inbox = Inbox()
    receive(inbox, HEAD + b"\r\n", sender=sender, recipients=tuple(recipients))


def test_the_schema_lists_every_problem_there_is() -> None:
    problem = SCHEMA["properties"]["parse"]["properties"]["problems"]["items"]
    assert set(problem["properties"]["code"]["enum"]) == LOSSES | DEFECTS


def test_the_documentation_names_every_problem_property_and_attribute(inbox: Inbox) -> None:
    page = (DOCS / "received-mail.md").read_text()
    receive(inbox, HEAD + b"\r\nhi")
    names = [*LOSSES, *DEFECTS, *SCHEMA["properties"], *inbox.sns.attributes[0]]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_example_in_the_documentation_is_what_is_published(inbox: Inbox) -> None:
    page = (DOCS / "received-mail.md").read_text()
    example = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
    assert example == receive(inbox, example_mail())
