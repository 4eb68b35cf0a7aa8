"""The SES provider: activation and notification topics through a stack's life, and an answer whatever happens."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import cloudformation
import pytest
import ses_provider
from activation import ActiveReceiptRuleSet
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from notification_topics import IdentityNotificationTopics
from patience import Patience
from provider_fakes import Answers, Context, FakeClock, FakeSes, answers, client_error
from setup_notification import SetupNotification

BOUNCES = "arn:aws:sns:us-west-2:111111111111:bounces"
COMPLAINTS = "arn:aws:sns:us-west-2:111111111111:complaints"
DELIVERIES = "arn:aws:sns:us-west-2:111111111111:deliveries"
THEIRS = "arn:aws:sns:us-west-2:111111111111:theirs"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def patience(clock: FakeClock) -> Patience:
    return Patience(seconds=60, sleep=clock.sleep, clock=clock)


# --- activation ---


OURS = {"RuleSetName": "ours", "TakeOver": "false"}
OURS_TAKING_OVER = {"RuleSetName": "ours", "TakeOver": "true"}
NEW = {"RuleSetName": "new", "TakeOver": "false"}


@pytest.fixture
def ses() -> FakeSes:
    return FakeSes(rule_sets=("ours", "new", "theirs"), identities=("example.com", "example.net"))


@pytest.fixture
def activation(ses: FakeSes, patience: Patience) -> ActiveReceiptRuleSet:
    return ActiveReceiptRuleSet(ses, patience)


def test_a_rule_set_is_activated_where_none_was(ses: FakeSes, activation: ActiveReceiptRuleSet) -> None:
    physical_id, _ = activation.create(OURS)
    assert ses.active == "ours"
    activation.delete(physical_id, OURS)
    assert ses.active == ""


def test_a_rule_set_that_is_active_already_is_left_so(ses: FakeSes, activation: ActiveReceiptRuleSet) -> None:
    ses.active = "ours"
    activation.create(OURS)
    assert ses.changes() == []


def test_the_active_rule_set_of_someone_else_is_not_replaced(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    with pytest.raises(RuntimeError, match=r"'theirs' is active.*take_over"):
        activation.create(OURS)
    assert ses.active == "theirs"


def test_the_delete_after_that_refusal_changes_nothing(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    activation.delete(activation.physical_id(OURS), OURS)
    assert ses.changes() == []


def test_a_take_over_gives_back_what_was_active_before(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    physical_id, _ = activation.create(OURS_TAKING_OVER)
    assert ses.active == "ours"
    activation.delete(physical_id, OURS_TAKING_OVER)
    assert ses.active == "theirs"


def test_giving_back_a_rule_set_that_has_vanished_deactivates(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    physical_id, _ = activation.create(OURS_TAKING_OVER)
    ses.rule_sets.remove("theirs")
    activation.delete(physical_id, OURS_TAKING_OVER)
    assert ses.active == ""


def test_another_failure_to_give_back_is_not_hidden(ses: FakeSes, activation: ActiveReceiptRuleSet) -> None:
    ses.active = "theirs"
    physical_id, _ = activation.create(OURS_TAKING_OVER)
    ses.rule_sets.remove("theirs")
    ses.describe_active_receipt_rule_set = lambda: {"Metadata": {"Name": "ours"}}  # type: ignore[method-assign]
    ses.faults = [client_error("CannotDelete")]
    with pytest.raises(ClientError, match="CannotDelete"):
        activation.delete(physical_id, OURS_TAKING_OVER)


def test_a_delete_after_someone_else_took_over_leaves_theirs(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = "theirs"
    activation.delete(physical_id, OURS)
    assert ses.active == "theirs"


def test_a_new_name_moves_the_activation_and_the_old_id_is_deleted_without_harm(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    old_id, _ = activation.create(OURS_TAKING_OVER)
    new_id, _ = activation.update(old_id, old=OURS_TAKING_OVER, new=NEW)
    assert new_id != old_id
    activation.delete(old_id, OURS_TAKING_OVER)  # CloudFormation's clean-up
    assert ses.active == "new"
    activation.delete(new_id, NEW)
    assert ses.active == "theirs"


def test_a_rollback_of_a_new_name_restores_the_old_one(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    old_id, _ = activation.create(OURS)
    new_id, _ = activation.update(old_id, old=OURS, new=NEW)
    back_id, _ = activation.update(new_id, old=NEW, new=OURS)
    activation.delete(new_id, NEW)
    assert (back_id, ses.active) == (old_id, "ours")


def test_an_update_puts_right_what_somebody_deactivated(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = ""
    activation.update(physical_id, old=OURS, new=OURS)
    assert ses.active == "ours"


def test_an_update_does_not_take_back_from_someone_else_and_does_not_fail(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = "theirs"
    assert activation.update(physical_id, old=OURS_TAKING_OVER, new=OURS)[0] == physical_id
    assert ses.active == "theirs"


def test_an_update_that_allows_the_take_over_makes_it_under_the_same_id(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = "theirs"
    updated_id, _ = activation.update(physical_id, old=OURS, new=OURS_TAKING_OVER)
    assert ses.active == "ours"
    # Another id would have CloudFormation delete this one, and so deactivate the rule set.
    assert updated_id == physical_id


def test_a_move_is_refused_when_someone_else_is_active(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = "theirs"
    with pytest.raises(RuntimeError, match="'theirs' is active"):
        activation.update(physical_id, old=OURS, new=NEW)
    # The rollback that follows must not fail, or the stack would be stuck.
    assert activation.update(physical_id, old=NEW, new=OURS)[0] == physical_id
    assert ses.active == "theirs"


def test_a_move_may_take_over_and_remembers(ses: FakeSes, activation: ActiveReceiptRuleSet) -> None:
    physical_id, _ = activation.create(OURS)
    ses.active = "theirs"
    new_id, _ = activation.update(physical_id, old=OURS, new={**NEW, "TakeOver": "true"})
    assert ses.active == "new"
    activation.delete(new_id, NEW)
    assert ses.active == "theirs"


def test_a_rule_set_that_does_not_exist_fails_the_create(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    with pytest.raises(ClientError, match="RuleSetDoesNotExist"):
        activation.create({"RuleSetName": "gone"})


def test_a_create_that_did_all_but_answer_is_undone(ses: FakeSes, activation: ActiveReceiptRuleSet) -> None:
    activation.create(OURS)
    activation.delete("Email-us-west-2-Activation-1ABCDEF", OURS)  # an id that CloudFormation made up
    assert ses.active == ""


def test_the_delete_of_a_create_that_did_nothing_does_nothing(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "ours"
    activation.delete("failed/Activation", OURS)
    assert ses.active == "ours"


# --- notification topics ---


TOPICS = {
    "Identity": "example.com",
    "BounceTopicArn": BOUNCES,
    "ComplaintTopicArn": COMPLAINTS,
    "IncludeHeaders": "true",
    "EmailForwarding": "false",
}


@pytest.fixture
def topics(ses: FakeSes, patience: Patience) -> IdentityNotificationTopics:
    return IdentityNotificationTopics(ses, patience)


def test_forwarding_goes_off_only_after_both_topics(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    topics.create(TOPICS)
    assert [(name, one.get("NotificationType")) for name, one in ses.calls] == [
        ("SetIdentityNotificationTopic", "Bounce"),
        ("SetIdentityHeadersInNotificationsEnabled", "Bounce"),
        ("SetIdentityNotificationTopic", "Complaint"),
        ("SetIdentityHeadersInNotificationsEnabled", "Complaint"),
        ("SetIdentityFeedbackForwardingEnabled", None),
    ]
    assert ses.identities["example.com"] == {
        "ForwardingEnabled": False,
        "BounceTopic": BOUNCES,
        "ComplaintTopic": COMPLAINTS,
        "HeadersInBounceNotificationsEnabled": True,
        "HeadersInComplaintNotificationsEnabled": True,
    }


def test_forwarding_stays_on_when_the_second_topic_fails(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    working = ses.set_identity_notification_topic

    def only_bounces(**arguments: str) -> None:
        if arguments["NotificationType"] == "Complaint":
            raise client_error("InvalidParameterValue", message="cannot publish to the topic")
        working(**arguments)

    ses.set_identity_notification_topic = only_bounces  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="cannot publish"):
        topics.create(TOPICS)
    assert ses.identities["example.com"]["ForwardingEnabled"] is True


@pytest.mark.parametrize("missing", ["BounceTopicArn", "ComplaintTopicArn"])
def test_forwarding_off_without_both_topics_is_refused_before_anything_changes(
    ses: FakeSes, topics: IdentityNotificationTopics, missing: str
) -> None:
    with pytest.raises(ValueError, match="both a bounce and a complaint topic"):
        topics.create({key: value for key, value in TOPICS.items() if key != missing})
    assert ses.calls == []


def test_forwarding_comes_on_before_a_topic_goes(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    new = {"Identity": "example.com", "BounceTopicArn": BOUNCES, "EmailForwarding": "true"}
    assert topics.update(physical_id, old=TOPICS, new=new)[0] == physical_id
    assert ses.identities["example.com"]["ForwardingEnabled"] is True
    assert "ComplaintTopic" not in ses.identities["example.com"]


def test_headers_can_be_left_out(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    topics.create({**TOPICS, "IncludeHeaders": "false"})
    assert ses.identities["example.com"]["HeadersInBounceNotificationsEnabled"] is False


def test_a_delivery_topic_is_set_and_taken_away_again(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    physical_id, _ = topics.create({**TOPICS, "DeliveryTopicArn": DELIVERIES})
    assert ses.identities["example.com"]["DeliveryTopic"] == DELIVERIES
    topics.update(physical_id, old={**TOPICS, "DeliveryTopicArn": DELIVERIES}, new=TOPICS)
    assert "DeliveryTopic" not in ses.identities["example.com"]


def test_an_update_puts_right_what_somebody_changed(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    ses.identities["example.com"] |= {"BounceTopic": THEIRS, "ForwardingEnabled": True}
    topics.update(physical_id, old=TOPICS, new=TOPICS)
    assert ses.identities["example.com"]["BounceTopic"] == BOUNCES
    assert ses.identities["example.com"]["ForwardingEnabled"] is False


def test_another_identity_is_another_resource_and_the_old_one_is_cleaned_up(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    old_id, _ = topics.create(TOPICS)
    new = {**TOPICS, "Identity": "example.net"}
    new_id, _ = topics.update(old_id, old=TOPICS, new=new)
    topics.delete(old_id, TOPICS)
    assert new_id != old_id
    assert "BounceTopic" not in ses.identities["example.com"]
    assert ses.identities["example.com"]["ForwardingEnabled"] is True
    assert ses.identities["example.net"]["BounceTopic"] == BOUNCES


def test_a_rollback_to_the_old_topics_restores_them(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    new = {**TOPICS, "BounceTopicArn": THEIRS}
    topics.update(physical_id, old=TOPICS, new=new)
    topics.update(physical_id, old=new, new=TOPICS)
    assert ses.identities["example.com"]["BounceTopic"] == BOUNCES


def test_after_a_delete_bounces_come_by_email_again(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    ses.calls.clear()
    topics.delete(physical_id, TOPICS)
    # Forwarding first: there is no moment at which a bounce is told to nobody.
    assert ses.changes()[0] == "SetIdentityFeedbackForwardingEnabled"
    assert ses.identities["example.com"]["ForwardingEnabled"] is True
    assert not {"BounceTopic", "ComplaintTopic"} & set(ses.identities["example.com"])


def test_a_topic_that_is_no_longer_ours_is_left_alone(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    physical_id, _ = topics.create(TOPICS)
    ses.identities["example.com"]["BounceTopic"] = THEIRS
    topics.delete(physical_id, TOPICS)
    assert ses.identities["example.com"]["BounceTopic"] == THEIRS
    assert "ComplaintTopic" not in ses.identities["example.com"]


def test_an_identity_that_is_gone_needs_no_delete(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    del ses.identities["example.com"]
    topics.delete(physical_id, TOPICS)


def test_an_identity_that_goes_meanwhile_needs_no_delete(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    physical_id, _ = topics.create(TOPICS)
    attributes = ses.get_identity_notification_attributes(["example.com"])
    ses.get_identity_notification_attributes = lambda Identities: attributes  # type: ignore  # noqa: N803
    del ses.identities["example.com"]
    topics.delete(physical_id, TOPICS)


def test_another_failure_to_delete_is_not_hidden(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    physical_id, _ = topics.create(TOPICS)
    ses.faults = [client_error("MalformedQueryString")]
    with pytest.raises(ClientError, match="MalformedQueryString"):
        topics.delete(physical_id, TOPICS)


def test_a_create_that_failed_half_way_is_undone(ses: FakeSes, topics: IdentityNotificationTopics) -> None:
    ses.identities["example.com"]["BounceTopic"] = BOUNCES
    topics.delete(topics.physical_id(TOPICS), TOPICS)
    assert "BounceTopic" not in ses.identities["example.com"]


def test_notifications_whose_create_never_answered_are_undone(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    topics.create(TOPICS)
    topics.delete("Email-us-west-2-Notifications-1ABCDEF", TOPICS)
    assert ses.identities["example.com"]["ForwardingEnabled"] is True


def test_notifications_of_a_create_that_did_nothing_are_left_alone(
    ses: FakeSes, topics: IdentityNotificationTopics
) -> None:
    topics.delete("failed/Notifications", TOPICS)
    assert ses.calls == []


# --- patience ---


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "TooManyRequestsException"])
def test_a_throttled_call_is_made_again(
    ses: FakeSes, activation: ActiveReceiptRuleSet, clock: FakeClock, code: str
) -> None:
    ses.faults = [client_error(code) for _ in range(5)]
    activation.create(OURS)
    assert ses.active == "ours"
    assert clock.slept == [1, 2, 4, 8, 8]


def test_patience_ends_when_the_time_is_up(ses: FakeSes, patience: Patience, clock: FakeClock) -> None:
    ses.faults = [client_error("Throttling") for _ in range(100)]
    with pytest.raises(ClientError, match="Throttling"):
        patience.call(ses.describe_active_receipt_rule_set)
    assert clock.now <= 60


def test_a_permission_that_arrives_late_is_waited_for(
    ses: FakeSes, activation: ActiveReceiptRuleSet, clock: FakeClock
) -> None:
    ses.faults = [client_error("AccessDenied") for _ in range(4)]
    activation.create(OURS)
    assert ses.active == "ours"
    assert clock.now == 15


def test_a_permission_that_never_arrives_does_not_use_up_the_time(ses: FakeSes, clock: FakeClock) -> None:
    ses.faults = [client_error("AccessDeniedException") for _ in range(100)]
    patience = Patience(seconds=600, sleep=clock.sleep, clock=clock)
    with pytest.raises(ClientError, match="AccessDenied"):
        ActiveReceiptRuleSet(ses, patience).create(OURS)
    assert clock.now < 120


def test_a_topic_whose_policies_have_not_arrived_yet_is_tried_again(ses: FakeSes, patience: Patience) -> None:
    ses.faults = [client_error("InvalidParameterValue")]
    properties = {"Identity": "example.com", "BounceTopicArn": BOUNCES, "EmailForwarding": "false"}
    IdentityNotificationTopics(ses, patience).create({**properties, "ComplaintTopicArn": COMPLAINTS})
    assert ses.identities["example.com"]["BounceTopic"] == BOUNCES


def test_what_a_failed_take_over_replaced_is_in_the_id_by_which_it_is_undone(
    ses: FakeSes, activation: ActiveReceiptRuleSet
) -> None:
    ses.active = "theirs"
    describe = ses.describe_active_receipt_rule_set

    def describe_then_fail(**arguments: Any) -> Any:
        answer = describe(**arguments)
        ses.faults = [client_error("SomethingElse")]
        return answer

    ses.describe_active_receipt_rule_set = describe_then_fail  # type: ignore[method-assign]
    with pytest.raises(ClientError):
        activation.create(OURS_TAKING_OVER)
    assert activation.physical_id(OURS_TAKING_OVER) == "active-receipt-rule-set/ours/theirs"


# --- the trial mail ---


class Bucket:
    """S3 as far as the trial mail goes."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.deleted: list[tuple[str, str]] = []

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        if self.faults:
            raise self.faults.pop(0)
        self.deleted.append((Bucket, Key))


