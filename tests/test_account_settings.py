"""The account's settings in a Region: what is set, what the provider may do for it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, REGION, Deployment, of_type, only, properties, template_of

from cdk_ses_regions import (
    AccountSettings,
    ConfigurationSet,
    DedicatedIpPool,
    InvalidNameError,
    UnsupportedRegionError,
    Vdm,
    config,
)
from stacks.regional_email import RegionalEmailStack

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "account.yaml"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ses-regions/account/suppression"


def given(template: dict[str, Any], kind: str) -> dict[str, Any]:
    found = properties(template, kind)
    return {key: value for key, value in found.items() if not key.startswith("Service")}


def test_each_setting_has_a_parameter_that_names_its_owner(stack: cdk.Stack) -> None:
    settings = AccountSettings(stack, "Account", suppressed_reasons=["BOUNCE"], vdm=Vdm())
    template = template_of(stack)
    suppression = given(template, "Custom::SesAccountSuppression")
    vdm = given(template, "Custom::SesAccountVdm")
    owner = suppression.pop("Owner")
    assert owner == vdm.pop("Owner")
    assert owner["Fn::Sub"].startswith("stack ${AWS::StackName} (")
    assert suppression == {"SuppressedReasons": ["BOUNCE"], "Parameter": "/ses-regions/account/suppression"}
    assert vdm == {
        "VdmEnabled": "ENABLED",
        "EngagementMetrics": "DISABLED",
        "OptimizedSharedDelivery": "DISABLED",
        "Parameter": "/ses-regions/account/vdm",
    }
    assert len(settings.resources) == 2


def test_two_of_them_in_one_stack_are_two_owners(stack: cdk.Stack) -> None:
    for name in ("One", "Two"):
        AccountSettings(stack, name, suppressed_reasons=[])
    found = of_type(template_of(stack), "Custom::SesAccountSuppression").values()
    owners = {one["Properties"]["Owner"]["Fn::Sub"] for one in found}
    assert len(owners) == 2


def test_what_is_left_out_is_left_alone(stack: cdk.Stack) -> None:
    AccountSettings(stack, "Account", suppressed_reasons=[])
    template = template_of(stack)
    assert properties(template, "Custom::SesAccountSuppression")["SuppressedReasons"] == []
    assert of_type(template, "Custom::SesAccountVdm") == {}
    assert "Vdm" not in str([one["Properties"] for one in of_type(template, "AWS::IAM::Policy").values()])


def test_one_setting_follows_the_other_after_all_permissions(stack: cdk.Stack) -> None:
    AccountSettings(stack, "Account", suppressed_reasons=["BOUNCE"], vdm=Vdm())
    template = template_of(stack)
    policies = set(of_type(template, "AWS::IAM::Policy"))
    [suppression] = of_type(template, "Custom::SesAccountSuppression")
    first = set(only(template, "Custom::SesAccountSuppression")["DependsOn"])
    second = set(only(template, "Custom::SesAccountVdm")["DependsOn"])
    assert suppression in second
    assert first | second - {suppression} == policies
    assert not first & second


ALLOWED = [
    ("ses:GetAccount", "*"),
    ("ses:PutAccountSuppressionAttributes", "*"),
    ("ssm:PutParameter", PARAMETER),
    ("ssm:GetParameter", PARAMETER),
    ("ssm:DeleteParameter", PARAMETER),
]
REFUSED = [
    ("ses:PutAccountSendingAttributes", "*"),
    ("ses:PutAccountVdmAttributes", "*"),
    ("ses:PutSuppressedDestination", "*"),
    ("ssm:PutParameter", PARAMETER.replace("suppression", "vdm")),
    ("ssm:GetParameter", f"{PARAMETER}/below"),
    ("ssm:GetParameter", PARAMETER.replace(REGION, "eu-west-1")),
    ("ssm:GetParameter", PARAMETER.replace(ACCOUNT, "999999999999")),
    ("ssm:GetParameterHistory", PARAMETER),
]


@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [*((*one, "Allow") for one in ALLOWED), *((*one, "ImplicitDeny") for one in REFUSED)],
)
def test_the_provider_may_do_this_and_no_more(
    stack: cdk.Stack, action: str, resource: str, decision: str
) -> None:
    AccountSettings(stack, "Account", suppressed_reasons=["BOUNCE"])
    template = template_of(stack)
    documents = [
        one["Properties"]["PolicyDocument"] for one in of_type(template, "AWS::IAM::Policy").values()
    ]
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/function",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
    )
    policies = [parse_policy_document(Deployment(template).resolve(one)) for one in documents]
    assert evaluate(context, policies).decision == decision


def test_the_pool_is_there_before_the_set_that_uses_it(app: cdk.App) -> None:
    stack = RegionalEmailStack(app, config.load(EXAMPLE), region="us-east-1")
    template = template_of(stack)
    [pool] = of_type(template, "AWS::SES::DedicatedIpPool")
    assert properties(template, "AWS::SES::DedicatedIpPool") == {
        "PoolName": "letters-pool",
        "ScalingMode": "MANAGED",
    }
    sending = only(template, "AWS::SES::ConfigurationSet")
    assert sending["Properties"]["DeliveryOptions"]["SendingPoolName"] == "letters-pool"
    assert pool in sending["DependsOn"]


def test_a_set_uses_a_pool_that_is_there_already_without_making_one(stack: cdk.Stack) -> None:
    ConfigurationSet(stack, "Set", name="mail", sending_pool_name="theirs")
    template = template_of(stack)
    delivery = properties(template, "AWS::SES::ConfigurationSet")["DeliveryOptions"]
    assert delivery == {"TlsPolicy": "OPTIONAL", "SendingPoolName": "theirs"}
    assert of_type(template, "AWS::SES::DedicatedIpPool") == {}


def test_a_deployment_without_these_keys_has_none_of_it(app: cdk.App) -> None:
    stack = RegionalEmailStack(app, config.load(ROOT / "ses-regions.yaml"), region="us-east-1")
    assert "Custom::SesAccount" not in str(template_of(stack))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to set"),
        ({"suppressed_reasons": ["BOUNCE", "COMPLAINT", "COMPLAINT"]}, "COMPLAINT twice"),
        ({"suppressed_reasons": ["BOUNCE", "SPAM"]}, "has 'SPAM'; SES has BOUNCE, COMPLAINT"),
        ({"suppressed_reasons": "BOUNCE"}, "has 'B'"),
        ({"vdm": Vdm(enabled=False, engagement_metrics=True)}, "vdm is not enabled"),
        ({"vdm": Vdm(enabled=False, optimized_shared_delivery=True)}, "vdm is not enabled"),
    ],
)
def test_what_makes_no_sense_is_refused(stack: cdk.Stack, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AccountSettings(stack, "Account", **arguments)


def test_a_region_without_ses_is_refused(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Nowhere", env=cdk.Environment(account=ACCOUNT, region="ap-east-1"))
    with pytest.raises(UnsupportedRegionError):
        AccountSettings(stack, "Account", suppressed_reasons=[])


def test_a_pool_has_a_mode_that_ses_has(stack: cdk.Stack) -> None:
    mode: Any = "AUTO"
    with pytest.raises(ValueError, match="scaling_mode is 'AUTO'; it is one of STANDARD, MANAGED"):
        DedicatedIpPool(stack, "Pool", name="letters", scaling_mode=mode)


@pytest.mark.parametrize("name", ["", "Letters", "a.b", "p" * 65])
def test_a_pool_has_a_name_that_ses_takes(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(InvalidNameError, match="pool name"):
        DedicatedIpPool(stack, "Pool", name=name, scaling_mode="STANDARD")
