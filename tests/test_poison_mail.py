"""Mail made to hurt, and mail that happened to: through publishing and forwarding, nothing raised and nothing lost.

CPython's own test mails (where the interpreter has its tests), samples of mail-parser, the bombs of `inbound_bombs`,
and heaps of parts that hypothesis makes. Time is bounded by counting the work; memory is measured in a process apart.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import json_schema
import message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbound_aws import KEY, Inbox
from inbound_bombs import BOMBS, HEAD, MB, MIXED
from limits import DEFAULT
from problems import Problems
from steps import Forward, Publish
from test_forward_step import require_well_formed
from test_inbound_handler import SCHEMA

ROOT = Path(__file__).parent.parent
FORWARD = Forward(
    sender="forwarder@example.com",
    to={"*": ("jane@example.org",)},
    subject_prefix="[fwd]",
    automatic=True,
    unsure=True,
)


def samples() -> dict[str, Path]:
    """Return the sample mails that are on this machine, by name."""
    folders = [Path(__file__).parent / "mails"]
    if (found := importlib.util.find_spec("test")) is not None and found.origin is not None:
        folders.append(Path(found.origin).parent / "test_email" / "data")
    if more := os.environ.get("MAIL_SAMPLES"):
        folders.append(Path(more))
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir())]
    return {file.name: file for file in files if file.is_file() and file.suffix not in (".md", ".py")}


SAMPLES = samples()


def survives(raw: bytes) -> Inbox:
    """Let a mail through publishing and forwarding; check that nothing of it is lost and that it is marked."""
    inbox = Inbox(Publish(), FORWARD)
    inbox.store(raw)
    inbox.receive()
    assert inbox.s3.objects[KEY] == raw
    [event] = inbox.sns.published
    assert list(json_schema.errors(event, SCHEMA, SCHEMA)) == []
    assert event["size"] == len(raw)
    assert "failed" not in {problem["code"] for problem in event["parse"]["problems"]}
    tags = inbox.s3.tags.get(KEY, {})
    assert event["parse"]["complete"] != (tags.get("ses-regions:parse") == "failed")
    assert bool(inbox.ses.sent) != ("ses-regions:forward" in tags)
    assert inbox.s3.calls.count("GetObject") <= 2
    for sent in inbox.ses.raw:
        require_well_formed(sent)
        assert raw.endswith(sent.partition(b"\r\n\r\n")[2])
    return inbox


def test_there_are_samples() -> None:
    assert len([name for name in SAMPLES if name.startswith("mail-parser")]) == 4


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_comes_through(name: str) -> None:
    survives(SAMPLES[name].read_bytes())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_as_ses_stores_it_comes_through(name: str) -> None:
    raw = SAMPLES[name].read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    survives(b"Received: from a by inbound-smtp.us-east-1.amazonaws.com\r\n" + raw)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_comes_through(name: str) -> None:
    survives(BOMBS[name]())


NOT_FORWARDED = {
    "100,000 headers",
    "header of 1 MB",
    "header folded 100,000 times",
    "16,000 addresses",
    "20,000 parameters",  # of the Content-Type, which would not arrive whole
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_not_forwarded_is_what_nobody_can_read_or_ses_would_not_send(name: str) -> None:
    raw = BOMBS[name]()
    reason = survives(raw).s3.tags.get(KEY, {}).get("ses-regions:forward")
    if name in NOT_FORWARDED:
        assert reason == "unreadable_headers"
    else:
        assert reason == ("too_large" if len(raw) > 39 * MB and reason else None)


@pytest.mark.parametrize("name", BOMBS)
def test_the_work_on_a_bomb_is_bounded(name: str) -> None:
    raw = BOMBS[name]()
    read = message.read(raw, problems=Problems())
    assert read.parts <= DEFAULT.parts + 1
    assert read.scanned <= DEFAULT.scanned + len(raw)
    assert len(read.headers.fields) <= DEFAULT.headers
    assert len(read.attachments) <= DEFAULT.parts + 1


def headers_of(size: int, name: bytes, value: bytes) -> bytes:
    return name + b": " + value * (size // max(1, len(value))) + b"\r\n"


VALUES = st.sampled_from(
    [
        b"x",
        b"x ",
        b'"',
        b"(",
        b"<",
        b";",
        b",",
        b"a@b, ",
        b"=?utf-8?q?a?= ",
        b"=?x?b?",
        b"\xe4",
        b"\0",
        b"\r\n ",
        b"=\r\n\t",
    ]
)
NAMES = st.sampled_from(
    [
        b"From",
        b"To",
        b"Subject",
        b"Content-Type",
        b"Content-Transfer-Encoding",
        b"X-A",
        b"Reply-To",
        b"References",
    ]
)
HEADERS = st.builds(headers_of, st.sampled_from([0, 10, 1000, 40_000, 300_000]), NAMES, VALUES)
REPEATED = st.builds(
    lambda header, times: header * times,
    st.sampled_from([b"X-A: b\r\n", b"Received: x\r\n"]),
    st.integers(0, 3000),
)
PARTS = st.builds(
    lambda kind, encoding, body, times: (
        b"--b\r\nContent-Type: "
        + kind
        + b"\r\nContent-Transfer-Encoding: "
        + encoding
        + b"\r\n\r\n"
        + body * times
    ),
    st.sampled_from(
        [
            b"text/plain",
            b"text/html; charset=klingon",
            b"text/plain; charset=utf-16",
            b"a/b; name*0*=x''%ff",
            b"multipart/mixed; boundary=b",
            b"message/rfc822",
            b"multipart/mixed",
            b"/",
        ]
    ),
    st.sampled_from([b"base64", b"quoted-printable", b"morse", b"8bit", b""]),
    st.sampled_from([b"QUJD\r\n", b"=4", b"a\n", b"\0", b"\xff\xfe", b"--b", b"\r\n--b\r\n", b"Q=J\r\n"]),
    st.sampled_from([0, 1, 100, 20_000]),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(HEADERS | REPEATED, max_size=6), st.lists(PARTS, max_size=6), st.integers(0, 10_000))
def test_a_made_bomb_comes_through(headers: list[bytes], parts: list[bytes], depth: int) -> None:
    levels = range(depth if depth % 7 == 0 else depth % 5)
    nest = b"".join(
        b"--b\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in levels
    )
    survives(b"".join(headers) + MIXED + nest + b"".join(parts))


@pytest.mark.parametrize("cut", range(0, len(MIXED) + 60, 7))
def test_a_mail_cut_anywhere_comes_through(cut: int) -> None:
    whole = MIXED + b"--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n"
    survives(whole[:cut])


HEAVY = {
    "40 MB of two-byte lines": "forward",
    "40 MB base64": "forward",
    "40 MB of almost boundaries": "forward",
    "100,000 parts": "forward",
    "16,000 addresses": "handle",  # what headers as long as that say is not known whole: it is not sent on
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("name", HEAVY)
def test_a_bomb_is_handled_within_512_mb(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mail"
    raw = BOMBS[name]()
    file.write_bytes(raw[: 40 * MB - 64 * 1024])  # the largest that SES sends, its new headers included
    run = [sys.executable, "-m", "benchmarks.inbound", HEAVY[name], str(file)]
    done = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True)
    assert float(done.stdout) < 512


def test_a_mail_with_a_body_and_no_header_is_forwarded_with_ours() -> None:
    inbox = survives(b"\r\n" + HEAD)
    [sent] = inbox.ses.raw
    assert sent.endswith(b"\r\n\r\n" + HEAD)
