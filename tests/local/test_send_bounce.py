"""SendBounce: a received mail is bounced by an application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

import pytest
from botocore.exceptions import ClientError
from office import Office, lambda_action
from region import Region, policy, unique
from waiting import eventually

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.control import SentMail

STRANGER = "jane@elsewhere.example"
GONE = [{"Recipient": "old@doors.example", "BounceType": "DoesNotExist"}]

# Bounces the mail that it is told of while the door still waits for it.
BOUNCER = """
import boto3
def handler(event, context):
    mail = event["Records"][0]["ses"]
    recipients = [{"Recipient": one, "BounceType": "DoesNotExist"} for one in mail["receipt"]["recipients"]]
    boto3.client("ses").send_bounce(
        OriginalMessageId=mail["mail"]["messageId"],
        BounceSender="postmaster@" + recipients[0]["Recipient"].partition("@")[2],
        BouncedRecipientInfoList=recipients,
    )
"""


@pytest.fixture(scope="module")
def alone() -> Iterator[LocalAws]:
    """A server whose clock is ours."""
    zones = {"Z0LOCAL00000000001": "local.example"}
    with LocalAws.start(["us-west-2", "eu-west-1"], hosted_zones=zones) as local:
        yield local


@pytest.fixture
def here(alone: LocalAws) -> Region:
    return Region(alone, "us-west-2")


@pytest.fixture
def domain(here: Region) -> Iterator[str]:
    """A domain whose mail comes in here, and is sent from here."""
    name, rule_set = here.verified_domain(), unique("rules")
    here.publish(name, "MX", f"10 inbound-smtp.{here.name}.amazonaws.com")
    here.ses.create_receipt_rule_set(RuleSetName=rule_set)
    actions = [{"AddHeaderAction": {"HeaderName": "X-Seen", "HeaderValue": "yes"}}]
    rule = {"Name": "all", "Enabled": True, "Recipients": [name], "Actions": actions}
    here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
    here.ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    yield name
    here.ses.set_active_receipt_rule_set()


def deliver(here: Region, domain: str) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = STRANGER, f"old@{domain}", "Are you there?"
    mail.set_content("Hello?")
    (message_id,) = here.local.deliver(mail)
    return message_id


def bounce(here: Region, message_id: str, sender: str, **changed: Any) -> str:
    request = {
        "OriginalMessageId": message_id,
        "BounceSender": sender,
        "BouncedRecipientInfoList": GONE,
        **changed,
    }
    return str(here.ses.send_bounce(**request)["MessageId"])


def sent(here: Region, message_id: str) -> SentMail:
    return eventually(lambda: [one for one in here.local.outbox if one.message_id == message_id])[0]


def refused(send: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        send()
    found: Any = error.value.response.get("Error", {})
    return str(found["Code"]), str(found["Message"])


def test_the_sender_gets_a_report(here: Region, domain: str) -> None:
    mail = sent(here, bounce(here, deliver(here, domain), f"Post <postmaster@{domain}>"))
    assert (mail.recipients, mail.envelope_sender) == ((STRANGER,), "")
    message = mail.message()
    assert (message["From"], message["To"]) == (f"Post <postmaster@{domain}>", STRANGER)
    people, machine, original = message.iter_parts()
    assert "old@doors.example" in people.get_content()
    about, recipient = machine.iter_parts()
    assert about["Reporting-MTA"] == "dns; inbound-smtp.us-west-2.amazonaws.com"
    assert recipient["Final-Recipient"] == "rfc822; old@doors.example"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert "Subject: Are you there?" in original.get_content()


def test_the_application_words_it_as_it_likes(here: Region, domain: str) -> None:
    fields = {"Action": "delayed", "Status": "4.2.2", "FinalRecipient": "new@doors.example"}
    message_id = bounce(
        here,
        deliver(here, domain),
        f"postmaster@{domain}",
        Explanation="Try again.",
        MessageDsn={"ReportingMta": "dns; mx.doors.example"},
        BouncedRecipientInfoList=[{"Recipient": "old@doors.example", "RecipientDsnFields": fields}],
    )
    people, machine, _ = sent(here, message_id).message().iter_parts()
    assert people.get_content().strip() == "Try again."
    about, recipient = machine.iter_parts()
    assert about["Reporting-MTA"] == "dns; mx.doors.example"
    assert recipient["Final-Recipient"] == "rfc822; new@doors.example"
    assert (recipient["Action"], recipient["Status"]) == ("delayed", "4.2.2")


def test_only_a_verified_sender_bounces(here: Region, domain: str) -> None:
    message_id = deliver(here, domain)
    code, message = refused(lambda: bounce(here, message_id, "postmaster@elsewhere.example"))
    assert (code, message.partition("US-WEST-2: ")[2]) == ("MessageRejected", "postmaster@elsewhere.example")


def test_only_what_was_received_here_within_a_day_is_bounced(here: Region, domain: str) -> None:
    sender, message_id = f"postmaster@{domain}", deliver(here, domain)
    there = Region(here.local, "eu-west-1")
    there.verified_domain(domain)
    assert refused(lambda: bounce(here, "nothing", sender))[0] == "MessageRejected"
    assert refused(lambda: bounce(there, message_id, sender))[0] == "MessageRejected"
    here.local.control.forward(23.9)
    assert bounce(here, message_id, sender)
    here.local.control.forward(0.2)
    assert refused(lambda: bounce(here, message_id, sender))[0] == "MessageRejected"


def test_a_recipient_has_a_reason(here: Region, domain: str) -> None:
    message_id, sender = deliver(here, domain), f"postmaster@{domain}"
    for recipients in ([], [{"Recipient": "old@doors.example"}]):
        code, _ = refused(lambda to=recipients: bounce(here, message_id, sender, BouncedRecipientInfoList=to))
        assert code == "InvalidParameterValue"


def test_a_function_bounces_while_the_door_waits_for_it(here: Region, domain: str) -> None:
    rule_set = here.ses.describe_active_receipt_rule_set()["Metadata"]["Name"]
    office = Office(here.local, here.name, rule_set)
    function, _ = office.function(source=BOUNCER)
    may = policy({"Effect": "Allow", "Action": "ses:SendBounce", "Resource": "*"})
    here.client("iam").put_role_policy(
        RoleName=function.rpartition(":")[2], PolicyName="bounce", PolicyDocument=may
    )
    action = lambda_action(function, "RequestResponse")
    rule = {"Name": "bounce", "Enabled": True, "Recipients": [domain], "Actions": [action]}
    here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
    message_id = deliver(here, domain)
    assert [step.reason for step in office.received(message_id).steps if step.result != "done"] == []
    (mail,) = eventually(lambda: office.bounces(message_id))
    assert mail.recipients == (STRANGER,)


def test_it_is_no_more_than_once_a_second(here: Region, domain: str) -> None:
    message_id, control = deliver(here, domain), here.local.control

    def ask(_: int) -> str:
        try:
            return bounce(here, message_id, f"postmaster@{domain}")
        except ClientError as error:
            return str(error)

    control.limit_control_plane(True)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(16)))
    control.limit_control_plane(False)
    assert any("(Throttling)" in outcome for outcome in outcomes)