TRIAL = {
    "Bucket": "mail-bucket",
    "Keys": ["mail/a/AMAZON_SES_SETUP_NOTIFICATION", "mail/b/AMAZON_SES_SETUP_NOTIFICATION"],
}


def test_the_trial_mails_go_with_the_stack_and_nothing_else_does(patience: Patience) -> None:
    bucket = Bucket()
    trial = SetupNotification(bucket, patience)
    physical_id, _ = trial.create(TRIAL)
    assert bucket.deleted == []
    trial.delete(physical_id, TRIAL)
    assert bucket.deleted == [("mail-bucket", key) for key in TRIAL["Keys"]]


def test_the_trial_mail_of_a_rule_that_is_gone_goes_with_it(patience: Patience) -> None:
    bucket = Bucket()
    trial = SetupNotification(bucket, patience)
    first, second = TRIAL["Keys"]
    new = {**TRIAL, "Keys": [second, "mail/c/AMAZON_SES_SETUP_NOTIFICATION"]}
    assert trial.update("id", old=TRIAL, new=new)[0] == trial.physical_id(TRIAL)
    assert bucket.deleted == [("mail-bucket", first)]


def test_another_bucket_is_another_trial_mail(patience: Patience) -> None:
    trial = SetupNotification(Bucket(), patience)
    assert trial.update("old", old=TRIAL, new={**TRIAL, "Bucket": "other"})[0] != trial.create(TRIAL)[0]


