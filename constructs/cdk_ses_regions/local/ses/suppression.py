"""The account-level suppression list of one Region.

Gap: ministack's is always empty.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from typing import Any, Literal

Response = tuple[int, dict[str, str], bytes]
Reason = Literal["BOUNCE", "COMPLAINT"]


def reason(address: str, configuration_set: str) -> Reason | None:
    """Return why SES does not send to an address: it is on the list, and the settings in force heed that reason."""
    return None


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about the list, or None for ministack to do it."""
    return None
