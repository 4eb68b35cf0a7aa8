"""Requests to send, in both versions of the API: checked, composed, delivered.

Gap: ministack takes a mail, forgets most of it, and delivers nothing.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 to send, or None."""
    return None


ACTIONS: dict[str, Callable[[Parameters], Response]] = {}
