"""The header block of a mail, taken apart and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_ses_regions.local.outbound.bounce_types import bounce_type, status_of
from cdk_ses_regions.local.outbound.headers import Fields, fields_of, folded, split

RAW = b"From: a@b.example\r\nSubject: one\r\n  two\r\nX-A:\r\nx-a: \xff\r\n\r\nBody: no header\r\n"


def test_a_block_is_read_and_written_to_the_byte() -> None:
    fields, body = split(RAW)
    assert [name for name, _ in fields.items] == ["From", "Subject", "X-A", "x-a"]
    assert fields.first("subject") == "one two"
    assert fields.values("X-A") == ["", "\ufffd"]
    assert fields.first("To") == ""
    assert body == b"Body: no header\r\n"
    assert fields.as_bytes() + b"\r\n" + body == RAW
    assert fields_of(RAW) == fields_of(RAW.replace(b"\r\n", b"\n")) == fields


def test_bare_line_ends_become_crlf() -> None:
    fields, body = split(b"From: a@b.example\nTo: c\n\nHello\rthere\n")
    assert fields.pairs() == (("From", "a@b.example"), ("To", "c"))
    assert body == b"Hello\r\nthere\r\n"


def test_what_is_no_header_begins_the_body() -> None:
    fields, body = split(b"From: a@b.example\r\nno colon here\r\n")
    assert len(fields.items) == 1
    assert body == b"no colon here\r\n"


def test_fields_are_taken_out_and_put_before() -> None:
    fields = split(RAW)[0].without(lambda name: name == "x-a").and_before(("Date", "now"))
    assert [name for name, _ in fields.items] == ["Date", "From", "Subject"]
    assert fields.as_bytes().startswith(b"Date: now\r\nFrom: a@b.example\r\n")


@given(st.lists(st.from_regex(r"[a-z]{1,30}@example\.com", fullmatch=True), min_size=1, max_size=60))
def test_a_long_list_of_addresses_is_folded_and_reads_the_same(addresses: list[str]) -> None:
    block = Fields().and_before(folded("To", addresses)).as_bytes()
    assert all(len(line) <= 78 for line in block.split(b"\r\n"))
    assert split(block)[0].first("To") == ", ".join(addresses)


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [(550, "5.1.1 unknown", "5.1.1"), (450, "later", "4.0.0"), (552, "too large (5.3.4)", "5.3.4")],
)
def test_a_reply_has_a_status(code: int, text: str, status: str) -> None:
    assert status_of(code, text) == status


def test_a_status_that_says_nothing_is_undetermined() -> None:
    assert bounce_type("") == ("Undetermined", "Undetermined")
    assert bounce_type("5.7.1") == ("Permanent", "General")
