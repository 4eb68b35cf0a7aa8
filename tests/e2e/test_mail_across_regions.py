"""Mail that leaves a deployed Region: by SMTP, signed, to another of our Regions; and what comes back about it."""

from __future__ import annotations

import json
import smtplib
import ssl
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import dkim
import dns.message
import dns.query
import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.answers import SentMail
from cdk_ses_regions.local.journey import RegionJourney
from cdk_ses_regions.local.smtp import reports
from cdk_ses_regions.smtp_password import smtp_password

MX_REGION = "us-east-1"
"""The Region to whose feedback host the one MX of bounce.example.com points."""

Keys = tuple[str, str]


@pytest.fixture(scope="module")
def application(local: LocalAws, deployed: str) -> Iterator[Keys]:
    """The access key of a user who may send, in all Regions, and nothing else."""
    iam = local.client("iam", "us-east-1")
    may_send = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "ses:SendRawEmail",
            "Resource": f"arn:aws:ses:*:{local.account}:identity/example.com",
        },
    }
    iam.create_user(UserName="application")
    iam.put_user_policy(UserName="application", PolicyName="Send", PolicyDocument=json.dumps(may_send))
    key = iam.create_access_key(UserName="application")["AccessKey"]
    yield key["AccessKeyId"], key["SecretAccessKey"]
    iam.delete_access_key(UserName="application", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="application", PolicyName="Send")
    iam.delete_user(UserName="application")


def send(journey: RegionJourney, keys: Keys, recipient: str, *, password_of: str = "") -> SentMail:
    """Send a mail by the Region's SMTP endpoint; return it as it left."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hello@example.com", recipient, f"From {journey.region}"
    mail.set_content("Grüße.\n")
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # a certificate of this start
    with smtplib.SMTP("127.0.0.1", journey.local.submission_ports[journey.region], timeout=60) as smtp:
        smtp.starttls(context=tls)
        smtp.login(keys[0], smtp_password(keys[1], password_of or journey.region))
        smtp.send_message(mail)
    return next(sent for sent in reversed(journey.local.sent) if sent.recipients == (recipient,))


def stranger() -> str:
    return f"{uuid.uuid4().hex}@elsewhere.example"


def bounce_of(mail: SentMail) -> bytes:
    """Return what the recipient's mail server sends back when it cannot deliver a mail after all."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"], report["To"] = "MAILER-DAEMON@elsewhere.example", mail.envelope_sender
    report.attach(MIMEText("No such user."))
    failure = {"Final-Recipient": f"rfc822; {mail.recipients[0]}", "Action": "failed", "Status": "5.1.1"}
    report.attach(reports.delivery_status("mx.elsewhere.example", [failure]))
    return report.as_bytes()


def test_one_access_key_sends_from_every_region_with_the_password_of_each(
    journey: RegionJourney, application: Keys
) -> None:
    mail = send(journey, application, stranger())
    assert (mail.via, mail.region, mail.identity) == ("SMTP", journey.region, "example.com")
    assert [hop.result for hop in mail.hops] == ["outbox"]


def test_the_password_of_another_region_does_not(journey: RegionJourney, application: Keys) -> None:
    other = "eu-west-1" if journey.region != "eu-west-1" else "us-east-1"
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(journey, application, stranger(), password_of=other)
    assert refused.value.smtp_code == 535


def test_a_mail_has_the_shared_mail_from_domain_and_a_signature_that_holds(
    journey: RegionJourney, application: Keys, local: LocalAws
) -> None:
    def text_of(name: bytes, **_: object) -> bytes:
        answer = dns.query.tcp(
            dns.message.make_query(name.decode(), "TXT"), "127.0.0.1", port=local.dns_port, timeout=10
        )
        return b"".join(
            part for records in answer.answer for record in records for part in getattr(record, "strings", ())
        )

    mail = send(journey, application, stranger())
    assert mail.envelope_sender.endswith("@bounce.example.com")
    assert dkim.verify(mail.raw(), dnsfunc=text_of)


def test_a_bounce_that_comes_to_the_region_in_the_mx_is_told_in_the_region_that_sent(
    journey: RegionJourney, application: Keys, local: LocalAws
) -> None:
    with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
        mail = send(journey, application, stranger())
        with smtplib.SMTP("127.0.0.1", local.feedback_ports[MX_REGION], timeout=60) as smtp:
            smtp.sendmail("", [mail.envelope_sender], bounce_of(mail))
        note = wait_for(lambda note: note.get("mail", {}).get("messageId") == mail.message_id, "bounce")
    assert note["bounce"]["bouncedRecipients"][0]["emailAddress"] == mail.recipients[0]
    assert note["mail"]["sourceArn"].split(":")[3] == journey.region


def test_mail_to_ourselves_goes_to_the_next_region_when_one_is_down(
    local: LocalAws, settings: config.Settings, application: Keys
) -> None:
    journey = RegionJourney(local, settings, "eu-west-1")
    local.control.fault("down", "us-east-1")
    try:
        mail = send(journey, application, "support@example.com")
    finally:
        local.control.clear_faults()
    [hop] = mail.hops
    assert (hop.result, hop.how.partition(":")[0]) == ("delivered", "inbound-smtp.us-west-2.amazonaws.com")
    [received] = [
        one for one in local.received if one.message()["Message-ID"] == mail.message()["Message-ID"]
    ]
    assert (received.region, received.sender) == ("us-west-2", mail.envelope_sender)
    assert [(step.action, step.result) for step in received.steps] == [("S3", "done")]
