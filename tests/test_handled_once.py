"""A step of a mail is done once: whichever Region or retry the mail comes by, and whatever dies on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from handling import PutEventsError
from inbound_aws import FUNCTION_ARN, RULE, Inbox, refusal
from inbound_bombs import HEAD
from once import KEEP_SECONDS, LEASE_SECONDS, BusyError, Once
from steps import Drop, Forward, Invoke, Publish

from cdk_ses_regions.local import LocalAws

TABLE = "email-handled"
NOW = time.time()


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with LocalAws.start(("us-east-1",)) as local:
        yield local


@pytest.fixture
def dynamodb(local: LocalAws) -> Iterator[Any]:
    """A client of a table as the construct makes it, empty."""
    client = local.client("dynamodb", "us-east-1")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    client.delete_table(TableName=TABLE)


def items(dynamodb: Any) -> dict[str, str]:
    return {item["id"]["S"]: item["state"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]}


class Step:
    """Counts how often it is run; raises `errors` first."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.times = 0

    def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.times += 1


def test_a_step_runs_once(dynamodb: Any) -> None:
    step, once = Step(), Once(dynamodb=dynamodb, table=TABLE)
    assert [once.run("a", step), once.run("a", step), once.run("b", step)] == [True, False, True]
    assert step.times == 2
    assert items(dynamodb) == {"a": "done", "b": "done"}


def test_without_a_table_a_step_runs_whenever_it_is_asked_for() -> None:
    step = Step()
    assert [Once().run("a", step), Once().run("a", step)] == [True, True]
    assert step.times == 2


def test_a_step_that_failed_is_tried_again(dynamodb: Any) -> None:
    step, once = Step(ValueError("first")), Once(dynamodb=dynamodb, table=TABLE)
    with pytest.raises(ValueError, match="first"):
        once.run("a", step)
    assert items(dynamodb) == {}
    assert once.run("a", step)
    assert step.times == 1


def test_a_step_that_another_run_is_at_is_left_to_it(dynamodb: Any) -> None:
    first, second = Step(), Step()
    once = Once(dynamodb=dynamodb, table=TABLE)

    def meanwhile() -> None:
        first()
        with pytest.raises(BusyError):
            once.run("a", second)

    assert once.run("a", meanwhile)
    assert (first.times, second.times) == (1, 0)


def test_a_run_that_died_gives_way_after_its_lease(dynamodb: Any) -> None:
    clock = [NOW]
    once = Once(dynamodb=dynamodb, table=TABLE, now=lambda: clock[0])
    step = Step()
    once._claim("a", int(NOW) + LEASE_SECONDS)  # and then it died
    clock[0] = NOW + LEASE_SECONDS - 1
    with pytest.raises(BusyError):
        once.run("a", step)
    clock[0] = NOW + LEASE_SECONDS + 2
    assert once.run("a", step)
    assert step.times == 1


def test_a_late_failure_does_not_take_the_claim_of_the_next_run_away(dynamodb: Any) -> None:
    clock = [NOW]
    once = Once(dynamodb=dynamodb, table=TABLE, now=lambda: clock[0])

    def slow() -> None:
        clock[0] = NOW + LEASE_SECONDS + 2
        assert once.run("a", Step())
        raise ValueError("too late")

    with pytest.raises(ValueError, match="too late"):
        once.run("a", slow)
    assert items(dynamodb) == {"a": "done"}


def test_a_mail_is_forgotten_in_the_end_even_when_dynamodb_is_slow_to_delete_it(dynamodb: Any) -> None:
    clock = [NOW]
    once = Once(dynamodb=dynamodb, table=TABLE, now=lambda: clock[0])
    step = Step()
    once.run("a", step)
    [item] = dynamodb.scan(TableName=TABLE)["Items"]
    assert int(item["expires"]["N"]) == int(NOW) + KEEP_SECONDS
    clock[0] = NOW + KEEP_SECONDS + 2
    assert once.run("a", step)
    assert step.times == 2


class Failing:
    """A client whose calls fail; `after` of them work."""

    def __init__(self, real: Any, error: Exception, *, after: int = 0) -> None:
        self.real, self.error, self.after = real, error, after

    def put_item(self, **arguments: Any) -> Any:
        self.after -= 1
        if self.after < 0:
            raise self.error
        return self.real.put_item(**arguments)

    def delete_item(self, **_: Any) -> Any:
        raise self.error


