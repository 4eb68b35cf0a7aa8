"""Lambda functions that carry suppressions to other Regions: `split` here, then `apply` for each target Region.

Both read queues, and answer with the messages that are to come again. Whatever is done twice, late or in another order
leaves the same suppression lists.

Environment: `QUEUE_URLS` and `REASONS` of `split`, `QUEUE_PREFIX` and `TABLE` of `apply`; each with commas.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
import sync_metrics
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's word
from spreading import NotSentError, spread
from suppression import Suppression
from target import SUPPRESSED, Target
from turns import NoTurnError, Turns

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_LAST_CALL_SECONDS = 20
"""What a call may take at the end of a run: connecting, the answer, and writing down what came of it."""

Event = Mapping[str, Any]
Answer = dict[str, list[dict[str, str]]]


class Context(Protocol):
    """What Lambda tells a function of its run."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the run may still take."""
        ...


def split(event: Event, context: object) -> Answer:
    """Handle messages with SES's notifications: one message goes to each target Region for each address."""
    return split_all(
        event["Records"],
        sqs=_sqs(),
        queue_urls=os.environ["QUEUE_URLS"].split(","),
        reasons=os.environ["REASONS"].split(","),
        region=os.environ["AWS_REGION"],
    )


def apply(event: Event, context: Context) -> Answer:
    """Handle messages for one target Region, which is the end of the queue's name."""
    records = event["Records"]
    queue = str(records[0]["eventSourceARN"]).rpartition(":")[2]
    name = queue.removeprefix(os.environ["QUEUE_PREFIX"])
    return apply_all(
        records,
        target=_target(name, os.environ["TABLE"]),
        name=name,
        region=os.environ["AWS_REGION"],
        until=time.time() + context.get_remaining_time_in_millis() / 1000 - _LAST_CALL_SECONDS,
    )


def split_all(
    records: Sequence[Event],
    *,
    sqs: SQSClient,
    queue_urls: Sequence[str],
    reasons: Sequence[str],
    region: str,
) -> Answer:
    """Spread the notifications in SQS's records."""
    failed: list[str] = []
    told = 0
    for record in records:
        try:
            found = spread(str(record["body"]), sqs=sqs, queue_urls=queue_urls, reasons=reasons)
        except Exception as error:  # one bad message must not keep the others
            failed.append(str(record["messageId"]))
            _log(error, message=str(record["messageId"]))
        else:
            told += len(found)
    if told or failed:
        sync_metrics.emit(
            {"SuppressionsSeen": told, "SuppressionSplitFailed": len(failed)}, dimensions={"Region": region}
        )
    return _again(failed)


def apply_all(
    records: Sequence[Event],
    *,
    target: Target,
    name: str,
    region: str,
    until: float,
    clock: Callable[[], float] = time.time,
) -> Answer:
    """Put the addresses in SQS's records on the list of the target; after `until` the rest comes again later."""
    outcomes: Counter[str] = Counter()
    lags: list[float] = []
    failed: list[str] = []
    gone = False
    for record in records:
        if gone:
            failed.append(str(record["messageId"]))
            continue
        try:
            wanted = Suppression.from_message(str(record["body"]))
            outcome = target.suppress(wanted, until=until)
        except Exception as error:  # one bad message must not keep the others
            gone = _concerns_all(error)
            failed.append(str(record["messageId"]))
            _log(error, message=str(record["messageId"]))
            continue
        outcomes[outcome] += 1
        if outcome == SUPPRESSED:
            lags.append(round(clock() - wanted.at, 3))
    values: dict[str, int | Sequence[float]] = {
        "SuppressionsApplied": outcomes[SUPPRESSED],
        "SuppressionsSkipped": outcomes.total() - outcomes[SUPPRESSED],
        "SuppressionsFailed": len(failed),
    }
    if lags:
        values[sync_metrics.LAG] = lags
    sync_metrics.emit(
        values, dimensions={"Region": region, "Target": name}, properties={"Outcomes": dict(outcomes)}
    )
    return _again(failed)


def _concerns_all(error: Exception) -> bool:
    """Tell whether an error would meet the next message for the same Region, too: it is down, or has no turn free."""
    if isinstance(error, ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return isinstance(error, (ConnectionError, HTTPClientError, NoTurnError))


def _again(message_ids: Sequence[str]) -> Answer:
    return {"batchItemFailures": [{"itemIdentifier": one} for one in message_ids]}


def _log(error: Exception, *, message: str) -> None:
    """Say what went wrong, without the words of AWS and botocore: they may have the address."""
    said = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    said = str(error) if isinstance(error, (NotSentError, NoTurnError)) else said
    sys.stderr.write(f"message {message} comes again: {type(error).__name__}{f': {said}' if said else ''}\n")


@functools.cache
def _sqs() -> SQSClient:
    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    return cast("Any", boto3).client("sqs", config=config)  # type stubs may be there for some services only


@functools.cache
def _target(region: str, table: str) -> Target:
    client = cast("Any", boto3).client
    # A call that is repeated behind our back is one out of turn.
    once = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
    twice = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    dynamodb = client("dynamodb", region_name=region, config=twice)
    return Target(
        ses=client("sesv2", region_name=region, config=once),
        dynamodb=dynamodb,
        table=table,
        turns=Turns(dynamodb=dynamodb, table=table),
    )
