"""The headers of a forwarded mail. The body is never looked at: what was signed or encrypted in it stays so.

From becomes an address of the deployment, since SES sends for no other and DMARC would refuse it; answers go to the
sender all the same. Every header is written anew from what was read, so that no byte of a stranger ends a line, and
nothing in it steers SES (`X-SES-...`). https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

import headers
from headers import Address, Headers
from loops import LOOP_HEADER
from problems import Problems

_LINE = 998  # RFC 5322, without the line end; SES refuses longer ones
_FOLD = 900
_NAME_LENGTH = 100  # characters of a display name
_ADDRESSES = 50
_CHUNK = 45  # bytes in an encoded word, which may have 75 characters

# RFC 5322 allows these once, and SES refuses a mail that has them twice.
_SINGLE = frozenset(
    {
        "date",
        "subject",
        "to",
        "cc",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-description",
        "content-id",
        "content-language",
        "content-location",
        "importance",
        "priority",
        "x-priority",
        "precedence",
        "auto-submitted",
    }
)
_REMOVED = frozenset(
    {
        "from",  # written anew
        "reply-to",
        "message-id",  # SES gives it one of its own
        "sender",  # would have to be verified as well
        "return-path",  # of the envelope that ended here
        "delivered-to",
        "bcc",
        "resent-bcc",
        "dkim-signature",  # From was part of it; SES signs anew
        "domainkey-signature",
        "x-original-to",
        "x-original-from",
        "x-original-message-id",
    }
)
_REMOVED_PREFIXES = ("x-ses-",)  # configuration set, tags, ARNs: SES would obey them
_RECIPIENTS = frozenset({"to", "cc"})
_NAME = re.compile(r"[!-9;-~]{1,76}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,500}>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_ASCII = re.compile(r"[^\x20-\x7e\t]")


def head(own: Headers, *, sender: str, envelope_sender: str, recipient: str, subject_prefix: str) -> bytes:
    """Return the header block of the forwarded mail, the blank line after it included.

    Args:
        own: the headers of the mail, none of them left out.
        sender: the new From.
        envelope_sender: gets the answers when the headers name nobody.
        recipient: whom the mail was for.
        subject_prefix: is put before the subject, unless it is there already.
    """
    lines: list[str] = []
    seen: set[str] = set()
    for name, value in own.fields:
        key = name.lower()
        if key in _REMOVED or key.startswith(_REMOVED_PREFIXES) or _NAME.fullmatch(name) is None:
            continue
        if key in _SINGLE or key.startswith("list-"):
            if key in seen:
                continue
            seen.add(key)
        if key == "subject":
            lines.append(_subject(value, subject_prefix))
        elif key in _RECIPIENTS:
            lines += _addresses(name, own)
        else:
            lines.append(_header(name, _plain(value)))
    if subject_prefix and "subject" not in seen:
        lines.append(_subject("", subject_prefix))
    authors = _readable(own.all("From"))
    answers = _readable(own.all("Reply-To")) or authors or _readable([envelope_sender])
    lines.append(_header("From", f"{_phrase(_via(own, envelope_sender, sender))} <{sender}>"))
    lines += _listed("Reply-To", answers)
    lines += _listed("X-Original-From", authors)
    if _ADDRESS.fullmatch(recipient):
        lines.append(_header("X-Original-To", recipient))
    if message_id := _MESSAGE_ID.search(own.first("Message-ID")):
        lines.append(_header("X-Original-Message-ID", message_id[0]))
    lines.append(_header(LOOP_HEADER, sender.lower()))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _via(own: Headers, envelope_sender: str, sender: str) -> str:
    """Return the display name of the new From: who wrote it, and through whom it came."""
    first = next(iter(headers.addresses(own.all("From"), problems=Problems())), None)
    author = (first.name or first.address) if first else envelope_sender
    author = " ".join(_CONTROLS.sub(" ", author).split())[:_NAME_LENGTH]
    return f"{author or 'unknown'} via {sender.rpartition('@')[2]}"


def _readable(values: list[str]) -> list[Address]:
    found = headers.addresses(values, problems=Problems())
    return [one for one in found if _ADDRESS.fullmatch(one.address)][:_ADDRESSES]


def _addresses(name: str, own: Headers) -> list[str]:
    """Return an address header as it was, when it is whole and plain ASCII; otherwise its addresses, written anew."""
    values = own.all(name)
    value = ", ".join(values)
    if value.isascii() and name.lower() not in own.cut:
        return [_header(name, _plain(value))]
    return _listed(name, _readable(values))


def _listed(name: str, addresses: Iterable[Address]) -> list[str]:
    written = [f"{_phrase(one.name)} <{one.address}>" if one.name else one.address for one in addresses]
    return [_header(name, ",\r\n ".join(written))] if written else []


def _phrase(name: str) -> str:
    """Return a display name: quoted, or in encoded words."""
    name = " ".join(_CONTROLS.sub(" ", name).split())[: 2 * _NAME_LENGTH]
    if name.isascii():
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _encoded(name)


def _subject(value: str, prefix: str) -> str:
    text = value
    if prefix and not headers.decode(value).startswith(prefix):
        text = prefix.rstrip() + " " + value if value else prefix.rstrip()
    text = _CONTROLS.sub(" ", text)
    return _header("Subject", text if text.isascii() else _encoded(headers.decode(text)))


def _encoded(text: str) -> str:
    """Return text as encoded words (RFC 2047), none of which splits a character."""
    words: list[str] = []
    chunk = b""
    for character in _CONTROLS.sub(" ", text):
        data = character.encode("utf-8", "replace")
        if len(chunk) + len(data) > _CHUNK:
            words.append(_word(chunk))
            chunk = b""
        chunk += data
    words.append(_word(chunk))
    return "\r\n ".join(words)


def _word(data: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(data).decode()}?="


def _plain(value: str) -> str:
    """Return a header's value in ASCII; what is not becomes a question mark, as in a file name of a mail."""
    return _NOT_ASCII.sub("?", _CONTROLS.sub(" ", value.replace("\t", " ")))


def _header(name: str, value: str) -> str:
    """Return a header, folded where a line would be too long for SES."""
    return "\r\n".join(_folded(line) for line in f"{name}: {value}".split("\r\n"))


def _folded(line: str) -> str:
    lines: list[str] = []
    while len(line) > _LINE:
        at = line.rfind(" ", 1, _FOLD)
        at = at if at > 0 and line[:at].strip() else _FOLD  # a word without end is cut
        lines.append(line[:at])
        line = " " + line[at:].lstrip()  # a line of blanks alone would end the headers for some
    return "\r\n".join([*lines, line])
