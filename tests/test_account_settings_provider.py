"""The provider's account settings: set for one owner, and as they were before when he goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import ses_provider
from account_settings import AccountSetting, AccountSuppression, AccountVdm
from patience import Patience
from provider_fakes import Context, FakeClock, answers, client_error

SUPPRESSION, VDM = "/ses-regions/account/suppression", "/ses-regions/account/vdm"
OURS = {"Parameter": SUPPRESSION, "Owner": "stack Email-us-west-2 (c8a1)", "SuppressedReasons": ["COMPLAINT"]}
CHANGED = {**OURS, "SuppressedReasons": []}
THEIRS = {**OURS, "Owner": "stack Rival-us-west-2 (77aa)", "SuppressedReasons": ["BOUNCE"]}
OUR_VDM = {
    "Parameter": VDM,
    "Owner": "stack Email-us-west-2 (c8a1)",
    "VdmEnabled": "ENABLED",
    "EngagementMetrics": "DISABLED",
    "OptimizedSharedDelivery": "ENABLED",
}
PUT = "PutAccountSuppressionAttributes"


class Aws:
    """The account and the parameters of one Region, as far as the provider sees them."""

    def __init__(self, **account: Any) -> None:
        self.account: dict[str, Any] = {
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
            **account,
        }
        self.parameters: dict[str, str] = {}
        self.changes: list[str] = []
        self.faults: list[Exception] = []

    @property
    def reasons(self) -> list[str]:
        return self.account["SuppressionAttributes"]["SuppressedReasons"]

    def _change(self, operation: str) -> None:
        self.changes.append(operation)
        if self.faults:
            raise self.faults.pop(0)

    def get_account(self) -> dict[str, Any]:
        return json.loads(json.dumps(self.account))

    def put_account_suppression_attributes(self, **attributes: Any) -> None:
        self._change(PUT)
        self.account["SuppressionAttributes"] = attributes

    def put_account_vdm_attributes(self, *, VdmAttributes: dict[str, Any]) -> None:  # noqa: N803 - boto3's names
        self._change("PutAccountVdmAttributes")
        self.account["VdmAttributes"] = VdmAttributes

    def put_parameter(self, *, Name: str, Value: str, Type: str, Description: str) -> None:  # noqa: N803
        assert Type == "String"
        assert Description
        if Name in self.parameters:
            raise client_error("ParameterAlreadyExists", "PutParameter")
        self.parameters[Name] = Value

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        if Name not in self.parameters:
            raise client_error("ParameterNotFound", "GetParameter")
        return {"Parameter": {"Value": self.parameters[Name]}}

    def delete_parameter(self, *, Name: str) -> None:  # noqa: N803
        del self.parameters[Name]


@pytest.fixture
def aws() -> Aws:
    return Aws()


def suppression(aws: Aws, clock: FakeClock | None = None) -> AccountSetting:
    clock = clock or FakeClock()
    return AccountSuppression(aws, Patience(seconds=200, sleep=clock.sleep, clock=clock), ssm=aws)


def vdm(aws: Aws) -> AccountSetting:
    clock = FakeClock()
    return AccountVdm(aws, Patience(seconds=200, sleep=clock.sleep, clock=clock), ssm=aws)


def test_reasons_are_set_and_come_back_when_the_stack_goes(aws: Aws) -> None:
    physical_id, attributes = suppression(aws).create(OURS)
    assert (physical_id, attributes) == (f"account-setting{SUPPRESSION}", {})
    assert aws.reasons == ["COMPLAINT"]
    suppression(aws).delete(physical_id, OURS)
    assert aws.reasons == ["BOUNCE", "COMPLAINT"]
    assert aws.parameters == {}


def test_what_was_there_before_the_first_time_is_what_comes_back(aws: Aws) -> None:
    physical_id, _ = suppression(aws).create(OURS)
    assert suppression(aws).update(physical_id, old=OURS, new=CHANGED) == (physical_id, {})
    assert aws.reasons == []
    suppression(aws).delete(physical_id, CHANGED)
    assert aws.reasons == ["BOUNCE", "COMPLAINT"]


def test_a_second_attempt_does_not_take_the_first_ones_settings_for_what_was_there(aws: Aws) -> None:
    suppression(aws).create(OURS)
    physical_id, _ = suppression(aws).create(OURS)
    suppression(aws).delete(physical_id, OURS)
    assert aws.reasons == ["BOUNCE", "COMPLAINT"]


def test_what_somebody_has_changed_since_stays(aws: Aws) -> None:
    physical_id, _ = suppression(aws).create(OURS)
    aws.account["SuppressionAttributes"] = {"SuppressedReasons": ["BOUNCE"]}
    suppression(aws).delete(physical_id, OURS)
    assert aws.reasons == ["BOUNCE"]
    assert aws.parameters == {}


def test_a_second_owner_is_refused_and_his_delete_leaves_everything(aws: Aws) -> None:
    suppression(aws).create(THEIRS)
    with pytest.raises(
        RuntimeError, match=r"belong to stack Rival-us-west-2 \(77aa\).*Leave them out"
    ) as caught:
        suppression(aws).create(OURS)
    assert SUPPRESSION in str(caught.value)
    suppression(aws).delete(f"account-setting{SUPPRESSION}", OURS)
    assert aws.reasons == ["BOUNCE"]
    assert json.loads(aws.parameters[SUPPRESSION])["Owner"] == THEIRS["Owner"]


def test_two_settings_have_an_owner_each(aws: Aws) -> None:
    suppression(aws).create(THEIRS)
    vdm(aws).create(OUR_VDM)
    assert set(aws.parameters) == {SUPPRESSION, VDM}


def test_a_create_that_did_nothing_has_nothing_to_delete(aws: Aws) -> None:
    suppression(aws).delete("failed/Suppression", OURS)
    suppression(aws).delete(f"account-setting{SUPPRESSION}", OURS)
    assert (aws.changes, aws.parameters) == ([], {})


def test_a_create_that_failed_halfway_is_undone(aws: Aws) -> None:
    aws.faults = [client_error("BadRequestException", PUT)]
    with pytest.raises(Exception, match="BadRequestException"):
        suppression(aws).create(OURS)
    suppression(aws).delete(f"account-setting{SUPPRESSION}", OURS)
    assert aws.reasons == ["BOUNCE", "COMPLAINT"]
    assert aws.parameters == {}


def test_it_waits_while_ses_is_asked_too_often_or_a_policy_has_not_arrived(aws: Aws) -> None:
    aws.faults = [client_error("TooManyRequestsException", PUT), client_error("AccessDeniedException", PUT)]
    clock = FakeClock()
    suppression(aws, clock).create(OURS)
    assert aws.reasons == ["COMPLAINT"]
    assert clock.slept == [1.0, 2.0]


def test_the_validation_of_addresses_that_ses_keeps_there_stays_on() -> None:
    validation = {"ConditionThreshold": {"ConditionThresholdEnabled": "ENABLED"}}
    before = {"SuppressedReasons": ["BOUNCE"], "ValidationAttributes": validation}
    aws = Aws(SuppressionAttributes=before)
    physical_id, _ = suppression(aws).create(OURS)
    assert aws.account["SuppressionAttributes"] == {**before, "SuppressedReasons": ["COMPLAINT"]}
    suppression(aws).delete(physical_id, OURS)
    assert aws.account["SuppressionAttributes"] == before


def test_vdm_is_turned_on_and_off_again(aws: Aws) -> None:
    physical_id, _ = vdm(aws).create(OUR_VDM)
    assert aws.account["VdmAttributes"] == {
        "VdmEnabled": "ENABLED",
        "DashboardAttributes": {"EngagementMetrics": "DISABLED"},
        "GuardianAttributes": {"OptimizedSharedDelivery": "ENABLED"},
    }
    vdm(aws).delete(physical_id, OUR_VDM)
    assert aws.account["VdmAttributes"] == {"VdmEnabled": "DISABLED"}


def test_vdm_that_was_on_before_is_on_again_as_it_was() -> None:
    before = {
        "VdmEnabled": "ENABLED",
        "DashboardAttributes": {"EngagementMetrics": "ENABLED"},
        "GuardianAttributes": {"OptimizedSharedDelivery": "DISABLED"},
    }
    aws = Aws(VdmAttributes=before)
    off = {**OUR_VDM, "VdmEnabled": "DISABLED"}
    physical_id, _ = vdm(aws).create(off)
    assert aws.account["VdmAttributes"] == {"VdmEnabled": "DISABLED"}
    vdm(aws).delete(physical_id, off)
    assert aws.account["VdmAttributes"] == before


def test_the_handler_knows_both_settings_and_says_who_the_owner_is(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(service: str, **_: Any) -> Aws:
        return aws

    monkeypatch.setattr("boto3.client", client)
    suppression(aws).create(THEIRS)
    with answers() as kept:
        event = {
            "RequestType": "Create",
            "ResourceType": "Custom::SesAccountSuppression",
            "LogicalResourceId": "Suppression",
            "StackId": "stack",
            "RequestId": "request",
            "ResponseURL": kept.url,
            "ResourceProperties": OURS,
        }
        ses_provider.handler(event, Context())
    assert kept.answer["Status"] == "FAILED"
    assert "belong to stack Rival-us-west-2" in kept.answer["Reason"]
    assert "Custom::SesAccountVdm" in ses_provider.RESOURCE_TYPES
