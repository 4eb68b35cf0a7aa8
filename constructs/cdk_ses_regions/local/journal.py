"""What happened in the local AWS, for people and tests to look at: mails sent, mails received, feedback.

The last thousand of each are kept, in memory of the server's process; fewer when they are large. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cdk_ses_regions.local.answers import Feedback as Told
from cdk_ses_regions.local.answers import Hop, HopResult
from cdk_ses_regions.local.outbound.outgoing import Outgoing
from cdk_ses_regions.local.receiving.receiver import Route

__all__ = ["JOURNAL", "KEPT", "Hop", "HopResult", "Journal", "Received", "Sent", "Told"]

KEPT = 1000
"""Entries of each kind; the oldest go first."""
BYTES_KEPT = 256 * 1024 * 1024
"""Bytes of mails sent, and as many of mails received; the newest is kept whatever its size."""

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Sent:
    """A mail that left, and what became of it for each recipient so far."""

    mail: Outgoing
    hops: dict[str, Hop] = field(default_factory=dict[str, Hop])


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail that a door took, its route through the rules, and all of it."""

    route: Route
    raw: bytes


class Journal:
    """The entries, oldest first.

    Args:
        bytes_kept: of mails sent, and of mails received.
    """

    def __init__(self, *, bytes_kept: int = BYTES_KEPT) -> None:
        self._lock = threading.Lock()
        self._bytes_kept = bytes_kept
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._received: deque[Received] = deque(maxlen=KEPT)
        self._told: deque[Told] = deque(maxlen=KEPT)

    def add_sent(self, mail: Outgoing) -> Sent:
        """Remember a mail that leaves."""
        return self._add(self._sent, Sent(mail=mail), size=lambda sent: len(sent.mail.raw))

    def add_received(self, received: Received) -> None:
        """Remember a mail that came in."""
        self._add(self._received, received, size=lambda one: len(one.raw))

    def add_told(self, told: Told) -> None:
        """Remember a piece of feedback."""
        self._add(self._told, told)

    def note(self, message_id: str, hop: Hop) -> None:
        """Remember what became of a sent mail for one recipient; a later note replaces an earlier one."""
        with self._lock:
            for sent in reversed(self._sent):
                if sent.mail.message_id == message_id:
                    sent.hops = {**sent.hops, hop.recipient: hop}
                    return

    def sent(self, wanted: Callable[[Sent], bool] = lambda _: True) -> tuple[Sent, ...]:
        """Return the mails that left."""
        return self._read(self._sent, wanted)

    def received(self, wanted: Callable[[Received], bool] = lambda _: True) -> tuple[Received, ...]:
        """Return the mails that came in."""
        return self._read(self._received, wanted)

    def told(self, wanted: Callable[[Told], bool] = lambda _: True) -> tuple[Told, ...]:
        """Return the feedback."""
        return self._read(self._told, wanted)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._sent.clear()
            self._received.clear()
            self._told.clear()

    def _add(self, entries: deque[_T], entry: _T, size: Callable[[_T], int] = lambda _: 0) -> _T:
        with self._lock:
            entries.append(entry)
            total = sum(map(size, entries))
            while total > self._bytes_kept and len(entries) > 1:
                total -= size(entries.popleft())
        return entry

    def _read(self, entries: deque[_T], wanted: Callable[[_T], bool]) -> tuple[_T, ...]:
        with self._lock:
            return tuple(entry for entry in entries if wanted(entry))


JOURNAL = Journal()
"""The one of this process."""
