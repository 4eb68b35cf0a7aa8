"""Ids of mails that SES sends, and SES's own domains in them.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html: an id is what Message-ID begins with.
"""

from __future__ import annotations

import uuid

from cdk_ses_regions import regions
from cdk_ses_regions.local import clock

_HOME = "us-east-1"
_FIRST = (_HOME, "us-west-2", "eu-west-1")


def new_message_id(region: str) -> str:
    """Return an id like SES's: the Region's number, the time in milliseconds, something unique."""
    names = [*_FIRST, *(one.name for one in regions.all_regions() if one.name not in _FIRST)]
    number = names.index(region) if region in names else len(names)
    return f"01{number:02x}{int(clock.now().timestamp() * 1000):012x}-{uuid.uuid4()}-000000"


def header_domain(region: str) -> str:
    """Return the domain in the Message-ID header of a Region's mails."""
    return "email.amazonses.com" if region == _HOME else f"{region}.amazonses.com"


def envelope_domain(region: str) -> str:
    """Return the domain of the envelope sender where an identity has no MAIL FROM domain of its own."""
    return "amazonses.com" if region == _HOME else f"{region}.amazonses.com"
