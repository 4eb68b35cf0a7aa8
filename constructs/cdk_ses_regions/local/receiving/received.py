"""A received mail as SES shows it: the headers it adds, its verdicts, its Lambda events and SNS notices.

Rests on the SES developer guide, "Contents of notifications for Amazon SES email receiving"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html) and "Contents of the
event passed to the Lambda function" (https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html).
"""

from __future__ import annotations

import base64
import email.header
import email.utils
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any, Literal

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.outbound.headers import fields_of

KIB = 1024
LAMBDA_HEADERS = 50 * KIB
"""Most bytes of headers in an event for Lambda."""
NOTICE_HEADERS = 10 * KIB
"""Most bytes of headers in a notice for SNS."""

# The standard test patterns; the second in two pieces, so that no scanner takes this file for the virus.
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

_EICAR_BASE64 = base64.b64encode(EICAR)[:72]  # as it starts an attachment, before its first line ends
_ID_LETTERS = string.ascii_lowercase + string.digits
_PARSED = 256 * KIB  # a stranger's header block ends here
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,255}")
_COMMON = 8 * KIB  # of one common header, so that the whole fits Lambda's 256 KB

Status = Literal["PASS", "FAIL", "DISABLED"]


def new_message_id() -> str:
    """Return an id like those SES gives to received mails: 40 lower-case letters and digits."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(40))


@dataclass(slots=True, kw_only=True)
class Mail:
    """One accepted mail on its way through the rules.

    Args:
        message_id: SES's id of it.
        region: the AWS Region that received it.
        host: the name of the Region's inbound endpoint.
        sender: MAIL FROM; empty for a bounce.
        recipients: all of RCPT TO.
        raw: what came after DATA.
        helo: the name the client gave.
        peer: the client's IP address.
        tls: whether the session was encrypted.
        received_at: when, in UTC.
        added: headers that AddHeader actions added so far, newest first.
    """

    message_id: str
    region: str
    host: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    helo: str = "localhost"
    peer: str = "127.0.0.1"
    tls: bool = False
    received_at: datetime = field(default_factory=clock.now)
    added: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def verdicts(self, *, scan: bool) -> dict[str, Status]:
        """Return SES's verdicts by name: spam, virus, spf, dkim, dmarc.

        GTUBE is spam and EICAR is a virus; everything else passes, for there is nobody to ask offline.

        Args:
            scan: whether the rule has ScanEnabled; else spam and virus are `DISABLED`.
        """
        spam: Status = "DISABLED"
        virus: Status = "DISABLED"
        if scan:
            spam = "FAIL" if GTUBE in self.raw else "PASS"
            virus = "FAIL" if EICAR in self.raw or _EICAR_BASE64 in self.raw else "PASS"
        return {"spam": spam, "virus": virus, "spf": "PASS", "dkim": "PASS", "dmarc": "PASS"}

    def headers(self, *, scan: bool) -> bytes:
        """Return the header lines SES and AddHeader actions put before the mail's own."""
        verdicts = self.verdicts(scan=scan)
        recipient = f"\r\n for {self.recipients[0]}" if len(self.recipients) == 1 else ""
        protocol = "ESMTPS" if self.tls else "SMTP"
        domain = self.sender.rpartition("@")[2] or self.helo
        author = self._author_domain() or domain
        spf = f"client-ip={self.peer}; envelope-from={self.sender}; helo={self.helo};"
        lines = [f"{name}: {value}" for name, value in self.added] + [
            f"Return-Path: <{self.sender}>",
            f"Received: from {self.helo} ({self.helo} [{self.peer}])\r\n by {self.host} with {protocol} id "
            f"{self.message_id}{recipient};\r\n {email.utils.format_datetime(self.received_at)} (UTC)",
            f"X-SES-Spam-Verdict: {verdicts['spam']}",
            f"X-SES-Virus-Verdict: {verdicts['virus']}",
            f"Received-SPF: pass (spfCheck: domain of {domain} designates {self.peer} as permitted sender)"
            f"\r\n {spf}",
            f"Authentication-Results: amazonses.com;\r\n spf=pass {spf}\r\n dkim=pass header.i=@{author};\r\n"
            f" dmarc=pass header.from={author};",
        ]
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")

    def _author_domain(self) -> str:
        """Return the domain in the mail's From; empty for none that can be written in a header."""
        author = email.utils.parseaddr(fields_of(self.raw[:_PARSED]).first("From"))[1]
        _, at, domain = author.rpartition("@")
        return domain if at and _DOMAIN.fullmatch(domain) else ""

    def content(self, *, scan: bool) -> bytes:
        """Return the whole mail, as an S3 action stores it."""
        return self.headers(scan=scan) + self.raw

    def describe(self, *, scan: bool, most: int) -> dict[str, Any]:
        """Return the `mail` object of events and notices.

        Args:
            scan: whether the rule has ScanEnabled.
            most: bytes of headers it may carry.
        """
        items = _headers(self.headers(scan=scan) + self.raw[:_PARSED])
        listed: list[dict[str, str]] = []
        room = most
        for name, value in items:
            room -= len(name.encode()) + len(value.encode())
            if room < 0:
                break
            listed.append({"name": name, "value": value})
        return {
            "timestamp": _timestamp(self.received_at),
            "source": self.sender,
            "messageId": self.message_id,
            "destination": list(self.recipients),
            "headersTruncated": len(listed) < len(items),
            "headers": listed,
            "commonHeaders": _common(items, return_path=self.sender),
        }

    def receipt(self, *, recipients: Sequence[str], scan: bool, action: Mapping[str, Any]) -> dict[str, Any]:
        """Return the `receipt` object of events and notices.

        Args:
            recipients: those the rule takes.
            scan: whether the rule has ScanEnabled.
            action: the `action` object: type and what belongs to it.
        """
        now = clock.now()
        return {
            "timestamp": _timestamp(self.received_at),
            "processingTimeMillis": max(0, round((now - self.received_at).total_seconds() * 1000)),
            "recipients": list(recipients),
            **{f"{name}Verdict": {"status": status} for name, status in self.verdicts(scan=scan).items()},
            "action": dict(action),
        }

    def event(self, *, recipients: Sequence[str], scan: bool, action: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event a Lambda action invokes its function with. It never carries the content."""
        ses = {
            "mail": self.describe(scan=scan, most=LAMBDA_HEADERS),
            "receipt": self.receipt(recipients=recipients, scan=scan, action=action),
        }
        return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": ses}]}

    def notice(
        self,
        *,
        recipients: Sequence[str],
        scan: bool,
        action: Mapping[str, Any],
        content: str | None = None,
    ) -> dict[str, Any]:
        """Return the notice that is published to a topic.

        Args:
            recipients: those the rule takes.
            scan: whether the rule has ScanEnabled.
            action: the `action` object: type and what belongs to it.
            content: the mail itself, for an SNS action only.
        """
        notice: dict[str, Any] = {
            "notificationType": "Received",
            "mail": self.describe(scan=scan, most=NOTICE_HEADERS),
            "receipt": self.receipt(recipients=recipients, scan=scan, action=action),
        }
        return notice if content is None else {**notice, "content": content}


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _headers(data: bytes) -> list[tuple[str, str]]:
    """Return names and unfolded values in order, whatever bytes a stranger wrote."""
    parsed = BytesHeaderParser(policy=compat32).parsebytes(data)
    return [(_utf8(name), "".join(_utf8(value).splitlines())) for name, value in parsed.raw_items()]


def _utf8(text: object) -> str:
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(text: str) -> str:
    """Return a header value with its encoded words decoded, or as it is when they are broken."""
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text


def _common(items: Sequence[tuple[str, str]], *, return_path: str) -> dict[str, Any]:
    first: dict[str, str] = {}
    for name, value in items:
        first.setdefault(name.lower(), value)
    common: dict[str, Any] = {"returnPath": return_path}
    for key, header, several in (
        ("from", "from", True),
        ("sender", "sender", False),
        ("replyTo", "reply-to", True),
        ("to", "to", True),
        ("cc", "cc", True),
        ("bcc", "bcc", True),
        ("messageId", "message-id", False),
        ("date", "date", False),
        ("subject", "subject", False),
    ):
        if header in first:
            value = first[header][:_COMMON]
            common[key] = _addresses(value) if several else _decoded(value)
    return common


def _addresses(value: str) -> list[str]:
    pairs = email.utils.getaddresses([value])
    return [f"{_decoded(name)} <{address}>" if name else address for name, address in pairs if address]
