"""Regions in memory, as far as the functions of the suppression sync see them: SES, a table, queues and a clock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from provider_fakes import FakeClock, client_error
from suppression_sync import apply_all, split_all
from target import Target
from turns import Turns

NOW = 1_800_000_000.0
PATIENCE_SECONDS = 100.0


class FakeSes:
    """The suppression list of one Region; it takes one request a second, and says so to the second."""

    def __init__(self, region: FakeRegion) -> None:
        self._region = region
        self.calls: list[tuple[float, str]] = []
        self.refused = 0

    def get_suppressed_destination(self, EmailAddress: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        self._called("Get")
        if "/" in EmailAddress:
            raise client_error("UnknownOperationException", message=EmailAddress)
        if EmailAddress not in self._region.suppressed:
            raise client_error("NotFoundException", message=EmailAddress)
        reason = self._region.suppressed[EmailAddress]
        return {"SuppressedDestination": {"EmailAddress": EmailAddress, "Reason": reason}}

    def put_suppressed_destination(self, EmailAddress: str, Reason: str) -> None:  # noqa: N803
        self._called("Put")
        if self._region.sandbox or "," in EmailAddress:
            raise client_error(self._region.refusal, message=EmailAddress)
        self._region.suppressed[EmailAddress] = Reason
        self._region.after_put(EmailAddress)

    def delete_suppressed_destination(self, EmailAddress: str) -> None:  # noqa: N803
        self._called("Delete")
        if self._region.suppressed.pop(EmailAddress, None) is None:
            raise client_error("NotFoundException", message=EmailAddress)

    def get_account(self) -> dict[str, Any]:
        self._called("GetAccount")
        return {"ProductionAccessEnabled": not self._region.sandbox}

    def _called(self, name: str) -> None:
        self._region.reach()
        now = self._region.clock.now
        # A stranger's call that comes before ours.
        if self._region.strangers or (self.calls and now - self.calls[-1][0] < 1 - 1e-3):
            self._region.strangers = max(0, self._region.strangers - 1)
            self.refused += 1
            raise client_error("TooManyRequestsException")
        if self._region.faults:
            raise self._region.faults.pop(0)
        self.calls.append((now, name))


class FakeTable:
    """One table of DynamoDB, with the two calls that are needed."""

    def __init__(self, region: FakeRegion) -> None:
        self._region = region
        self.items: dict[str, dict[str, Any]] = {}
        self.rivals: list[float] = []

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert ConsistentRead, "an answer of yesterday is of no use"
        self._region.reach()
        item = self.items.get(Key["id"]["S"])
        return {} if item is None else {"Item": dict(item)}

    def update_item(self, *, Key: Any, ExpressionAttributeValues: Any, **_: Any) -> None:  # noqa: N803
        self._region.reach()
        self._region.clock.now += 0.1  # the way there and back
        if self.rivals:  # somebody comes between our look and our write
            self.items[Key["id"]["S"]] = {"free_at": {"N": str(self.rivals.pop(0))}}
        item = self.items.setdefault(Key["id"]["S"], {})
        if item.get("free_at") != ExpressionAttributeValues.get(":seen"):
            raise client_error("ConditionalCheckFailedException")
        item["free_at"] = ExpressionAttributeValues[":free"]


class FakeRegion:
    """A Region that may be down, or in the sandbox."""

    def __init__(self, name: str, clock: FakeClock) -> None:
        self.name, self.clock = name, clock
        self.suppressed: dict[str, str] = {}
        self.down = self.sandbox = False
        self.refusal = "BadRequestException"
        self.strangers = 0
        self.faults: list[ClientError] = []
        self.removed_meanwhile: dict[str, float] = {}
        self.ses, self.table = FakeSes(self), FakeTable(self)

    def reach(self) -> None:
        if self.down:
            raise EndpointConnectionError(
                endpoint_url=f"https://email.{self.name}.amazonaws.com/jane@example.com"
            )

    def after_put(self, address: str) -> None:
        """Let an operator remove an address between the function's put and its last look."""
        if address in self.removed_meanwhile:
            self.note_removal(address, self.removed_meanwhile.pop(address))

    def note_removal(self, address: str, at: float) -> None:
        self.table.items[f"removed#{address}"] = {"removed_at": {"N": str(int(at))}}

    def remove(self, address: str, at: float) -> None:
        """What docs/suppression-sync.md tells an operator to do."""
        self.note_removal(address, at)
        self.suppressed.pop(address, None)

    def target(self) -> Target:
        turns = Turns(dynamodb=self.table, table="t", clock=self.clock, sleep=self.clock.sleep)
        ses: Any = self.ses
        return Target(ses=ses, dynamodb=self.table, table="t", turns=turns, clock=self.clock)