def test_a_bucket_that_is_gone_needs_no_cleaning(patience: Patience) -> None:
    SetupNotification(Bucket(client_error("NoSuchBucket")), patience).delete("id", TRIAL)


def test_a_trial_mail_that_cannot_be_deleted_is_told(patience: Patience) -> None:
    with pytest.raises(ClientError, match="MethodNotAllowed"):
        SetupNotification(Bucket(client_error("MethodNotAllowed")), patience).delete("id", TRIAL)


@pytest.mark.parametrize(
    "fault",
    [EndpointConnectionError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")],
    ids=["no way", "late"],
)
def test_a_network_that_fails_is_tried_again(
    ses: FakeSes, activation: ActiveReceiptRuleSet, fault: Exception
) -> None:
    ses.faults = [fault, fault]
    activation.create(OURS)
    assert ses.active == "ours"


def test_any_other_error_is_raised_at_once(ses: FakeSes, patience: Patience, clock: FakeClock) -> None:
    ses.faults = [client_error("InvalidParameterValue")]
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        patience.call(ses.describe_active_receipt_rule_set)
    assert clock.slept == []


# --- the handler ---


@pytest.fixture
def cloudformation_side(monkeypatch: pytest.MonkeyPatch, ses: FakeSes, clock: FakeClock) -> Iterator[Answers]:
    """CloudFormation's address for answers; SES is the fake, and waiting takes no time."""

    def client(name: str, **_: Any) -> FakeSes:
        assert name == "ses"
        return ses

    monkeypatch.setattr(ses_provider.boto3, "client", client)
    monkeypatch.setattr(
        ses_provider,
        "Patience",
        lambda *, seconds: Patience(seconds=seconds, sleep=clock.sleep, clock=clock),
    )
    monkeypatch.setattr(cloudformation.time, "sleep", clock.sleep)
    with answers() as kept:
        yield kept


def request(kept: Answers, kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": kept.url,
        "StackId": "arn:aws:cloudformation:us-west-2:111111111111:stack/Email-us-west-2/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Activation",
        "ResourceType": "Custom::SesActiveReceiptRuleSet",
        "ResourceProperties": {"ServiceToken": "arn:aws:lambda:...", "ServiceTimeout": "300", **properties},
        **more,
    }


def test_a_create_is_carried_out_and_answered(cloudformation_side: Answers, ses: FakeSes) -> None:
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    assert ses.active == "ours"
    assert cloudformation_side.answer == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": "active-receipt-rule-set/ours/",
        "StackId": "arn:aws:cloudformation:us-west-2:111111111111:stack/Email-us-west-2/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Activation",
        "Data": {},
    }
    # The address is signed for an empty content type: another one is refused by S3.
    assert cloudformation_side.content_types == [""]


