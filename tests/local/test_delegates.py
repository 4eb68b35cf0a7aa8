"""Mails sent in the name of another account's identity: its owner signs and hears, the sender's account counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dkim
import dns.resolver
import pytest
from botocore.exceptions import ClientError
from region import Region, policy

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.control import SentMail

SENDER = "222222222222"
BOUNCE, STRANGER = "bounce@simulator.amazonses.com", "someone@elsewhere.example"
BODY = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}


@dataclass(frozen=True)
class Delegate:
    """Root of another account, who may send as a domain of the owner."""

    owner: Region
    domain: str
    clients: Clients

    @property
    def arn(self) -> str:
        return self.owner.arn("ses", f"identity/{self.domain}")

    def send(self, to: str = STRANGER, **more: str) -> SentMail:
        answer = self.clients("sesv2", self.owner.name).send_email(
            FromEmailAddress=f"news@{self.domain}",
            FromEmailAddressIdentityArn=self.arn,
            Destination={"ToAddresses": [to]},
            Content={"Simple": BODY},
            **more,
        )
        return self.sent(answer["MessageId"])

    def sent(self, message_id: str) -> SentMail:
        (mail,) = [one for one in self.owner.local.sent if one.message_id == message_id]
        return mail


@pytest.fixture
def delegate(here: Region) -> Delegate:
    domain = here.verified_domain()
    arn = here.arn("ses", f"identity/{domain}")
    lets = {"Effect": "Allow", "Principal": {"AWS": SENDER}, "Action": "ses:Send*", "Resource": arn}
    here.sesv2.create_email_identity_policy(EmailIdentity=domain, PolicyName="lend", Policy=policy(lets))
    return Delegate(here, domain, Clients(here.local.endpoint_url, access_key_id=SENDER))


def verifies(local: LocalAws, raw: bytes) -> bool:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], local.dns_port

    def text(name: bytes, timeout: int = 5) -> bytes:
        answer: Any = resolver.resolve(name.decode(), "TXT")
        return b"".join(answer[0].strings)

    return bool(dkim.verify(raw, dnsfunc=text))


def by_request(delegate: Delegate) -> SentMail:
    return delegate.send()


def by_header(delegate: Delegate) -> SentMail:
    lines = [
        f"X-SES-SOURCE-ARN: {delegate.arn}",
        f"X-SES-FROM-ARN: {delegate.arn}",
        f"X-SES-RETURN-PATH-ARN: {delegate.arn}",
        f"From: news@{delegate.domain}",
        f"To: {STRANGER}",
        "",
        "Hello",
        "",
    ]
    raw = "\r\n".join(lines).encode()
    ses = delegate.clients("ses", delegate.owner.name)
    return delegate.sent(ses.send_raw_email(RawMessage={"Data": raw})["MessageId"])


@pytest.mark.parametrize("send", [by_request, by_header])
def test_the_mail_is_signed_with_the_owners_key_and_bounces_to_the_owners_domain(
    delegate: Delegate, send: Callable[[Delegate], SentMail]
) -> None:
    owner, mail_from = delegate.owner, f"bounce.{delegate.domain}"
    owner.sesv2.put_email_identity_mail_from_attributes(
        EmailIdentity=delegate.domain, MailFromDomain=mail_from
    )
    owner.publish(mail_from, "MX", f"10 feedback-smtp.{owner.name}.amazonses.com")
    owner.publish(mail_from, "TXT", "v=spf1 include:amazonses.com ~all")
    mail = send(delegate)
    assert verifies(owner.local, mail.raw())
    assert f"d={delegate.domain}" in mail.message()["DKIM-Signature"]
    assert mail.envelope_sender == f"{mail.message_id}@{mail_from}"


def test_the_owners_topic_hears_of_a_bounce(delegate: Delegate) -> None:
    owner = delegate.owner
    topic = owner.topic(delegate.arn)
    queue = owner.queue_on(topic)
    owner.ses.set_identity_notification_topic(
        Identity=delegate.domain, NotificationType="Bounce", SnsTopic=topic
    )
    mail = delegate.send(BOUNCE)
    heard = owner.heard(queue, lambda note: note.get("notificationType") == "Bounce")
    assert heard["mail"]["messageId"] == mail.message_id
    assert heard["mail"]["sourceArn"] == delegate.arn
    assert heard["mail"]["sendingAccountId"] == SENDER


def test_the_senders_configuration_set_tells_the_sender(delegate: Delegate) -> None:
    theirs = delegate.clients("sesv2", delegate.owner.name)
    bus = f"arn:aws:events:{delegate.owner.name}:{SENDER}:event-bus/default"
    destination = {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE"],
        "EventBridgeDestination": {"EventBusArn": bus},
    }
    theirs.create_configuration_set(ConfigurationSetName="theirs")
    theirs.create_configuration_set_event_destination(
        ConfigurationSetName="theirs", EventDestinationName="bus", EventDestination=destination
    )
    try:
        mail = delegate.send(BOUNCE, ConfigurationSetName="theirs")
    finally:
        theirs.delete_configuration_set(ConfigurationSetName="theirs")
    (told,) = [
        one
        for one in delegate.owner.local.control.feedback(mail.message_id)
        if one.channel == "event destination"
    ]
    assert (told.kind, told.target, told.dropped) == ("Bounce", "theirs/bus", "")


def test_the_configuration_set_of_the_identity_is_the_owners_alone(delegate: Delegate) -> None:
    owner = delegate.owner
    owner.sesv2.create_configuration_set(ConfigurationSetName=f"of-{delegate.domain.partition('.')[0]}")
    owner.sesv2.put_email_identity_configuration_set_attributes(
        EmailIdentity=delegate.domain, ConfigurationSetName=f"of-{delegate.domain.partition('.')[0]}"
    )
    # An identity of the same name in the sender's account has nothing to do with it.
    delegate.clients("sesv2", owner.name).create_email_identity(EmailIdentity=delegate.domain)
    assert delegate.send().configuration_set == ""


def test_the_owner_alone_says_whether_bounces_are_forwarded_by_email(delegate: Delegate) -> None:
    owner, address = delegate.owner, f"news@{delegate.domain}"

    def forwarded() -> int:
        return sum(one.via == "SES" and one.recipients == (address,) for one in owner.local.outbox)

    delegate.send(BOUNCE)
    assert forwarded() == 1
    topic = owner.topic(delegate.arn)
    for kind in ("Bounce", "Complaint"):
        owner.ses.set_identity_notification_topic(
            Identity=delegate.domain, NotificationType=kind, SnsTopic=topic
        )
    owner.ses.set_identity_feedback_forwarding_enabled(Identity=delegate.domain, ForwardingEnabled=False)
    delegate.send(BOUNCE)
    assert forwarded() == 1


def test_the_mail_counts_against_the_quota_of_the_sender(delegate: Delegate) -> None:
    def used(account: Any) -> float:
        return float(account("ses", delegate.owner.name).get_send_quota()["SentLast24Hours"])

    before = used(delegate.clients)
    delegate.send()
    assert used(delegate.clients) == before + 1


def test_nobody_sends_as_an_identity_that_was_not_lent(delegate: Delegate) -> None:
    delegate.owner.sesv2.delete_email_identity_policy(EmailIdentity=delegate.domain, PolicyName="lend")
    with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied"):
        delegate.send()


def test_the_right_to_send_templates_is_one_of_its_own(delegate: Delegate) -> None:
    owner, ses = delegate.owner, delegate.clients("ses", delegate.owner.name)
    lets = {
        "Effect": "Allow",
        "Principal": {"AWS": SENDER},
        "Action": "ses:SendTemplatedEmail",
        "Resource": delegate.arn,
    }
    owner.sesv2.update_email_identity_policy(
        EmailIdentity=delegate.domain, PolicyName="lend", Policy=policy(lets)
    )
    template = {"TemplateName": delegate.domain.partition(".")[0], "SubjectPart": "Hi", "TextPart": "Hi"}
    ses.create_template(Template=template)
    common = {
        "Source": f"news@{delegate.domain}",
        "SourceArn": delegate.arn,
        "Destination": {"ToAddresses": [STRANGER]},
    }
    assert ses.send_templated_email(Template=template["TemplateName"], TemplateData="{}", **common)[
        "MessageId"
    ]
    with pytest.raises(ClientError, match=r"MessageRejected|AccessDenied"):
        ses.send_email(Message=BODY, **common)
