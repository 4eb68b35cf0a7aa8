"""A global endpoint: what is asked of both Regions before, who may send through it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, REGION, of_type, only, properties, template_of

from app import build
from cdk_ses_regions import GlobalEndpoint, InvalidNameError, UnsupportedRegionError, config

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "global-endpoint.yaml"
THERE = "eu-west-1"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
SET = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/email-sending"


def endpoint(stack: cdk.Stack, **options: Any) -> GlobalEndpoint:
    arguments = {
        "name": "email-with-eu-west-1",
        "secondary_region": THERE,
        "identities": ["example.com"],
        "configuration_set_name": "email-sending",
        **options,
    }
    return GlobalEndpoint(stack, "Endpoint", **arguments)


def test_both_regions_are_looked_at_then_the_endpoint_is_made_then_its_id_is_found(stack: cdk.Stack) -> None:
    endpoint(stack, identity_policies={"example.com": ["email-agency"]})
    template = template_of(stack)
    looked = properties(template, "Custom::SesRegionsAlike")
    assert {key: value for key, value in looked.items() if not key.startswith("Service")} == {
        "Regions": [REGION, THERE],
        "Identities": ["example.com"],
        "ConfigurationSetName": "email-sending",
        "Policies": {"example.com": ["email-agency"]},
    }
    assert properties(template, "AWS::SES::MultiRegionEndpoint") == {
        "EndpointName": "email-with-eu-west-1",
        "Details": {"RouteDetails": [{"Region": THERE}]},
    }
    [alike], [made] = (
        of_type(template, kind) for kind in ("Custom::SesRegionsAlike", "AWS::SES::MultiRegionEndpoint")
    )
    assert alike in only(template, "AWS::SES::MultiRegionEndpoint")["DependsOn"]
    assert made in only(template, "Custom::SesMultiRegionEndpoint")["DependsOn"]


def test_the_provider_may_look_at_what_it_is_asked_about_and_change_nothing(stack: cdk.Stack) -> None:
    endpoint(stack)
    policies = of_type(template_of(stack), "AWS::IAM::Policy").values()
    [looks, finds] = sorted(
        (one["Properties"]["PolicyDocument"]["Statement"][0] for one in policies),
        key=lambda one: "ses:GetMultiRegionEndpoint" in one["Action"],
    )
    assert looks["Action"] == ["ses:GetEmailIdentity", "ses:GetConfigurationSet"]
    assert looks["Resource"] == [
        IDENTITY,
        SET,
        IDENTITY.replace(REGION, THERE),
        SET.replace(REGION, THERE),
    ]
    assert finds["Action"] == ["ses:GetMultiRegionEndpoint"]
    assert finds["Resource"] == f"arn:aws:ses:{REGION}:{ACCOUNT}:multi-region-endpoint/email-with-eu-west-1"


@pytest.mark.parametrize(
    "names",
    [
        [f"shop-{number}.example.com" for number in range(200)],
        [f"{number:03}{'.a-very-long-label' * 13}.example.com" for number in range(20)],
    ],
)
def test_identities_of_long_arns_are_looked_at_by_a_pattern_that_has_room_in_the_role(
    stack: cdk.Stack, names: list[str]
) -> None:
    endpoint(stack, identities=names)
    template = template_of(stack)
    assert properties(template, "Custom::SesRegionsAlike")["Identities"] == names
    documents = [
        one["Properties"]["PolicyDocument"] for one in of_type(template, "AWS::IAM::Policy").values()
    ]
    assert sum(len(str(one)) for one in documents) < 2000


@pytest.fixture
def granted(stack: cdk.Stack) -> dict[str, Any]:
    """The policy of a role that may send newsletters through the endpoint, whose id is `abcdef12.g3h`."""
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    made = endpoint(stack)
    assert made.grant_send(role, from_addresses=["news@example.com"]).success
    template = template_of(stack)
    [role_id] = [name for name in of_type(template, "AWS::IAM::Role") if name.startswith("Role")]
    [policy] = [
        one["Properties"]["PolicyDocument"]
        for one in of_type(template, "AWS::IAM::Policy").values()
        if one["Properties"]["Roles"] == [{"Ref": role_id}]
    ]
    [found] = of_type(template, "Custom::SesMultiRegionEndpoint")
    condition = policy["Statement"][0]["Condition"]["StringEquals"]
    assert condition["ses:MultiRegionEndpointId"] == {"Fn::GetAtt": [found, "EndpointId"]}
    condition["ses:MultiRegionEndpointId"] = "abcdef12.g3h"
    return policy


RIGHT = {
    "action": "ses:SendEmail",
    "resource": IDENTITY,
    "through": "abcdef12.g3h",
    "sender": "news@example.com",
}


def may(policy: dict[str, Any], *, action: str, resource: str, through: str | None, sender: str) -> str:
    keys = {"ses:fromaddress": sender, "ses:multiregionendpointid": through}
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/function",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
        service_context={key: value for key, value in keys.items() if value is not None},
    )
    return evaluate(context, [parse_policy_document(policy)]).decision


@pytest.mark.parametrize("resource", [IDENTITY, SET])
@pytest.mark.parametrize("region", [REGION, THERE])
@pytest.mark.parametrize("action", ["ses:SendEmail", "ses:SendRawEmail"])
def test_a_grantee_sends_through_the_endpoint_from_either_region(
    granted: dict[str, Any], resource: str, region: str, action: str
) -> None:
    request = {**RIGHT, "action": action, "resource": resource.replace(REGION, region)}
    assert may(granted, **request) == "Allow"


@pytest.mark.parametrize(
    "change",
    [
        {"through": None},
        {"through": "another1.end"},
        {"sender": "boss@example.com"},
        {"action": "ses:SendBounce"},
        {"action": "ses:DeleteMultiRegionEndpoint"},
        {"resource": IDENTITY.replace(REGION, "us-east-1")},
        {"resource": IDENTITY.replace(ACCOUNT, "999999999999")},
        {"resource": IDENTITY.replace("example.com", "example.net")},
        {"resource": SET.replace("email", "other")},
        {"resource": "*"},
    ],
)
def test_with_one_thing_changed_he_does_not(granted: dict[str, Any], change: dict[str, Any]) -> None:
    assert may(granted, **{**RIGHT, **change}) == "ImplicitDeny"


def test_a_from_address_of_no_identity_is_refused(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    with pytest.raises(ValueError, match=r"is not of the domain example\.com"):
        endpoint(stack).grant_send(role, from_addresses=["news@example.net"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"secondary_region": REGION}, ValueError, "this very Region"),
        ({"secondary_region": "us-gov-west-1"}, ValueError, "is in aws-us-gov, this one in aws"),
        ({"secondary_region": "eu-wst-1"}, UnsupportedRegionError, "did you mean 'eu-west-1'"),
        ({"identities": []}, ValueError, "identities is empty"),
        ({"identities": ["*"]}, ValueError, r"'\*'"),
        ({"identities": ["a?@example.com"]}, ValueError, "would stand for other addresses too"),
        ({"identities": [cdk.Fn.ref("Domain")]}, ValueError, r"identities\[0\] is a token"),
        ({"configuration_set_name": "*"}, ValueError, r"configuration set name '\*'"),
        ({"identities": ["example.com", "example.com"]}, ValueError, "one twice"),
        ({"identity_policies": {"example.net": ["x"]}}, ValueError, "'example.net', which is none"),
        ({"name": "a.b"}, InvalidNameError, "endpoint name 'a.b'"),
        ({"name": "x" * 65}, InvalidNameError, "endpoint name"),
        ({"name": cdk.Aws.STACK_NAME}, ValueError, "name is a token"),
    ],
)
def test_what_cannot_be_is_refused(
    stack: cdk.Stack, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        endpoint(stack, **options)


def test_its_stack_is_in_the_first_of_its_regions_and_comes_after_both(app: cdk.App) -> None:
    build(app, config.load(EXAMPLE))
    stacks = {one.stack_name: one for one in app.synth().stacks}
    stack = stacks["Global-global-endpoint"]
    assert stack.environment.region == "us-east-1"
    needed = {one.id for one in stack.dependencies if one.id in stacks}
    assert needed == {"Global-us-east-1", "Global-eu-west-1"}
    assert set(stack.template["Outputs"]) == {"EndpointId", "EndpointName"}
    looked = properties(stack.template, "Custom::SesRegionsAlike")
    assert looked["Policies"] == {"example.com": ["global-agency"]}
    assert looked["ConfigurationSetName"] == "global-sending"


def test_without_the_key_there_is_no_such_stack(app: cdk.App) -> None:
    build(app, config.load(ROOT / "ses-regions.yaml"))
    assert not any("global-endpoint" in one.stack_name for one in app.synth().stacks)
