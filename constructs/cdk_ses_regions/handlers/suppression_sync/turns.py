"""Turns at the SES of one Region, which takes one request a second: all who call for this deployment share them.

Several Regions write to one, and each with two functions at a time. An item of the table there has the time of the
next free turn; whoever moves it on by a second has the turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

SECOND = 1.0
_NOTICE = 0.25
"""Seconds between the look and the call at least: whoever writes it down slowly would else be late, and too
close to the next turn.
"""
_KEY = {"id": {"S": "turn"}}


class NoTurnError(Exception):
    """No turn is free in time; try again later."""


class Turns:
    """Hands out the turns of one Region.

    Args:
        dynamodb: client of that Region.
        table: the table there.
        clock: the time in seconds since 1970.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        *,
        dynamodb: Any,
        table: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb, self._table, self._clock, self._sleep = dynamodb, table, clock, sleep

    def wait(self, *, until: float) -> None:
        """Wait for a turn.

        Args:
            until: when it has to begin at the latest, in seconds since 1970.

        Raises:
            NoTurnError: none is free by then.
        """
        while True:
            read = self._dynamodb.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)
            free = read.get("Item", {}).get("free_at")
            now = self._clock()
            mine = max(now + _NOTICE, float(free["N"])) if free else now + _NOTICE
            if mine > until:
                raise NoTurnError(f"the next turn is in {mine - now:.0f} seconds")
            if self._took(free, mine + SECOND):
                self._sleep(max(0.0, mine - self._clock()))
                return

    def _took(self, seen: dict[str, str] | None, free_at: float) -> bool:
        condition = "free_at = :seen" if seen else "attribute_not_exists(free_at)"
        values = {":free": {"N": f"{free_at:.3f}"}, **({":seen": seen} if seen else {})}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression="SET free_at = :free",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            return False  # somebody else was faster
        return True
