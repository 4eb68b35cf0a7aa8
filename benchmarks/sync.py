"""The suppression sync: 10,000 addresses to one Region whose SES takes one request a second.

Time there is simulated, so that hours pass in seconds: a call takes a tenth of a second. Our own functions are real,
and so is the time they need for themselves.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.target import Target as Figure

HANDLER = Path(__file__).parent.parent / "constructs" / "cdk_ses_regions" / "handlers" / "suppression_sync"
ADDRESSES = 10_000
SOURCES = ("us-east-1", "us-west-2")
TARGET = "eu-west-1"
START = 1_800_000_000.0
CALL_SECONDS = 0.1
RUN_SECONDS = 100.0
BATCH = 5


class _Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Ses:
    """A suppression list that takes one request a second and refuses the rest."""

    def __init__(self, clock: _Clock) -> None:
        self._clock, self._last = clock, 0.0
        self.listed: dict[str, str] = {}
        self.requests = self.refused = 0

    def get_suppressed_destination(self, EmailAddress: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        self._take()
        if EmailAddress not in self.listed:
            raise _error("NotFoundException")
        return {"SuppressedDestination": {"Reason": self.listed[EmailAddress]}}

    def put_suppressed_destination(self, EmailAddress: str, Reason: str) -> None:  # noqa: N803
        self._take()
        self.listed[EmailAddress] = Reason

    def _take(self) -> None:
        now, self._clock.now = self._clock.now, self._clock.now + CALL_SECONDS
        if now - self._last < 0.999:
            self.refused += 1
            raise _error("TooManyRequestsException")
        self._last = now
        self.requests += 1


class _Table:
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._items: dict[str, dict[str, Any]] = {}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._clock.now += CALL_SECONDS
        item = self._items.get(Key["id"]["S"])
        return {"Item": item} if item else {}

    def update_item(self, *, Key: Any, ExpressionAttributeValues: Any, **_: Any) -> None:  # noqa: N803
        self._clock.now += CALL_SECONDS
        self._items[Key["id"]["S"]] = {"free_at": ExpressionAttributeValues[":free"]}


class _Sqs:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message_batch(self, *, Entries: Sequence[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.bodies += [one["MessageBody"] for one in Entries]
        return {}


def _error(code: str) -> Exception:
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


def _notifications(region: str) -> Iterator[dict[str, str]]:
    """The bounces of one Region, as records of SQS."""
    for number in range(ADDRESSES // len(SOURCES)):
        bounce = {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": f"{number}@{region}.example"}],
            "timestamp": "2027-01-15T07:59:00.000Z",
            "feedbackId": str(number),
        }
        yield {"messageId": str(number), "body": json.dumps({"notificationType": "Bounce", "bounce": bounce})}


def _batches(records: Sequence[dict[str, str]], size: int) -> Iterator[Sequence[dict[str, str]]]:
    for first in range(0, len(records), size):
        yield records[first : first + size]


def run() -> list[Figure]:
    """Carry all over, and all a second time; takes some seconds."""
    sys.path.insert(0, str(HANDLER))
    import suppression_sync
    from target import Target
    from turns import Turns

    clock, sqs = _Clock(), {region: _Sqs() for region in SOURCES}
    ses, table = _Ses(clock), _Table(clock)
    turns = Turns(dynamodb=table, table="t", clock=clock, sleep=clock.sleep)
    client: Any = ses
    target = Target(ses=client, dynamodb=table, table="t", turns=turns, clock=clock)

    def split() -> float:
        start = time.perf_counter()
        for region, queue in sqs.items():
            to: Any = queue
            for batch in _batches(list(_notifications(region)), 10):
                suppression_sync.split_all(
                    batch, sqs=to, queue_urls=[TARGET], reasons=["BOUNCE"], region=region
                )
        return time.perf_counter() - start

    def apply() -> tuple[float, float]:
        """Let the sources take turns, a batch each; return our own seconds and the simulated ones."""
        start, began = time.perf_counter(), clock.now
        waiting = {
            region: [{"messageId": str(number), "body": body} for number, body in enumerate(queue.bodies)]
            for region, queue in sqs.items()
        }
        for batches in zip(*(_batches(records, BATCH) for records in waiting.values()), strict=True):
            for region, batch in zip(waiting, batches, strict=True):
                left = suppression_sync.apply_all(
                    batch,
                    target=target,
                    name=TARGET,
                    region=region,
                    until=clock.now + RUN_SECONDS,
                    clock=clock,
                )
                if left["batchItemFailures"]:
                    raise RuntimeError("messages were left, and nobody brings them again here")
        return time.perf_counter() - start, clock.now - began

    with contextlib.redirect_stdout(io.StringIO()):  # the metrics
        splitting = split()
        applying, simulated = apply()
        if len(ses.listed) != ADDRESSES:
            raise RuntimeError(f"{len(ses.listed)} of {ADDRESSES} addresses are on the list")
        first = ses.requests
        apply()
    what = f"sync of {ADDRESSES} suppressions"
    return [
        Figure(
            name=f"{what}, time over that of two requests each, one a second",
            value=simulated / first,
            limit=1.01,
        ),
        Figure(name=f"{what}, hours", value=simulated / 3600),
        Figure(name=f"{what}, requests refused", value=ses.refused, limit=0),
        Figure(name=f"{what}, requests each", value=first / ADDRESSES, limit=2),
        Figure(
            name=f"{what} that are there already, requests each",
            value=(ses.requests - first) / ADDRESSES,
            limit=1,
        ),
        Figure(
            name="sync, own time of an address", value=1000 * (splitting + applying) / ADDRESSES, unit="ms"
        ),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.line())
