"""The functions that carry suppressions from Region to Region: whom, once, in any order, at SES's pace."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import suppression_sync
import turns
from botocore.stub import ANY, Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from provider_fakes import Context, FakeClock, client_error
from suppression import Suppression, suppressions
from suppression_sync import split_all
from sync_fakes import NOW, FakeSqs, Sync, bounce, complaint

HERE, THERE, ELSEWHERE = REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
JANE = "jane.doe@example.com"


@pytest.fixture
def sync() -> Sync:
    return Sync(*REGIONS)


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# What SES tells


@pytest.mark.parametrize(
    ("notification", "reason"),
    [(bounce(JANE), "BOUNCE"), (bounce(JANE, subtype="NoEmail"), "BOUNCE"), (complaint(JANE), "COMPLAINT")],
)
def test_hard_bounces_and_complaints_count(notification: dict[str, Any], reason: str) -> None:
    [found] = suppressions(notification)
    assert (found.address, found.reason, found.at) == (JANE, reason, NOW)


def test_a_complaint_without_a_report_counts() -> None:
    assert suppressions(complaint(JANE, kind=None))


@pytest.mark.parametrize(
    "notification",
    [
        bounce(JANE, kind="Transient"),
        bounce(JANE, kind="Transient", subtype="MailboxFull"),
        bounce(JANE, kind="Undetermined", subtype="Undetermined"),
        bounce(JANE, subtype="OnAccountSuppressionList"),
        bounce(JANE, subtype="Suppressed"),
        bounce(JANE, subtype="UnsubscribedRecipient"),
        complaint(JANE, subtype="OnAccountSuppressionList"),
        complaint(JANE, kind="not-spam"),
        {"notificationType": "Delivery", "delivery": {"recipients": [JANE]}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "hello"},
        {},
    ],
    ids=str,
)
def test_nothing_else_does(notification: dict[str, Any]) -> None:
    assert suppressions(notification) == []


def test_only_who_bounced_counts_each_once() -> None:
    told = bounce(JANE, JANE.title(), f"<{JANE}>", f'"Jane" <{JANE}>', "other@example.com")
    assert [one.address for one in suppressions(told)] == [JANE, "other@example.com"]


@pytest.mark.parametrize(
    "address",
    ["", "jane", "@example.com", "jane@", "a b@example.com", "j\u0000@example.com", "x" * 321 + "@a.b", None],
)
def test_what_is_no_address_is_left_out(address: Any) -> None:
    assert [one.address for one in suppressions(bounce(address, JANE))] == [JANE]


def test_the_mailbox_simulator_is_left_out() -> None:
    assert suppressions(bounce("bounce@Simulator.AmazonSES.com")) == []


def test_a_message_says_what_was_seen() -> None:
    [found] = suppressions(bounce(JANE))
    assert Suppression.from_message(found.message()) == found


# Splitting


def split(sqs: Any, *bodies: str, reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")) -> list[str]:
    records = [{"messageId": f"id-{number}", "body": body} for number, body in enumerate(bodies)]
    answer = split_all(records, sqs=sqs, queue_urls=["q-1", "q-2"], reasons=reasons, region=HERE)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_each_queue_gets_one_message_an_address() -> None:
    sqs, addresses = FakeSqs(), [f"{number}@example.com" for number in range(23)]
    assert split(sqs, json.dumps(bounce(*addresses))) == []
    for queue in ("q-1", "q-2"):
        assert [json.loads(one)["address"] for one in sqs.queues[queue]] == addresses


def test_a_reason_that_is_not_told_is_not_sent() -> None:
    sqs = FakeSqs()
    split(sqs, json.dumps(bounce(JANE)), json.dumps(complaint("b@example.com")), reasons=("COMPLAINT",))
    assert [json.loads(one)["reason"] for one in sqs.queues["q-1"]] == ["COMPLAINT"]


def test_a_notification_that_cannot_be_read_comes_again_and_keeps_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sqs = FakeSqs()
    lacking = json.dumps({"notificationType": "Bounce"})
    assert split(sqs, "{", lacking, json.dumps(bounce(JANE))) == ["id-0", "id-1"]
    assert len(sqs.queues["q-1"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["SuppressionSplitFailed"] == 2
    assert "id-0" in captured.err


def test_a_queue_that_does_not_take_all_lets_the_notification_come_again() -> None:
    sqs = FakeSqs()
    sqs.refuse = {"q-2"}
    assert split(sqs, json.dumps(bounce(JANE))) == ["id-0"]


def test_deliveries_are_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    split(FakeSqs(), json.dumps({"notificationType": "Delivery"}))
    assert capsys.readouterr().out == ""


# Applying


def test_an_address_is_suppressed_in_every_other_region(sync: Sync) -> None:
    sync.tell(HERE, bounce(JANE))
    assert sync.run() == 0
    assert sync.lists() == {HERE: {}, THERE: {JANE: "BOUNCE"}, ELSEWHERE: {JANE: "BOUNCE"}}


@pytest.mark.parametrize(
    ("there", "told", "after", "puts"),
    [
        (None, "BOUNCE", "BOUNCE", 1),
        ("BOUNCE", "BOUNCE", "BOUNCE", 0),
        ("COMPLAINT", "COMPLAINT", "COMPLAINT", 0),
        ("COMPLAINT", "BOUNCE", "COMPLAINT", 0),
        ("BOUNCE", "COMPLAINT", "COMPLAINT", 1),
    ],
)
def test_it_is_compared_before_it_is_put(
    sync: Sync, there: str | None, told: str, after: str, puts: int
) -> None:
    region = sync.regions[THERE]
    region.suppressed = {JANE: there} if there else {}
    sync.tell(HERE, bounce(JANE) if told == "BOUNCE" else complaint(JANE))
    sync.run()
    assert region.suppressed == {JANE: after}
    assert [name for _, name in region.ses.calls].count("Put") == puts


def test_a_region_that_is_down_holds_up_no_other_and_catches_up(sync: Sync) -> None:
    sync.regions[THERE].down = True
    for number in range(7):
        sync.tell(HERE, bounce(f"{number}@example.com"))
    assert sync.run() == 7
    assert (len(sync.regions[ELSEWHERE].suppressed), len(sync.regions[THERE].suppressed)) == (7, 0)
    sync.regions[THERE].down = False
    assert sync.run() == 0
    assert sync.regions[THERE].suppressed == sync.regions[ELSEWHERE].suppressed


def test_a_region_that_is_down_is_asked_once_a_batch(sync: Sync) -> None:
    region, asked = sync.regions[THERE], list[None]()
    sync.tell(HERE, bounce(*(f"{number}@example.com" for number in range(5))))

    def reach() -> None:
        asked.append(None)
        raise client_error_500()

    region.reach = reach
    assert len(sync.apply(HERE, THERE, sync.sqs[HERE].queues[THERE])) == 5
    assert len(asked) == 1


def client_error_500() -> Exception:
    error = client_error("InternalFailure")
    error.response["ResponseMetadata"] = {"HTTPStatusCode": 500}  # pyright: ignore[reportGeneralTypeIssues]
    return error


def test_one_that_fails_keeps_no_other_of_its_batch(sync: Sync) -> None:
    sync.regions[THERE].faults = [client_error("AccessDeniedException")]
    bodies = [
        Suppression(address=f"{n}@example.com", reason="BOUNCE", at=NOW, feedback_id="f").message()
        for n in range(3)
    ]
    assert sync.apply(HERE, THERE, ["no json", *bodies]) == ["no json", bodies[0]]
    assert list(sync.regions[THERE].suppressed) == ["1@example.com", "2@example.com"]


@pytest.mark.parametrize("code", ["BadRequestException", "AccessDeniedException"])
def test_the_sandbox_skips_and_says_so(sync: Sync, capsys: pytest.CaptureFixture[str], code: str) -> None:
    sync.regions[THERE].sandbox = True
    sync.regions[THERE].refusal = code
    sync.tell(HERE, bounce(JANE))
    capsys.readouterr()
    assert sync.run() == 0
    assert sync.regions[ELSEWHERE].suppressed == {JANE: "BOUNCE"}
    told = {line["Target"]: line for line in metrics(capsys)}
    assert told[THERE]["Outcomes"] == {"Sandbox": 1}
    assert told[ELSEWHERE]["Outcomes"] == {"Suppressed": 1}


def test_an_address_that_ses_refuses_is_skipped(sync: Sync, capsys: pytest.CaptureFixture[str]) -> None:
    body = Suppression(address="a,b@example.com", reason="BOUNCE", at=NOW, feedback_id="f").message()
    assert sync.apply(HERE, THERE, [body]) == []
    [line] = metrics(capsys)
    assert (line["Outcomes"], line["SuppressionsSkipped"]) == ({"Refused": 1}, 1)


def test_an_address_with_a_slash_is_put_though_ses_cannot_be_asked_about_it(sync: Sync) -> None:
    sync.tell(HERE, bounce("sales/emea@example.com"))
    assert sync.run() == 0
    assert sync.regions[THERE].suppressed == {"sales/emea@example.com": "BOUNCE"}


# Removals


@pytest.mark.parametrize(
    ("seen", "suppressed"),
    [(-60.0, False), (0.0, False), (0.9, False), (1.0, True), (60.0, True)],
)
def test_a_removal_is_not_undone_by_what_was_seen_before_it(
    sync: Sync, seen: float, suppressed: bool
) -> None:
    """Removals are noted in whole seconds; what comes within the same one counts as before it."""
    sync.regions[THERE].remove(JANE, NOW)
    sync.tell(HERE, bounce(JANE, at=NOW + seen))
    sync.run()
    assert (JANE in sync.regions[THERE].suppressed) is suppressed
    assert [name for _, name in sync.regions[THERE].ses.calls] == (["Get", "Put"] if suppressed else [])
    assert JANE in sync.regions[ELSEWHERE].suppressed


def test_a_removal_between_look_and_put_wins(sync: Sync) -> None:
    region = sync.regions[THERE]
    region.removed_meanwhile = {JANE: NOW}
    sync.tell(HERE, bounce(JANE, at=NOW - 5))
    assert sync.run() == 0
    assert region.suppressed == {}
    assert [name for _, name in region.ses.calls] == ["Get", "Put", "Delete"]


def test_what_is_older_than_notes_of_removals_may_be_is_not_done(sync: Sync) -> None:
    sync.tell(HERE, bounce(JANE, at=NOW - 31 * 24 * 3600))
    sync.tell(HERE, bounce("young@example.com", at=NOW - 29 * 24 * 3600))
    sync.run()
    assert sync.regions[THERE].suppressed == {"young@example.com": "BOUNCE"}


# SES's pace


def test_no_region_gets_two_requests_in_a_second_whoever_calls(sync: Sync) -> None:
    for number in range(5):
        for region in REGIONS:
            sync.tell(region, bounce(f"{number}-{region}@example.com"))
    assert sync.run() == 0
    for region in sync.regions.values():
        times = [at for at, _ in region.ses.calls]
        assert len(times) == 20
        assert all(later - earlier > 0.999 for earlier, later in itertools.pairwise(times))
        assert region.ses.refused == 0


def test_when_somebody_else_uses_up_the_second_the_next_turn_does(sync: Sync) -> None:
    sync.regions[THERE].strangers = 3
    sync.tell(HERE, bounce(JANE))
    assert sync.run() == 0
    assert sync.regions[THERE].suppressed == {JANE: "BOUNCE"}
    assert sync.regions[THERE].ses.refused == 3


def test_who_loses_a_turn_to_a_rival_takes_the_next(sync: Sync) -> None:
    region = sync.regions[THERE]
    region.table.rivals = [NOW + 5]
    sync.tell(HERE, bounce(JANE))
    assert sync.run() == 0
    assert region.ses.calls[0][0] == pytest.approx(NOW + 5)


def test_without_a_turn_in_time_the_rest_comes_again(sync: Sync) -> None:
    region = sync.regions[THERE]
    region.table.items["turn"] = {"free_at": {"N": str(NOW + 1000)}}
    sync.tell(HERE, bounce(JANE, "other@example.com"))
    assert sync.apply(HERE, THERE, sync.sqs[HERE].queues[THERE]) == sync.sqs[HERE].queues[THERE]
    assert region.ses.calls == []
    assert region.table.items["turn"] == {"free_at": {"N": str(NOW + 1000)}}


def test_a_table_that_refuses_is_no_lost_turn() -> None:
    class Denied:
        def get_item(self, **_: Any) -> dict[str, Any]:
            return {}

        def update_item(self, **_: Any) -> None:
            raise client_error("AccessDeniedException")

    clock = FakeClock()
    with pytest.raises(Exception, match="AccessDenied"):
        turns.Turns(dynamodb=Denied(), table="t", clock=clock, sleep=clock.sleep).wait(until=9)


# What is told


def test_lag_and_failures_are_metrics(sync: Sync, capsys: pytest.CaptureFixture[str]) -> None:
    sync.tell(HERE, bounce(JANE, at=NOW - 90))
    capsys.readouterr()
    sync.regions[ELSEWHERE].down = True
    sync.run()
    told = {line["Target"]: line for line in metrics(capsys)}
    [lag] = told[THERE]["SuppressionLag"]
    assert 90 <= lag < 95
    assert told[THERE]["SuppressionsFailed"] == 0
    assert told[ELSEWHERE]["SuppressionsFailed"] == 1
    [directive] = told[THERE]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "SesRegions"
    assert directive["Dimensions"] == [["Region", "Target"]]
    assert {"Name": "SuppressionLag", "Unit": "Seconds"} in directive["Metrics"]


def test_no_address_is_logged(sync: Sync, capsys: pytest.CaptureFixture[str]) -> None:
    sync.tell(HERE, bounce(JANE))
    sync.regions[THERE].down = True  # the error's words have the URL, and the URL the address
    sync.regions[ELSEWHERE].faults = [client_error("AccessDeniedException", message=f"not for {JANE}")]
    assert sync.run() == 2
    captured = capsys.readouterr()
    assert "EndpointConnectionError" in captured.err
    assert "AccessDeniedException" in captured.err
    assert "jane" not in (captured.out + captured.err).lower()


# Whatever the order

ADDRESSES = ("a@example.com", "b@example.com", "B@example.com")
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(REGIONS),
        st.sampled_from(ADDRESSES),
        st.sampled_from(["bounce", "complaint", "transient", "suppressed"]),
        st.integers(-1000, -100) | st.integers(100, 1000),
    ),
    max_size=12,
)
MAKE: dict[str, Callable[[str, float], dict[str, Any]]] = {
    "bounce": lambda address, at: bounce(address, at=at),
    "complaint": lambda address, at: complaint(address, at=at),
    "transient": lambda address, at: bounce(address, at=at, kind="Transient"),
    "suppressed": lambda address, at: bounce(address, at=at, subtype="OnAccountSuppressionList"),
}


@given(
    events=EVENTS,
    removed=st.sets(st.sampled_from(ADDRESSES[:2])),
    down=st.sampled_from(REGIONS),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_shuffled_doubled_and_delayed_events_end_in_the_same_lists(
    events: list[tuple[str, str, str, int]], removed: set[str], down: str, chance: random.Random
) -> None:
    """At NOW an operator removes addresses everywhere. Older events come before or after that, younger ones after."""
    sync = Sync(*REGIONS)
    older = [event for event in events if event[3] < 0]
    before = [event for event in older if chance.random() < 0.5]
    after = [event for event in events if event not in before]
    sync.regions[down].down = True
    for events_of_phase in (before, after):
        doubled = events_of_phase + [event for event in events_of_phase if chance.random() < 0.5]
        chance.shuffle(doubled)
        for region, address, kind, at in doubled:
            sync.tell(region, MAKE[kind](address, NOW + at))
            if chance.random() < 0.3:
                sync.run()
        if events_of_phase is before:
            for region in sync.regions.values():
                for address in removed:
                    region.remove(address, NOW)
    sync.regions[down].down = False
    for sqs in sync.sqs.values():
        for queue in sqs.queues.values():
            chance.shuffle(queue)
    assert sync.run() == 0
    for target, region in sync.regions.items():
        reasons: dict[str, set[str]] = {}
        for source, address, kind, at in events:
            counts = kind in ("bounce", "complaint") and (at > 0 or address.lower() not in removed)
            if source != target and counts:
                reasons.setdefault(address.lower(), set()).add(kind)
        assert region.suppressed == {
            address: "COMPLAINT" if "complaint" in kinds else "BOUNCE" for address, kinds in reasons.items()
        }


# As Lambda calls it


def test_split_reads_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = boto3.client("sqs", region_name=HERE, aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(suppression_sync, "_sqs", lambda: sqs)
    monkeypatch.setenv("QUEUE_URLS", "https://one,https://two")
    monkeypatch.setenv("REASONS", "BOUNCE")
    monkeypatch.setenv("AWS_REGION", HERE)
    with Stubber(sqs) as stub:
        for url in ("https://one", "https://two"):
            stub.add_response(
                "send_message_batch",
                {"Successful": [], "Failed": []},
                {"QueueUrl": url, "Entries": [{"Id": "0", "MessageBody": ANY}]},
            )
        records = [
            {"messageId": "1", "body": json.dumps(bounce(JANE))},
            {"messageId": "2", "body": json.dumps(complaint(JANE))},
        ]
        assert suppression_sync.split({"Records": records}, None) == {"batchItemFailures": []}
        stub.assert_no_pending_responses()


def test_apply_knows_its_target_by_the_queue(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    clock = sync.clock

    def target(region: str, table: str) -> Any:
        asked.append((region, table))
        return sync.regions[region].target()

    monkeypatch.setattr(suppression_sync, "_target", target)
    monkeypatch.setattr(suppression_sync.time, "time", clock)
    monkeypatch.setenv("QUEUE_PREFIX", "mail-suppress-")
    monkeypatch.setenv("TABLE", "mail-suppression")
    monkeypatch.setenv("AWS_REGION", HERE)
    [found] = suppressions(bounce(JANE))
    record = {
        "messageId": "1",
        "body": found.message(),
        "eventSourceARN": f"arn:aws:sqs:{HERE}:111111111111:mail-suppress-{THERE}",
    }
    assert suppression_sync.apply({"Records": [record]}, Context(120)) == {"batchItemFailures": []}
    assert asked == [(THERE, "mail-suppression")]
    assert sync.regions[THERE].suppressed == {JANE: "BOUNCE"}
    too_late = suppression_sync.apply({"Records": [{**record, "messageId": "2"}]}, Context(10))
    assert too_late == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_the_clients_of_a_target_call_once_and_in_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    target = suppression_sync._target.__wrapped__(THERE, "mail-suppression")
    assert target._ses.meta.region_name == target._dynamodb.meta.region_name == THERE
    config: Any = target._ses.meta.config
    assert config.retries["total_max_attempts"] == 1
