"""Mails that are remembered by their id, without their bodies, so that many can be kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

KEPT = 20_000
"""Mails; the oldest go first."""

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last mails of one kind. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: OrderedDict[str, T] = OrderedDict()

    def put(self, message_id: str, mail: T) -> None:
        """Remember a mail."""
        with self._lock:
            self._mails[message_id] = mail
            while len(self._mails) > KEPT:
                self._mails.popitem(last=False)

    def get(self, message_id: str) -> T | None:
        """Return a mail, None when it is not known."""
        return self._mails.get(message_id)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._mails.clear()


def without_body(raw: bytes) -> bytes:
    """Return the headers of a mail, with the empty line after them."""
    headers, separator, _ = raw.partition(b"\r\n\r\n")
    return headers + separator
