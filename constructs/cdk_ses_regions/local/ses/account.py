"""The account in one Region: sandbox and production access, sending quotas, paused sending.

Gap: ministack knows production access, and neither enforces quotas nor can pause sending.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why SES does not take a mail or a request.

    Attributes:
        code: of the error in API v1, such as `MessageRejected`.
        code_v2: in API v2 (default: the same).
        message: for people, in SES's words.
        status: HTTP status.
    """

    code: str
    message: str
    code_v2: str = ""
    status: int = 400


def refusal(recipients: tuple[str, ...], configuration_set: str) -> Refusal | None:
    """Return why this account may not send to these recipients now; else count them as sent, and return None."""
    return None


def rate_exceeded() -> Refusal | None:
    """Return the refusal of a control plane request, when the one-a-second limit is on and was exceeded."""
    return None


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about the account, or None for ministack to do it."""
    return None


ACTIONS: dict[str, Callable[[Parameters], Response]] = {}