def test_an_update_is_carried_out_and_answered(cloudformation_side: Answers, ses: FakeSes) -> None:
    ses.active = "ours"
    event = request(
        cloudformation_side,
        "Update",
        NEW,
        OldResourceProperties=OURS,
        PhysicalResourceId="active-receipt-rule-set/ours/theirs",
    )
    ses_provider.handler(event, Context())
    assert ses.active == "new"
    assert cloudformation_side.answer["PhysicalResourceId"] == "active-receipt-rule-set/new/theirs"


def test_a_delete_is_carried_out_and_answered_with_the_same_id(
    cloudformation_side: Answers, ses: FakeSes
) -> None:
    ses.active = "ours"
    physical_id = "active-receipt-rule-set/ours/theirs"
    event = request(cloudformation_side, "Delete", OURS, PhysicalResourceId=physical_id)
    ses_provider.handler(event, Context())
    assert ses.active == "theirs"
    assert cloudformation_side.answer["PhysicalResourceId"] == physical_id


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_topics_are_carried_out_through_the_same_function(
    cloudformation_side: Answers, ses: FakeSes, kind: str
) -> None:
    event = request(
        cloudformation_side,
        kind,
        TOPICS,
        ResourceType="Custom::SesIdentityNotificationTopics",
        OldResourceProperties=TOPICS,
        PhysicalResourceId="identity-notification-topics/example.com",
    )
    ses_provider.handler(event, Context())
    assert cloudformation_side.answer["Status"] == "SUCCESS"
    assert cloudformation_side.answer["PhysicalResourceId"] == "identity-notification-topics/example.com"


