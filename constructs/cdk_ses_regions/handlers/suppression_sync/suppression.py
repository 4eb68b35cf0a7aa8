"""Who is to be suppressed, and why: read from SES's notifications, carried in messages from Region to Region.

Rests on the SES developer guide, "Amazon SNS notification contents"
(https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

BOUNCE = "BOUNCE"
COMPLAINT = "COMPLAINT"

_HARD = ("General", "NoEmail")
"""Subtypes of permanent bounces that say the address takes no mail.

The others are told of mail that SES never sent, because of a suppression list or because the recipient unsubscribed:
following them, Regions would suppress an address for each other for ever.
"""
_SIMULATOR = "simulator.amazonses.com"  # it never gets on a list: tests would stop working
_LONGEST = 320  # characters: 64 before the @, 255 after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that is to be on the suppression list.

    Args:
        address: in small letters: SES sends to no spelling of an address on the list, and one can be removed.
        reason: BOUNCE or COMPLAINT.
        at: when the bounce or complaint was seen, in seconds since 1970.
        feedback_id: SES's id of what it told; an address is never logged, this is.
    """

    address: str
    reason: str
    at: float
    feedback_id: str

    def message(self) -> str:
        """Return it as the body of a message."""
        return json.dumps(asdict(self))

    @classmethod
    def from_message(cls, body: str) -> Suppression:
        """Return what the body of a message says; ValueError, KeyError or TypeError when it is none of ours."""
        data = json.loads(body)
        return cls(
            address=str(data["address"]),
            reason=str(data["reason"]),
            at=float(data["at"]),
            feedback_id=str(data["feedback_id"]),
        )


def suppressions(notification: Mapping[str, Any]) -> list[Suppression]:
    """Return whom a notification gives reason to suppress: nobody, unless it tells of a hard bounce or a complaint.

    Raises:
        KeyError: the notification lacks what SES documents; ValueError: its time is none.
    """
    match notification.get("notificationType"):
        case "Bounce":
            detail, reason, recipients = notification["bounce"], BOUNCE, "bouncedRecipients"
            counts = detail.get("bounceType") == "Permanent" and detail.get("bounceSubType") in _HARD
        case "Complaint":
            detail, reason, recipients = notification["complaint"], COMPLAINT, "complainedRecipients"
            # A subtype says that SES did not send it; not-spam is the contrary of a complaint.
            counts = not detail.get("complaintSubType") and detail.get("complaintFeedbackType") != "not-spam"
        case _:  # deliveries, and the trial message that SES sends to a new topic
            return []
    if not counts:
        return []
    at = datetime.fromisoformat(detail["timestamp"]).timestamp()
    # mail.destination has everybody the mail went to: only those who bounced or complained count.
    addresses = dict.fromkeys(_address(one.get("emailAddress")) for one in detail[recipients])
    return [
        Suppression(address=address, reason=reason, at=at, feedback_id=str(detail.get("feedbackId", "")))
        for address in addresses
        if address
    ]


def _address(given: object) -> str:
    """Return the bare address in what a mail server called the recipient, or nothing when there is none."""
    address = parseaddr(given)[1] if isinstance(given, str) else ""
    local, _, domain = address.rpartition("@")
    usable = (
        local
        and domain.lower() not in ("", _SIMULATOR)
        and len(address) <= _LONGEST
        and address.isprintable()
        and " " not in address
    )
    return address.lower() if usable else ""
