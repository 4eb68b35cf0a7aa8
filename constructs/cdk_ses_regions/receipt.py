"""What receipt rules and IP filters may say, as SES takes it.

The functions return what is wrong, or None, so that the configuration can add a line number and a construct can raise.
Rests on the SES API v1 reference: `ReceiptRule`, `ReceiptFilter` and the types of their actions.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,50}")
_REPLY_CODE = re.compile(r"[45][0-9]{2}")
_STATUS_CODE = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}")
_HEADER_VALUE_LIMIT = 2048
_KEY_LIMIT = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MESSAGE_ID = 80  # longer than any that SES was seen to give
_MESSAGE_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class BounceTemplate:
    """What a bounce says.

    Attributes:
        smtp_reply_code: as in RFC 5321.
        status_code: enhanced status code, as in RFC 3463.
        message: for people.
    """

    smtp_reply_code: str
    status_code: str
    message: str


BOUNCE_TEMPLATES = {
    "mailbox_does_not_exist": BounceTemplate(
        smtp_reply_code="550", status_code="5.1.1", message="Mailbox does not exist"
    ),
    "message_too_large": BounceTemplate(
        smtp_reply_code="552", status_code="5.3.4", message="Message too large"
    ),
    "mailbox_full": BounceTemplate(smtp_reply_code="552", status_code="5.2.2", message="Mailbox full"),
    "message_content_rejected": BounceTemplate(
        smtp_reply_code="500", status_code="5.6.1", message="Message content rejected"
    ),
    "unknown_failure": BounceTemplate(smtp_reply_code="554", status_code="5.0.0", message="Unknown failure"),
    "temporary_failure": BounceTemplate(
        smtp_reply_code="450", status_code="4.0.0", message="Temporary failure"
    ),
}
"""SES's templates: https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-bounce.html"""


def header_name_problem(name: str) -> str | None:
    """Return why `name` cannot name a header that a rule adds, or None."""
    if _HEADER_NAME.fullmatch(name):
        return None
    return f"header name {name!r} must have 1 to 50 letters a-z, digits and hyphens"


def header_value_problem(value: str) -> str | None:
    """Return why `value` cannot be the value of a header that a rule adds, or None."""
    if "\n" in value or "\r" in value:
        return "a header value has one line; take the line break out"
    if not value or len(value) > _HEADER_VALUE_LIMIT:
        return f"header value is {len(value)} characters long; SES allows 1 to {_HEADER_VALUE_LIMIT}"
    return None


def reply_code_problem(code: str) -> str | None:
    """Return why `code` is no SMTP reply code of a bounce, or None."""
    if _REPLY_CODE.fullmatch(code):
        return None
    return f"{code!r} is no SMTP reply code of a bounce; write three digits that begin with 4 or 5, like 550"


def status_code_problem(code: str) -> str | None:
    """Return why `code` is no enhanced status code of a bounce, or None."""
    if _STATUS_CODE.fullmatch(code):
        return None
    return f"{code!r} is no enhanced status code of a bounce; write it as in RFC 3463, like 5.1.1"


def codes_problem(smtp_reply_code: str, status_code: str) -> str | None:
    """Return why the two codes of a bounce do not go together, or None."""
    if smtp_reply_code[:1] == status_code[:1]:
        return None
    return (
        f"SMTP reply code {smtp_reply_code} and status code {status_code} say different things; both begin with 4 "
        "(try again later) or both with 5 (never)"
    )


def bounce_message_problem(message: str) -> str | None:
    """Return why `message` cannot be the text of a bounce, or None."""
    if "\n" in message or "\r" in message:
        return "the message of a bounce has one line; take the line break out"
    if not message.strip() or len(message) > _MESSAGE_LIMIT:
        return f"the message of a bounce is {len(message)} characters long; write 1 to {_MESSAGE_LIMIT}"
    return None


def key_prefix_problem(prefix: str) -> str | None:
    """Return why `prefix` cannot begin the keys of stored mail, or None."""
    room = _KEY_LIMIT - _MESSAGE_ID
    if len(prefix.encode()) > room:
        return f"prefix is {len(prefix.encode())} bytes long; with the message id after it, S3 has room for {room}"
    if any(mark in prefix for mark in "*?$"):
        # In the ARN of a policy they would stand for other keys as well.
        return f"prefix {prefix!r} may not have *, ? or $"
    return None


def filter_problem(cidr: str) -> str | None:
    """Return why `cidr` is no range of addresses that SES filters by, or None."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError as error:
        if "host bits set" in str(error):
            return f"{cidr!r} has bits beyond its length; write {ipaddress.ip_network(cidr, strict=False)}"
        return f"{cidr!r} is no range of IP addresses; write it like 203.0.113.0/24 or 203.0.113.7"
    if network.version != 4:
        return f"{cidr!r} is IPv6; SES filters by IPv4 addresses only"
    return None


def whole_range(cidr: str) -> str:
    """Return a good range with its length: `203.0.113.7` is `203.0.113.7/32`."""
    return str(ipaddress.ip_network(cidr))