def test_a_refusal_is_answered_with_its_reason_and_an_id_that_its_delete_knows(
    cloudformation_side: Answers, ses: FakeSes
) -> None:
    ses.active = "theirs"
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    answer = cloudformation_side.answer
    assert answer["Status"] == "FAILED"
    assert "take_over" in answer["Reason"]
    cloudformation_side.bodies.clear()
    ses_provider.handler(
        request(cloudformation_side, "Delete", OURS, PhysicalResourceId=answer["PhysicalResourceId"]),
        Context(),
    )
    assert cloudformation_side.answer["Status"] == "SUCCESS"
    assert ses.active == "theirs"


def test_a_failed_update_keeps_the_id_since_another_would_replace_the_resource(
    cloudformation_side: Answers, ses: FakeSes
) -> None:
    ses.active = "theirs"
    physical_id = "active-receipt-rule-set/ours/"
    event = request(
        cloudformation_side, "Update", NEW, OldResourceProperties=OURS, PhysicalResourceId=physical_id
    )
    ses_provider.handler(event, Context())
    assert cloudformation_side.answer["Status"] == "FAILED"
    assert cloudformation_side.answer["PhysicalResourceId"] == physical_id


def test_an_unknown_resource_type_is_answered_with_the_known_ones(cloudformation_side: Answers) -> None:
    ses_provider.handler(
        request(cloudformation_side, "Create", {}, ResourceType="Custom::Nonsense"), Context()
    )
    assert cloudformation_side.answer["Status"] == "FAILED"
    assert "Custom::SesActiveReceiptRuleSet" in cloudformation_side.answer["Reason"]
    assert cloudformation_side.answer["PhysicalResourceId"] == "failed/Activation"


