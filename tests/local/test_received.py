from __future__ import annotations

import base64
import email
import email.policy
import json
import re
from datetime import UTC, datetime

import pytest

from cdk_ses_regions.local.receiving.received import EICAR, GTUBE, LAMBDA_HEADERS, Mail, new_message_id

RAW = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <juergen@sender.example>, Anna <anna@sender.example>\r\n"
    b"To: Support <support@example.com>\r\n"
    b"Cc: copy@example.com\r\n"
    b"Reply-To: answers@sender.example\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
    b" and more\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@sender.example>\r\n"
    b"\r\n"
    b"Hello\r\n"
)
ACTION = {"type": "Lambda", "functionArn": "arn:aws:lambda:us-east-1:1:function:f", "invocationType": "Event"}


def mail(raw: bytes = RAW, *, recipients: tuple[str, ...] = ("support@example.com",)) -> Mail:
    return Mail(
        message_id="a" * 40,
        region="us-east-1",
        host="inbound-smtp.us-east-1.amazonaws.com",
        sender="bounces@sender.example",
        recipients=recipients,
        raw=raw,
        helo="mx.sender.example",
        received_at=datetime(2026, 11, 24, 10, 0, 1, 234567, tzinfo=UTC),
    )


def test_a_message_id_looks_like_one_of_sess() -> None:
    assert re.fullmatch("[a-z0-9]{40}", new_message_id())
    assert new_message_id() != new_message_id()


def test_ses_puts_its_headers_before_the_mails_own_and_keeps_the_rest_to_the_byte() -> None:
    content = mail().content(scan=True)
    assert content.endswith(RAW)
    own = email.message_from_bytes(content[: -len(RAW)], policy=email.policy.default)
    assert own.keys() == [
        "Return-Path",
        "Received",
        "X-SES-Spam-Verdict",
        "X-SES-Virus-Verdict",
        "Received-SPF",
        "Authentication-Results",
    ]
    assert own["Return-Path"] == "<bounces@sender.example>"
    assert "id " + "a" * 40 in own["Received"]
    assert "for support@example.com" in own["Received"]
    assert own["Authentication-Results"].startswith("amazonses.com;")
    assert not own.defects


@pytest.mark.parametrize(
    ("author", "domain"),
    [
        ("News <news@author.example>", "author.example"),
        ("nobody", "sender.example"),
        ("a@bücher.example", "sender.example"),
        ("", "sender.example"),
    ],
)
def test_dmarc_is_about_the_author_and_spf_about_the_envelope(author: str, domain: str) -> None:
    raw = f"From: {author}\r\n\r\nHello\r\n".encode() if author else b"Subject: x\r\n\r\nHello\r\n"
    headers = mail(raw=raw).headers(scan=True).decode()
    assert f"dmarc=pass header.from={domain};" in headers
    assert "domain of sender.example designates" in headers


def test_a_header_that_an_action_added_comes_first() -> None:
    one = mail()
    one.added.insert(0, ("X-One", "1"))
    one.added.insert(0, ("X-Two", "2"))
    assert one.content(scan=True).startswith(b"X-Two: 2\r\nX-One: 1\r\nReturn-Path:")


