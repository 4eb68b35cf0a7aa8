"""What the local AWS remembers of mails: the last ones, and never more than fits into memory."""

from __future__ import annotations

from datetime import UTC, datetime

from cdk_ses_regions.local.journal import KEPT, Hop, Journal, Received
from cdk_ses_regions.local.outbound.outgoing import Outgoing
from cdk_ses_regions.local.receiving.receiver import Route

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def mail(message_id: str, size: int = 10) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        account="000000000000",
        region="us-east-1",
        identity="example.com",
        source="hello@example.com",
        envelope_sender=f"{message_id}@bounce.example.com",
        return_path="hello@example.com",
        recipients=("jane@example.net",),
        raw=b"x" * size,
        headers=(),
        sent_at=NOW,
        via="API v2",
    )


def received(message_id: str, size: int = 10) -> Received:
    route = Route(
        region="us-east-1",
        message_id=message_id,
        sender="jane@example.net",
        recipients=("hello@example.com",),
        size=size,
        tls=True,
        received_at=NOW,
        rule_set="email-received",
        steps=(),
    )
    return Received(route=route, raw=b"x" * size)


def test_the_oldest_of_more_than_a_thousand_go() -> None:
    journal = Journal()
    for number in range(KEPT + 2):
        journal.add_sent(mail(str(number)))
    assert [len(journal.sent()), journal.sent()[0].mail.message_id] == [KEPT, "2"]


def test_large_mails_push_out_older_ones_and_the_newest_stays_whatever_its_size() -> None:
    journal = Journal(bytes_kept=100)
    for number in range(4):
        journal.add_received(received(str(number), size=40))
    assert [one.route.message_id for one in journal.received()] == ["2", "3"]
    journal.add_received(received("huge", size=1000))
    assert [one.route.message_id for one in journal.received()] == ["huge"]


def test_what_became_of_a_mail_is_noted_for_each_recipient_and_the_last_note_counts() -> None:
    journal = Journal()
    journal.add_sent(mail("one"))
    for result in ("delayed", "delivered"):
        journal.note("one", Hop(recipient="jane@example.net", result=result))
    journal.note("another", Hop(recipient="jane@example.net", result="bounced"))
    [sent] = journal.sent()
    assert [hop.result for hop in sent.hops.values()] == ["delivered"]
