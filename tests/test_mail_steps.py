"""The steps of a rule: in their written order, each reaching whom it names, the drop ending them."""

from __future__ import annotations

import json
from typing import Any

import handling
import pytest
from inbound_aws import FUNCTION_ARN, Inbox, refusal
from inbound_bombs import HEAD
from steps import Drop, Forward, Invoke, Publish, Step, parse

RAW = HEAD + b"\r\nhi"


def handled(*steps: Step, **told: Any) -> Inbox:
    inbox = Inbox(*steps)
    inbox.store(RAW)
    inbox.receive(**told)
    return inbox


def test_event_bridge_gets_the_event_as_its_detail() -> None:
    inbox = handled(Publish(), Publish(to="event_bridge", bus="orders"))
    [entry] = inbox.events.entries
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (
        "cdk-ses-regions",
        "Received mail",
        "orders",
    )
    assert [json.loads(entry["Detail"])] == inbox.sns.published


def test_an_event_that_event_bridge_did_not_take_comes_again() -> None:
    inbox = Inbox(Publish(to="event_bridge"))
    inbox.store(RAW)
    inbox.events.failed = ["ThrottlingException"]
    with pytest.raises(handling.PutEventsError, match="ThrottlingException"):
        inbox.receive()
    inbox.receive()
    assert len(inbox.events.entries) == 1


def test_a_function_gets_the_event() -> None:
    inbox = handled(Publish(), Invoke(function=0))
    assert inbox.functions.invoked == [(FUNCTION_ARN, inbox.sns.published[0])]


def test_the_largest_event_fits_event_bridge_and_function() -> None:
    inbox = Inbox(Publish(to="event_bridge"), Invoke(function=0))
    many = b"".join(b"X-%d: %s\r\n" % (number, b"\x02" * 1000) for number in range(150))
    inbox.store(HEAD + many + b"\r\n" + b"\x01" * 200_000)
    inbox.receive(recipients=tuple(f"{'x' * 60}{n}@example.com" for n in range(1000)))
    assert len(inbox.events.entries) == len(inbox.functions.invoked) == 1


@pytest.mark.parametrize(
    ("step", "told", "gone"),
    [
        (Drop(verdicts=("spam",)), {"spam": "FAIL"}, True),
        (Drop(verdicts=("spam",)), {"virus": "FAIL"}, False),
        (Drop(verdicts=("spam", "virus")), {"virus": "FAIL"}, True),
        (Drop(verdicts=("spf",)), {"spf": "FAIL"}, True),
        (Drop(verdicts=("dkim",)), {"dkim": "FAIL"}, True),
        (Drop(verdicts=("dmarc",)), {"dmarc": "FAIL"}, True),
        (Drop(verdicts=("dmarc",)), {"dmarc": "FAIL", "dmarc_policy": "none"}, True),
        (Drop(verdicts=("dmarc_reject",)), {"dmarc": "FAIL", "dmarc_policy": "reject"}, True),
        (Drop(verdicts=("dmarc_reject",)), {"dmarc": "FAIL", "dmarc_policy": "REJECT"}, True),
        (Drop(verdicts=("dmarc_reject",)), {"dmarc": "FAIL", "dmarc_policy": "quarantine"}, False),
        (Drop(verdicts=("dmarc_reject",)), {"dmarc": "PASS", "dmarc_policy": "reject"}, False),
        (Drop(verdicts=("dmarc_reject",)), {"dmarc": "FAIL"}, False),
        (Drop(verdicts=("spam",)), {"spam": "GRAY"}, False),
        (Drop(verdicts=("spam",)), {"spam": "PROCESSING_FAILED"}, False),
        (Drop(verdicts=("spam",), unsure=True), {"spam": "GRAY"}, True),
        (Drop(verdicts=("spam",), unsure=True), {"spam": "PROCESSING_FAILED"}, True),
        (Drop(verdicts=("spam",), unsure=True), {"spam": "DISABLED"}, False),
        (Drop(verdicts=("spam",), unsure=True), {"virus": "GRAY"}, False),
        (Drop(verdicts=("spam",), unsure=True), {"without": ("spam",)}, False),
    ],
)
def test_a_drop_ends_the_steps_by_what_ses_found(step: Drop, told: dict[str, Any], gone: bool) -> None:
    inbox = handled(step, Publish(), **told)
    assert len(inbox.sns.published) == (0 if gone else 1)


def test_what_comes_before_a_drop_happens_and_the_mail_stays(capsys: pytest.CaptureFixture[str]) -> None:
    inbox = handled(Publish(), Drop(verdicts=("spam",)), Publish(to="event_bridge"), spam="FAIL")
    assert (len(inbox.sns.published), len(inbox.events.entries)) == (1, 0)
    assert list(inbox.s3.objects.values()) == [RAW]
    assert '"Dropped": 1' in capsys.readouterr().out


def test_a_step_that_fails_holds_up_those_after_it_and_none_before() -> None:
    forward = Forward(sender="f@example.com", to={"*": ("x@x.example",)})
    inbox = Inbox(Publish(), forward, Publish(to="event_bridge"))
    inbox.store(RAW)
    inbox.ses.refuse = [refusal("SendEmail", "TooManyRequestsException")]
    with pytest.raises(Exception, match="TooManyRequests"):
        inbox.receive()
    assert (len(inbox.sns.published), len(inbox.events.entries)) == (1, 0)


def test_what_the_construct_writes_is_what_the_function_reads() -> None:
    known = parse(
        {
            "a": [
                {"drop": {"verdicts": ["spam"], "unsure": True}},
                {"publish": {}},
                {"publish": {"to": "event_bridge", "bus": "orders"}},
                {"forward": {"sender": "f@example.com", "to": {"Support@Example.com": ["a@x.example"]}}},
                {"invoke": {"function": 0}},
            ]
        }
    )
    drop, publish, bridge, forward, invoke = known.of("a")
    assert drop == Drop(verdicts=("spam",), unsure=True)
    assert (publish, bridge) == (Publish(), Publish(to="event_bridge", bus="orders"))
    assert isinstance(forward, Forward)
    assert forward.destinations("support@example.com") == ("a@x.example",)
    assert invoke == Invoke(function=0)


@pytest.mark.parametrize(
    "entry", [{"paint": {}}, {"publish": {"colour": "red"}}, {"publish": {}, "drop": {}}]
)
def test_steps_that_this_code_does_not_know_are_refused(entry: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse({"a": [entry]})
