"""Which type of bounce SES makes of a mail server's refusal.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
"""

from __future__ import annotations

import re

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_TRANSIENT = {
    "2.2": "MailboxFull",
    "2.3": "MessageTooLarge",
    "3.4": "MessageTooLarge",
    "6.0": "ContentRejected",
    "6.1": "ContentRejected",
}
"""Of what need not be so the next time, by the enhanced status code's last two numbers."""


def status_of(code: int, text: str) -> str:
    """Return the enhanced status code of a reply; made of its first digit when it has none."""
    found = _STATUS.search(text)
    return found[1] if found else f"{code // 100}.0.0"


def bounce_type(status: str) -> tuple[str, str]:
    """Return type and subtype of a bounce with an enhanced status code, RFC 3463."""
    kind, _, rest = status.partition(".")
    if rest in _TRANSIENT:
        return "Transient", _TRANSIENT[rest]
    match kind:
        case "5":
            return "Permanent", "General"
        case "4":
            return "Transient", "General"
        case _:
            return "Undetermined", "Undetermined"
