"""Configuration sets in both versions of the API.

Gap: ministack keeps those of the two versions apart, and has no event destinations in version 1.
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
    """Answer a request of API v2 about configuration sets, or None for ministack to do it."""
    return None


ACTIONS: dict[str, Callable[[Parameters], Response]] = {}
