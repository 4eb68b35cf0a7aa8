from __future__ import annotations

import base64
import hashlib
import quopri
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.message import Message as EmailPart
from pathlib import Path
from types import MappingProxyType
from typing import cast

import decoding
import headers
import message
import pytest
from inbound_bombs import BOMBS, HEAD, MIXED, many_parts, nested
from limits import DEFAULT
from message import Message
from problems import DEFECTS, LOSSES, Problem, Problems

# Python's own samples; a Python that comes without its tests makes do with three of ours.
SAMPLES = {
    path.name: path.read_bytes()
    for path in sorted(Path(sysconfig.get_path("stdlib"), "test", "test_email", "data").glob("msg_*.txt"))
} or {name: BOMBS[name]() for name in ("no headers", "8-bit headers", "boundary missing")}


def read(raw: bytes, **limits: int) -> tuple[Message, Problems]:
    problems = Problems()
    return message.read(raw, problems=problems, limits=replace(DEFAULT, **limits)), problems


def codes(problems: Problems) -> set[str]:
    return {problem.code for problem in problems.found}


def content_of(raw: bytes) -> str | None:
    text = read(raw)[0].text
    return text.content if text else None


def test_text_html_and_attachments_of_an_ordinary_mail_are_found() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Grüße"
    mail.set_content("Guten Tag, schöne Welt\n")
    mail.add_alternative("<p>Guten Tag</p><img src='cid:logo'>\n", subtype="html")
    mail.add_attachment(b"%PDF" * 1000, maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    found, problems = read(mail.as_bytes())
    assert found.text is not None
    assert found.html is not None
    assert found.text.content == "Guten Tag, schöne Welt\n"
    assert found.html.content.startswith("<p>Guten Tag</p>")
    [pdf] = found.attachments
    assert (pdf.filename, pdf.content_type, pdf.size) == ("Rechnung März.pdf", "application/pdf", 4000)
    assert pdf.sha256 == hashlib.sha256(b"%PDF" * 1000).hexdigest()
    assert pdf.part == "2"
    assert problems.complete
    assert not problems.found


def test_an_attachment_s_offset_and_length_point_into_the_stored_mail() -> None:
    raw = MIXED + b"--b\r\nContent-Type: a/b\r\n\r\none\r\ntwo\r\n--b--\r\n"
    [attachment] = read(raw)[0].attachments
    assert raw[attachment.offset : attachment.offset + attachment.length] == b"one\r\ntwo"


def test_line_ends_without_carriage_return_are_read_as_well() -> None:
    raw = MIXED + b"--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b\r\n\r\ntext\r\n--b--\r\n"
    unix = read(raw.replace(b"\r\n", b"\n"))[0]
    assert unix.text is not None
    assert unix.html is not None
    assert (unix.text.content, unix.html.content) == ("text", "<p>")


def test_a_forwarded_mail_is_an_attachment_and_is_not_opened() -> None:
    raw = MIXED + b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n"
    found, _ = read(raw)
    assert [attachment.content_type for attachment in found.attachments] == ["message/rfc822"]


def test_the_parts_of_a_digest_are_mails() -> None:
    raw = (
        MIXED.replace(b"multipart/mixed", b"multipart/digest")
        + b"--b\r\n\r\nSubject: a\r\n\r\nx\r\n--b--\r\n"
    )
    assert [attachment.content_type for attachment in read(raw)[0].attachments] == ["message/rfc822"]


def test_text_that_is_attached_is_an_attachment() -> None:
    raw = (
        MIXED
        + b"--b\r\n\r\nbody\r\n"
        + b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n"
        + b"--b\r\nContent-Type: text/plain; name=b.txt\r\n\r\nfile\r\n--b--\r\n"
    )
    found, _ = read(raw)
    assert found.text is not None
    assert found.text.content == "body"
    assert [attachment.filename for attachment in found.attachments] == ["a.txt", "b.txt"]


def test_several_inline_texts_are_joined() -> None:
    assert content_of(MIXED + b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n") == "one\ntwo"


def test_preamble_and_epilogue_are_no_content() -> None:
    assert content_of(MIXED + b"preamble\r\n--b\r\n\r\nx\r\n--b--\r\nepilogue\r\n--b\r\n\r\ny\r\n") == "x"


def test_a_boundary_that_begins_like_another_is_another() -> None:
    assert content_of(MIXED + b"--b\r\n\r\nx\r\n--bb\r\ny\r\n--b-\r\n--b--\r\n") == "x\r\n--bb\r\ny\r\n--b-"


def test_spaces_behind_a_boundary_are_allowed() -> None:
    assert content_of(MIXED + b"--b  \r\n\r\nx\r\n--b-- \t\r\n") == "x"


def test_an_inner_multipart_ends_where_the_outer_one_goes_on() -> None:
    raw = (
        MIXED
        + b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\ninner\r\n"
        + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n"
    )
    found, problems = read(raw)
    assert found.text is not None
    assert found.text.content == "inner"
    assert [attachment.part for attachment in found.attachments] == ["2"]
    assert Problem("missing_closing_boundary", "1") in problems.found
    assert problems.complete


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (b"utf-8", "schön".encode(), "schön"),
        (b"ISO-8859-1", b"sch\xf6n \x80", "schön €"),
        (b"us-ascii", "schön".encode(), "schön"),
        (b"", b"sch\xf6n", "schön"),
        (b"unknown-8bit", "schön".encode(), "schön"),
        (b"DEFAULT", b"plain", "plain"),
        (b"GB2312", "㐀你好".encode("gb18030"), "㐀你好"),
        (b"GB2312_CHARSET", "你好".encode("gb2312"), "你好"),
        (b"CHINESEBIG5", "你好".encode("big5"), "你好"),
        (b"ks_c_5601-1987", "안녕".encode("cp949"), "안녕"),
        (b'"charset=us-ascii"', b"plain", "plain"),
        (b"iso-2022-jp", "日本".encode("iso-2022-jp"), "日本"),
        (b"utf-16", "日本".encode("utf-16"), "日本"),
    ],
)
def test_charsets_are_decoded_as_mail_programs_mean_them(charset: bytes, data: bytes, text: str) -> None:
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + data
    found, problems = read(raw)
    assert found.text is not None
    assert found.text.content == text
    assert not problems.found