SERVER_ERROR = ClientError(
    {"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},  # pyright: ignore
    "PutItem",
)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        SERVER_ERROR,
        refusal("PutItem", "ResourceNotFoundException"),
    ],
    ids=["no connection", "timeout", "server error", "no table"],
)
def test_a_mail_does_not_wait_for_a_region_that_is_down_or_a_table_that_is_not_there(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Step()
    assert Once(dynamodb=Failing(None, error), table=TABLE).run("a", step)
    assert step.times == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_a_table_that_refuses_is_a_failure() -> None:
    step = Step()
    with pytest.raises(ClientError, match="AccessDeniedException"):
        Once(dynamodb=Failing(None, refusal("PutItem", "AccessDeniedException")), table=TABLE).run("a", step)
    assert step.times == 0


def test_what_is_done_stays_done_although_it_could_not_be_noted(
    dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = Failing(dynamodb, refusal("PutItem", "ThrottlingException"), after=1)
    step = Step()
    assert Once(dynamodb=failing, table=TABLE).run("a", step)
    assert step.times == 1
    assert "could not be noted" in capsys.readouterr().err


def test_a_failure_of_the_step_is_told_and_not_that_of_giving_back(dynamodb: Any) -> None:
    failing = Failing(dynamodb, refusal("DeleteItem"), after=1)
    with pytest.raises(ValueError, match="the step"):
        Once(dynamodb=failing, table=TABLE).run("a", Step(ValueError("the step")))


FORWARD = Forward(
    sender="f@example.com", to={"a@example.com": ("x@x.example",), "b@example.com": ("y@x.example",)}
)
ALL = (Publish(), Publish(to="event_bridge"), Invoke(function=0), FORWARD)
BODY = b"Message-ID: <1@example.net>\r\n\r\nhello"


def arrives(inbox: Inbox, *, by: bytes, message_id: str, body: bytes = BODY, **told: Any) -> None:
    """Let a mail come in: SES of each Region adds headers and gives an id of its own."""
    inbox.store(
        b"Received: by " + by + b" id " + message_id.encode() + b"\r\n" + HEAD + body, message_id=message_id
    )
    inbox.receive(message_id=message_id, **{"recipients": ("a@example.com", "b@example.com"), **told})


def done(inbox: Inbox) -> tuple[int, int, int, int]:
    return (
        len(inbox.sns.published),
        len(inbox.events.entries),
        len(inbox.functions.invoked),
        len(inbox.ses.sent),
    )


def test_a_mail_that_comes_by_two_regions_is_handled_once(
    dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    once = Once(dynamodb=dynamodb, table=TABLE)
    here, there = Inbox(*ALL, once=once), Inbox(*ALL, once=once, region="eu-west-1")
    arrives(here, by=b"inbound-smtp.us-east-1.amazonaws.com", message_id="first")
    arrives(there, by=b"inbound-smtp.eu-west-1.amazonaws.com", message_id="second")
    assert done(here) == (1, 1, 1, 2)
    assert done(there) == (0, 0, 0, 0)
    assert '"Duplicates": 5' in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b"!"},
        {"body": BODY.replace(b"<1@", b"<2@")},
        {"body": b"Date: tomorrow\r\n" + BODY},
        {"sender": "joe@example.net"},
        {"recipients": ("a@example.com",)},
    ],
    ids=["body", "message id", "date", "sender", "recipients"],
)
def test_another_mail_is_another_mail(dynamodb: Any, change: dict[str, Any]) -> None:
    inbox = Inbox(Publish(), once=Once(dynamodb=dynamodb, table=TABLE))
    arrives(inbox, by=b"mx", message_id="first")
    arrives(inbox, by=b"mx", message_id="second", **change)
    assert len(inbox.sns.published) == 2


def test_a_retry_goes_on_where_the_first_try_failed(dynamodb: Any) -> None:
    inbox = Inbox(*ALL, once=Once(dynamodb=dynamodb, table=TABLE))
    inbox.events.failed = ["InternalFailure"]
    inbox.ses.refuse = [refusal("SendEmail", "TooManyRequestsException")]
    failures = 0
    while True:
        try:
            arrives(inbox, by=b"mx", message_id="first")
            break
        except Exception:
            failures += 1
    assert failures == 2
    assert done(inbox) == (1, 1, 1, 2)