def test_a_missing_property_is_answered(cloudformation_side: Answers) -> None:
    ses_provider.handler(request(cloudformation_side, "Create", {}), Context())
    assert cloudformation_side.answer["Status"] == "FAILED"
    assert "RuleSetName" in cloudformation_side.answer["Reason"]


def test_an_error_without_a_word_is_answered_with_its_kind(
    cloudformation_side: Answers, ses: FakeSes
) -> None:
    ses.faults = [MemoryError()]
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    assert cloudformation_side.answer["Reason"] == "MemoryError"


def test_throttling_to_the_end_is_answered_before_lambda_stops_the_function(
    cloudformation_side: Answers, ses: FakeSes, clock: FakeClock
) -> None:
    ses.faults = [client_error("Throttling") for _ in range(1000)]
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context(seconds=240))
    assert cloudformation_side.answer["Status"] == "FAILED"
    assert "Throttling" in cloudformation_side.answer["Reason"]
    # One more attempt takes up to 15 seconds, the answer some more.
    assert clock.now <= 240 - 25


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f4e8", '"', "\n", "\x00"])
def test_a_long_reason_is_cut_so_that_the_answer_has_less_than_4096_bytes(
    cloudformation_side: Answers, ses: FakeSes, letter: str
) -> None:
    ses.faults = [RuntimeError(letter * 20_000)]
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    [body] = cloudformation_side.bodies
    assert 3500 < len(body) < 4096
    assert set(json.loads(body)["Reason"]) == {letter}