def test_an_unknown_charset_is_noted_and_the_text_still_read() -> None:
    found, problems = read(BOMBS["unknown charset and encoding"]())
    assert found.text is not None
    assert found.text.content == "ä"
    assert codes(problems) == {"unknown_charset", "unknown_transfer_encoding"}
    assert problems.complete


def test_bytes_that_are_not_of_the_charset_are_replaced() -> None:
    found, problems = read(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\na\xffb")
    assert found.text is not None
    assert found.text.content == "a\ufffdb"
    assert codes(problems) == {"undecodable_text"}


@pytest.mark.parametrize(
    "label", ["zlib", "hex", "rot13", "punycode", "idna", "undefined", "unicode_escape", "uu"]
)
def test_a_codec_of_python_that_is_no_charset_is_refused(label: str) -> None:
    assert decoding.codec(label) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?= au lait", "café au lait"),
        ("a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
        ("=?utf-8?b?w?= x", "=?utf-8?b?w?= x"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        ("=?utf-8*en?q?hi_there?=", "hi there"),
        ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?q??= x", " x"),
    ],
)
def test_encoded_words_are_decoded(value: str, text: str) -> None:
    assert headers.decode(value) == text


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ("text/plain", {}),
        ('a/b; name="x;y\\"z"', {"name": 'x;y"z'}),
        ("a/b; NAME = x ; name=y", {"name": "x"}),
        ("a/b; filename*=utf-8''M%C3%A4rz.pdf", {"filename": "März.pdf"}),
        ("a/b; filename*0*=utf-8''M%C3%A4; filename*1=rz; filename*2=.pdf", {"filename": "März.pdf"}),
        ("a/b; filename*1=b; filename*0=a", {"filename": "ab"}),
        ('a/b; name="=?utf-8?q?M=C3=A4rz?="', {"name": "März"}),
        ('a/b; name="never closed', {"name": "never closed"}),
    ],
)
def test_parameters_are_taken_apart(value: str, parameters: dict[str, str]) -> None:
    assert headers.parameters(value)[1] == parameters


