"""Takes one mail through the steps of its rule, in their written order."""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from message import Message
from notice import Notice
from once import Once
from problems import Problems
from steps import Drop, Forward, Invoke, Publish, Step
from storage import Storage, Stored

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

EVENT_SOURCE = "cdk-ses-regions"
DETAIL_TYPE = "Received mail"
FORWARD_TAG = "ses-regions:forward"

Event = Callable[[], tuple[str, Mapping[str, Any]]]
"""Gives the event as JSON, and SNS's message attributes."""

_UNSURE = frozenset({"GRAY", "PROCESSING_FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Where the steps reach out to.

    Args:
        client: gives the client of a service in this Region, made when it is first asked for.
        sns: client of SNS.
        topic_arn: the `received` topic.
        functions: ARNs of the functions that `invoke` knows by number.
        senders: addresses that this deployment forwards from, lower case.
        once: runs each step once.
    """

    client: Callable[[str], Any]
    sns: SNSClient
    topic_arn: str
    functions: Sequence[str] = ()
    senders: frozenset[str] = frozenset()
    once: Once = field(default_factory=Once)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One received mail.

    Args:
        notice: what SES says of it.
        stored: where it is.
        content: it itself, as far as it was read.
        message: what was read of it; None when nothing could be.
        problems: what was wrong with it.
        fingerprint: the same for every copy of it.
        event: builds the event that tells of it, as JSON with SNS's message attributes.
    """

    notice: Notice
    stored: Stored
    content: bytearray
    message: Message | None
    problems: Problems
    fingerprint: str
    event: Event


class PutEventsError(Exception):
    """EventBridge took the call and not the event."""


def run(steps: Sequence[Step], mail: Mail, targets: Targets, storage: Storage) -> Counter[str]:
    """Run the steps and return what happened, as metrics.

    Raises:
        Exception: a step failed; those before it are done, and it and those after it wait for the next try.
    """
    done = Counter[str]()
    event = functools.cache(mail.event)
    for step in steps:
        match step:
            case Drop():
                if dropped(step, mail.notice):
                    done["Dropped"] += 1
                    break
            case Forward():
                _forward(step, mail, targets, storage, done)
            case Publish():
                publish = _to_topic if step.to == "topic" else _to_event_bridge
                act = functools.partial(publish, step, targets, event)
                _once(targets, _key(mail, step.to, step.bus), act, done, "Published")
            case Invoke():
                arn = targets.functions[step.function]
                act = functools.partial(_invoke, targets, arn, event)
                here = arn.split(":")[3]  # the same function in another Region is another one's copy
                _once(targets, _key(mail, "invoke", arn.replace(here, "")), act, done, "Invoked")
    return done


def _key(mail: Mail, *step: str) -> str:
    """Return the name of a step of the mail: what it does, not its place, which a deployment may change meanwhile."""
    digest = hashlib.sha256(json.dumps(step).encode()).hexdigest()[:32]
    return f"{mail.fingerprint}/{mail.notice.rule}/{digest}"


def dropped(step: Drop, notice: Notice) -> bool:
    """Return whether the step ends what happens to the mail."""
    for name in step.verdicts:
        if name == "dmarc_reject":
            if notice.verdicts.get("dmarc") == "FAIL" and (notice.dmarc_policy or "").lower() == "reject":
                return True
        elif (status := notice.verdicts.get(name)) == "FAIL" or (step.unsure and status in _UNSURE):
            return True
    return False


def _once(
    targets: Targets, key: str, act: Callable[[], None], done: Counter[str], what: str, number: int = 1
) -> None:
    if targets.once.run(key, act):
        done[what] += number
    else:
        done["Duplicates"] += 1


def _to_topic(step: Publish, targets: Targets, event: Event) -> None:
    text, attributes = event()
    targets.sns.publish(TopicArn=targets.topic_arn, Message=text, MessageAttributes=attributes)


def _to_event_bridge(step: Publish, targets: Targets, event: Event) -> None:
    answer = targets.client("events").put_events(
        Entries=[
            {
                "Source": EVENT_SOURCE,
                "DetailType": DETAIL_TYPE,
                "Detail": event()[0],
                "EventBusName": step.bus,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise PutEventsError(f"{step.bus}: {json.dumps(answer['Entries'])}")


def _invoke(targets: Targets, arn: str, event: Event) -> None:
    targets.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=event()[0].encode())


def _forward(step: Forward, mail: Mail, targets: Targets, storage: Storage, done: Counter[str]) -> None:
    import forwarding  # most deployments forward nothing: their first mail does not wait for it

    ses = functools.partial(targets.client, "sesv2")
    try:
        own = forwarding.require_forwardable(
            mail.message and mail.message.headers,
            mail.notice,
            step,
            whole=len(mail.content) == mail.stored.size,
            problems={problem.code for problem in mail.problems.found},
            senders=targets.senders,
        )
    except forwarding.RefusedError as error:
        storage.mark(mail.stored, FORWARD_TAG, str(error))
        done["NotForwarded"] += 1
        return
    for to in forwarding.outgoing(step, mail.notice.recipients):
        send = functools.partial(forwarding.send, ses, mail.content, own, mail.notice, step, to)
        key = _key(mail, "forward", step.sender, to.recipient, *sorted(to.destinations))
        try:
            _once(targets, key, send, done, "Forwarded", len(to.destinations))
        except forwarding.RefusedError as error:  # of this recipient's mail alone
            storage.mark(mail.stored, FORWARD_TAG, str(error))
            done["NotForwarded"] += 1