@pytest.mark.parametrize("status", [500, 503, 0], ids=["500", "503", "closed"])
def test_an_answer_that_is_not_taken_is_sent_again(cloudformation_side: Answers, status: int) -> None:
    cloudformation_side.statuses = [status, status]
    ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    assert cloudformation_side.attempts == 3
    assert cloudformation_side.answer["Status"] == "SUCCESS"


def test_after_five_attempts_the_function_fails_so_that_lambda_tries_again(
    cloudformation_side: Answers, ses: FakeSes
) -> None:
    cloudformation_side.statuses = [500] * 5
    event = request(cloudformation_side, "Create", OURS)
    with pytest.raises(OSError, match="500"):
        ses_provider.handler(event, Context())
    assert cloudformation_side.attempts == 5
    ses_provider.handler(event, Context())
    assert cloudformation_side.answer["Status"] == "SUCCESS"


def test_no_secret_is_in_answer_or_log(
    cloudformation_side: Answers,
    ses: FakeSes,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-key")
    cloudformation_side.statuses = [500]
    ses.active = "theirs"
    with caplog.at_level(logging.DEBUG):
        ses_provider.handler(request(cloudformation_side, "Create", OURS), Context())
    seen = caplog.text + str(cloudformation_side.bodies)
    assert "take_over" in seen
    assert "secret-key" not in seen
    assert "secret-signature" not in seen