def test_only_the_first_parameters_are_looked_at() -> None:
    value = "a/b" + "".join(f"; p{n}=x" for n in range(500))
    assert len(headers.parameters(value)[1]) == DEFAULT.parameters_number


def test_addresses_keep_their_decoded_names() -> None:
    values = ["=?utf-8?q?J=C3=A4n?= <jan@example.net>, b@example.net", '"Last, First" <c@example.net>']
    found = headers.addresses(values, problems=Problems())
    assert [(address.name, address.address) for address in found] == [
        ("Jän", "jan@example.net"),
        ("", "b@example.net"),
        ("Last, First", "c@example.net"),
    ]


def test_addresses_nobody_can_read_are_noted() -> None:
    problems = Problems()
    assert headers.addresses(["(" * 5000], problems=problems) == []
    assert codes(problems) == {"unreadable_addresses"}


@pytest.mark.parametrize("value", ["undisclosed-recipients:;", "", "  ", "Undisclosed recipients: ;"])
def test_a_header_that_names_nobody_is_no_problem(value: str) -> None:
    problems = Problems()
    assert headers.addresses([value], problems=problems) == []
    assert not problems.found


def test_too_many_addresses_are_cut_between_two_of_them() -> None:
    value = ", ".join(f"user{n}@example.com" for n in range(5000))
    found = headers.addresses([value], problems=Problems())
    assert 100 < len(found) < 1000
    assert all(re.fullmatch(r"user\d+@example\.com", address.address) for address in found)


def test_folded_headers_are_unfolded_and_eight_bit_ones_read() -> None:
    own = read(b"Subject: a\r\n b\r\n\tc\r\nX-Name: \xe4\r\n\r\n body")[0].headers
    assert own.fields == (("Subject", "a b\tc"), ("X-Name", "ä"))


def test_a_line_that_is_no_header_starts_the_body() -> None:
    found, problems = read(b"Subject: a\r\nthis is text\r\n\r\nmore")
    assert found.text is not None
    assert found.text.content == "this is text\r\n\r\nmore"
    assert codes(problems) == {"missing_header_separator"}


def test_the_line_of_an_mbox_before_the_headers_is_skipped() -> None:
    own = read(b"From jane Mon Nov 30 10:15:00 2026\nSubject: a\n\nbody")[0].headers
    assert own.fields == (("Subject", "a"),)


@pytest.mark.parametrize(
    ("raw", "limits", "code"),
    [
        (b"Subject: " + b"x" * 500 + b"\r\n\r\nbody", {"header": 100}, "header_too_long"),
        (b"A: b\r\n" * 50 + b"\r\nbody", {"headers": 10}, "too_many_headers"),
        (b"A: b\r\n" * 50 + b"\r\nbody", {"header_block": 100}, "header_block_too_large"),
    ],
)
def test_headers_beyond_a_limit_are_left_out_and_the_body_is_still_found(
    raw: bytes, limits: dict[str, int], code: str
) -> None:
    found, problems = read(raw, **limits)
    assert code in codes(problems)
    assert not problems.complete
    assert found.text is not None
    assert found.text.content == "body"
    assert sum(len(value) for _, value in found.headers.fields) <= 100


def test_no_more_parts_are_visited_than_allowed() -> None:
    found, problems = read(many_parts(100_000))
    assert found.parts == DEFAULT.parts
    assert "too_many_parts" in codes(problems)


def test_parts_are_not_entered_deeper_than_allowed() -> None:
    found, problems = read(nested(10_000))
    assert found.parts == DEFAULT.depth + 1
    assert "too_deep" in codes(problems)
    assert [attachment.content_type for attachment in found.attachments] == ["multipart/mixed"]


