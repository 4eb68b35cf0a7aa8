"""How the bundle tells of bounces and what its mail is sent with: topics, subscribers, the default set."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from templates import of_type, only, properties, template_of

from cdk_ses_regions import (
    EmailAddress,
    EmailDomain,
    Events,
    Feedback,
    RegionalEmail,
    Sender,
    SendingOptions,
    Subscribers,
)

DOMAIN = EmailDomain(domain_name="example.com")
SHOP = Feedback(bounce_topic="shop", complaint_topic="shop", delivery_topic="shop-deliveries")


def topics(template: dict[str, Any]) -> set[str]:
    return {one["Properties"]["TopicName"] for one in of_type(template, "AWS::SNS::Topic").values()}


def test_a_domain_may_have_topics_of_its_own(stack: cdk.Stack) -> None:
    shop = EmailDomain(domain_name="shop.example.com", feedback=SHOP)
    email = RegionalEmail(stack, "Email", domains=[DOMAIN, shop])
    template = template_of(stack)
    assert topics(template) == {"email-feedback", "email-shop", "email-shop-deliveries"}
    assert list(email.feedback_topics) == ["feedback", "shop", "shop-deliveries"]
    told = {
        one["Properties"]["Identity"]: one["Properties"]
        for one in of_type(template, "Custom::SesIdentityNotificationTopics").values()
    }
    assert "DeliveryTopicArn" not in told["example.com"]
    assert "shopdeliveries" in told["shop.example.com"]["DeliveryTopicArn"]["Ref"]


def test_each_topic_is_open_to_the_identities_that_use_it_alone(stack: cdk.Stack) -> None:
    shop = EmailDomain(domain_name="shop.example.com", feedback=SHOP)
    RegionalEmail(stack, "Email", domains=[DOMAIN, shop])
    policies = {
        name: str(one["Properties"]["PolicyDocument"])
        for name, one in of_type(template_of(stack), "AWS::SNS::TopicPolicy").items()
    }
    for name, document in policies.items():
        assert ("identity/shop.example.com" in document) == ("shop" in name)
        assert ("identity/example.com" in document) == ("shop" not in name)


def test_the_statements_of_the_key_have_different_names(stack: cdk.Stack) -> None:
    shop = EmailDomain(domain_name="shop.example.com", feedback=SHOP)
    RegionalEmail(stack, "Email", domains=[DOMAIN, shop])
    statements = properties(template_of(stack), "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert [one["Sid"] for one in statements if "Sid" in one] == [
        "SesFeedback",
        "SesFeedback2",
        "SesFeedback3",
    ]


def test_feedback_by_email_needs_nothing(stack: cdk.Stack) -> None:
    email = RegionalEmail(stack, "Email", domains=[DOMAIN], feedback="email")
    template = template_of(stack)
    assert topics(template) == set()
    assert of_type(template, "Custom::SesIdentityNotificationTopics") == {}
    with pytest.raises(ValueError, match="feedback_topics has none, feedback comes by email"):
        _ = email.feedback_topic


def test_headers_and_forwarding_are_choices(stack: cdk.Stack) -> None:
    feedback = Feedback(include_headers=False, email_forwarding=True)
    RegionalEmail(stack, "Email", domains=[DOMAIN], feedback=feedback)
    made = properties(template_of(stack), "Custom::SesIdentityNotificationTopics")
    assert (made["IncludeHeaders"], made["EmailForwarding"]) == ("false", "true")


def test_subscribers_of_a_domain_hear_of_its_topics_only(stack: cdk.Stack) -> None:
    shop = EmailDomain(
        domain_name="shop.example.com", feedback=SHOP, subscribers=Subscribers(emails=["shop@example.com"])
    )
    email = RegionalEmail(stack, "Email", domains=[DOMAIN, shop], subscribers=Subscribers(queues=["bounces"]))
    template = template_of(stack)
    heard: dict[str, set[str]] = {}
    for one in of_type(template, "AWS::SNS::Subscription").values():
        heard.setdefault(one["Properties"]["Protocol"], set()).add(one["Properties"]["TopicArn"]["Ref"])
    assert {name: len(found) for name, found in heard.items()} == {"sqs": 1, "email": 2}
    assert not heard["sqs"] & heard["email"]
    assert list(email.subscriptions[""].queue_arns) == ["email-bounces"]


def test_an_address_may_have_a_topic_and_subscribers_of_its_own(stack: cdk.Stack) -> None:
    alerts = EmailAddress(
        address="alerts@example.org",
        feedback=Feedback(bounce_topic="alerts", complaint_topic="alerts"),
        subscribers=Subscribers(emails=["ops@example.org"]),
    )
    email = RegionalEmail(stack, "Email", domains=[DOMAIN], addresses=[alerts])
    assert topics(template_of(stack)) == {"email-feedback", "email-alerts"}
    assert list(email.subscriptions) == ["alerts@example.org"]


def test_subscribers_without_a_topic_are_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="topics is empty"):
        RegionalEmail(
            stack,
            "Email",
            domains=[DOMAIN],
            feedback="email",
            subscribers=Subscribers(emails=["a@example.com"]),
        )


def test_without_sending_there_is_no_configuration_set(stack: cdk.Stack) -> None:
    assert RegionalEmail(stack, "Email", domains=[DOMAIN]).sending is None
    template = template_of(stack)
    assert of_type(template, "AWS::SES::ConfigurationSet") == {}
    assert "ConfigurationSetAttributes" not in properties(template, "AWS::SES::EmailIdentity")


def test_identities_use_the_set_once_all_its_destinations_are_there(stack: cdk.Stack) -> None:
    options = SendingOptions(events=[Events(name="bus", event_bridge=True), Events(name="audit", topic=True)])
    RegionalEmail(stack, "Email", domains=[DOMAIN], addresses=["alerts@example.org"], sending=options)
    template = template_of(stack)
    destinations = list(of_type(template, "AWS::SES::ConfigurationSetEventDestination"))
    for one in of_type(template, "AWS::SES::EmailIdentity").values():
        assert one["Properties"]["ConfigurationSetAttributes"] == {"ConfigurationSetName": "email-sending"}
        assert one["DependsOn"] == [max(destinations, key=lambda name: "audit" in name)]
    assert topics(template) == {"email-feedback", "email-events-audit"}


def test_an_identity_may_do_without_the_set(stack: cdk.Stack) -> None:
    domain = EmailDomain(domain_name="example.com", default_configuration_set=False)
    RegionalEmail(stack, "Email", domains=[domain], sending=SendingOptions())
    identity = only(template_of(stack), "AWS::SES::EmailIdentity")
    assert "ConfigurationSetAttributes" not in identity["Properties"]
    assert "DependsOn" not in identity


SENDERS = [Sender(name="agency", accounts=["222222222222"])]


def test_a_default_set_for_an_identity_with_senders_is_refused(stack: cdk.Stack) -> None:
    domain = EmailDomain(domain_name="example.com", senders=SENDERS)
    with pytest.raises(
        ValueError, match=r"example\.com has senders: SES refuses .* default_configuration_set=False"
    ):
        RegionalEmail(stack, "Email", domains=[domain], sending=SendingOptions())


def test_senders_and_a_set_that_is_not_the_default_go_together(stack: cdk.Stack) -> None:
    domain = EmailDomain(domain_name="example.com", senders=SENDERS, default_configuration_set=False)
    RegionalEmail(stack, "Email", domains=[domain], sending=SendingOptions())
    assert len(of_type(template_of(stack), "Custom::SesIdentityPolicy")) == 1


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([Events(name=f"e{'x' * n}", event_bridge=True) for n in range(11)], "11 event destinations"),
        ([Events(name="a", event_bridge=True)] * 2, "a is given twice"),
        ([Events(name="A", event_bridge=True)], "name 'A' must have a-z"),
        (
            [Events(name="a", event_bridge=True, subscribers=Subscribers(queues=["a"]))],
            "has subscribers but no topic",
        ),
    ],
)
def test_event_destinations_that_cannot_be_are_refused(
    stack: cdk.Stack, events: list[Events], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RegionalEmail(stack, "Email", domains=[DOMAIN], sending=SendingOptions(events=events))
