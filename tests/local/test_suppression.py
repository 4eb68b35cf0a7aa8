"""The account-level suppression list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, unique

SIMPLE = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}}


@pytest.fixture
def domain(here: Region) -> str:
    return here.verified_domain()


@pytest.fixture
def stranger() -> str:
    return f"{unique('Someone')}@{a_domain()}"


def send(here: Region, domain: str, to: str, **more: str) -> str:
    destination = {"ToAddresses": [to]}
    answer = here.sesv2.send_email(
        FromEmailAddress=f"news@{domain}", Destination=destination, Content=SIMPLE, **more
    )
    return answer["MessageId"]


def hop(here: Region, message_id: str) -> str:
    (mail,) = [mail for mail in here.local.sent if mail.message_id == message_id]
    return mail.hops[0].result


def listed(here: Region, address: str) -> dict[str, Any] | None:
    try:
        return here.sesv2.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
    except here.sesv2.exceptions.NotFoundException:
        return None


def test_an_address_is_put_read_and_deleted(here: Region, there: Region, stranger: str) -> None:
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="COMPLAINT")
    found = listed(here, stranger)
    assert found is not None
    assert (found["EmailAddress"], found["Reason"]) == (stranger, "COMPLAINT")
    assert "Attributes" not in found
    assert listed(there, stranger) is None
    here.sesv2.delete_suppressed_destination(EmailAddress=stranger)
    assert listed(here, stranger) is None
    with pytest.raises(ClientError, match=r"NotFoundException.*does not exist on your suppression list"):
        here.sesv2.delete_suppressed_destination(EmailAddress=stranger)


def test_managing_heeds_case_and_sending_does_not(here: Region, domain: str, stranger: str) -> None:
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="BOUNCE")
    assert listed(here, stranger.lower()) is None
    assert hop(here, send(here, domain, stranger.lower())) == "suppressed"


@pytest.mark.parametrize(
    ("address", "reason"), [("nobody", "BOUNCE"), ("a@b", "BOUNCE"), ("a@b.example", "SPAM")]
)
def test_nonsense_is_refused(here: Region, address: str, reason: str) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.put_suppressed_destination(EmailAddress=address, Reason=reason)


def test_the_list_is_paged_and_filtered(local: Any) -> None:
    here = Region(local, "us-east-1")
    marker, before = unique("page"), datetime.now(UTC) - timedelta(minutes=1)
    for number in range(5):
        reason = "BOUNCE" if number % 2 else "COMPLAINT"
        here.sesv2.put_suppressed_destination(EmailAddress=f"{marker}-{number}@b.example", Reason=reason)

    def all_of(**wanted: Any) -> list[str]:
        found, token = list[str](), dict[str, str]()
        while True:
            answer = here.sesv2.list_suppressed_destinations(PageSize=2, **wanted, **token)
            assert len(answer["SuppressedDestinationSummaries"]) <= 2
            found += [one["EmailAddress"] for one in answer["SuppressedDestinationSummaries"]]
            if "NextToken" not in answer:
                return [address for address in found if address.startswith(marker)]
            token = {"NextToken": answer["NextToken"]}

    everyone = [f"{marker}-{number}@b.example" for number in range(5)]
    assert all_of() == everyone
    assert all_of(Reasons=["BOUNCE"]) == everyone[1::2]
    assert all_of(StartDate=before) == everyone
    assert all_of(EndDate=before) == []


def test_a_bounce_is_told_of_a_suppressed_address(here: Region, domain: str, stranger: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)
    queue = here.queue_on(topic)
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="BOUNCE")
    message_id = send(here, domain, stranger)
    heard = here.heard(queue, lambda one: one["mail"]["messageId"] == message_id)["bounce"]
    assert (heard["bounceType"], heard["bounceSubType"]) == ("Permanent", "OnAccountSuppressionList")


def test_a_complaint_is_told_when_that_is_why(here: Region, domain: str, stranger: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Complaint", SnsTopic=topic)
    queue = here.queue_on(topic)
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="COMPLAINT")
    send(here, domain, stranger)
    assert here.heard(queue)["complaint"]["complaintSubType"] == "OnAccountSuppressionList"


def test_only_the_reasons_of_the_account_count(local: Any, stranger: str) -> None:
    here = Region(local, "us-east-1")
    domain = here.verified_domain()
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="COMPLAINT")
    here.sesv2.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    try:
        shown = here.sesv2.get_account()["SuppressionAttributes"]
        assert shown == {"SuppressedReasons": ["BOUNCE"]}
        assert hop(here, send(here, domain, stranger)) == "outbox"
    finally:
        here.sesv2.put_account_suppression_attributes(SuppressedReasons=["BOUNCE", "COMPLAINT"])
    assert hop(here, send(here, domain, stranger)) == "suppressed"


def test_a_configuration_set_overrides_the_account(here: Region, domain: str, stranger: str) -> None:
    name = unique("set")
    here.sesv2.create_configuration_set(ConfigurationSetName=name)
    here.sesv2.put_suppressed_destination(EmailAddress=stranger, Reason="BOUNCE")
    assert hop(here, send(here, domain, stranger, ConfigurationSetName=name)) == "suppressed"
    here.sesv2.put_configuration_set_suppression_options(
        ConfigurationSetName=name, SuppressedReasons=["COMPLAINT"]
    )
    assert hop(here, send(here, domain, stranger, ConfigurationSetName=name)) == "outbox"
    assert hop(here, send(here, domain, stranger)) == "suppressed"


def test_the_simulator_never_gets_onto_the_list(here: Region, domain: str) -> None:
    for local_part in ("bounce", "complaint", "suppressionlist"):
        send(here, domain, f"{local_part}@simulator.amazonses.com")
        assert listed(here, f"{local_part}@simulator.amazonses.com") is None


@pytest.fixture
def nowhere(here: Region, there: Region) -> str:
    """A domain whose mail comes to a Region that knows nobody there: a hard bounce."""
    domain = a_domain()
    here.publish(domain, "MX", f"10 inbound-smtp.{there.name}.amazonaws.com")
    return domain


def test_a_hard_bounce_gets_onto_the_list(here: Region, domain: str, nowhere: str) -> None:
    address = f"nobody@{nowhere}"
    message_id = send(here, domain, address)
    assert hop(here, message_id) == "bounced"
    found = listed(here, address)
    assert found is not None
    assert found["Reason"] == "BOUNCE"
    assert found["Attributes"]["MessageId"] == message_id
    assert found["Attributes"]["FeedbackId"]
    assert hop(here, send(here, domain, address)) == "suppressed"


def test_no_address_gets_onto_a_list_that_is_not_filled(here: Region, domain: str, nowhere: str) -> None:
    name, address = unique("set"), f"nobody@{nowhere}"
    here.sesv2.create_configuration_set(
        ConfigurationSetName=name, SuppressionOptions={"SuppressedReasons": ["COMPLAINT"]}
    )
    send(here, domain, address, ConfigurationSetName=name)
    assert listed(here, address) is None
