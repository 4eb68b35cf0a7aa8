"""The suppression list of another Region: an address is put on it unless it is there, or was removed since.

A removal leaves no trace in SES. So whoever removes an address first writes down when, in the table of that Region:
item `removed#ADDRESS`, in small letters, with `removed_at`. What was seen before that is not done any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from suppression import COMPLAINT, Suppression
from turns import Turns

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client

SUPPRESSED = "Suppressed"
ALREADY = "AlreadySuppressed"
REMOVED = "RemovedSince"
TOO_OLD = "TooOld"
SANDBOX = "Sandbox"
REFUSED = "Refused"

OLDEST_SECONDS = 30 * 24 * 3600
"""What was seen longer ago is not done: notes of removals are kept for 60 days, and might be gone."""

# SES says of the sandbox that these calls are disabled there, and not by which of them it tells.
_DENIALS = ("BadRequestException", "AccessDeniedException")
THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException")


class Target:
    """The suppression list of one Region.

    Args:
        ses: client of that Region; it must not repeat calls by itself.
        dynamodb: client of that Region.
        table: the table there.
        turns: at the SES there.
        clock: the time in seconds since 1970.
    """

    def __init__(
        self,
        *,
        ses: SESV2Client,
        dynamodb: Any,
        table: str,
        turns: Turns,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ses, self._dynamodb, self._table = ses, dynamodb, table
        self._turns, self._clock = turns, clock

    def suppress(self, wanted: Suppression, *, until: float) -> str:
        """Put an address on the list if need be, and return what came of it, one of this module's words.

        Doing it again, or in another order with others, leaves the same list: of two reasons the complaint stays.

        Args:
            wanted: whom, and why.
            until: when the last call has to begin, in seconds since 1970.

        Raises:
            NoTurnError: SES there has no turn free by then.
            botocore.exceptions.BotoCoreError: the Region cannot be reached; ClientError: it refuses.
        """
        if self._clock() - wanted.at > OLDEST_SECONDS:
            return TOO_OLD
        if self._removed_since(wanted):
            return REMOVED
        try:
            if self._reason(wanted.address, until) in (wanted.reason, COMPLAINT):
                return ALREADY
            self._call(
                self._ses.put_suppressed_destination,
                until,
                EmailAddress=wanted.address,
                Reason=wanted.reason,
            )
        except ClientError as error:
            if _code(error) not in _DENIALS:
                raise
            account = self._call(self._ses.get_account, until)
            if not account.get("ProductionAccessEnabled"):
                return SANDBOX
            if _code(error) != "BadRequestException":
                raise
            return REFUSED
        if self._removed_since(wanted):  # between our look and our put
            self._delete(wanted.address, until)
            return REMOVED
        return SUPPRESSED

    def _removed_since(self, wanted: Suppression) -> bool:
        key = {"id": {"S": f"removed#{wanted.address}"}}
        read = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        removed = read.get("Item", {}).get("removed_at")
        # Whole seconds are what people write: within the same one, the removal counts.
        return removed is not None and int(wanted.at) <= float(removed["N"])

    def _reason(self, address: str, until: float) -> str | None:
        if "/" in address:  # SES cannot be asked about those, https://github.com/boto/boto3/issues/2870
            return None
        try:
            found = self._call(self._ses.get_suppressed_destination, until, EmailAddress=address)
        except ClientError as error:
            if _code(error) != "NotFoundException":
                raise
            return None
        return str(found["SuppressedDestination"]["Reason"])

    def _delete(self, address: str, until: float) -> None:
        try:
            self._call(self._ses.delete_suppressed_destination, until, EmailAddress=address)
        except ClientError as error:
            if _code(error) != "NotFoundException":
                raise

    def _call(self, action: Callable[..., Any], until: float, **arguments: Any) -> Any:
        """Call SES when it is our turn, and at the next one when somebody out of turn was faster."""
        while True:
            self._turns.wait(until=until)
            try:
                return action(**arguments)
            except ClientError as error:
                if _code(error) not in THROTTLED:
                    raise


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
