"""The mails that were sent, by their id, for the bounces and complaints that may come back about them.

Without their bodies, so that many can be kept: a bounce may come days later.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from cdk_ses_regions.local.outbound.outgoing import Outgoing

KEPT = 20_000
"""Mails; the oldest go first."""

_lock = threading.Lock()
_mails: OrderedDict[str, Outgoing] = OrderedDict()


def remember(mail: Outgoing) -> None:
    """Remember a mail that leaves."""
    headers, separator, _ = mail.raw.partition(b"\r\n\r\n")
    with _lock:
        _mails[mail.message_id.lower()] = replace(mail, raw=headers + separator)
        while len(_mails) > KEPT:
            _mails.popitem(last=False)


def returned_to(address: str) -> Outgoing | None:
    """Return the mail whose envelope sender is this address: its id, at a domain that SES gave it."""
    mail = _mails.get(address.partition("@")[0].lower())
    return mail if mail is not None and mail.envelope_sender.lower() == address.lower() else None


def reset() -> None:
    """Forget all."""
    with _lock:
        _mails.clear()
