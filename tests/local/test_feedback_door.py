"""What comes back about sent mails, to the feedback host in the MX: told where the mail was sent."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office import unchecked
from region import Region, unique
from waiting import eventually

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.smtp import reports, returned
from cdk_ses_regions.local.smtp.returned import Complaint

BODY = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}


@pytest.fixture(scope="module")
def domain(local: LocalAws) -> str:
    """A domain that sends from us-west-2, and whose bounces come back to eu-west-1."""
    here = Region(local, "us-west-2")
    name = here.verified_domain()
    mail_from = f"bounce.{name}"
    here.sesv2.put_email_identity_mail_from_attributes(EmailIdentity=name, MailFromDomain=mail_from)
    here.publish(mail_from, "MX", "10 feedback-smtp.eu-west-1.amazonses.com")
    here.publish(mail_from, "TXT", "v=spf1 include:amazonses.com ~all")
    return name


@pytest.fixture
def queue(here: Region, domain: str) -> str:
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    for kind in ("Bounce", "Complaint"):
        here.ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
    return here.queue_on(topic)


@pytest.fixture
def reader() -> str:
    """Somebody new: who bounced or complained once is on the suppression list."""
    return f"{unique('r')}@elsewhere.example"


def sent(here: Region, domain: str, *to: str) -> tuple[str, str]:
    """Send a mail; return its id and the address to which bounces come back."""
    message_id = here.ses.send_email(Source=f"news@{domain}", Destination={"ToAddresses": to}, Message=BODY)[
        "MessageId"
    ]
    return message_id, f"{message_id}@bounce.{domain}"


def give(region: Region, to: str, raw: bytes, sender: str = "") -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", region.local.feedback_ports[region.name], timeout=60) as smtp:
        smtp.starttls(context=unchecked())
        smtp.ehlo()
        smtp.mail(sender)
        code, text = smtp.rcpt(to)
        return smtp.data(raw) if code == 250 else (code, text)


def dsn(*recipients: str, status: str = "5.1.1", action: str = "failed", text: str = "user unknown") -> bytes:
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = "MAILER-DAEMON@mx.elsewhere.example"
    report["Subject"] = "Undeliverable"
    report.attach(MIMEText("It did not arrive."))
    fields = [
        {
            "Final-Recipient": f"rfc822; {one}",
            "Action": action,
            "Status": status,
            "Diagnostic-Code": f"smtp; 550 {status} {text}",
        }
        for one in recipients
    ]
    report.attach(reports.delivery_status("mx.elsewhere.example", fields))
    report.attach(reports.original_headers(b"Subject: Hello\r\n\r\n"))
    return report.as_bytes()


def arf(**fields: str) -> bytes:
    report = MIMEMultipart("report", report_type="feedback-report")
    report["From"] = "abuse@elsewhere.example"
    report.attach(MIMEText("A complaint."))
    report.attach(reports.feedback_report({"Feedback-Type": "abuse", "Version": "1", **fields}))
    report.attach(reports.original_headers(b"Subject: Hello\r\n\r\n"))
    return report.as_bytes()


def of(message_id: str) -> Any:
    return lambda one: one.get("mail", {}).get("messageId") == message_id


def test_a_bounce_to_the_region_in_the_mx_is_told_where_the_mail_was_sent(
    here: Region, there: Region, domain: str, queue: str, reader: str
) -> None:
    message_id, address = sent(here, domain, reader)
    assert give(there, address, dsn(reader))[0] == 250
    bounce = here.heard(queue, of(message_id))["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "General")
    assert bounce["bouncedRecipients"] == [
        {
            "emailAddress": reader,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
    ]
    (mail,) = [one for one in here.local.sent if one.message_id == message_id]
    assert [(hop.recipient, hop.result) for hop in mail.hops] == [(reader, "bounced")]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("5.1.1", ("Permanent", "General")),
        ("5.2.2", ("Transient", "MailboxFull")),
        ("5.3.4", ("Transient", "MessageTooLarge")),
        ("4.4.7", ("Transient", "General")),
    ],
)
def test_the_status_decides_the_type_of_a_bounce(
    here: Region, there: Region, domain: str, queue: str, status: str, told: tuple[str, str], reader: str
) -> None:
    message_id, address = sent(here, domain, reader)
    give(there, address, dsn(reader, status=status))
    bounce = here.heard(queue, of(message_id))["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == told


def test_a_bounce_that_names_nobody_says_so(
    here: Region, there: Region, domain: str, queue: str, reader: str
) -> None:
    message_id, address = sent(here, domain, reader)
    give(there, address, dsn(""))
    assert here.heard(queue, of(message_id))["bounce"]["bounceSubType"] == "NoEmail"


def test_a_bounce_of_one_recipient_is_about_that_one(
    here: Region, there: Region, domain: str, queue: str
) -> None:
    one, other = (f"{unique('r')}@elsewhere.example" for _ in range(2))
    message_id, address = sent(here, domain, one, other)
    give(there, address, dsn(one.upper()))
    bounced = here.heard(queue, of(message_id))["bounce"]["bouncedRecipients"]
    assert [recipient["emailAddress"] for recipient in bounced] == [one]


def test_a_report_of_a_delay_is_no_bounce(
    here: Region, there: Region, domain: str, queue: str, reader: str
) -> None:
    _, address = sent(here, domain, reader)
    assert give(there, address, dsn(reader, action="delayed", status="4.4.1"))[0] == 250
    assert give(there, address, dsn(reader, action="relayed", status="2.0.0"))[0] == 250
    assert here.silence(queue)


@pytest.mark.parametrize("named", [False, True])
def test_an_abuse_report_is_a_complaint(
    here: Region, there: Region, domain: str, queue: str, named: bool, reader: str
) -> None:
    message_id, address = sent(here, domain, reader)
    assert give(there, address, arf(**({"Original-Rcpt-To": f"<{reader}>"} if named else {})))[0] == 250
    complaint = here.heard(queue, of(message_id))["complaint"]
    assert complaint["complainedRecipients"] == [{"emailAddress": reader}]
    assert complaint["complaintFeedbackType"] == "abuse"


def test_an_out_of_office_answer_is_forwarded(
    here: Region, there: Region, domain: str, queue: str, reader: str
) -> None:
    _, address = sent(here, domain, reader)
    answer = EmailMessage()
    answer["From"], answer["Subject"] = reader, unique("out")
    answer.set_content("I am away.")
    assert give(there, address, answer.as_bytes(), reader)[0] == 250

    def forwarded() -> list[Any]:
        return [one for one in here.local.outbox if one.subject == answer["Subject"]]

    (mail,) = eventually(forwarded)
    assert (mail.recipients, mail.source) == ((f"news@{domain}",), reader)
    assert here.silence(queue)


def test_nobody_else_gets_mail_there(here: Region, there: Region, domain: str, reader: str) -> None:
    message_id, _ = sent(here, domain, reader)
    for address in (f"unknown@bounce.{domain}", f"{message_id}@amazonses.com", f"news@{domain}"):
        assert give(there, address, dsn(reader))[0] == 550


def test_without_a_mail_from_domain_bounces_come_back_to_amazonses(
    here: Region, queue: str, reader: str
) -> None:
    name = here.verified_domain()
    message_id, _ = sent(here, name, reader)
    address = f"{message_id}@us-west-2.amazonses.com"
    assert give(here, address, dsn(reader))[0] == 250
    told = here.local.control.feedback(message_id)
    assert [(one.kind, one.channel, one.target) for one in told] == [("Bounce", "email", f"news@{name}")]


def test_the_bounce_of_a_receipt_rule_comes_out_where_the_mail_was_sent(
    here: Region, there: Region, domain: str, queue: str
) -> None:
    """The whole way: sent in one Region, received and bounced in the other, told in the first."""
    receiving, rule_set = there.verified_domain(), unique("s")
    there.publish(receiving, "MX", "10 inbound-smtp.eu-west-1.amazonaws.com")
    action = {
        "SmtpReplyCode": "550",
        "StatusCode": "5.1.1",
        "Message": "Mailbox does not exist",
        "Sender": f"mailer@{receiving}",
    }
    there.ses.create_receipt_rule_set(RuleSetName=rule_set)
    there.ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    there.ses.create_receipt_rule(
        RuleSetName=rule_set,
        Rule={"Name": "gone", "Enabled": True, "Actions": [{"BounceAction": action}]},
    )
    try:
        message_id, _ = sent(here, domain, f"gone@{receiving}")
        bounce = here.heard(queue, of(message_id))["bounce"]
    finally:
        there.ses.set_active_receipt_rule_set()
    assert bounce["bouncedRecipients"][0]["emailAddress"] == f"gone@{receiving}"
    assert bounce["bouncedRecipients"][0]["diagnosticCode"] == "smtp; 550 5.1.1 Mailbox does not exist"


@given(st.binary(max_size=400))
def test_whatever_strangers_write_is_read(junk: bytes) -> None:
    for kind in (b"delivery-status", b"feedback-report"):
        head = b'Content-Type: multipart/report; boundary="a"\r\n\r\n--a\r\nContent-Type: message/' + kind
        returned.read(head + b"\r\n\r\n" + junk)
        returned.read(head + junk)
    returned.read(junk)


def test_reports_of_strangers_are_read_as_they_are(reader: str) -> None:
    assert returned.read(b"Subject: hello\r\n\r\nno report\r\n") is None
    assert returned.read(b'Content-Type: multipart/report; boundary="a"\r\n\r\n--a\r\n\r\n--a--\r\n') is None
    folded = dsn(reader).replace(b"smtp; 550", b"smtp;\n 550")
    assert isinstance(failures := returned.read(folded), tuple)
    assert failures[0].diagnostic == "smtp; 550 5.1.1 user unknown"
    as_text = (
        b'Content-Type: multipart/report; boundary="a"\r\n\r\n--a\r\nContent-Type: message/feedback-report\r\n\r\n'
        b"Feedback-Type: Fraud\r\nOriginal-Rcpt-To: <a@b.example>\r\n\r\n--a--\r\n"
    )
    assert returned.read(as_text) == Complaint(recipients=("a@b.example",), feedback_type="fraud")
