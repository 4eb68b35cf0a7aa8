"""Mail to the mailbox simulator, and what SES tells the identity's topics about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from region import Region, policy, unique

from cdk_ses_regions.local import LocalAws

BODY = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}
Send = Callable[[Region, str, str], str]


def v1(region: Region, source: str, to: str) -> str:
    answer = region.ses.send_email(Source=source, Destination={"ToAddresses": [to]}, Message=BODY)
    return answer["MessageId"]


def raw(source: str, to: str) -> bytes:
    return (
        f"From: News <{source}>\r\nTo: {to}\r\nSubject: Hello\r\nX-Campaign: spring\r\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nHello, you\r\n"
    ).encode()


def v1_raw(region: Region, source: str, to: str) -> str:
    return region.ses.send_raw_email(RawMessage={"Data": raw(source, to)})["MessageId"]


def v2(region: Region, source: str, to: str) -> str:
    answer = region.sesv2.send_email(
        FromEmailAddress=source, Destination={"ToAddresses": [to]}, Content={"Simple": BODY}
    )
    return answer["MessageId"]


def v2_raw(region: Region, source: str, to: str) -> str:
    return region.sesv2.send_email(Content={"Raw": {"Data": raw(source, to)}})["MessageId"]


@pytest.fixture
def domain(here: Region) -> str:
    return here.verified_domain()


@pytest.fixture
def topic(here: Region, domain: str) -> str:
    """The topic of a domain for all three kinds, with a customer managed key."""
    identity = here.arn("ses", f"identity/{domain}")
    topic = here.topic(identity, key=here.key(identity))
    for kind in ("Bounce", "Complaint", "Delivery"):
        here.ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
    return topic


@pytest.mark.parametrize("send", [v1, v1_raw, v2, v2_raw])
@pytest.mark.parametrize(
    ("address", "kind"),
    [("bounce", "Bounce"), ("complaint", "Complaint"), ("success", "Delivery"), ("bounce+label", "Bounce")],
)
def test_the_simulator_answers_and_the_topic_hears_it(
    here: Region, domain: str, topic: str, send: Send, address: str, kind: str
) -> None:
    queue, to = here.queue_on(topic), f"{address}@simulator.amazonses.com"
    message_id = send(here, f"news@{domain}", to)
    heard = here.heard(queue, lambda one: one["notificationType"] == kind)
    mail, detail = heard["mail"], heard[kind.lower()]
    assert mail["messageId"] == message_id
    assert mail["source"] == f"news@{domain}"
    assert mail["sourceArn"] == here.arn("ses", f"identity/{domain}")
    assert mail["sendingAccountId"] == here.local.account
    assert mail["destination"] == [to]
    assert "headers" not in mail
    if kind == "Bounce":
        assert (detail["bounceType"], detail["bounceSubType"]) == ("Permanent", "General")
        assert detail["bouncedRecipients"][0]["emailAddress"] == to
    elif kind == "Complaint":
        assert detail["complainedRecipients"] == [{"emailAddress": to}]
        assert detail["complaintFeedbackType"] == "abuse"
    else:
        assert detail["recipients"] == [to]
    assert detail["feedbackId" if kind != "Delivery" else "smtpResponse"]


@pytest.mark.parametrize("send", [v1, v1_raw, v2, v2_raw])
def test_headers_are_told_for_the_kind_they_are_enabled_for(
    here: Region, domain: str, topic: str, send: Send
) -> None:
    here.ses.set_identity_headers_in_notifications_enabled(
        Identity=domain, NotificationType="Complaint", Enabled=True
    )
    queue, to = here.queue_on(topic), "complaint@simulator.amazonses.com"
    message_id = send(here, f"news@{domain}", to)
    mail = here.heard(queue, lambda one: one["notificationType"] == "Complaint")["mail"]
    headers: dict[str, Any] = {one["name"]: one["value"] for one in mail["headers"]}
    assert mail["headersTruncated"] is False
    assert (headers["To"], headers["Subject"]) == (to, "Hello")
    assert mail["commonHeaders"]["messageId"] == message_id
    assert mail["commonHeaders"]["to"] == [to]
    assert mail["commonHeaders"]["subject"] == "Hello"
    if send in (v1_raw, v2_raw):
        assert headers["X-Campaign"] == "spring"
        assert mail["commonHeaders"]["from"] == [f"News <news@{domain}>"]
        assert mail["commonHeaders"]["date"] == "Tue, 24 Nov 2026 10:00:00 +0000"
    send(here, f"news@{domain}", "success@simulator.amazonses.com")
    delivered = here.heard(queue, lambda one: one["notificationType"] == "Delivery")
    assert "headers" not in delivered["mail"]


def test_each_region_tells_the_topic_of_its_own_identity(
    local: LocalAws, here: Region, domain: str, topic: str
) -> None:
    there = Region(local, "eu-west-1")
    there.verified_domain(domain)
    other = there.topic(there.arn("ses", f"identity/{domain}"))
    there.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=other)
    queue, elsewhere = here.queue_on(topic), there.queue_on(other)
    message_id = v2(there, f"news@{domain}", "bounce@simulator.amazonses.com")
    assert there.heard(elsewhere)["mail"]["messageId"] == message_id
    assert here.silence(queue)


def notification_settings(here: Region, domain: str) -> dict[str, Any]:
    answer = here.ses.get_identity_notification_attributes(Identities=[domain])
    return answer["NotificationAttributes"][domain]


def close_policy(here: Region, topic: str) -> None:
    here.open_topic(topic)


def close_key(here: Region, topic: str) -> None:
    key = here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    root = {"AWS": f"arn:aws:iam::{here.local.account}:root"}
    here.client("kms").put_key_policy(
        KeyId=key,
        PolicyName="default",
        Policy=policy({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}),
    )


def disable_key(here: Region, topic: str) -> None:
    key = here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    here.client("kms").disable_key(KeyId=key)


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
@pytest.mark.parametrize("close", [close_policy, close_key, disable_key])
def test_a_topic_closed_to_ses_later_is_dropped_and_feedback_comes_by_email(
    here: Region, domain: str, topic: str, close: Callable[[Region, str], None], kind: str
) -> None:
    here.ses.set_identity_feedback_forwarding_enabled(Identity=domain, ForwardingEnabled=False)
    queue = here.queue_on(topic)
    close(here, topic)
    message_id = v2(here, f"news@{domain}", f"{kind.lower()}@simulator.amazonses.com")
    assert here.silence(queue)
    settings = notification_settings(here, domain)
    assert f"{kind}Topic" not in settings
    assert settings["ForwardingEnabled"] is True
    told = {one.channel: one for one in here.local.control.feedback(message_id) if one.kind == kind}
    assert told["topic"].target == topic
    assert told["topic"].dropped
    assert told["email"].target == f"news@{domain}"
    assert not told["email"].dropped


def test_a_topic_that_is_gone_is_dropped(here: Region, domain: str) -> None:
    topic = str(here.client("sns").create_topic(Name=unique("t"))["TopicArn"])
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)
    here.client("sns").delete_topic(TopicArn=topic)
    assert v1(here, f"news@{domain}", "bounce@simulator.amazonses.com")
    assert "BounceTopic" not in notification_settings(here, domain)


def test_a_topic_for_deliveries_is_kept_though_closed(here: Region, domain: str, topic: str) -> None:
    queue = here.queue_on(topic)
    here.open_topic(topic)
    assert v2(here, f"news@{domain}", "success@simulator.amazonses.com")
    assert here.silence(queue)
    assert notification_settings(here, domain)["DeliveryTopic"] == topic


def test_a_notification_names_the_caller(here: Region, domain: str, topic: str) -> None:
    queue = here.queue_on(topic)
    v2(here, f"News <news@{domain}>", "bounce@simulator.amazonses.com")
    mail = here.heard(queue)["mail"]
    assert (mail["callerIdentity"], mail["sourceIp"]) == ("deployer", "127.0.0.1")
    assert mail["source"] == f"news@{domain}"
    assert "tags" not in mail


def test_headers_longer_than_10_kb_are_cut(here: Region, domain: str, topic: str) -> None:
    here.ses.set_identity_headers_in_notifications_enabled(
        Identity=domain, NotificationType="Bounce", Enabled=True
    )
    queue = here.queue_on(topic)
    many = "".join(f"X-Long-{number}: {'x' * 900}\r\n" for number in range(12))
    data = many.encode() + raw(f"news@{domain}", "bounce@simulator.amazonses.com")
    here.ses.send_raw_email(RawMessage={"Data": data})
    mail = here.heard(queue)["mail"]
    assert mail["headersTruncated"] is True
    names = [one["name"] for one in mail["headers"]]
    assert "X-Long-0" in names
    assert "X-Long-11" not in names
    assert mail["commonHeaders"]["subject"] == "Hello"


def test_an_identity_without_topics_is_silent(here: Region, domain: str) -> None:
    assert v2(here, f"news@{domain}", "bounce@simulator.amazonses.com")