def test_bytes_are_not_looked_through_again_and_again() -> None:
    found, problems = read(nested(40) + b"\r\n" + b"a\n" * 50_000, scanned=1_000_000)
    assert found.scanned <= 1_000_000 + 110_000
    assert "too_much_nesting" in codes(problems)


def test_text_is_cut_at_its_limit_and_says_so() -> None:
    found, problems = read(HEAD + b"\r\n" + "ä".encode() * 200_000)
    assert found.text is not None
    assert found.text.content == "ä" * DEFAULT.text
    assert found.text.truncated
    assert problems.complete


def test_text_of_exactly_the_limit_is_not_called_cut() -> None:
    found, _ = read(HEAD + b"\r\n" + b"a" * DEFAULT.text)
    assert found.text is not None
    assert not found.text.truncated


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("size", [4, 5, 7, 64, 1000])
def test_content_decoded_in_pieces_is_the_content(encoding: str, size: int) -> None:
    content = bytes(range(256)) * 3 + b"end of it"
    encode = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}
    encoded = encode[encoding](content)
    problems = Problems()
    pieces = decoding.pieces(encoded, 0, len(encoded), encoding, problems=problems, size=size)
    assert b"".join(pieces) == content
    assert not problems.found


@pytest.mark.parametrize("encoded", [b"QUJD\r\nQ", b"QUI=QUJD", b"QU==\r\nQUJD"])
def test_broken_base64_is_noted_and_decoded_as_far_as_it_goes(encoded: bytes) -> None:
    problems = Problems()
    assert b"".join(decoding.pieces(encoded, 0, len(encoded), "base64", problems=problems)).startswith(b"A")
    assert codes(problems) == {"broken_base64"}


def test_line_ends_and_stray_bytes_in_base64_are_no_fault() -> None:
    problems = Problems()
    encoded = b"Q U-J\r\nD\0QUI"
    assert b"".join(decoding.pieces(encoded, 0, len(encoded), "base64", problems=problems)) == b"ABCAB"
    assert not problems.found


@pytest.mark.parametrize("name", ["boundary missing", "boundary not found"])
def test_a_multipart_without_its_boundary_is_shown_as_text(name: str) -> None:
    found, problems = read(BOMBS[name]())
    assert found.text is not None
    assert "hello" in found.text.content
    assert codes(problems) == {"missing_boundary"}
    assert not problems.complete


def test_one_kind_of_problem_does_not_hide_the_others() -> None:
    _, problems = read(nested(60))
    assert {"missing_closing_boundary", "too_deep"} <= codes(problems)


def test_a_problem_nobody_documented_is_refused() -> None:
    with pytest.raises(ValueError, match="not documented"):
        Problems().add("surprise")


def test_every_code_in_the_source_is_used_and_none_is_in_both_kinds() -> None:
    assert not LOSSES & DEFECTS
    root = Path(message.__file__).parent
    source = "".join(path.read_text() for path in root.glob("*.py"))
    used = MappingProxyType({code: source.count(f'problems.add("{code}"') for code in LOSSES | DEFECTS})
    assert [code for code, times in used.items() if not times] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_cpython_s_own_samples_are_read_like_cpython_reads_them(name: str) -> None:
    raw = SAMPLES[name]
    expected = [(key, " ".join(str(value).split())) for key, value in message_from_bytes(raw).raw_items()]
    found = [(key, " ".join(value.split())) for key, value in read(raw)[0].headers.fields]
    assert [key for key, _ in found] == [key for key, _ in expected]
    assert not raw.isascii() or found == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_every_file_in_cpython_s_samples_is_in_the_inventory(name: str) -> None:
    opened = list(outside_of_mails(message_from_bytes(SAMPLES[name])))
    expected = [part.get_filename() for part in opened if part.get_filename()]
    assert [part.filename for part in read(SAMPLES[name])[0].attachments if part.filename] == expected


def outside_of_mails(part: EmailPart) -> Iterator[EmailPart]:
    yield part
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.get_payload():
            yield from outside_of_mails(cast("EmailPart", child))
