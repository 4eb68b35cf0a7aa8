"""Each step of a mail once, whichever Region or retry it comes by: claims in a DynamoDB table.

A claim is taken before the step, settled after it, and given back when the step fails. One that is neither, because
the function died, may be taken by the next after its lease. The table forgets a mail after `KEEP_SECONDS`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from decoding import Bytes
from headers import Headers
from notice import Notice

LEASE_SECONDS = 90
"""Longer than one run of the function may take, shorter than SQS hides a message."""
KEEP_SECONDS = 15 * 24 * 3600
"""Longer than the fourteen days that a queue keeps a message."""

# What SES does not write, so that it is the same in every Region.
_OF_THE_SENDER = ("Message-ID", "Date", "From", "To", "Cc", "Subject", "Content-Type")
_STARTED, _DONE = "started", "done"
_FREE = "attribute_not_exists(id) OR expires < :now OR (#state = :started AND lease < :now)"
_SERVER_ERROR = 500
_NO_TABLE = "ResourceNotFoundException"  # not deployed yet, or removed: waiting would not bring it back


class BusyError(Exception):
    """Another run is at the same step of the same mail right now; try again later."""


class _UnreachableError(Exception):
    """The table's Region does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Runs a step once.

    Args:
        dynamodb: client of the table's Region; None runs every step whenever it is asked for.
        table: name of the table; its key is the string `id`, its time to live `expires`.
        now: seconds since 1970.
    """

    dynamodb: Any = None
    table: str = ""
    now: Callable[[], float] = time.time

    def run(self, key: str, step: Callable[[], None]) -> bool:
        """Run the step unless it is done; return whether it ran.

        When the table cannot be reached the step runs all the same: a mail told twice is better than one that waits
        for another Region to come back.

        Raises:
            BusyError: another run is at it.
            Exception: whatever the step raises; the next run may then try again.
        """
        if self.dynamodb is None:
            step()
            return True
        lease = int(self.now()) + LEASE_SECONDS
        try:
            if not self._claim(key, lease):
                return False
        except _UnreachableError as error:
            _say(f"the table {self.table} cannot be reached, so nobody is asked: {error}")
            step()
            return True
        try:
            step()
        except BaseException:
            self._give_back(key, lease)
            raise
        self._settle(key)
        return True

    def _claim(self, key: str, lease: int) -> bool:
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item=self._item(key, _STARTED) | {"lease": {"N": str(lease)}},
                ConditionExpression=_FREE,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":now": {"N": str(int(self.now()))},
                    ":started": {"S": _STARTED},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (NoConnectionError, HTTPClientError) as error:
            raise _UnreachableError(str(error)) from error
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR:
                raise _UnreachableError(str(error)) from error
            code = error.response.get("Error", {}).get("Code")
            if code == _NO_TABLE:
                raise _UnreachableError(str(error)) from error
            if code != "ConditionalCheckFailedException":
                raise
            found: dict[str, Any] = error.response.get("Item", {})  # pyright: ignore[reportAssignmentType]
            if found.get("state", {}).get("S") == _DONE:
                return False
            raise BusyError(f"{key} is being handled by another run") from error
        return True

    def _settle(self, key: str) -> None:
        """Note that it is done. What is done must not fail, and so happen again, because the note did."""
        try:
            self.dynamodb.put_item(TableName=self.table, Item=self._item(key, _DONE))
        except (BotoCoreError, ClientError) as error:
            _say(f"{key} is done and could not be noted: {error}")

    def _give_back(self, key: str, lease: int) -> None:
        with suppress(
            BotoCoreError, ClientError
        ):  # the lease ends by itself; the step's own error tells more
            self.dynamodb.delete_item(
                TableName=self.table,
                Key={"id": {"S": key}},
                ConditionExpression="lease = :lease",
                ExpressionAttributeValues={":lease": {"N": str(lease)}},
            )

    def _item(self, key: str, state: str) -> dict[str, Any]:
        expires = str(int(self.now()) + KEEP_SECONDS)
        return {"id": {"S": key}, "state": {"S": state}, "expires": {"N": expires}}


def fingerprint(content: Bytes, own: Headers | None, notice: Notice) -> str:
    """Return what is the same for every copy of a mail, and for no other mail.

    Its sender, its recipients in this rule, what the sender wrote into the headers, and its body. Not SES's message id,
    and not the headers that SES adds: those differ from Region to Region. Without a Message-ID nobody knows whether two
    mails that say the same are one: then SES's id tells them apart, and a copy by another Region is another mail.

    Args:
        content: the whole mail.
        own: its headers; None when they could not be read.
        notice: what SES says of it.
    """
    digest = hashlib.sha256()

    def add(value: str) -> None:
        data = value.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(4) + data)

    add(notice.sender)
    for recipient in sorted(recipient.lower() for recipient in notice.recipients):
        add(recipient)
    if own is None or not own.first("Message-ID"):
        add(notice.message_id)
        return digest.hexdigest()
    for name in _OF_THE_SENDER:
        for value in own.all(name):
            add(name)
            add(value)
    with memoryview(content) as view, view[own.body :] as body:
        digest.update(body)
    return digest.hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