def test_the_lambda_event_has_the_shape_aws_documents() -> None:
    event = mail(recipients=("support@example.com", "b@example.com")).event(
        recipients=["support@example.com"], scan=True, action=ACTION
    )
    (record,) = event["Records"]
    assert (record["eventSource"], record["eventVersion"]) == ("aws:ses", "1.0")
    described, receipt = record["ses"]["mail"], record["ses"]["receipt"]
    assert described["timestamp"] == "2026-11-24T10:00:01.234Z"
    assert described["source"] == "bounces@sender.example"
    assert described["messageId"] == "a" * 40
    assert described["destination"] == ["support@example.com", "b@example.com"]
    assert described["headersTruncated"] is False
    assert {"name": "Cc", "value": "copy@example.com"} in described["headers"]
    assert described["commonHeaders"] == {
        "returnPath": "bounces@sender.example",
        "from": ["Jürgen <juergen@sender.example>", "Anna <anna@sender.example>"],
        "replyTo": ["answers@sender.example"],
        "to": ["Support <support@example.com>"],
        "cc": ["copy@example.com"],
        "messageId": "<1@sender.example>",
        "date": "Tue, 24 Nov 2026 10:00:00 +0000",
        "subject": "Grüße and more",
    }
    assert receipt["timestamp"] == "2026-11-24T10:00:01.234Z"
    assert isinstance(receipt["processingTimeMillis"], int)
    assert receipt["recipients"] == ["support@example.com"]
    for name in ("spam", "virus", "spf", "dkim", "dmarc"):
        assert receipt[f"{name}Verdict"] == {"status": "PASS"}
    assert receipt["action"] == ACTION
    assert "content" not in json.dumps(event)


def test_headers_beyond_what_lambda_gets_are_cut_and_said_to_be() -> None:
    raw = b"".join(b"X-Header-%d: %s\r\n" % (number, b"x" * 900) for number in range(100)) + RAW
    described = mail(raw).describe(scan=True, most=LAMBDA_HEADERS)
    size = sum(len(header["name"]) + len(header["value"]) for header in described["headers"])
    assert described["headersTruncated"] is True
    assert LAMBDA_HEADERS - 2_000 < size <= LAMBDA_HEADERS
    assert described["commonHeaders"]["subject"] == "Grüße and more"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no headers at all\r\n",
        b"Subject: caf\xe9 \xff\r\nFrom: \xc3\xa9 <a@b.example>\r\n\r\n\x80",
        b"Subject: =?x-nothing?q?=41?= =?utf-8?b?!!!?=\r\nFrom: =?utf-8?q?\r\nTo: <<<,,>>@\r\n\r\n",
        b"From " + b"x" * 990 + b"\r\n: no name\r\n continued\r\n\r\n",
    ],
)
def test_any_bytes_give_an_event_that_is_json(raw: bytes) -> None:
    event = mail(raw).event(recipients=["support@example.com"], scan=True, action=ACTION)
    json.dumps(event, allow_nan=False).encode()
    assert mail(raw).content(scan=True).endswith(raw)


@pytest.mark.parametrize(
    ("body", "spam", "virus"),
    [
        (b"hello", "PASS", "PASS"),
        (GTUBE, "FAIL", "PASS"),
        (EICAR, "PASS", "FAIL"),
        (base64.encodebytes(EICAR), "PASS", "FAIL"),
    ],
)
def test_the_standard_test_patterns_are_found_when_the_rule_scans(body: bytes, spam: str, virus: str) -> None:
    one = mail(RAW + body)
    verdicts = one.verdicts(scan=True)
    assert (verdicts["spam"], verdicts["virus"]) == (spam, virus)
    assert f"X-SES-Spam-Verdict: {spam}\r\n".encode() in one.headers(scan=True)
    assert f"X-SES-Virus-Verdict: {virus}\r\n".encode() in one.headers(scan=True)


def test_without_scanning_the_verdicts_are_disabled() -> None:
    receipt = mail(RAW + GTUBE).receipt(recipients=[], scan=False, action={"type": "Stop"})
    assert receipt["spamVerdict"] == receipt["virusVerdict"] == {"status": "DISABLED"}
    assert receipt["spfVerdict"] == {"status": "PASS"}


def test_a_notice_carries_the_content_only_when_it_is_given() -> None:
    action = {"type": "SNS", "topicArn": "t", "encoding": "UTF-8"}
    bare = mail().notice(recipients=["support@example.com"], scan=True, action=action)
    assert bare["notificationType"] == "Received"
    assert "content" not in bare
    full = mail().notice(recipients=["support@example.com"], scan=True, action=action, content="text")
    assert full["content"] == "text"
