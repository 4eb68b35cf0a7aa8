"""From the bytes of a part to what they stand for: transfer encodings, in pieces, and character sets."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator

from limits import MIB
from problems import Problems

Bytes = bytes | bytearray

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))

# What mail programs write, to what Python calls it; a superset where the label is commonly wrong.
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb2312_charset": "gb18030",
    "chinesebig5": "big5",
    "big5": "cp950",
    "x-x-big5": "cp950",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
}
# No charset to go by: mail programs write these when they do not know it themselves, ASCII among them.
_NO_CHARSETS = frozenset(
    {"", "default", "unknown", "unknown-8bit", "x-unknown", "none", "8bit", "binary", "us-ascii", "ascii"}
)
# Python codecs that are no charset of a mail; some take quadratic time.
_NOT_FOR_MAIL = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")

IDENTITIES = frozenset({"", "7bit", "8bit", "binary"})


def codec(charset: str) -> str | None:
    """Return Python's name for a mail's charset label; None when there is no such charset."""
    label = charset.strip(" \t\"'").lower().removeprefix("charset=").strip(" \t\"'")
    label = _ALIASES.get(label, label)
    if _LABEL.fullmatch(label) is None:
        return None
    try:
        info = codecs.lookup(label)
        b"a".decode(label, "replace")  # refuses Python's bytes-to-bytes codecs
    except (LookupError, ValueError):
        return None
    return None if info.name.replace("-", "_") in _NOT_FOR_MAIL else info.name


def guess(data: Bytes, *, final: bool = True) -> str:
    """Return text of unknown charset: UTF-8 if it is, else Windows-1252, which knows nearly every byte."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final)
    except UnicodeDecodeError:
        return str(data, "cp1252", "replace")


def text(data: Bytes, charset: str, *, problems: Problems, part: str = "", final: bool = True) -> str:
    """Return `data` as text, whatever it takes.

    Args:
        data: decoded from its transfer encoding.
        charset: the label the mail gives; empty for none.
        problems: receives `unknown_charset` and `undecodable_text`.
        part: number of the MIME part, for the problems.
        final: False when `data` was cut, maybe within a character.
    """
    if charset.strip().lower().removeprefix("charset=") in _NO_CHARSETS:
        return guess(data, final=final)
    name = codec(charset)
    if name is None:
        problems.add("unknown_charset", part=part, detail=charset)
        return guess(data, final=final)
    decoder = codecs.getincrementaldecoder(name)
    try:
        return decoder().decode(data, final)
    except UnicodeError:
        pass
    if name == "cp1252":  # labelled Latin; what is no Windows-1252 either is most often UTF-8
        return guess(data, final=final)
    problems.add("undecodable_text", part=part, detail=charset)
    try:
        return decoder("replace").decode(data, final)
    except UnicodeError:  # a few codecs refuse even so
        return guess(data, final=final)


def pieces(
    data: Bytes, start: int, end: int, encoding: str, *, problems: Problems, part: str = "", size: int = MIB
) -> Iterator[bytes]:
    """Yield the decoded content of `data[start:end]` piece by piece, never a large part at once.

    Args:
        data: the whole mail.
        start: first byte of the part's body.
        end: the byte after its last.
        encoding: the Content-Transfer-Encoding, lower case; unknown ones are passed through as they are.
        problems: receives `broken_base64` and `unknown_transfer_encoding`.
        part: number of the MIME part, for the problems.
        size: bytes of `data` decoded at once.
    """
    if encoding == "base64":
        return _base64(data, start, end, problems=problems, part=part, size=size)
    if encoding == "quoted-printable":
        return _quoted_printable(data, start, end, size=size)
    if encoding not in IDENTITIES:
        problems.add("unknown_transfer_encoding", part=part, detail=encoding)
    return (bytes(data[at : min(at + size, end)]) for at in range(start, end, size))


def _base64(
    data: Bytes, start: int, end: int, *, problems: Problems, part: str, size: int
) -> Iterator[bytes]:
    rest = b""
    for at in range(start, end, size):
        letters = bytes(data[at : min(at + size, end)]).translate(None, _NOT_BASE64)
        letters, padding, after = (rest + letters).partition(b"=")
        whole = len(letters) - len(letters) % 4
        yield binascii.a2b_base64(letters[:whole])
        rest = letters[whole:]
        if padding:
            tail = after + bytes(data[min(at + size, end) : min(at + size + 64, end)])
            if tail.translate(None, _NOT_BASE64).strip(b"="):
                problems.add("broken_base64", part=part, detail="data after the padding")
            break
    if len(rest) == 1:
        problems.add("broken_base64", part=part, detail="cut within a byte")
    elif rest:
        yield binascii.a2b_base64(rest + b"==")


def _quoted_printable(data: Bytes, start: int, end: int, *, size: int) -> Iterator[bytes]:
    at = start
    while at < end:
        stop = min(at + size, end)
        if stop < end:
            line = data.rfind(b"\n", at, stop)
            escape = data.rfind(b"=", stop - 2, stop)
            # Cut after a line, so that a soft line break stays whole; in an endless line, before an escape.
            stop = line + 1 if line >= at else escape if escape > at else stop
        yield binascii.a2b_qp(bytes(data[at:stop]))
        at = stop
