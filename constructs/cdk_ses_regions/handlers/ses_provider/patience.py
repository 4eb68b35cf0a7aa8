"""Calls SES again when it is too early or too often: its control plane takes one request a second.

Rests on the SES developer guide, "Service quotas": every action but the sending ones is limited to one request a
second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore import exceptions
from botocore.exceptions import ClientError

_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "ServiceUnavailable",
    "InternalFailure",
    "PriorRequestNotComplete",  # of Route 53: another change of the zone is not through yet
}
# A policy attached a moment ago may not have arrived; one that is missing for good must not use up the time.
_DENIED = {"AccessDenied", "AccessDeniedException"}
_DENIALS = 10
_NETWORK = (exceptions.ConnectionError, exceptions.HTTPClientError)


class Patience:
    """Repeats calls for at most `seconds`, waiting 1, 2, 4 and then 8 seconds between two attempts."""

    def __init__(
        self,
        *,
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._deadline = clock() + seconds

    def call(
        self,
        action: Callable[..., Any],
        *,
        maybe_early: str = "",
        maybe_soon: tuple[type[Exception], ...] = (),
        **arguments: Any,
    ) -> Any:
        """Return what `action(**arguments)` returns; raise its last error when the time is up.

        Args:
            action: the call.
            maybe_early: an error code that, like a denial, may only mean that a policy has not arrived yet.
            maybe_soon: exceptions that may only mean the same of something else, and last as long as the time does.
            arguments: for the action.
        """
        pause, denials = 1.0, 0
        while True:
            try:
                return action(**arguments)
            except ClientError as error:
                code = error_code(error)
                early = code in {*_DENIED, maybe_early}
                denials += early
                again = code in _THROTTLED or (early and denials <= _DENIALS)
                if not again or self._clock() + pause > self._deadline:
                    raise
            except (*_NETWORK, *maybe_soon):
                if self._clock() + pause > self._deadline:
                    raise
            self._sleep(pause)
            pause = min(pause * 2, 8.0)


def is_error(error: ClientError, *codes: str) -> bool:
    """Tell whether AWS answered with one of the codes."""
    return error_code(error) in codes


def error_code(error: ClientError) -> str:
    """Return the code that AWS answered with."""
    return error.response.get("Error", {}).get("Code", "")