OTHERS = Publish(to="event_bridge", bus="orders")
SECOND = Forward(sender="f@example.com", to={"a@example.com": ("z@x.example",)})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((Publish(), Publish(to="event_bridge")), (Publish(to="event_bridge"), Publish())),
        ((Publish(), Publish(to="event_bridge")), (Drop(), Publish(), Publish(to="event_bridge"))),
        ((Publish(), Publish(to="event_bridge")), (Publish(), OTHERS, Publish(to="event_bridge"))),
    ],
    ids=["other order", "one more before", "one more between"],
)
def test_steps_that_changed_before_a_retry_are_done_once_each(
    dynamodb: Any, before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    once = Once(dynamodb=dynamodb, table=TABLE)
    old, new = Inbox(*before, once=once), Inbox(*after, once=once)
    old.events.failed = ["InternalFailure"]
    with pytest.raises(PutEventsError):
        arrives(old, by=b"mx", message_id="first")
    arrives(new, by=b"mx", message_id="first")
    assert len(old.sns.published) + len(new.sns.published) == 1
    assert [entry["EventBusName"] for entry in new.events.entries].count("default") == 1
    assert len(new.events.entries) == sum(step != Publish() and step != Drop() for step in after)


def test_two_forwards_that_changed_places_before_a_retry_both_send(dynamodb: Any) -> None:
    once = Once(dynamodb=dynamodb, table=TABLE)
    first = Forward(sender="f@example.com", to={"a@example.com": ("x@x.example",)})
    old, new = Inbox(first, once=once), Inbox(SECOND, first, once=once)
    arrives(old, by=b"mx", message_id="first")
    arrives(new, by=b"mx", message_id="first")
    assert [sent["Destination"]["ToAddresses"] for sent in new.ses.sent] == [["z@x.example"]]


def test_a_function_is_known_by_its_name_in_every_region(dynamodb: Any) -> None:
    once = Once(dynamodb=dynamodb, table=TABLE)
    here, there = (Inbox(Invoke(function=0), once=once, region=name) for name in ("us-east-1", "eu-west-1"))
    named = replace(
        there.services.targets, functions=(FUNCTION_ARN.replace("us-east-1", "eu-west-1"), FUNCTION_ARN)
    )
    there.services = replace(there.services, targets=named)
    arrives(here, by=b"mx", message_id="first")
    arrives(there, by=b"mx", message_id="second")
    assert (len(here.functions.invoked), len(there.functions.invoked)) == (1, 0)


def test_one_of_two_recipients_is_sent_again_alone(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(FORWARD, once=Once(dynamodb=dynamodb, table=TABLE))
    send = inbox.ses.send_email

    def second_fails(**arguments: Any) -> Any:
        if len(inbox.ses.sent) == 1:
            monkeypatch.setattr(inbox.ses, "send_email", send)
            raise refusal("SendEmail", "TooManyRequestsException")
        return send(**arguments)

    monkeypatch.setattr(inbox.ses, "send_email", second_fails)
    with pytest.raises(ClientError):
        arrives(inbox, by=b"mx", message_id="first")
    arrives(inbox, by=b"mx", message_id="first")
    assert [sent["Destination"]["ToAddresses"] for sent in inbox.ses.sent] == [
        ["x@x.example"],
        ["y@x.example"],
    ]


def test_mails_without_message_id_that_say_the_same_are_two(dynamodb: Any) -> None:
    inbox = Inbox(Publish(), once=Once(dynamodb=dynamodb, table=TABLE))
    for message_id in ("first", "second", "first"):
        arrives(inbox, by=b"mx", message_id=message_id, body=b"\r\nBackup done.")
    assert len(inbox.sns.published) == 2


def test_ciphertext_is_told_apart_by_ses_s_own_id(dynamodb: Any) -> None:
    inbox = Inbox(Publish(), once=Once(dynamodb=dynamodb, table=TABLE))
    for message_id in ("first", "second", "first"):
        inbox.s3.metadata[f"mail/{RULE}/{message_id}"] = {"x-amz-key-v2": "AAAA"}
        arrives(inbox, by=b"mx", message_id=message_id)
    assert len(inbox.sns.published) == 2


def test_without_a_table_every_retry_does_all_again() -> None:
    inbox = Inbox(Publish(), Drop(verdicts=("spam",)))
    for _ in range(2):
        arrives(inbox, by=b"mx", message_id="first")
    assert len(inbox.sns.published) == 2
