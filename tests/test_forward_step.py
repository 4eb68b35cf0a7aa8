"""The forwarded mail: who it is from, who gets it, what is in its headers, and that its body is untouched."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr
from typing import Any

import forwarding
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbound_aws import KEY, Inbox, refusal
from inbound_bombs import HEAD, MIXED
from limits import MIB
from steps import Forward, Publish, Steps

SENDER = "forwarder@example.com"
RECEIVED = b"Received: from mx.example.net by inbound-smtp.us-east-1.amazonaws.com\r\n"


def forwarded(raw: bytes, *, told: dict[str, Any] | None = None, **options: Any) -> bytes:
    """Return the raw mail that is sent for one that came in."""
    inbox = Inbox(Forward(sender=SENDER, **{"to": {"*": ("jane@example.org",)}, **options}))
    inbox.store(raw)
    inbox.receive(**(told or {}))
    [sent] = inbox.ses.raw
    return sent


def parsed(raw: bytes) -> Message:
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def sent_to(to: dict[str, tuple[str, ...]], *recipients: str) -> list[list[str]]:
    """Return the destinations of each mail that is sent for one that came in."""
    inbox = Inbox(Forward(sender=SENDER, to=to))
    inbox.store(HEAD + b"\r\nhi")
    inbox.receive(recipients=recipients)
    return [sent["Destination"]["ToAddresses"] for sent in inbox.ses.sent]


def test_from_is_ours_and_answers_go_to_the_sender() -> None:
    mail = parsed(forwarded(HEAD + b"\r\nhi"))
    assert mail["From"] == f'"Jane via example.com" <{SENDER}>'
    assert mail["Reply-To"] == '"Jane" <jane@example.net>'
    assert mail["X-Original-From"] == '"Jane" <jane@example.net>'
    assert mail["X-Original-To"] == "support@example.com"
    assert mail["X-Loop"] == SENDER
    assert (mail["To"], mail["Subject"]) == ("support@example.com", "hello")


def test_ses_gets_sender_and_destinations_of_the_envelope() -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("a@example.org", "b@example.org")}))
    inbox.store(HEAD + b"\r\nhi")
    inbox.receive()
    [sent] = inbox.ses.sent
    assert {key: value for key, value in sent.items() if key != "Content"} == {
        "FromEmailAddress": SENDER,
        "Destination": {"ToAddresses": ["a@example.org", "b@example.org"]},
    }


def test_a_configuration_set_is_named_when_there_is_one() -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("a@example.org",)}, configuration_set="email-sending"))
    inbox.store(HEAD + b"\r\nhi")
    inbox.receive()
    assert inbox.ses.sent[0]["ConfigurationSetName"] == "email-sending"


def test_the_sender_s_own_reply_to_is_kept() -> None:
    mail = parsed(forwarded(b"Reply-To: Desk <desk@example.net>, b@example.net\r\n" + HEAD + b"\r\nhi"))
    assert getaddresses([mail["Reply-To"]]) == [("Desk", "desk@example.net"), ("", "b@example.net")]
    assert mail["X-Original-From"] == '"Jane" <jane@example.net>'


@pytest.mark.parametrize(
    ("author", "name", "answers"),
    [
        (b"From: =?utf-8?q?J=C3=A4n?= <jan@example.net>\r\n", "Jän via example.com", "jan@example.net"),
        (b"From: J\xc3\xa4n <jan@example.net>\r\n", "Jän via example.com", "jan@example.net"),
        (b"From: jan@example.net\r\n", "jan@example.net via example.com", "jan@example.net"),
        (b'From: "O\\"Neil, J" <o@example.net>\r\n', 'O"Neil, J via example.com', "o@example.net"),
        (b"", "jane@example.net via example.com", "jane@example.net"),
        (b"From: undisclosed\r\n", "undisclosed via example.com", "jane@example.net"),
        (b"From: a@example.net, b@example.net\r\n", "a@example.net via example.com", "a@example.net"),
    ],
)
def test_the_new_from_says_who_wrote_it(author: bytes, name: str, answers: str) -> None:
    raw = forwarded(author + b"To: support@example.com\r\nSubject: hello\r\n\r\nhi")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    [new] = mail["From"].addresses
    assert (new.display_name, new.addr_spec) == (name, SENDER)
    assert mail["Reply-To"].addresses[0].addr_spec == answers


GONE = [
    b"Return-Path: <bounce@example.net>",
    b"DKIM-Signature: v=1; d=example.net;\r\n b=abc",
    b"DomainKey-Signature: a=b",
    b"Sender: somebody@example.net",
    b"Bcc: hidden@example.net",
    b"Delivered-To: support@example.com",
    b"X-SES-CONFIGURATION-SET-2: theirs",
    b"X-SES-MESSAGE-TAGS: a=b",
    b"X-SES-SOURCE-ARN: arn:aws:ses:us-east-1:111111111111:identity/example.com",
    b"X-SES-RETURN-PATH-ARN: arn",
    b"x-ses-list-management-options: contacts",
    b"X-SES-RECEIPT: abc",
    b"X-Original-To: other@example.com",
]


@pytest.mark.parametrize("line", GONE)
def test_what_would_be_wrong_steer_ses_or_be_refused_is_taken_off(line: bytes) -> None:
    name = line.partition(b":")[0].decode()
    mail = parsed(forwarded(line + b"\r\n" + HEAD + b"\r\nhi"))
    value = line.partition(b":")[2].strip().decode()
    assert value not in mail.get_all(name, [])
    assert b"b=abc" not in mail.as_bytes()


def test_the_message_id_stays_readable_beside_the_one_that_ses_gives() -> None:
    mail = parsed(forwarded(b"Message-ID: <1@example.net>\r\n" + HEAD + b"\r\nhi"))
    assert mail["Message-ID"] is None
    assert mail["X-Original-Message-ID"] == "<1@example.net>"


def test_headers_that_may_be_there_once_are_there_once() -> None:
    twice = b"Subject: again\r\nDate: now\r\nDate: then\r\nTo: b@example.net\r\nCC: c@x.example\r\nCc: d@x.example\r\n"
    raw = forwarded(HEAD + twice + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhi")
    mail = parsed(raw)
    names = [name.lower() for name in mail.keys()]  # noqa: SIM118
    assert len(names) == len(set(names))
    assert (mail["Subject"], mail["Date"], mail["Content-Type"]) == ("hello", "now", "text/plain")
    assert mail["To"] == "support@example.com, b@example.net"


def test_recipients_too_many_to_keep_are_whole_addresses() -> None:
    many = b"To: " + b",\r\n ".join(b"somebody%d@example.net" % number for number in range(2_000))
    [to] = parsed(
        forwarded(many + b"\r\n" + HEAD.replace(b"To: support@example.com\r\n", b"") + b"\r\nhi")
    ).get_all("To", [])
    found = [address for _, address in getaddresses([to])]
    assert found == [f"somebody{number}@example.net" for number in range(50)]


@pytest.mark.parametrize("name", [b"Content-Type", b"content-disposition"])
def test_a_header_that_says_how_to_read_the_body_is_there_whole_or_the_mail_stays(name: bytes) -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("jane@example.org",)}))
    inbox.store(
        name
        + b": multipart/mixed;"
        + b" " * 40_000
        + b"boundary=b\r\n"
        + HEAD
        + b"\r\n--b\r\n\r\nhi\r\n--b--"
    )
    inbox.receive()
    assert inbox.ses.sent == []
    assert inbox.s3.tags[KEY]["ses-regions:forward"] == "unreadable_headers"


def test_the_way_of_the_mail_stays() -> None:
    mail = parsed(forwarded(RECEIVED + b"Received: from pc by mx\r\n" + HEAD + b"Received: last\r\n\r\nhi"))
    assert len(mail.get_all("Received", [])) == 3


def test_what_others_said_of_the_mail_stays() -> None:
    mail = parsed(
        forwarded(b"Authentication-Results: amazonses.com;\r\n\tspf=pass\r\nX-Custom: 1\r\n" + HEAD + b"\r\n")
    )
    assert mail["Authentication-Results"] == "amazonses.com; spf=pass"
    assert mail["X-Custom"] == "1"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (b"Subject: hello\r\n", "[fwd] hello"),
        (b"Subject: [fwd] hello\r\n", "[fwd] hello"),
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n", "[fwd] Grüße"),
        (b"Subject: Gr\xfc\xdfe\r\n", "[fwd] Grüße"),
        (b"Subject:\r\n", "[fwd]"),
        (b"", "[fwd]"),
    ],
)
def test_a_prefix_is_put_before_the_subject_once(subject: bytes, expected: str) -> None:
    raw = forwarded(b"From: a@example.net\r\n" + subject + b"\r\nhi", subject_prefix="[fwd] ")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Subject"] == expected


@pytest.mark.parametrize(
    ("recipients", "expected"),
    [
        (["support@example.com"], [["a@x.example", "b@x.example"]]),
        (["SUPPORT@Example.COM"], [["a@x.example", "b@x.example"]]),
        (["support+billing@example.com"], [["a@x.example", "b@x.example"]]),
        (["info+vip@example.com"], [["vip@x.example"]]),
        (["info+other@example.com"], [["info@x.example"]]),
        (["anybody@example.com"], [["rest@x.example"]]),
        (["anybody+label@example.com"], [["rest@x.example"]]),
        (["anybody@example.org"], [["all@x.example"]]),
        (["anybody@sub.example.com"], [["all@x.example"]]),
        (["quiet@example.com"], []),
        # Nobody gets a mail twice, whomever it was for.
        (["support@example.com", "sales@example.com"], [["b@x.example", "c@x.example"], ["a@x.example"]]),
        (["support@example.com", "support+x@example.com"], [["a@x.example", "b@x.example"]]),
    ],
)
def test_each_recipient_has_destinations(recipients: list[str], expected: list[list[str]]) -> None:
    to = {
        "support@example.com": ("A@x.example", "b@x.example", "a@x.example"),
        "sales@example.com": ("b@x.example", "c@x.example"),
        "info@example.com": ("info@x.example",),
        "info+vip@example.com": ("vip@x.example",),
        "quiet@example.com": (),
        "@example.com": ("rest@x.example",),
        "*": ("all@x.example",),
    }
    assert sent_to(to, *recipients) == expected


def test_mail_for_nobody_in_particular_stays_where_it_is() -> None:
    assert sent_to({"support@example.com": ("a@x.example",)}, "other@example.com") == []


BODIES = {
    "an attachment": MIXED.removeprefix(HEAD)
    + b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n",
    "a signed mail": b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhi \t \r\n--b--\r\n\r\n\r\n",
    "8-bit text": b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe4\xf6\xfc \x80\r\n",
    "every byte": b"\r\n" + bytes(range(256)) * 10,
    "line ends of Unix": b"\r\na\nb\n\n\nc",
    "no end": b"\r\nno line end",
    "nothing": b"\r\n",
    "dots and From lines": b"\r\n.\r\n..\r\nFrom me\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_the_body_is_the_same_byte_for_byte(name: str) -> None:
    raw = HEAD + BODIES[name]
    body = raw[re.search(rb"\r\n\r\n", raw).end() :]  # pyright: ignore[reportOptionalMemberAccess]
    sent = forwarded(raw)
    assert sent.partition(b"\r\n\r\n")[2] == body


def test_a_mail_without_a_blank_line_gets_one() -> None:
    assert forwarded(HEAD + b"no header\r\nmore").partition(b"\r\n\r\n")[2] == b"no header\r\nmore"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: =?utf-8?q?a=0D=0ABcc:_victim@example.org?= <jane@example.net>\r\n\r\nhi",
        b'From: "a\rBcc: victim@example.org" <jane@example.net>\r\n\r\nhi',
        b"From: a <jane@example.net>\rBcc: victim@example.org\r\n\r\nhi",
        b"From: a <jane@example.net\0>\r\nSubject: a\0b\x0b\x0c\x1c\x85c\r\n\r\nhi",
        b"From: jane@example.net\r\nReply-To: =?utf-8?b?YQ0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmc=?= <r@x.example>\r\n\r\n",
        b"From: jane@example.net\r\nSubject: =?utf-8?b?YQ0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmc=?=\r\n\r\nhi",
        b"From: jane@example.net\r\nSubject: \xe4 =?utf-8?b?YQ0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmc=?=\r\n\r\nhi",
        b"From: jane@example.net\r\nMessage-ID: <a\rBcc: victim@example.org>\r\n\r\nhi",
        b"From: jane@example.net\r\nTo: a\rBcc: victim@example.org\r\n\r\nhi",
        b"From: jane@example.net\r\nX-\r\nBcc : victim@example.org\r\n\r\nhi",
        b"From: jane@example.net\r\nX-A: b\r\n \r\n \r\n c\r\n\r\nhi",
        b"From: jane@example.net\n\tBcc: victim@example.org\nX-SES-Source-ARN : a\n\nhi",
    ],
)
def test_no_field_brings_a_header_in(raw: bytes) -> None:
    require_well_formed(forwarded(raw, told={"recipients": ("support@example.com\r\nBcc: v@example.org",)}))


def require_well_formed(raw: bytes) -> None:
    """Check the header block as a strict reader would, and that nothing of ours is there twice."""
    head, blank, _ = raw.partition(b"\r\n\r\n")
    assert blank
    lines = head.split(b"\r\n")
    assert all(re.fullmatch(rb"[\x20-\x7e]*", line) for line in lines)
    assert all(len(line) <= 998 for line in lines)
    assert all(line.strip() for line in lines)
    fields = [line for line in lines if line[:1] not in b" \t"]
    names = [field.partition(b":")[0].lower() for field in fields]
    assert all(re.fullmatch(rb"[!-9;-~]+", name) for name in names)
    assert not any(name in (b"bcc", b"sender", b"message-id") or name.startswith(b"x-ses-") for name in names)
    for once in (b"from", b"to", b"reply-to", b"subject", b"date", b"x-original-to", b"x-original-from"):
        assert names.count(once) <= 1
    assert names.count(b"from") == 1
    assert fields[names.index(b"from")].endswith(b"<forwarder@example.com>") or b"=?" in head


WORDS = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"<", b">", b'"', b"\\", b"\0", b"\x0b", b"\x85", b"\xff", b",",
        b"(", b")", b"@", b";", b"a@example.net", b"=?utf-8?q?=0D=0A?=", b"=?utf-8?b?DQo=?=", b"Bcc: v@example.org",
        b"From: ", b"To: ", b"Cc: ", b"Reply-To: ", b"Subject: ", b"Message-ID: ", b"X-SES-Source-ARN: ", b"X-A:",
        b"Content-Type: ", b"x" * 1200, b" " * 1200, "\u2028\ud7ff\U0001f600".encode(), b"=?utf-7?q?+2AA-?=",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORDS | st.binary(max_size=4), max_size=60), st.text(max_size=30), st.text(max_size=20))
def test_any_heap_of_bytes_is_forwarded_with_good_headers_or_stays(
    words: list[bytes], sender: str, prefix: str
) -> None:
    inbox = Inbox(
        Forward(sender=SENDER, to={"*": ("jane@example.org",)}, automatic=True, subject_prefix="[f]")
    )
    raw = b"".join(words)
    inbox.store(raw)
    inbox.receive(sender=sender or "a@b", recipients=(prefix + "@example.com",))
    if not inbox.ses.raw:
        assert inbox.s3.tags[KEY]["ses-regions:forward"]
        return
    [sent] = inbox.ses.raw
    require_well_formed(sent)
    assert raw.endswith(sent.partition(b"\r\n\r\n")[2])


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=300))
def test_any_name_comes_through_as_it_was(name: str) -> None:
    encoded = base64.b64encode(name.encode())
    mail = parsed(forwarded(b"From: =?utf-8?b?" + encoded + b"?= <jane@example.net>\r\n\r\nhi"))
    shown, address = parseaddr(mail["From"])
    assert (str(make_header(decode_header(shown))), address) == (f"{name[:100]} via example.com", SENDER)


def test_a_mail_larger_than_ses_sends_stays_with_the_reason_at_it() -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("jane@example.org",)}), Publish())
    inbox.store(HEAD + b"\r\n" + b"x" * (40 * MIB))
    inbox.receive()
    assert inbox.ses.sent == []
    assert inbox.s3.tags[KEY] == {"ses-regions:forward": "too_large"}
    assert len(inbox.sns.published) == 1  # what comes after goes on
    assert forwarding.MOST == 40 * MIB


def test_what_ses_refuses_for_good_stays_with_the_reason_at_it() -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("jane@example.org",)}))
    inbox.store(HEAD + b"\r\nhi")
    inbox.ses.refuse = [refusal("SendEmail", "BadRequestException")]
    inbox.receive()
    assert inbox.s3.tags[KEY] == {"ses-regions:forward": "refused_by_ses"}


def test_a_refusal_of_one_recipient_s_mail_keeps_nobody_else_s_back() -> None:
    inbox = Inbox(
        Forward(sender=SENDER, to={"a@example.com": ("x@x.example",), "b@example.com": ("y@y.example",)})
    )
    inbox.store(HEAD + b"\r\nhi")
    inbox.ses.refuse = [refusal("SendEmail", "BadRequestException")]
    inbox.receive(recipients=("a@example.com", "b@example.com"))
    assert [sent["Destination"]["ToAddresses"] for sent in inbox.ses.sent] == [["y@y.example"]]
    assert inbox.s3.tags[KEY] == {"ses-regions:forward": "refused_by_ses"}


@pytest.mark.parametrize("code", ["TooManyRequestsException", "MessageRejected", "SendingPausedException"])
def test_what_ses_refuses_for_now_comes_again(code: str) -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("jane@example.org",)}))
    inbox.store(HEAD + b"\r\nhi")
    inbox.ses.refuse = [refusal("SendEmail", code)]
    with pytest.raises(Exception, match=code):
        inbox.receive()
    inbox.receive()
    assert len(inbox.ses.sent) == 1
    assert KEY not in inbox.s3.tags


def test_memory_that_ran_out_never_sends_half_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(Forward(sender=SENDER, to={"*": ("jane@example.org",)}))
    inbox.store(HEAD + b"\r\n" + b"x" * 400_000)
    get_object = inbox.s3.get_object

    def second_fails(**arguments: Any) -> dict[str, Any]:
        if not arguments["Range"].startswith("bytes=0-"):
            raise MemoryError
        return get_object(**arguments)

    monkeypatch.setattr(inbox.s3, "get_object", second_fails)
    inbox.receive()
    assert inbox.ses.sent == []
    assert inbox.s3.tags[KEY]["ses-regions:forward"] == "unreadable"


def test_all_senders_of_a_deployment_are_known() -> None:
    known = Steps(
        rules={
            "a": (Forward(sender="A@example.com", to={}), Publish()),
            "b": (Forward(sender="b@example.com", to={}),),
        }
    )
    assert known.senders == {"a@example.com", "b@example.com"}
