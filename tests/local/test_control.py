"""The client of the local AWS's own API: what it tells of mails, accounts and time, and what it can do."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from region import ZONE, Region

import cdk_ses_regions.local
from cdk_ses_regions.local import LocalAws, LocalAwsError
from cdk_ses_regions.local.control import Control, RefusedError
from cdk_ses_regions.local.process import free_port


@pytest.fixture(scope="module")
def server() -> Iterator[LocalAws]:
    with LocalAws.start(
        ["us-west-2", "eu-west-1"], hosted_zones={ZONE: "local.example"}, sandbox=True
    ) as local:
        yield local


@pytest.fixture
def new(server: LocalAws) -> Region:
    server.reset()
    return Region(server, "us-west-2")


def send(region: Region, domain: str, to: str, subject: str = "A mail") -> str:
    return region.sesv2.send_email(
        FromEmailAddress=f"Jane <jane@{domain}>",
        Destination={"ToAddresses": [to]},
        Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "Hello.\n"}}}},
        EmailTags=[{"Name": "team", "Value": "mail"}],
    )["MessageId"]


def ask_for_production(region: Region) -> None:
    region.sesv2.put_account_details(
        MailType="TRANSACTIONAL",
        WebsiteURL="https://example.com",
        ContactLanguage="EN",
        UseCaseDescription="We mail receipts to people who bought something.",
        ProductionAccessEnabled=True,
    )


def test_a_mail_in_the_outbox_is_told_with_all_that_is_known_of_it(new: Region) -> None:
    domain = new.verified_domain()
    message_id = send(new, domain, f"someone@{domain}", subject="Grüße")  # verified, as the sandbox wants
    [mail] = new.local.outbox
    assert mail.message_id == message_id
    assert (mail.region, mail.identity, mail.via) == ("us-west-2", domain, "API v2")
    assert mail.source == f"Jane <jane@{domain}>"
    assert mail.recipients == (f"someone@{domain}",)
    assert mail.subject == "Grüße"
    assert mail.tags["team"] == ("mail",)
    assert [(hop.recipient, hop.result) for hop in mail.hops] == [(f"someone@{domain}", "outbox")]
    assert mail.message()["Subject"] == "Grüße"
    assert mail.raw() == new.local.control.raw(message_id)
    assert len(mail.raw()) == mail.size


def test_a_bounce_is_in_sent_and_feedback_and_not_in_the_outbox(new: Region) -> None:
    domain = new.verified_domain()
    topic = new.topic(new.arn("ses", f"identity/{domain}"))
    new.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)
    message_id = send(new, domain, "bounce@simulator.amazonses.com")
    [mail] = [one for one in new.local.sent if one.message_id == message_id]
    assert [hop.result for hop in mail.hops] == ["bounced"]
    assert message_id not in [one.message_id for one in new.local.outbox]
    [told] = [one for one in new.local.control.feedback(message_id) if one.channel == "topic"]
    assert (told.kind, told.region, told.target) == ("Bounce", "us-west-2", topic)
    assert told.recipients == ("bounce@simulator.amazonses.com",)
    assert told.body["notificationType"] == "Bounce"
    assert told in new.local.feedback
    assert new.local.control.feedback("of no mail") == ()


def test_the_sandbox_ends_where_the_review_grants_it(new: Region) -> None:
    control = new.local.control
    assert control.accounts()["us-west-2"].sandbox
    ask_for_production(new)
    assert control.accounts()["us-west-2"].review == "PENDING"
    account = control.review("us-west-2", granted=True)
    assert (account.sandbox, account.review) == (False, "GRANTED")
    assert new.sesv2.get_account()["ProductionAccessEnabled"]
    assert control.accounts()["eu-west-1"].sandbox


def test_a_review_that_denies_leaves_it_in_the_sandbox(new: Region) -> None:
    ask_for_production(new)
    account = new.local.control.review("us-west-2", granted=False)
    assert (account.sandbox, account.review) == (True, "DENIED")


def test_there_is_nothing_to_review_before_somebody_asked(new: Region) -> None:
    with pytest.raises(LocalAwsError):
        new.local.control.review("us-west-2", granted=True)


def test_a_reset_brings_the_sandbox_back(new: Region) -> None:
    ask_for_production(new)
    new.local.control.review("us-west-2", granted=True)
    new.local.reset()
    assert new.local.control.accounts()["us-west-2"].sandbox


def test_a_quota_is_changed_alone_and_kept_by_ses(new: Region) -> None:
    account = new.local.control.set_quota("us-west-2", daily=2)
    assert (account.daily, account.rate) == (2, 1)
    assert new.ses.get_send_quota()["Max24HourSend"] == 2
    domain = new.verified_domain()
    for _ in range(2):
        new.local.control.forward(hours=0.001)
        send(new, domain, "success@simulator.amazonses.com")
    new.local.control.forward(hours=0.001)
    with pytest.raises(ClientError, match="Daily message quota exceeded"):
        send(new, domain, "success@simulator.amazonses.com")
    assert new.local.control.accounts()["us-west-2"].used == 2
    new.local.control.forward(hours=24)
    send(new, domain, "success@simulator.amazonses.com")


def test_the_control_plane_is_limited_on_request(new: Region) -> None:
    new.local.control.limit_control_plane(True)
    ses = new.local.client("sesv2", "eu-west-1")
    with pytest.raises(ClientError, match="Rate exceeded"):
        assert [ses.list_email_identities() for _ in range(20)] == []
    new.local.control.limit_control_plane(False)
    for _ in range(5):
        new.sesv2.list_email_identities()


def test_status_tells_of_a_limited_control_plane(new: Region) -> None:
    assert not new.local.control.status()["control_plane_limited"]
    new.local.control.limit_control_plane(True)
    assert new.local.control.status()["control_plane_limited"]


def test_time_goes_forward_and_never_back(new: Region) -> None:
    control = new.local.control
    before = control.now()
    assert control.forward(hours=72) - before >= timedelta(hours=72)
    with pytest.raises(RefusedError, match="hours is -1, should be between 0 and"):
        control.forward(hours=-1)


def test_every_store_of_ours_is_emptied_by_a_reset() -> None:
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    from cdk_ses_regions.local import persistence

    emptied = [id(store) for store in persistence.STORES.values()]
    rooms = set[str]()
    for found in pkgutil.walk_packages(cdk_ses_regions.local.__path__, "cdk_ses_regions.local."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, (AccountRegionScopedDict, AccountScopedDict)):
                rooms.add(found.name.split(".")[2])
                assert id(value) in emptied or hasattr(module, "reset"), f"{found.name}.{name}"
    assert {"account", "feedback", "identities", "receiving"} <= rooms


def test_suppressed_addresses_are_told_of_all_regions(new: Region) -> None:
    ask_for_production(new)
    new.local.control.review("us-west-2", granted=True)
    new.sesv2.put_suppressed_destination(EmailAddress="a@example.net", Reason="COMPLAINT")
    [one] = new.local.control.suppression()
    assert (one.region, one.address, one.reason) == ("us-west-2", "a@example.net", "COMPLAINT")


def test_status_tells_doors_identities_and_rules(new: Region) -> None:
    domain = new.verified_domain()
    new.ses.create_receipt_rule_set(RuleSetName="incoming")
    new.ses.set_active_receipt_rule_set(RuleSetName="incoming")
    status = new.local.control.status()
    here, there = status["regions"]
    assert here["inbound_port"] == new.local.inbound_ports["us-west-2"]
    assert here["submission_port"] == new.local.submission_ports["us-west-2"]
    assert here["active_rule_set"] == "incoming"
    [identity] = here["identities"]
    assert (identity["name"], identity["verified"], identity["dkim"]) == (domain, True, "SUCCESS")
    assert there["identities"] == []
    assert status["hosted_zones"] == {ZONE: "local.example"}


def test_a_mail_that_is_not_there_cannot_be_had(new: Region) -> None:
    with pytest.raises(RefusedError, match="no such mail"):
        new.local.control.raw("of no mail")


def test_where_nothing_is_up_the_error_says_so() -> None:
    control = Control(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LocalAwsError, match=r"does not answer"):
        control.sent()
