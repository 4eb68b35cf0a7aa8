"""Which mail is never forwarded: a row for each way mail comes back, answers itself, or harms."""

from __future__ import annotations

from typing import Any

import headers
import loops
import notice
import pytest
from inbound_aws import BUCKET, KEY, Inbox, notification
from inbound_bombs import HEAD
from problems import Problems
from steps import Forward

SENDERS = frozenset({"forwarder@example.com", "other@example.org"})
ORDINARY = HEAD + b"Received: from mx.example.net by inbound-smtp.us-east-1.amazonaws.com\r\n"

REFUSED: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("a bounce", b"", {"sender": ""}, "null_sender"),
    ("a bounce, written out", b"", {"sender": "<>"}, "null_sender"),
    ("a mail daemon", b"", {"sender": "MAILER-DAEMON@mx.example.net"}, "system_sender"),
    ("SES's own bounces", b"", {"sender": "mailer-daemon@amazonses.com"}, "system_sender"),
    ("a mail daemon without a domain", b"", {"sender": "<MAILER-DAEMON>"}, "system_sender"),
    ("a postmaster", b"", {"sender": "Postmaster@example.net"}, "system_sender"),
    ("a mail of ours", b"X-Loop: forwarder@example.com\r\n", {}, "own_mail"),
    ("a mail of another rule", b"X-Loop: a@b\r\nx-loop:  Other@Example.ORG \r\n", {}, "own_mail"),
    ("a copy with SES's headers", b"X-SES-CONFIGURATION-SET: email-sending\r\n", {}, "own_mail"),
    ("25 hops more", b"Received: from a by b\r\n" * 25, {}, "too_many_hops"),
    ("a virus", b"", {"virus": "FAIL"}, "virus_verdict"),
    ("spam", b"", {"spam": "FAIL"}, "spam_verdict"),
    ("what SES could not scan", b"", {"virus": "PROCESSING_FAILED"}, "virus_verdict"),
    ("what SES is not sure of", b"", {"spam": "GRAY"}, "spam_verdict"),
    ("no verdict at all", b"", {"without": ("virus",)}, "virus_verdict"),
    ("a holiday notice", b"Auto-Submitted: auto-replied (vacation)\r\n", {}, "auto_submitted"),
    ("a notice of a machine", b"auto-submitted: AUTO-NOTIFIED; owner-email=a@b\r\n", {}, "auto_submitted"),
    ("a generated mail", b"Auto-Submitted: auto-generated\r\n", {}, "auto_submitted"),
    ("no, and yes", b"Auto-Submitted: no\r\nAuto-Submitted: auto-generated\r\n", {}, "auto_submitted"),
    ("an old holiday notice", b"X-Autoreply: yes\r\n", {}, "auto_reply"),
    ("another one", b"X-Autorespond: hello\r\n", {}, "auto_reply"),
    ("and another", b"Precedence: auto_reply\r\n", {}, "auto_reply"),
    ("bulk", b"Precedence: bulk\r\n", {}, "precedence"),
    ("a list, by precedence", b"Precedence: LIST\r\n", {}, "precedence"),
    ("junk", b"Precedence: junk\r\n", {}, "precedence"),
    ("a list", b"List-Id: <list.example.net>\r\n", {}, "list"),
    ("a newsletter", b"LIST-UNSUBSCRIBE: <mailto:a@b>\r\n", {}, "list"),
    ("Exchange's machines", b"X-Auto-Response-Suppress: All\r\n", {}, "auto_response_suppress"),
]

