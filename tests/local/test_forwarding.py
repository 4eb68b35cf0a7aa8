"""Email feedback forwarding: bounces and complaints as mails."""

from __future__ import annotations

import pytest
from region import Region, unique

from cdk_ses_regions.local.control import SentMail

SIMPLE = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}}


@pytest.fixture
def domain(here: Region) -> str:
    return here.verified_domain()


def send(here: Region, domain: str, to: str, **more: str) -> str:
    destination = {"ToAddresses": [f"{to}@simulator.amazonses.com"]}
    source = f"News <news@{domain}>"
    answer = here.sesv2.send_email(FromEmailAddress=source, Destination=destination, Content=SIMPLE, **more)
    return answer["MessageId"]


def forwarded(here: Region, recipient: str) -> list[SentMail]:
    return [mail for mail in here.local.outbox if mail.via == "SES" and mail.recipients == (recipient,)]


def test_a_bounce_comes_back_to_the_source(here: Region, domain: str) -> None:
    send(here, domain, "bounce")
    (mail,) = forwarded(here, f"news@{domain}")
    message = mail.message()
    assert mail.envelope_sender == ""
    assert message["From"] == "MAILER-DAEMON@us-west-2.amazonses.com"
    assert message["To"] == f"news@{domain}"
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    people, machine, original = message.iter_parts()
    assert "bounce@simulator.amazonses.com" in people.get_content()
    about, recipient = machine.iter_parts()
    assert about["Reporting-MTA"].startswith("dns; ")
    assert recipient["Final-Recipient"] == "rfc822; bounce@simulator.amazonses.com"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert "Subject: Hello" in original.get_content()


def test_a_complaint_comes_as_an_abuse_report(here: Region, domain: str) -> None:
    send(here, domain, "complaint")
    (mail,) = forwarded(here, f"news@{domain}")
    message = mail.message()
    assert message["From"] == "complaints@us-west-2.email-abuse.amazonses.com"
    assert message.get_param("report-type") == "feedback-report"
    assert b"Content-Type: message/feedback-report" in mail.raw()
    assert b"Feedback-Type: abuse" in mail.raw()


def test_nothing_is_forwarded_of_a_delivery(here: Region, domain: str) -> None:
    send(here, domain, "success")
    assert forwarded(here, f"news@{domain}") == []


def test_it_goes_to_the_address_that_the_application_asked_for(here: Region, domain: str) -> None:
    send(here, domain, "bounce", FeedbackForwardingEmailAddress=f"bounces@{domain}")
    assert forwarded(here, f"news@{domain}") == []
    assert len(forwarded(here, f"bounces@{domain}")) == 1


def test_the_return_path_of_version_1_is_the_address(here: Region, domain: str) -> None:
    here.ses.send_email(
        Source=f"news@{domain}",
        ReturnPath=f"back@{domain}",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Message=SIMPLE["Simple"],
    )
    assert len(forwarded(here, f"back@{domain}")) == 1


def test_forwarding_that_is_off_ends_it_when_topics_hear(here: Region, domain: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    for kind in ("Bounce", "Complaint"):
        here.ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
    here.ses.set_identity_feedback_forwarding_enabled(Identity=domain, ForwardingEnabled=False)
    send(here, domain, "bounce")
    assert forwarded(here, f"news@{domain}") == []


def test_ses_forwards_all_the_same_when_nobody_would_hear(here: Region, domain: str) -> None:
    here.sesv2.put_email_identity_feedback_attributes(EmailIdentity=domain, EmailForwardingEnabled=False)
    send(here, domain, "bounce")
    assert len(forwarded(here, f"news@{domain}")) == 1


def test_an_event_destination_is_somebody_who_hears(here: Region, domain: str) -> None:
    here.sesv2.put_email_identity_feedback_attributes(EmailIdentity=domain, EmailForwardingEnabled=False)
    name = unique("set")
    here.sesv2.create_configuration_set(ConfigurationSetName=name)
    bus = here.arn("events", "event-bus/default")
    here.sesv2.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName="bus",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE"],
            "EventBridgeDestination": {"EventBusArn": bus},
        },
    )
    send(here, domain, "bounce", ConfigurationSetName=name)
    assert forwarded(here, f"news@{domain}") == []
    send(here, domain, "complaint", ConfigurationSetName=name)
    assert len(forwarded(here, f"news@{domain}")) == 1


def test_forwarding_that_is_off_stays_off_when_the_topics_come_one_by_one(here: Region, domain: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    here.sesv2.put_email_identity_feedback_attributes(EmailIdentity=domain, EmailForwardingEnabled=False)
    for kind in ("Bounce", "Complaint"):
        here.ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
    send(here, domain, "bounce")
    assert forwarded(here, f"news@{domain}") == []
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Complaint")
    assert here.sesv2.get_email_identity(EmailIdentity=domain)["FeedbackForwardingStatus"] is True
