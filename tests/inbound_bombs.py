"""Mails made to hurt their reader, each a few lines to make."""

from __future__ import annotations

import base64
from collections.abc import Callable

MB = 1024 * 1024
HEAD = b"From: Jane <jane@example.net>\r\nTo: support@example.com\r\nSubject: hello\r\n"
MIXED = HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"


def nested(depth: int) -> bytes:
    """Return multiparts within multiparts."""
    return HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )


def many_parts(number: int) -> bytes:
    """Return a mail of many small parts."""
    return MIXED + b"--b\r\n\r\nx\r\n" * number + b"--b--\r\n"


BOMBS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "only line ends": lambda: b"\r\n" * 1000,
    "no headers": lambda: b"just text, and no colon in it\r\nmore\r\n",
    "header of 1 MB": lambda: b"Subject: " + b"x" * MB + b"\r\n\r\nbody",
    "header folded 100,000 times": lambda: b"Subject: a" + b"\r\n b" * 100_000 + b"\r\n\r\nbody",
    "100,000 headers": lambda: b"X-A: b\r\n" * 100_000 + b"\r\nbody",
    "nesting of 10,000": lambda: nested(10_000),
    "100,000 parts": lambda: many_parts(100_000),
    "nested over a large body": lambda: nested(45) + b"\r\n" + b"a\n" * (8 * MB),
    "40 MB of two-byte lines": lambda: HEAD + b"\r\n" + b"a\n" * (20 * MB),
    "40 MB of two-byte lines in a part": lambda: (
        MIXED + b"--b\r\nContent-Type: x/y\r\n\r\n" + b"a\n" * (20 * MB)
    ),
    "40 MB of almost boundaries": lambda: MIXED + b"\n--b-" * (8 * MB),
    "40 MB base64": lambda: (
        MIXED
        + b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes(range(256)) * (29 * MB // 256)).replace(b"\n", b"\r\n")
        + b"--b--\r\n"
    ),
    "40 MB in one quoted-printable line": lambda: (
        HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=4" * (20 * MB)
    ),
    "NUL bytes": lambda: HEAD.replace(b"hello", b"h\0llo") + b"\r\n" + b"\0" * MB,
    "only NUL bytes": lambda: b"\0" * MB,
    "8-bit headers": lambda: (
        b"From: J\xe4n <j@example.net>\r\nSubject: \xff\xfe\xc3\r\n\xe4: \xe4\r\n\r\n\xe4"
    ),
    "16,000 addresses": lambda: (
        b"To: " + b", ".join(b"user%d@example.com" % n for n in range(16_000)) + b"\r\n\r\n"
    ),
    "16,000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 16_000 + b"\r\n\r\n",
    "encoded words of binary": lambda: (
        b"Subject: =?rot13?q?a?= =?hex?b?!?= =?x?b?A?= =?utf-16?b?AA==?=\r\n\r\n"
    ),
    "20,000 parameters": lambda: b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nbody",
    "semicolons": lambda: b"Content-Type: multipart/mixed" + b";" * 30_000 + b"\r\n\r\nbody",
    "quotes": lambda: b"From: " + b'"' * 8_000 + b"\r\nContent-Type: a/b; c=" + b'"' * 8_000 + b"\r\n\r\n",
    "comments in comments": lambda: b"From: " + b"(" * 16_000 + b"\r\n\r\n",
    "angle brackets": lambda: b"Message-ID: " + b"<" * 30_000 + b"\r\nFrom: " + b"<" * 30_000 + b"\r\n\r\n",
    "costly headers in 1,000 parts": lambda: (
        MIXED + (b"--b\r\nContent-Type: text/plain" + b';a*0="' * 2_000 + b"\r\n\r\nx\r\n") * 1_000
    ),
    "unknown charset and encoding": lambda: (
        HEAD + b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: morse\r\n\r\n\xe4"
    ),
    "charsets that are none": lambda: (
        MIXED
        + b"".join(
            b"--b\r\nContent-Type: text/plain; charset=%s\r\n\r\n%s\r\n" % (name, b"a-\xe4" * 30_000)
            for name in (
                b"punycode",
                b"idna",
                b"undefined",
                b"zlib",
                b"unicode_escape",
                b"a\0b",
                b"../etc",
                b"utf-7",
            )
        )
    ),
    "lone surrogates": lambda: (
        HEAD.replace(b"hello", b"=?utf-7?q?+2AA-?=")
        + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-+//4-+//8-"
    ),
    "broken base64": lambda: (
        HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJ=DQ=xx\r\nQ"
    ),
    "boundary missing": lambda: HEAD + b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nhello",
    "boundary not found": lambda: MIXED + b"hello",
    "boundary within itself": lambda: MIXED + b"--b\r\n" * 50_000,
    "huge boundary": lambda: (
        HEAD + b"Content-Type: multipart/mixed; boundary=" + b"b" * 7_000 + b"\r\n\r\n--b"
    ),
    "boundary of a pattern": lambda: (
        HEAD + b'Content-Type: multipart/mixed; boundary="(a+)+$"\r\n\r\n--(a+)+$'
    ),
}