class FakeSqs:
    """Queues by URL."""

    def __init__(self) -> None:
        self.queues: dict[str, list[str]] = {}
        self.refuse: set[str] = set()

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        if QueueUrl in self.refuse:
            return {"Failed": [{"Id": Entries[0]["Id"], "Code": "InternalError"}]}
        self.queues.setdefault(QueueUrl, []).extend(one["MessageBody"] for one in Entries)
        return {"Successful": [{"Id": one["Id"]} for one in Entries]}


class Sync:
    """A deployment: what SES tells in one Region is carried to the others, when `run` is called."""

    def __init__(self, *names: str) -> None:
        self.clock = FakeClock()
        self.clock.now = NOW
        self.regions = {name: FakeRegion(name, self.clock) for name in names}
        self.sqs = {name: FakeSqs() for name in names}

    def tell(self, region: str, notification: Mapping[str, Any]) -> None:
        """Let SES of a Region tell something."""
        others = [name for name in self.regions if name != region]
        records = [{"messageId": "1", "body": json.dumps(notification)}]
        sqs: Any = self.sqs[region]
        failed = split_all(
            records, sqs=sqs, queue_urls=others, reasons=("BOUNCE", "COMPLAINT"), region=region
        )
        assert failed == {"batchItemFailures": []}

    def run(self) -> int:
        """Handle each message that waits once; return how many are to come again."""
        left = 0
        for source, sqs in self.sqs.items():
            for target, waiting in sqs.queues.items():
                bodies, waiting[:] = list(waiting), []
                for first in range(0, len(bodies), 5):
                    batch = bodies[first : first + 5]
                    again = self.apply(source, target, batch)
                    waiting += again
                    left += len(again)
        return left

    def apply(self, source: str, target: str, bodies: Sequence[str]) -> list[str]:
        """Handle one batch of messages; return those that are to come again."""
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        answer = apply_all(
            records,
            target=self.regions[target].target(),
            name=target,
            region=source,
            until=self.clock.now + PATIENCE_SECONDS,
            clock=self.clock,
        )
        return [bodies[int(one["itemIdentifier"])] for one in answer["batchItemFailures"]]

    def lists(self) -> dict[str, dict[str, str]]:
        """The suppression lists by Region."""
        return {name: dict(region.suppressed) for name, region in self.regions.items()}


def bounce(
    *addresses: str,
    at: float = NOW,
    kind: str = "Permanent",
    subtype: str = "General",
) -> dict[str, Any]:
    """SES's notification of a bounce."""
    return {
        "notificationType": "Bounce",
        "mail": {"destination": [*addresses, "innocent@example.com"], "messageId": "m"},
        "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [
                {"emailAddress": one, "status": "5.1.1", "action": "failed"} for one in addresses
            ],
            "timestamp": iso(at),
            "feedbackId": "f-bounce",
        },
    }


def complaint(
    *addresses: str, at: float = NOW, subtype: str | None = None, kind: str | None = "abuse"
) -> dict[str, Any]:
    """SES's notification of a complaint."""
    return {
        "notificationType": "Complaint",
        "mail": {"destination": [*addresses, "innocent@example.com"], "messageId": "m"},
        "complaint": {
            "complainedRecipients": [{"emailAddress": one} for one in addresses],
            "timestamp": iso(at),
            "feedbackId": "f-complaint",
            "complaintSubType": subtype,
            **({"complaintFeedbackType": kind} if kind else {}),
        },
    }


def iso(seconds: float) -> str:
    """SES's way to write a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
