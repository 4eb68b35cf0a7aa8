"""The mails that came in within the last day, by their id, for who wants to bounce one afterwards.

Without their bodies, so that many can be kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.receiving.received import Mail

KEPT = 20_000
"""Mails; the oldest go first."""
HOURS = 24
"""How long a received mail can be bounced."""

_lock = threading.Lock()
_mails: OrderedDict[str, Mail] = OrderedDict()


def remember(mail: Mail) -> None:
    """Remember a mail that came in."""
    headers, separator, _ = mail.raw.partition(b"\r\n\r\n")
    with _lock:
        _mails[mail.message_id] = replace(mail, raw=headers + separator)
        while len(_mails) > KEPT:
            _mails.popitem(last=False)


def find(message_id: str, region: str) -> Mail | None:
    """Return a mail that came in in a Region within the last day; None when there is none."""
    mail = _mails.get(message_id)
    if mail is None or mail.region != region or clock.now() - mail.received_at > timedelta(hours=HOURS):
        return None
    return mail


def reset() -> None:
    """Forget all."""
    with _lock:
        _mails.clear()