PASSES: list[tuple[str, bytes, dict[str, Any]]] = [
    ("an ordinary mail", b"", {}),
    ("a person's mail, said so", b"Auto-Submitted: no\r\n", {}),
    ("a first-class mail", b"Precedence: first-class\r\n", {}),
    ("a loop of somebody else", b"X-Loop: them@example.net\r\n", {}),
    ("a word of ours in a header", b"Subject: X-Loop: forwarder@example.com\r\n", {}),
    ("24 hops more", b"Received: from a by b\r\n" * 24, {}),
    ("a rule that does not scan", b"", {"spam": "DISABLED", "virus": "DISABLED"}),
    ("DMARC failed, which is for drop", b"", {"dmarc": "FAIL"}),
    ("somebody called daemon", b"", {"sender": "daemon@example.net"}),
]


def refusal(
    extra: bytes, told: dict[str, Any], *, automatic: bool = False, unsure: bool = False
) -> str | None:
    raw = ORDINARY + extra + b"\r\nhello"
    own = headers.read(raw, 0, len(raw), problems=Problems())
    seen = notice.from_notification(notification(**told), bucket=BUCKET, prefix="mail/")
    assert seen is not None
    return loops.refusal(own, seen, senders=SENDERS, automatic=automatic, unsure=unsure)


@pytest.mark.parametrize(("name", "extra", "told", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_it_is_not_sent_on(name: str, extra: bytes, told: dict[str, Any], reason: str) -> None:
    assert refusal(extra, told) == reason


@pytest.mark.parametrize(("name", "extra", "told"), PASSES, ids=[row[0] for row in PASSES])
def test_it_is_sent_on(name: str, extra: bytes, told: dict[str, Any]) -> None:
    assert refusal(extra, told) is None


LISTS = {"a generated mail", "no, and yes", "bulk", "a list, by precedence", "junk", "a list", "a newsletter"}
LISTS.add("Exchange's machines")
UNSURE = {"what SES could not scan", "what SES is not sure of", "no verdict at all"}


@pytest.mark.parametrize(("name", "extra", "told", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_lists_pass_when_asked_for_and_nothing_else_does(
    name: str, extra: bytes, told: dict[str, Any], reason: str
) -> None:
    assert refusal(extra, told, automatic=True) == (None if name in LISTS else reason)


@pytest.mark.parametrize(("name", "extra", "told", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_ses_is_not_sure_of_passes_when_asked_for_and_nothing_else_does(
    name: str, extra: bytes, told: dict[str, Any], reason: str
) -> None:
    assert refusal(extra, told, unsure=True) == (None if name in UNSURE else reason)


@pytest.mark.parametrize(("name", "extra", "told", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_sent_on_stays_with_the_reason_at_it(
    name: str, extra: bytes, told: dict[str, Any], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Forward(sender="forwarder@example.com", to={"*": ("jane@example.net",)})
    other = Forward(sender="other@example.org", to={})
    inbox = Inbox(step, other)
    inbox.store(ORDINARY + extra + b"\r\nhello")
    inbox.receive(**told)
    assert inbox.ses.sent == []
    assert inbox.s3.tags[KEY]["ses-regions:forward"] == reason
    assert '"NotForwarded": ' in capsys.readouterr().out


def test_a_mail_that_was_forwarded_is_not_forwarded_again() -> None:
    step = Forward(sender="forwarder@example.com", to={"*": ("support@example.com",)})
    inbox = Inbox(step)
    inbox.store(ORDINARY + b"\r\nhello")
    inbox.receive()
    [sent] = inbox.ses.raw
    inbox.store(sent)
    inbox.receive(sender="0100-a@bounce.example.com")
    assert inbox.ses.raw == [sent]
    assert inbox.s3.tags[KEY]["ses-regions:forward"] == "own_mail"


def test_headers_that_were_not_all_read_are_not_trusted() -> None:
    step = Forward(sender="forwarder@example.com", to={"*": ("jane@example.net",)})
    inbox = Inbox(step)
    inbox.store(b"X-A: b\r\n" * 2000 + b"X-Loop: forwarder@example.com\r\n\r\nhello")
    inbox.receive()
    assert inbox.ses.sent == []
    assert inbox.s3.tags[KEY]["ses-regions:forward"] == "unreadable_headers"
