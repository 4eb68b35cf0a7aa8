"""Identities in both versions of the API: one store, the same answers, AWS's refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import Stack
from region import Region, a_domain, unique

from cdk_ses_regions.local import LocalAws


@pytest.fixture
def name(here: Region) -> str:
    """An identity that is there, and pending."""
    name = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=name)
    return name


def notifications(here: Region, name: str) -> dict[str, Any]:
    answer = here.ses.get_identity_notification_attributes(Identities=[name])
    return answer["NotificationAttributes"][name]


def set_topic(here: Region, name: str, kind: str, topic: str | None) -> None:
    given = {} if topic is None else {"SnsTopic": topic}
    here.ses.set_identity_notification_topic(Identity=name, NotificationType=kind, **given)


def listed(here: Region, name: str) -> dict[str, Any]:
    """Return what the list of identities says of one; the list comes in pages."""
    token: dict[str, str] = {}
    while True:
        page = here.sesv2.list_email_identities(PageSize=100, **token)
        for one in page["EmailIdentities"]:
            if one["IdentityName"] == name:
                return one
        token = {"NextToken": page["NextToken"]}


def test_an_identity_is_created_once(here: Region, name: str) -> None:
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        here.sesv2.create_email_identity(EmailIdentity=name)


def test_another_region_may_have_an_identity_of_the_same_name(local: LocalAws, name: str) -> None:
    other = Region(local, "eu-west-1")
    with pytest.raises(ClientError, match="NotFoundException"):
        other.sesv2.get_email_identity(EmailIdentity=name)
    other.sesv2.create_email_identity(EmailIdentity=name)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda ses, name: ses.get_email_identity(EmailIdentity=name), id="get"),
        pytest.param(lambda ses, name: ses.delete_email_identity(EmailIdentity=name), id="delete"),
        pytest.param(
            lambda ses, name: ses.put_email_identity_mail_from_attributes(
                EmailIdentity=name, MailFromDomain=f"bounce.{name}"
            ),
            id="MAIL FROM",
        ),
        pytest.param(
            lambda ses, name: ses.put_email_identity_feedback_attributes(
                EmailIdentity=name, EmailForwardingEnabled=True
            ),
            id="feedback",
        ),
        pytest.param(
            lambda ses, name: ses.put_email_identity_dkim_attributes(EmailIdentity=name, SigningEnabled=True),
            id="DKIM",
        ),
    ],
)
def test_version_2_does_not_find_an_unknown_identity(here: Region, ask: Callable[[Any, str], object]) -> None:
    with pytest.raises(ClientError, match="NotFoundException"):
        ask(here.sesv2, a_domain())


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            lambda ses, name: ses.set_identity_notification_topic(Identity=name, NotificationType="Bounce"),
            id="topic",
        ),
        pytest.param(
            lambda ses, name: ses.set_identity_headers_in_notifications_enabled(
                Identity=name, NotificationType="Bounce", Enabled=True
            ),
            id="headers",
        ),
        pytest.param(
            lambda ses, name: ses.set_identity_feedback_forwarding_enabled(
                Identity=name, ForwardingEnabled=True
            ),
            id="forwarding",
        ),
        pytest.param(
            lambda ses, name: ses.set_identity_mail_from_domain(
                Identity=name, MailFromDomain=f"bounce.{name}"
            ),
            id="MAIL FROM",
        ),
    ],
)
def test_version_1_refuses_an_unknown_identity(here: Region, ask: Callable[[Any, str], object]) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ask(here.ses, a_domain())


def test_version_1_says_nothing_of_identities_it_does_not_know(here: Region) -> None:
    asked = [a_domain()]
    ses = here.ses
    assert ses.get_identity_notification_attributes(Identities=asked)["NotificationAttributes"] == {}
    assert ses.get_identity_verification_attributes(Identities=asked)["VerificationAttributes"] == {}
    assert ses.get_identity_mail_from_domain_attributes(Identities=asked)["MailFromDomainAttributes"] == {}


def test_version_1_knows_what_version_2_created(here: Region, name: str) -> None:
    assert name in here.ses.list_identities(IdentityType="Domain")["Identities"]


def test_version_2_knows_what_version_1_created(here: Region) -> None:
    name = a_domain()
    tokens = here.ses.verify_domain_dkim(Domain=name)["DkimTokens"]
    identity = here.sesv2.get_email_identity(EmailIdentity=name)
    assert identity["DkimAttributes"]["Tokens"] == tokens
    assert not identity["VerifiedForSendingStatus"]


def test_deleting_in_version_2_deletes_in_version_1(here: Region, name: str) -> None:
    here.sesv2.delete_email_identity(EmailIdentity=name)
    assert name not in here.ses.list_identities()["Identities"]


def test_deleting_in_version_1_deletes_in_version_2(here: Region, name: str) -> None:
    here.ses.delete_identity(Identity=name)
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.get_email_identity(EmailIdentity=name)


def test_an_identity_that_is_created_again_has_forgotten_its_settings(here: Region, name: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{name}"))
    set_topic(here, name, "Bounce", topic)
    here.sesv2.delete_email_identity(EmailIdentity=name)
    here.sesv2.create_email_identity(EmailIdentity=name)
    assert "BounceTopic" not in notifications(here, name)


def test_listing_tells_whether_each_identity_is_verified(here: Region, name: str) -> None:
    verified = here.verified_domain()
    assert listed(here, name)["VerificationStatus"] == "PENDING"
    assert not listed(here, name)["SendingEnabled"]
    assert listed(here, verified)["VerificationStatus"] == "SUCCESS"
    assert listed(here, verified)["SendingEnabled"]


def test_tags_are_those_given_at_creation(here: Region) -> None:
    name = a_domain()
    tags = [{"Key": "team", "Value": "mail"}]
    here.sesv2.create_email_identity(EmailIdentity=name, Tags=tags)
    arn = here.arn("ses", f"identity/{name}")
    assert here.sesv2.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    here.sesv2.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    found = here.sesv2.get_email_identity(EmailIdentity=name)["Tags"]
    assert found == [*tags, {"Key": "stage", "Value": "test"}]


def test_an_identity_has_a_configuration_set_that_is_there(here: Region) -> None:
    ses, name, settings = here.sesv2, a_domain(), unique("c")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.create_email_identity(EmailIdentity=name, ConfigurationSetName=settings)
    ses.create_configuration_set(ConfigurationSetName=settings)
    ses.create_email_identity(EmailIdentity=name, ConfigurationSetName=settings)
    assert ses.get_email_identity(EmailIdentity=name)["ConfigurationSetName"] == settings
    put = ses.put_email_identity_configuration_set_attributes
    put(EmailIdentity=name)
    assert "ConfigurationSetName" not in ses.get_email_identity(EmailIdentity=name)
    with pytest.raises(ClientError, match="NotFoundException"):
        put(EmailIdentity=name, ConfigurationSetName=unique("c"))
    put(EmailIdentity=name, ConfigurationSetName=settings)
    assert ses.get_email_identity(EmailIdentity=name)["ConfigurationSetName"] == settings


def test_a_mail_from_domain_is_below_the_identity(here: Region, name: str) -> None:
    for wrong in (name, "bounce.example.org", f"x{name}"):
        with pytest.raises(ClientError, match="BadRequestException"):
            here.sesv2.put_email_identity_mail_from_attributes(EmailIdentity=name, MailFromDomain=wrong)
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            here.ses.set_identity_mail_from_domain(Identity=name, MailFromDomain=wrong)


def test_a_mail_from_domain_of_version_1_is_seen_in_version_2(here: Region, name: str) -> None:
    here.ses.set_identity_mail_from_domain(
        Identity=name, MailFromDomain=f"bounce.{name}", BehaviorOnMXFailure="RejectMessage"
    )
    assert here.sesv2.get_email_identity(EmailIdentity=name)["MailFromAttributes"] == {
        "MailFromDomain": f"bounce.{name}",
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    }


def test_a_mail_from_domain_is_taken_away_again(here: Region, name: str) -> None:
    put = here.sesv2.put_email_identity_mail_from_attributes
    put(EmailIdentity=name, MailFromDomain=f"bounce.{name}")
    put(EmailIdentity=name)
    found = here.sesv2.get_email_identity(EmailIdentity=name)["MailFromAttributes"]
    assert found == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}


def test_signing_is_switched_off_in_both_versions(here: Region, name: str) -> None:
    here.sesv2.put_email_identity_dkim_attributes(EmailIdentity=name, SigningEnabled=False)
    assert not here.sesv2.get_email_identity(EmailIdentity=name)["DkimAttributes"]["SigningEnabled"]
    dkim = here.ses.get_identity_dkim_attributes(Identities=[name])["DkimAttributes"][name]
    assert not dkim["DkimEnabled"]


def test_an_identity_begins_with_forwarding_and_without_topics(here: Region, name: str) -> None:
    assert notifications(here, name) == {
        "ForwardingEnabled": True,
        "HeadersInBounceNotificationsEnabled": False,
        "HeadersInComplaintNotificationsEnabled": False,
        "HeadersInDeliveryNotificationsEnabled": False,
    }


def test_a_topic_that_is_open_to_the_identity_is_set_and_cleared(here: Region, name: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{name}"))
    set_topic(here, name, "Bounce", topic)
    assert notifications(here, name)["BounceTopic"] == topic
    set_topic(here, name, "Bounce", None)
    assert "BounceTopic" not in notifications(here, name)


def test_a_topic_hears_first_that_it_was_set_for_a_kind_of_notification(here: Region, name: str) -> None:
    topic = here.topic(here.arn("ses", f"identity/{name}"))
    queue = here.queue_on(topic)
    set_topic(here, name, "Bounce", topic)
    first = here.heard(queue)
    assert first["notificationType"] == "AmazonSnsSubscriptionSucceeded"
    assert "'Bounce'" in first["message"]
    assert name in first["message"]


def test_a_topic_with_the_policy_it_was_born_with_is_open(here: Region, name: str) -> None:
    topic = here.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    set_topic(here, name, "Complaint", topic)
    assert notifications(here, name)["ComplaintTopic"] == topic


def test_an_encrypted_topic_is_set_when_its_key_knows_ses(here: Region, name: str) -> None:
    source = here.arn("ses", f"identity/{name}")
    topic = here.topic(source, key=here.key(source))
    set_topic(here, name, "Bounce", topic)
    assert notifications(here, name)["BounceTopic"] == topic


WRONG_TOPICS: dict[str, Callable[[Region, str], str]] = {
    "of another Region": lambda here, name: Region(here.local, "eu-west-1").topic(
        here.arn("ses", f"identity/{name}")
    ),
    "that is not there": lambda here, name: here.arn("sns", unique("topic")),
    "closed to services": lambda here, name: here.topic(),
    "open to another identity": lambda here, name: here.topic(here.arn("ses", f"identity/{a_domain()}")),
    "with a key closed to SES": lambda here, name: here.topic(
        here.arn("ses", f"identity/{name}"), key=here.key()
    ),
    "with the key of AWS": lambda here, name: here.topic(
        here.arn("ses", f"identity/{name}"), key="alias/aws/sns"
    ),
    "that is no ARN": lambda here, name: "feedback",
}


@pytest.mark.parametrize("which", WRONG_TOPICS)
def test_no_identity_is_given_a_topic(here: Region, name: str, which: str) -> None:
    topic = WRONG_TOPICS[which](here, name)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        set_topic(here, name, "Bounce", topic)
    assert "BounceTopic" not in notifications(here, name)


def test_forwarding_stops_only_when_bounces_and_complaints_have_topics(here: Region, name: str) -> None:
    topic, ses = here.topic(here.arn("ses", f"identity/{name}")), here.ses
    set_topic(here, name, "Bounce", topic)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ses.set_identity_feedback_forwarding_enabled(Identity=name, ForwardingEnabled=False)
    set_topic(here, name, "Complaint", topic)
    ses.set_identity_feedback_forwarding_enabled(Identity=name, ForwardingEnabled=False)
    assert not notifications(here, name)["ForwardingEnabled"]
    assert not here.sesv2.get_email_identity(EmailIdentity=name)["FeedbackForwardingStatus"]


def test_forwarding_begins_again_when_a_topic_is_cleared(here: Region, name: str) -> None:
    topic, ses = here.topic(here.arn("ses", f"identity/{name}")), here.ses
    for kind in ("Bounce", "Complaint"):
        set_topic(here, name, kind, topic)
    ses.set_identity_feedback_forwarding_enabled(Identity=name, ForwardingEnabled=False)
    set_topic(here, name, "Complaint", None)
    assert notifications(here, name)["ForwardingEnabled"]


def test_version_2_switches_forwarding_that_version_1_tells(here: Region, name: str) -> None:
    put = here.sesv2.put_email_identity_feedback_attributes
    put(EmailIdentity=name, EmailForwardingEnabled=False)
    assert not notifications(here, name)["ForwardingEnabled"]
    put(EmailIdentity=name, EmailForwardingEnabled=True)
    assert notifications(here, name)["ForwardingEnabled"]


def test_headers_are_enabled_for_one_kind_of_notification(here: Region, name: str) -> None:
    here.ses.set_identity_headers_in_notifications_enabled(
        Identity=name, NotificationType="Complaint", Enabled=True
    )
    found = notifications(here, name)
    assert found["HeadersInComplaintNotificationsEnabled"]
    assert not found["HeadersInBounceNotificationsEnabled"]


def test_an_unknown_kind_of_notification_is_refused(here: Region, name: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        set_topic(here, name, "Open", None)


def test_what_cloudformation_configures_is_seen_in_both_versions(here: Region) -> None:
    name = a_domain()
    properties = {
        "EmailIdentity": name,
        "MailFromAttributes": {
            "MailFromDomain": f"bounce.{name}",
            "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        },
        "FeedbackAttributes": {"EmailForwardingEnabled": False},
        "Tags": [{"Key": "team", "Value": "mail"}],
    }
    stack = Stack(here, unique("stack"))
    status = stack.deploy({"Identity": {"Type": "AWS::SES::EmailIdentity", "Properties": properties}})
    assert status == "CREATE_COMPLETE"

    identity = here.sesv2.get_email_identity(EmailIdentity=name)
    assert identity["MailFromAttributes"]["MailFromDomain"] == f"bounce.{name}"
    assert identity["DkimAttributes"]["SigningEnabled"]
    assert not identity["FeedbackForwardingStatus"]
    assert not notifications(here, name)["ForwardingEnabled"]
    answer = here.ses.get_identity_mail_from_domain_attributes(Identities=[name])
    assert answer["MailFromDomainAttributes"][name]["MailFromDomain"] == f"bounce.{name}"
    tags = here.sesv2.list_tags_for_resource(ResourceArn=here.arn("ses", f"identity/{name}"))["Tags"]
    assert {"Key": "team", "Value": "mail"} in tags
