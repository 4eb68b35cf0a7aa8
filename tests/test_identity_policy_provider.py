"""The provider's identity policies: attached, changed and taken away, and nobody else's touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
import ses_provider
from botocore.exceptions import ClientError
from identity_policy import IdentityPolicy
from patience import Patience
from provider_fakes import Context, FakeClock, answers, client_error

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": ["222222222222"]},
    "Action": ["ses:SendEmail"],
    "Resource": "arn:aws:ses:us-west-2:111111111111:identity/example.com",
}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Action": ["ses:SendRawEmail"]}]}
THEIRS = json.dumps({**POLICY, "Id": "theirs"})

OURS = {
    "Identity": "example.com",
    "PolicyName": "email-agency",
    "Policy": POLICY,
    "Owner": "arn:aws:cloudformation:us-west-2:111111111111:stack/Email-us-west-2/1/c8a1",
}
CHANGED = {**OURS, "Policy": OTHER_POLICY}
RENAMED = {**OURS, "PolicyName": "email-partner"}
MOVED = {**OURS, "Identity": "example.net"}
CREATE, UPDATE, DELETE = "CreateEmailIdentityPolicy", "UpdateEmailIdentityPolicy", "DeleteEmailIdentityPolicy"


class Policies:
    """The policies of one Region's identities, as version 2 of the SES API has them."""

    def __init__(self, *identities: str) -> None:
        self.of: dict[str, dict[str, str]] = {identity: {} for identity in identities}
        self.changes: list[str] = []
        self.faults: list[Exception] = []

    def document(self, name: str = "email-agency", identity: str = "example.com") -> dict[str, Any]:
        return json.loads(self.of[identity][name])

    def _of(self, identity: str, operation: str) -> dict[str, str]:
        if not operation.startswith("Get"):
            self.changes.append(operation)
        if self.faults:
            raise self.faults.pop(0)
        if identity not in self.of:
            raise client_error("NotFoundException", operation)
        return self.of[identity]

    def create_email_identity_policy(self, *, EmailIdentity: str, PolicyName: str, Policy: str) -> None:  # noqa: N803 - boto3's names
        policies = self._of(EmailIdentity, CREATE)
        if PolicyName in policies:
            raise client_error("AlreadyExistsException", CREATE)
        policies[PolicyName] = Policy

    def update_email_identity_policy(self, *, EmailIdentity: str, PolicyName: str, Policy: str) -> None:  # noqa: N803 - boto3's names
        self._of(EmailIdentity, UPDATE)[PolicyName] = Policy

    def delete_email_identity_policy(self, *, EmailIdentity: str, PolicyName: str) -> None:  # noqa: N803 - boto3's names
        self._of(EmailIdentity, DELETE).pop(PolicyName, None)

    def get_email_identity_policies(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Policies": dict(self._of(EmailIdentity, "GetEmailIdentityPolicies"))}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ses() -> Policies:
    return Policies("example.com", "example.net")


@pytest.fixture
def policy(ses: Policies, clock: FakeClock) -> IdentityPolicy:
    return IdentityPolicy(ses, Patience(seconds=200, sleep=clock.sleep, clock=clock))


def test_a_policy_is_attached_and_taken_away_again(ses: Policies, policy: IdentityPolicy) -> None:
    physical_id, data = policy.create(OURS)
    assert (physical_id, data) == ("identity-policy/example.com/email-agency", {})
    document = ses.document()
    assert document.pop("Id").startswith("cdk-")
    assert document == POLICY
    policy.delete(physical_id, OURS)
    assert ses.of["example.com"] == {}


def test_it_is_written_without_spaces_which_count_against_the_limit(
    ses: Policies, policy: IdentityPolicy
) -> None:
    policy.create(OURS)
    assert " " not in ses.of["example.com"]["email-agency"]


def test_a_policy_of_that_name_by_somebody_else_is_not_overwritten(
    ses: Policies, policy: IdentityPolicy
) -> None:
    ses.of["example.com"]["email-agency"] = THEIRS
    with pytest.raises(
        RuntimeError, match=r"'example\.com' already has a policy 'email-agency'.*another name"
    ):
        policy.create(OURS)
    assert ses.of["example.com"] == {"email-agency": THEIRS}


@pytest.mark.parametrize("theirs", [THEIRS, json.dumps(POLICY), "no JSON", "[]"])
def test_the_delete_after_that_refusal_leaves_it(ses: Policies, policy: IdentityPolicy, theirs: str) -> None:
    ses.of["example.com"]["email-agency"] = theirs
    policy.delete(policy.physical_id(OURS), OURS)
    assert ses.of["example.com"] == {"email-agency": theirs}


def test_another_resource_of_ours_with_that_name_is_somebody_else_too(
    ses: Policies, policy: IdentityPolicy
) -> None:
    policy.create(OURS)
    with pytest.raises(RuntimeError, match="already has a policy"):
        policy.create({**OURS, "Owner": "another"})


def test_a_create_that_did_all_but_answer_can_be_tried_again(ses: Policies, policy: IdentityPolicy) -> None:
    policy.create(OURS)
    assert policy.create(OURS)[0] == "identity-policy/example.com/email-agency"


def test_a_create_that_did_all_but_answer_is_undone(ses: Policies, policy: IdentityPolicy) -> None:
    policy.create(OURS)
    policy.delete("Email-us-west-2-Sender-1ABCDEF", OURS)  # an id that CloudFormation made up
    assert ses.of["example.com"] == {}


def test_the_delete_of_a_create_that_did_nothing_does_nothing(ses: Policies, policy: IdentityPolicy) -> None:
    policy.create(OURS)
    policy.delete("failed/Sender", OURS)
    assert list(ses.of["example.com"]) == ["email-agency"]


def test_an_update_changes_it_under_the_same_id(ses: Policies, policy: IdentityPolicy) -> None:
    physical_id, _ = policy.create(OURS)
    assert policy.update(physical_id, old=OURS, new=CHANGED)[0] == physical_id
    assert ses.document()["Statement"] == OTHER_POLICY["Statement"]


@pytest.mark.parametrize("now", [None, THEIRS])
def test_an_update_puts_right_what_somebody_changed(
    ses: Policies, policy: IdentityPolicy, now: str | None
) -> None:
    physical_id, _ = policy.create(OURS)
    ses.of["example.com"] = {} if now is None else {"email-agency": now}
    policy.update(physical_id, old=OURS, new=CHANGED)
    assert ses.document()["Statement"] == OTHER_POLICY["Statement"]


@pytest.mark.parametrize("new", [RENAMED, MOVED], ids=["renamed", "moved"])
def test_a_new_name_or_identity_is_another_policy_and_the_old_one_is_cleaned_up(
    ses: Policies, policy: IdentityPolicy, new: dict[str, Any]
) -> None:
    old_id, _ = policy.create(OURS)
    new_id, _ = policy.update(old_id, old=OURS, new=new)
    assert new_id != old_id
    policy.delete(old_id, OURS)  # CloudFormation's clean-up
    left = {(identity, name) for identity, policies in ses.of.items() for name in policies}
    assert left == {(new["Identity"], new["PolicyName"])}


def test_a_new_name_that_is_taken_is_refused_and_the_rollback_works(
    ses: Policies, policy: IdentityPolicy
) -> None:
    old_id, _ = policy.create(OURS)
    ses.of["example.com"]["email-partner"] = THEIRS
    with pytest.raises(RuntimeError, match="already has a policy 'email-partner'"):
        policy.update(old_id, old=OURS, new=RENAMED)
    # A failed update keeps the old id.
    assert policy.update(old_id, old=RENAMED, new=OURS)[0] == old_id
    assert set(ses.of["example.com"]) == {"email-agency", "email-partner"}


def test_a_rollback_of_a_new_name_restores_the_old_one(ses: Policies, policy: IdentityPolicy) -> None:
    old_id, _ = policy.create(OURS)
    new_id, _ = policy.update(old_id, old=OURS, new=RENAMED)
    back_id, _ = policy.update(new_id, old=RENAMED, new=OURS)
    policy.delete(new_id, RENAMED)
    assert (back_id, list(ses.of["example.com"])) == (old_id, ["email-agency"])


def test_a_rollback_to_the_old_policy_restores_it(ses: Policies, policy: IdentityPolicy) -> None:
    physical_id, _ = policy.create(OURS)
    policy.update(physical_id, old=OURS, new=CHANGED)
    policy.update(physical_id, old=CHANGED, new=OURS)
    assert ses.document()["Statement"] == POLICY["Statement"]


def test_an_identity_that_went_first_took_its_policies_along(ses: Policies, policy: IdentityPolicy) -> None:
    physical_id, _ = policy.create(OURS)
    del ses.of["example.com"]
    policy.delete(physical_id, OURS)


def test_an_identity_that_is_not_there_fails_the_create(policy: IdentityPolicy) -> None:
    with pytest.raises(ClientError, match="NotFoundException"):
        policy.create({**OURS, "Identity": "example.org"})


def test_another_failure_to_delete_is_not_hidden(ses: Policies, policy: IdentityPolicy) -> None:
    physical_id, _ = policy.create(OURS)
    ses.faults = [client_error("ConcurrentModificationException")]
    with pytest.raises(ClientError, match="ConcurrentModification"):
        policy.delete(physical_id, OURS)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException", "BadRequestException"])
def test_throttling_a_permission_and_a_principal_that_have_not_arrived_are_waited_for(
    ses: Policies, policy: IdentityPolicy, code: str
) -> None:
    ses.faults = [client_error(code), client_error(code)]
    policy.create(OURS)
    assert ses.document()["Statement"] == POLICY["Statement"]


@pytest.mark.parametrize("code", ["BadRequestException", "LimitExceededException"])
def test_what_ses_refuses_for_good_fails_within_the_time_with_its_words(
    ses: Policies, policy: IdentityPolicy, clock: FakeClock, code: str
) -> None:
    ses.faults = [client_error(code, message="the policy is not valid") for _ in range(100)]
    with pytest.raises(ClientError, match="the policy is not valid"):
        policy.create(OURS)
    assert clock.now < 100


def test_the_function_carries_it_out_with_version_2_of_the_api(
    ses: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def client(service: str, **_: Any) -> Policies:
        asked.append(service)
        return ses

    monkeypatch.setattr(ses_provider.boto3, "client", client)
    with answers() as kept:
        request = {
            "RequestType": "Create",
            "ResponseURL": kept.url,
            "StackId": "stack",
            "RequestId": "1",
            "LogicalResourceId": "Sender",
            "ResourceType": "Custom::SesIdentityPolicy",
            "ResourceProperties": {"ServiceToken": "arn", "ServiceTimeout": "300", **OURS},
        }
        ses_provider.handler(request, Context())
        assert kept.answer["Status"] == "SUCCESS"
        assert kept.answer["PhysicalResourceId"] == "identity-policy/example.com/email-agency"
    assert asked == ["sesv2"]
    assert list(ses.of["example.com"]) == ["email-agency"]
