"""Identities that are taken over: what is set, remembered and given back, and what is refused or left alone."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from adopted_identity import AdoptedIdentity
from botocore.exceptions import ClientError
from memory import Memory, as_text, from_text
from notification_topics import IdentityNotificationTopics
from patience import Patience
from provider_fakes import FakeClock, FakeSes, client_error

NAME = "example.com"
ARN = f"arn:aws:ses:us-west-2:111111111111:identity/{NAME}"
STACK = "arn:aws:cloudformation:us-west-2:111111111111:stack/Mail-us-west-2/0a1b2c3d"
TOKENS = ["t1", "t2", "t3"]
OLD_STACK = "arn:aws:cloudformation:us-west-2:111111111111:stack/Old/9f8e7d6c"
OURS: dict[str, Any] = {
    "Identity": NAME,
    "IdentityArn": ARN,
    "Owner": f"{STACK}/c8f1",
    "MailFromDomain": "bounce.example.com",
    "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    "ConfigurationSetName": "mail-sending",
}
ELSEWHERE = {**OURS, "Owner": OURS["Owner"].replace("Mail-us-west-2", "Other-us-west-2")}


class FakeSesv2:
    """The identities of a Region as API v2 has them, with a log of all changes and faults to come by operation."""

    meta = SimpleNamespace(config=None)

    def __init__(self) -> None:
        self.identities: dict[str, dict[str, Any]] = {}
        self.sets = {"mail-sending", "theirs"}
        self.changes: list[str] = []
        self.faults: dict[str, list[Exception]] = {}

    def there(self, name: str = NAME, **settings: Any) -> dict[str, Any]:
        """Put an identity there that somebody made by hand."""
        domain = {"SigningAttributesOrigin": "AWS_SES", "Tokens": list(TOKENS), "SigningEnabled": True}
        self.identities[name] = {
            "DkimAttributes": {"SigningEnabled": True} if "@" in name else domain,
            "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
            "Tags": [],
            **deepcopy(settings),
        }
        return self.identities[name]

    def _change(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)
        name = arguments.get("EmailIdentity") or arguments["ResourceArn"].rpartition("/")[2]
        if name not in self.identities:
            raise client_error("NotFoundException", operation)
        self.changes.append(operation)
        return self.identities[name]

    def get_email_identity(self, **arguments: Any) -> dict[str, Any]:
        found = self._change("Get", arguments)
        self.changes.pop()
        copy = {key: dict(value) if isinstance(value, dict) else value for key, value in found.items()}
        return {**copy, "Tags": [dict(tag) for tag in found["Tags"]]}

    def create_email_identity(self, **arguments: Any) -> None:
        if arguments["EmailIdentity"] in self.identities:
            raise client_error("AlreadyExistsException")
        self.there(arguments["EmailIdentity"], Tags=list(arguments["Tags"]))
        self.changes.append("Create")

    def delete_email_identity(self, **arguments: Any) -> None:
        self._change("Delete", arguments)
        del self.identities[arguments["EmailIdentity"]]

    def put_email_identity_mail_from_attributes(self, **arguments: Any) -> None:
        found = self._change("MailFrom", arguments)
        found["MailFromAttributes"] = {
            key: value for key, value in arguments.items() if key != "EmailIdentity"
        }

    def put_email_identity_configuration_set_attributes(self, **arguments: Any) -> None:
        if arguments.get("ConfigurationSetName") not in {None, *self.sets}:
            raise client_error("NotFoundException", "ConfigurationSet")
        found = self._change("ConfigurationSet", arguments)
        found.pop("ConfigurationSetName", None)
        found.update({key: value for key, value in arguments.items() if key != "EmailIdentity"})

    def put_email_identity_dkim_attributes(self, **arguments: Any) -> None:
        self._change("Dkim", arguments)["DkimAttributes"]["SigningEnabled"] = arguments["SigningEnabled"]

    def put_email_identity_dkim_signing_attributes(self, **arguments: Any) -> None:
        assert arguments["SigningAttributesOrigin"] == "AWS_SES"
        self._change("Keys", arguments)["DkimAttributes"]["Tokens"] = list(TOKENS)

    def list_tags_for_resource(self, **arguments: Any) -> dict[str, Any]:
        found = self._change("Tags", arguments)
        self.changes.pop()
        return {"Tags": list(found["Tags"])}

    def tag_resource(self, **arguments: Any) -> None:
        found, keys = self._change("Tag", arguments), {tag["Key"] for tag in arguments["Tags"]}
        found["Tags"] = [tag for tag in found["Tags"] if tag["Key"] not in keys] + arguments["Tags"]

    def untag_resource(self, **arguments: Any) -> None:
        found = self._change("Untag", arguments)
        found["Tags"] = [tag for tag in found["Tags"] if tag["Key"] not in arguments["TagKeys"]]


class Stack:
    """What CloudFormation says that the stack has, and the old one if it is there, two resources a page."""

    def __init__(self) -> None:
        self.resources: list[tuple[str, ...]] = [("AWS::SNS::Topic", "a"), ("AWS::SNS::Topic", "b")]
        self.old: list[tuple[str, ...]] | None = None

    def list_stack_resources(self, **arguments: Any) -> dict[str, Any]:
        resources = {STACK: self.resources, OLD_STACK: self.old}.get(arguments["StackName"], [])
        if resources is None:
            raise client_error("ValidationError", "Stack with id Old does not exist")
        start = int(arguments.get("NextToken", 0))
        page = [
            {
                "ResourceType": kind,
                "PhysicalResourceId": one,
                "ResourceStatus": (*status, "CREATE_COMPLETE")[0],
            }
            for kind, one, *status in resources
        ]
        more = {"NextToken": str(start + 2)} if start + 2 < len(page) else {}
        return {"StackResourceSummaries": page[start : start + 2], **more}


@pytest.fixture
def ses() -> FakeSesv2:
    return FakeSesv2()


@pytest.fixture
def stack(ses: FakeSesv2, monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack()
    clients = {"cloudformation": stack, "sesv2": ses}
    monkeypatch.setattr(boto3, "client", lambda service, **_: clients[service])
    return stack


@pytest.fixture
def patience() -> Patience:
    clock = FakeClock()
    return Patience(seconds=200, sleep=clock.sleep, clock=clock)


@pytest.fixture
def adoption(ses: FakeSesv2, stack: Stack, patience: Patience) -> AdoptedIdentity:
    return AdoptedIdentity(ses, patience)


def test_one_that_is_there_gets_the_settings_and_keeps_keys_and_tags(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    found = ses.there(Tags=[{"Key": "team", "Value": "shop"}])
    physical_id, data = adoption.create(OURS)
    assert physical_id == "adopted-identity/example.com"
    assert found["MailFromAttributes"]["MailFromDomain"] == "bounce.example.com"
    assert found["ConfigurationSetName"] == "mail-sending"
    assert {"Key": "team", "Value": "shop"} in found["Tags"]
    assert ses.changes[0] == "Tag", "remembered before anything is changed"
    assert "Create" not in ses.changes
    assert data == {
        f"DkimDNSToken{kind}{number}": f"t{number}.{rest}"
        for number in (1, 2, 3)
        for kind, rest in (("Name", "_domainkey.example.com"), ("Value", "dkim.amazonses.com"))
    }


def test_the_records_point_to_the_zone_that_ses_names(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    ses.there()["DkimAttributes"]["SigningHostedZone"] = "dkim.eu-south-1.amazonses.com"
    _, data = adoption.create(OURS)
    assert data["DkimDNSTokenValue1"] == "t1.dkim.eu-south-1.amazonses.com"


BEFORE: dict[str, dict[str, Any]] = {
    "nothing set": {},
    "all set": {
        "MailFromAttributes": {
            "MailFromDomain": "old.example.com",
            "BehaviorOnMxFailure": "REJECT_MESSAGE",
        },
        "ConfigurationSetName": "theirs",
        "Tags": [{"Key": "team", "Value": "shop"}],
    },
    "signing off": {
        "DkimAttributes": {
            "SigningAttributesOrigin": "AWS_SES",
            "Tokens": list(TOKENS),
            "SigningEnabled": False,
        }
    },
}


@pytest.mark.parametrize("settings", BEFORE.values(), ids=BEFORE)
def test_a_delete_leaves_it_as_it_was_found(
    ses: FakeSesv2, adoption: AdoptedIdentity, settings: dict[str, Any]
) -> None:
    was = deepcopy(ses.there(**settings))
    physical_id, _ = adoption.create(OURS)
    assert ses.identities[NAME] != was
    adoption.delete(physical_id, OURS)
    assert ses.identities[NAME] == was


def test_one_that_was_verified_without_dkim_gets_keys_and_signs_no_more_afterwards(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    found = ses.there(DkimAttributes={"SigningAttributesOrigin": "AWS_SES", "SigningEnabled": False})
    physical_id, data = adoption.create(OURS)
    assert len(data) == 6
    assert found["DkimAttributes"]["SigningEnabled"] is True
    adoption.delete(physical_id, OURS)
    assert found["DkimAttributes"]["SigningEnabled"] is False


def test_what_somebody_changed_since_stays(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    found = ses.there(ConfigurationSetName="theirs")
    physical_id, _ = adoption.create(OURS)
    found["MailFromAttributes"]["MailFromDomain"] = "new.example.com"
    adoption.delete(physical_id, OURS)
    assert found["MailFromAttributes"]["MailFromDomain"] == "new.example.com"
    assert found["ConfigurationSetName"] == "theirs"
    assert found["Tags"] == []


def test_a_set_that_is_gone_by_now_is_not_given_back(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    found = ses.there(ConfigurationSetName="theirs")
    physical_id, _ = adoption.create(OURS)
    ses.sets.remove("theirs")
    adoption.delete(physical_id, OURS)
    assert "ConfigurationSetName" not in found


def test_a_set_that_is_wanted_and_not_there_fails(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    ses.there()
    ses.sets.remove("mail-sending")
    with pytest.raises(ClientError, match="NotFoundException"):
        adoption.create(OURS)


def test_where_there_is_none_it_is_created_and_goes_with_the_stack(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    physical_id, data = adoption.create(OURS)
    assert ses.identities[NAME]["ConfigurationSetName"] == "mail-sending"
    assert len(data) == 6
    adoption.delete(physical_id, OURS)
    assert ses.identities == {}


def test_what_is_left_out_stays_as_it_is(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    found = ses.there(**BEFORE["all set"])
    adoption.create({key: OURS[key] for key in ("Identity", "IdentityArn", "Owner")})
    assert found["MailFromAttributes"] == BEFORE["all set"]["MailFromAttributes"]
    assert found["ConfigurationSetName"] == "theirs"


def test_an_address_has_no_keys_and_no_records(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    name = "alerts@example.org"
    found = ses.there(name)
    properties = {
        "Identity": name,
        "IdentityArn": ARN.replace(NAME, name),
        "Owner": OURS["Owner"],
        "ConfigurationSetName": "mail-sending",
    }
    assert adoption.create(properties) == (f"adopted-identity/{name}", {})
    assert found["ConfigurationSetName"] == "mail-sending"
    assert set(ses.changes) == {"Tag", "ConfigurationSet"}


def test_a_second_attempt_does_not_take_ours_for_what_was_there(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    found = ses.there(ConfigurationSetName="theirs")
    ses.faults["MailFrom"] = [client_error("BadRequestException")]
    with pytest.raises(ClientError, match="BadRequest"):
        adoption.create(OURS)
    adoption.create(OURS)
    adoption.create(OURS)
    adoption.delete("adopted-identity/example.com", OURS)
    assert found["ConfigurationSetName"] == "theirs"
    assert "MailFromDomain" not in found["MailFromAttributes"]


def test_a_create_that_never_answered_is_undone(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    found = ses.there(ConfigurationSetName="theirs")
    adoption.create(OURS)
    adoption.delete("Mail-us-west-2-Identity-1ABCDEF", OURS)
    assert found["ConfigurationSetName"] == "theirs"


def test_one_that_somebody_else_creates_meanwhile_is_taken_over(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    get, missing = ses.get_email_identity, [client_error("NotFoundException")]

    def get_too_late(**arguments: Any) -> dict[str, Any]:
        if missing:
            ses.there()
            raise missing.pop()
        return get(**arguments)

    ses.get_email_identity = get_too_late  # type: ignore[method-assign]
    physical_id, _ = adoption.create(OURS)
    adoption.delete(physical_id, OURS)
    assert NAME in ses.identities


def test_one_that_another_stack_holds_is_refused_and_its_delete_leaves_it_alone(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    ses.there()
    adoption.create(ELSEWHERE)
    was = deepcopy(ses.identities[NAME])
    with pytest.raises(ValueError, match="is held by stack Other-us-west-2 already; remove it there first"):
        adoption.create(OURS)
    adoption.delete(adoption.physical_id(OURS), OURS)
    assert ses.identities[NAME] == was


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("EXTERNAL", "a key of its own"),
        ("AWS_SES_US_EAST_1", r"the key of another Region \(AWS_SES_US_EAST_1\)"),
    ],
)
def test_keys_that_could_not_be_given_back_are_refused(
    ses: FakeSesv2, adoption: AdoptedIdentity, origin: str, told: str
) -> None:
    ses.there()["DkimAttributes"]["SigningAttributesOrigin"] = origin
    with pytest.raises(ValueError, match=f"signs with {told}, which adopt could not give back; import"):
        adoption.create(OURS)
    assert ses.changes == []


OF_THE_OLD_STACK = [
    {"Key": "aws:cloudformation:stack-name", "Value": "Old"},
    {"Key": "aws:cloudformation:stack-id", "Value": OLD_STACK},
]


def test_one_that_another_stack_has_is_refused(
    ses: FakeSesv2, adoption: AdoptedIdentity, stack: Stack
) -> None:
    ses.there(Tags=OF_THE_OLD_STACK)
    stack.old = [("AWS::SNS::Topic", "a"), ("AWS::SNS::Topic", "b"), ("AWS::SES::EmailIdentity", NAME)]
    with pytest.raises(ValueError, match="belongs to stack Old; take it out there first"):
        adoption.create(OURS)
    assert ses.changes == []


@pytest.mark.parametrize(
    "old",
    [
        [("AWS::SES::EmailIdentity", "example.net")],
        [("AWS::SES::EmailIdentity", NAME, "DELETE_SKIPPED")],
        None,
    ],
    ids=["taken out", "retained", "no stack any more"],
)
def test_one_that_another_stack_let_go_is_taken_over_though_its_tags_stay(
    ses: FakeSesv2, adoption: AdoptedIdentity, stack: Stack, old: list[tuple[str, ...]] | None
) -> None:
    found = ses.there(Tags=OF_THE_OLD_STACK)
    stack.old = old
    adoption.create(OURS)
    assert found["ConfigurationSetName"] == "mail-sending"
    assert [tag for tag in found["Tags"] if tag["Key"].startswith("aws:")] == OF_THE_OLD_STACK


def test_a_stack_that_cannot_be_asked_is_no_leave(
    ses: FakeSesv2, adoption: AdoptedIdentity, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> None:
        raise client_error("AccessDenied")

    ses.there(Tags=OF_THE_OLD_STACK)
    monkeypatch.setattr(stack, "list_stack_resources", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        adoption.create(OURS)
    assert ses.changes == []


def test_one_that_its_own_stack_would_delete_afterwards_is_refused(
    ses: FakeSesv2, adoption: AdoptedIdentity, stack: Stack
) -> None:
    ses.there()
    stack.resources.append(("AWS::SES::EmailIdentity", NAME))
    with pytest.raises(ValueError, match="was made by this very stack, and would be gone after the change"):
        adoption.create(OURS)
    assert ses.changes == []


def test_a_setting_that_is_dropped_is_as_before_again(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    found = ses.there(**BEFORE["all set"])
    physical_id, _ = adoption.create(OURS)
    fewer = {
        key: value for key, value in OURS.items() if key not in ("MailFromDomain", "ConfigurationSetName")
    }
    assert adoption.update(physical_id, old=OURS, new=fewer)[0] == physical_id
    assert found["MailFromAttributes"] == BEFORE["all set"]["MailFromAttributes"]
    assert found["ConfigurationSetName"] == "theirs"
    adoption.update(physical_id, old=fewer, new=OURS)  # the rollback
    assert found["MailFromAttributes"]["MailFromDomain"] == "bounce.example.com"
    adoption.delete(physical_id, OURS)
    assert found["Tags"] == BEFORE["all set"]["Tags"]


def test_a_setting_that_is_dropped_at_one_that_was_created_is_none_again(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    physical_id, _ = adoption.create(OURS)
    fewer = {key: value for key, value in OURS.items() if key != "MailFromDomain"}
    adoption.update(physical_id, old=OURS, new=fewer)
    assert "MailFromDomain" not in ses.identities[NAME]["MailFromAttributes"]


def test_another_name_is_another_identity(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    ses.there()
    physical_id, _ = adoption.create(OURS)
    other = {**OURS, "Identity": "example.net", "IdentityArn": ARN.replace(NAME, "example.net")}
    moved, _ = adoption.update(physical_id, old=OURS, new=other)
    assert moved == "adopted-identity/example.net"
    assert set(ses.identities) == {NAME, "example.net"}


def test_one_that_was_deleted_by_hand_is_created_by_the_next_update_and_needs_no_delete(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    ses.there()
    physical_id, _ = adoption.create(OURS)
    ses.identities.clear()
    adoption.delete(physical_id, OURS)
    assert ses.identities == {}
    adoption.update(physical_id, old=OURS, new=OURS)
    assert NAME in ses.identities


def test_without_its_tags_nothing_is_given_back_and_nothing_deleted(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    physical_id, _ = adoption.create(OURS)
    ses.identities[NAME]["Tags"] = []
    was = deepcopy(ses.identities[NAME])
    adoption.delete(physical_id, OURS)
    assert ses.identities[NAME] == was


def test_another_failure_is_not_hidden(ses: FakeSesv2, adoption: AdoptedIdentity) -> None:
    ses.faults["Get"] = [client_error("BadRequestException")]
    with pytest.raises(ClientError, match="BadRequest"):
        adoption.create(OURS)


def test_the_values_of_tags_have_only_characters_that_tags_may_have(
    ses: FakeSesv2, adoption: AdoptedIdentity
) -> None:
    ses.there(**BEFORE["all set"])
    adoption.create(OURS)
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/=+-@")
    for tag in ses.identities[NAME]["Tags"]:
        assert set(tag["Value"]) <= allowed
        assert len(tag["Value"]) <= 256


def test_short_values_are_read_as_they_were_written() -> None:
    values = {"set": "", "signing": "true", "on_mx_failure": "USE_DEFAULT_VALUE"}
    assert from_text(as_text(values)) == values


def test_only_our_tags_are_remembered(ses: FakeSesv2, patience: Patience) -> None:
    ses.there(Tags=[{"Key": "team", "Value": "shop"}])
    memory = Memory(ses, patience, arn=ARN)
    memory.write({"before": "x"})
    assert memory.read() == {"before": "x"}
    memory.forget("before")
    assert ses.identities[NAME]["Tags"] == [{"Key": "team", "Value": "shop"}]


# --- the notification topics of an adopted identity ---

THEIRS, ALSO_THEIRS = "arn:aws:sns:us-west-2:111111111111:old", "arn:aws:sns:us-west-2:111111111111:older"
TOPIC = "arn:aws:sns:us-west-2:111111111111:mail-feedback"
TOPICS = {
    "Identity": NAME,
    "BounceTopicArn": TOPIC,
    "ComplaintTopicArn": TOPIC,
    "EmailForwarding": "false",
    "Remembered": ARN,
}


@pytest.fixture
def feedback() -> FakeSes:
    fake = FakeSes(identities=(NAME,))
    fake.meta = FakeSesv2.meta  # type: ignore[attr-defined]
    return fake


@pytest.fixture
def topics(feedback: FakeSes, ses: FakeSesv2, stack: Stack, patience: Patience) -> IdentityNotificationTopics:
    ses.there()
    return IdentityNotificationTopics(feedback, patience)


FEEDBACK: dict[str, dict[str, Any]] = {
    "by email": {"ForwardingEnabled": True},
    "on topics, with headers, and not by email": {
        "ForwardingEnabled": False,
        "BounceTopic": THEIRS,
        "ComplaintTopic": ALSO_THEIRS,
        "HeadersInBounceNotificationsEnabled": True,
        "HeadersInComplaintNotificationsEnabled": False,
    },
    "on one topic, and deliveries on another": {
        "ForwardingEnabled": True,
        "BounceTopic": THEIRS,
        "DeliveryTopic": ALSO_THEIRS,
        "HeadersInBounceNotificationsEnabled": False,
    },
}


@pytest.mark.parametrize("was", FEEDBACK.values(), ids=FEEDBACK)
def test_feedback_is_told_as_before_again(
    ses: FakeSesv2, feedback: FakeSes, topics: IdentityNotificationTopics, was: dict[str, Any]
) -> None:
    feedback.identities[NAME] = dict(was)
    physical_id, _ = topics.create(TOPICS)
    assert feedback.identities[NAME]["BounceTopic"] == TOPIC
    topics.create(TOPICS)  # Lambda's second attempt
    topics.update(physical_id, old=TOPICS, new={**TOPICS, "IncludeHeaders": "false"})
    topics.delete(physical_id, TOPICS)
    now = feedback.identities[NAME]
    assert {key: value for key, value in now.items() if value} == {
        key: value for key, value in was.items() if value
    }
    assert ses.identities[NAME]["Tags"] == []


def test_a_topic_that_is_gone_by_now_is_not_given_back(
    feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    feedback.identities[NAME] = {"ForwardingEnabled": True, "BounceTopic": THEIRS}
    physical_id, _ = topics.create(TOPICS)
    set_topic = feedback.set_identity_notification_topic

    def refuse_theirs(**arguments: str) -> None:
        if arguments.get("SnsTopic") == THEIRS:
            raise client_error("InvalidParameterValue")
        set_topic(**arguments)

    feedback.set_identity_notification_topic = refuse_theirs  # type: ignore[method-assign]
    topics.delete(physical_id, TOPICS)
    assert "BounceTopic" not in feedback.identities[NAME]
    assert feedback.identities[NAME]["ForwardingEnabled"] is True


def test_email_forwarding_stays_on_where_a_topic_is_somebody_elses_by_now(
    feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    feedback.identities[NAME] = dict(FEEDBACK["on topics, with headers, and not by email"])
    physical_id, _ = topics.create(TOPICS)
    feedback.identities[NAME]["BounceTopic"] = f"{TOPIC}-of-others"
    topics.delete(physical_id, TOPICS)
    assert feedback.identities[NAME]["BounceTopic"] == f"{TOPIC}-of-others"
    assert feedback.identities[NAME]["ComplaintTopic"] == ALSO_THEIRS
    assert feedback.identities[NAME]["ForwardingEnabled"] is True


def test_email_stays_where_the_topics_before_are_gone_and_nothing_is_remembered_any_more(
    ses: FakeSesv2, feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    feedback.identities[NAME] = dict(FEEDBACK["on topics, with headers, and not by email"])
    physical_id, _ = topics.create(TOPICS)
    set_topic = feedback.set_identity_notification_topic

    def refuse_theirs(**arguments: str) -> None:
        if arguments.get("SnsTopic") not in (None, TOPIC):
            raise client_error("InvalidParameterValue")
        set_topic(**arguments)

    feedback.set_identity_notification_topic = refuse_theirs  # type: ignore[method-assign]
    topics.delete(physical_id, TOPICS)
    assert feedback.identities[NAME]["ForwardingEnabled"] is True
    assert ses.identities[NAME]["Tags"] == [], "else the next adoption took it for what it found"


def test_a_create_that_failed_before_it_changed_anything_leaves_feedback_alone(
    ses: FakeSesv2, feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    was = dict(FEEDBACK["on topics, with headers, and not by email"])
    feedback.identities[NAME] = dict(was)
    ses.faults["Tag"] = [client_error("BadRequestException")]
    with pytest.raises(ClientError, match="BadRequestException"):
        topics.create(TOPICS)
    topics.delete(topics.physical_id(TOPICS), TOPICS)
    assert feedback.identities[NAME] == was


def test_a_topic_that_is_dropped_is_as_before_again(
    feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    feedback.identities[NAME] = {
        "ForwardingEnabled": True,
        "DeliveryTopic": THEIRS,
        "HeadersInDeliveryNotificationsEnabled": False,
    }
    with_delivery = {**TOPICS, "DeliveryTopicArn": TOPIC}
    without = {key: value for key, value in with_delivery.items() if key != "DeliveryTopicArn"}
    physical_id, _ = topics.create(with_delivery)
    assert feedback.identities[NAME]["DeliveryTopic"] == TOPIC
    topics.update(physical_id, old=with_delivery, new=without)
    assert feedback.identities[NAME]["DeliveryTopic"] == THEIRS
    assert feedback.identities[NAME]["HeadersInDeliveryNotificationsEnabled"] is False


def test_a_topic_that_is_dropped_stays_when_it_is_somebody_elses_by_now(
    feedback: FakeSes, topics: IdentityNotificationTopics
) -> None:
    feedback.identities[NAME] = {"ForwardingEnabled": True}
    with_delivery = {**TOPICS, "DeliveryTopicArn": TOPIC}
    physical_id, _ = topics.create(with_delivery)
    feedback.identities[NAME]["DeliveryTopic"] = THEIRS
    topics.update(physical_id, old=with_delivery, new=TOPICS)
    assert feedback.identities[NAME]["DeliveryTopic"] == THEIRS
