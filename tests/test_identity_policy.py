"""Senders at an identity: what the policy says, what is refused, and what `grant_send` grants."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from ministack.core.iam_evaluator import (
    EvalContext,
    evaluate,
    evaluate_resource_policy,
    parse_policy_document,
)
from templates import ACCOUNT, REGION, Deployment, name_of, of_type, only, properties, template_of

from cdk_ses_regions import AddressIdentity, DomainIdentity, IdentityPolicy, InvalidNameError, Sender

IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
SET = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/email-sending"
AGENCY = "222222222222"


@pytest.fixture
def domain(stack: cdk.Stack) -> DomainIdentity:
    return DomainIdentity(stack, "Domain", domain_name="example.com")


def resolved(stack: cdk.Stack) -> dict[str, Any]:
    template = template_of(stack)
    given = dict(properties(template, "Custom::SesIdentityPolicy"))
    return {key: Deployment(template).resolve(given[key]) for key in ("Identity", "PolicyName", "Policy")}


def test_a_sender_becomes_a_policy_of_the_identity_and_of_nothing_else(
    stack: cdk.Stack, domain: DomainIdentity
) -> None:
    IdentityPolicy(stack, "Agency", identity=domain, sender=Sender(name="agency", accounts=[AGENCY]))
    assert resolved(stack) == {
        "Identity": "example.com",
        "PolicyName": "agency",
        "Policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [AGENCY]},
                    "Action": ["ses:SendEmail", "ses:SendRawEmail"],
                    "Resource": IDENTITY,
                }
            ],
        },
    }


def test_every_restriction_is_a_condition(stack: cdk.Stack, domain: DomainIdentity) -> None:
    sender = Sender(
        name="agency",
        accounts=[AGENCY],
        principals=["arn:aws:iam::333333333333:user/mailer"],
        from_addresses=["news@example.com", "*@news.example.com"],
        source_ips=["203.0.113.0/24", "2001:db8::/32"],
        not_before=datetime(2027, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 3, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=2))),
        actions=["SendRawEmail"],
    )
    IdentityPolicy(stack, "Agency", identity=domain, sender=sender)
    [statement] = resolved(stack)["Policy"]["Statement"]
    assert statement["Principal"] == {"AWS": [AGENCY, "arn:aws:iam::333333333333:user/mailer"]}
    assert statement["Action"] == ["ses:SendRawEmail"]
    assert statement["Condition"] == {
        "StringLike": {"ses:FromAddress": ["news@example.com", "*@news.example.com"]},
        "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]},
        "DateGreaterThanEquals": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
        "DateLessThanEquals": {"aws:CurrentTime": "2027-03-31T21:59:59Z"},
    }


def test_the_identity_and_the_permission_are_there_first_and_the_owner_is_this_resource(
    stack: cdk.Stack, domain: DomainIdentity
) -> None:
    IdentityPolicy(stack, "Agency", identity=domain, sender=Sender(name="agency", accounts=[AGENCY]))
    IdentityPolicy(stack, "Other", identity=domain, sender=Sender(name="other", accounts=[AGENCY]))
    template = template_of(stack)
    policies = of_type(template, "Custom::SesIdentityPolicy").values()
    [allowed] = of_type(template, "AWS::IAM::Policy")
    for policy in policies:
        assert set(policy["DependsOn"]) == {name_of(template, "AWS::SES::EmailIdentity"), allowed}
    owners = {json.dumps(policy["Properties"]["Owner"]) for policy in policies}
    assert len(owners) == 2
    assert all("${AWS::StackId}/" in owner for owner in owners)


def test_the_provider_may_touch_the_policies_of_this_identity_alone(
    stack: cdk.Stack, domain: DomainIdentity
) -> None:
    IdentityPolicy(stack, "Agency", identity=domain, sender=Sender(name="agency", accounts=[AGENCY]))
    template = template_of(stack)
    [statement] = Deployment(template).resolve(properties(template, "AWS::IAM::Policy"))["PolicyDocument"][
        "Statement"
    ]
    assert statement == {
        "Effect": "Allow",
        "Action": [
            "ses:CreateEmailIdentityPolicy",
            "ses:DeleteEmailIdentityPolicy",
            "ses:GetEmailIdentityPolicies",
            "ses:UpdateEmailIdentityPolicy",
        ],
        "Resource": IDENTITY,
    }


def test_the_permission_for_an_identity_stays_when_another_identity_loses_its_senders(app: cdk.App) -> None:
    """One that moved would be gone before the other's policy is deleted, and the delegate could go on sending."""

    both, one = cdk.Stack(app, "Both"), cdk.Stack(app, "One")
    for stack, domains in ((both, ["example.com", "example.net"]), (one, ["example.net"])):
        for name in domains:
            identity = DomainIdentity(stack, name, domain_name=name)
            sender = Sender(name="agency", accounts=[AGENCY])
            IdentityPolicy(stack, f"{name} agency", identity=identity, sender=sender)
    before, after = (
        {name: str(policy) for name, policy in of_type(template_of(stack), "AWS::IAM::Policy").items()}
        for stack in (both, one)
    )
    assert len(before) == 2
    assert after.items() < before.items()


def test_anyone_has_to_be_meant(stack: cdk.Stack, domain: DomainIdentity) -> None:
    with pytest.raises(ValueError, match="allow_anyone"):
        IdentityPolicy(stack, "All", identity=domain, sender=Sender(name="all", principals=["*"]))
    sender = Sender(name="all", principals=["*"], allow_anyone=True, from_addresses=["test@example.com"])
    IdentityPolicy(stack, "Meant", identity=domain, sender=sender)
    assert resolved(stack)["Policy"]["Statement"][0]["Principal"] == {"AWS": "*"}


def test_a_role_of_this_app_may_be_a_principal(stack: cdk.Stack, domain: DomainIdentity) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    IdentityPolicy(stack, "Own", identity=domain, sender=Sender(name="own", principals=[role.role_arn]))
    [statement] = properties(template_of(stack), "Custom::SesIdentityPolicy")["Policy"]["Statement"]
    role_id = stack.get_logical_id(role.node.default_child)  # pyright: ignore[reportArgumentType]
    assert statement["Principal"]["AWS"] == [{"Fn::GetAtt": [role_id, "Arn"]}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"accounts": []}, "nobody is let in"),
        ({"accounts": ["22"]}, "'22' is no account id"),
        ({"principals": ["arn:aws:iam::222222222222:root"]}, "write '222222222222' under accounts"),
        ({"name": "my agency"}, "letters, digits, hyphens"),
        ({"name": "x" * 65}, "SES allows 64"),
        ({"from_addresses": ["news@example.net"]}, r"is not of the domain example\.com"),
        ({"source_ips": ["office"]}, "is no IP address"),
        ({"not_before": datetime(2027, 1, 1)}, "time zone"),
        (
            {"not_before": datetime(2027, 1, 2, tzinfo=UTC), "not_after": datetime(2027, 1, 1, tzinfo=UTC)},
            "not later than not_before",
        ),
        ({"actions": []}, "actions is empty"),
        ({"actions": ["DeleteIdentity"]}, "'DeleteIdentity' is no action to send with"),
        ({"allow_anyone": True}, r"is for '\*' in principals"),
        ({"from_addresses": [f"news{n:03}@example.com" for n in range(200)]}, "SES allows 4096"),
    ],
)
def test_what_is_no_sender_is_refused(
    stack: cdk.Stack, domain: DomainIdentity, changes: dict[str, Any], said: str
) -> None:
    sender = Sender(**{"name": "agency", "accounts": [AGENCY], **changes})
    with pytest.raises(ValueError, match=said):
        IdentityPolicy(stack, "Agency", identity=domain, sender=sender)


def test_the_name_of_the_policy_can_be_another_and_has_the_same_limit(
    stack: cdk.Stack, domain: DomainIdentity
) -> None:
    sender = Sender(name="agency", accounts=[AGENCY])
    IdentityPolicy(stack, "Agency", identity=domain, sender=sender, policy_name="mail-agency")
    assert resolved(stack)["PolicyName"] == "mail-agency"
    with pytest.raises(ValueError, match="SES allows 64"):
        IdentityPolicy(stack, "Long", identity=domain, sender=sender, policy_name="x" * 65)


# --- who may send: the policy, decided by a policy evaluator ---


RIGHT = {
    "principal": f"arn:aws:iam::{AGENCY}:user/mailer",
    "account": AGENCY,
    "action": "ses:SendEmail",
    "resource": IDENTITY,
    "address": "news+july@example.com",
    "ip": "203.0.113.7",
}
WRONG = {
    "another account": {"principal": "arn:aws:iam::555555555555:user/mailer", "account": "555555555555"},
    "another From address": {"address": "ceo@example.com"},
    "the From address in other letters": {"address": "News+july@example.com"},
    "another network": {"ip": "198.51.100.7"},
    "another action": {"action": "ses:SendTemplatedEmail"},
    "deleting the identity": {"action": "ses:DeleteEmailIdentity"},
    "another identity": {"resource": IDENTITY.replace("example.com", "example.net")},
    "another Region's identity": {"resource": IDENTITY.replace(REGION, "eu-west-1")},
}


def decide(policy: dict[str, Any], request: dict[str, str]) -> str:
    context = EvalContext(
        principal_arn=request["principal"],
        principal_type="User",
        principal_account=request["account"],
        action=request["action"],
        resource_arn=request["resource"],
        region=REGION,
        source_ip=request["ip"],
        service_context={"ses:fromaddress": request["address"]},
    )
    return evaluate_resource_policy(policy, context).decision


@pytest.fixture
def agency(stack: cdk.Stack, domain: DomainIdentity) -> dict[str, Any]:
    sender = Sender(
        name="agency",
        accounts=[AGENCY],
        from_addresses=["news@example.com", "news+*@example.com"],
        source_ips=["203.0.113.0/24"],
        not_before=datetime(2001, 1, 1, tzinfo=UTC),
        not_after=datetime(2999, 1, 1, tzinfo=UTC),
    )
    IdentityPolicy(stack, "Agency", identity=domain, sender=sender)
    return resolved(stack)["Policy"]


def test_the_delegate_may_send_as_it_was_said(agency: dict[str, Any]) -> None:
    assert decide(agency, RIGHT) == "Allow"
    assert decide(agency, {**RIGHT, "action": "ses:SendRawEmail", "address": "news@example.com"}) == "Allow"


@pytest.mark.parametrize("change", WRONG.values(), ids=list(WRONG))
def test_nobody_may_send_otherwise(agency: dict[str, Any], change: dict[str, str]) -> None:
    assert decide(agency, {**RIGHT, **change}) != "Allow"


@pytest.mark.parametrize("window", [{"not_before": 2999}, {"not_after": 2001}], ids=["too early", "too late"])
def test_nobody_may_send_at_another_time(
    stack: cdk.Stack, domain: DomainIdentity, window: dict[str, int]
) -> None:
    times = {key: datetime(year, 1, 1, tzinfo=UTC) for key, year in window.items()}
    sender = Sender(name="agency", accounts=[AGENCY], **times)
    IdentityPolicy(stack, "Agency", identity=domain, sender=sender)
    assert decide(resolved(stack)["Policy"], RIGHT) == "ImplicitDeny"


# --- grant_send ---


def granted(stack: cdk.Stack) -> dict[str, Any]:
    template = template_of(stack)
    return Deployment(template).resolve(only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"])


def may(policy: dict[str, Any], action: str, resource: str, address: str = "hello@example.com") -> str:
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/function",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
        service_context={"ses:fromaddress": address},
    )
    return evaluate(context, [parse_policy_document(policy)]).decision


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


def test_a_grantee_may_send_from_the_identity_and_do_nothing_else(
    stack: cdk.Stack, domain: DomainIdentity, role: iam.Role
) -> None:
    assert domain.grant_send(role).success
    policy = granted(stack)
    assert may(policy, "ses:SendEmail", IDENTITY) == "Allow"
    assert may(policy, "ses:SendRawEmail", IDENTITY) == "Allow"
    for action, resource in [
        ("ses:SendTemplatedEmail", IDENTITY),
        ("ses:DeleteEmailIdentity", IDENTITY),
        ("ses:SendEmail", SET),
        ("ses:SendEmail", IDENTITY.replace("example.com", "example.net")),
        ("ses:SendEmail", IDENTITY.replace(REGION, "eu-west-1")),
        ("ses:SendEmail", "*"),
    ]:
        assert may(policy, action, resource) == "ImplicitDeny", (action, resource)


def test_a_grant_may_have_a_configuration_set_from_addresses_and_other_actions(
    stack: cdk.Stack, domain: DomainIdentity, role: iam.Role
) -> None:
    domain.grant_send(
        role, configuration_set_arn=SET, from_addresses=["hello@example.com"], actions=["SendRawEmail"]
    )
    policy = granted(stack)
    for resource in (IDENTITY, SET):
        assert may(policy, "ses:SendRawEmail", resource) == "Allow"
        assert may(policy, "ses:SendRawEmail", resource, "ceo@example.com") == "ImplicitDeny"
        assert may(policy, "ses:SendEmail", resource) == "ImplicitDeny"


def test_an_address_grants_itself(stack: cdk.Stack, role: iam.Role) -> None:
    address = AddressIdentity(stack, "Alerts", address="alerts@example.org")
    address.grant_send(role, from_addresses=["alerts+*@example.org"])
    arn = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/alerts@example.org"
    assert may(granted(stack), "ses:SendEmail", arn, "alerts+1@example.org") == "Allow"
    assert may(granted(stack), "ses:SendEmail", arn, "alerts@example.org") == "ImplicitDeny"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"from_addresses": ["hello@example.net"]}, "is not of the domain"),
        ({"from_addresses": ["hello"]}, "is no From address"),
        ({"actions": ["SendLetter"]}, "'SendLetter' is no action to send with"),
        ({"actions": []}, "actions is empty"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(
    domain: DomainIdentity, role: iam.Role, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        domain.grant_send(role, **options)


# --- addresses ---


def test_an_address_is_an_identity_and_nothing_more(stack: cdk.Stack) -> None:
    address = AddressIdentity(stack, "Alerts", address="alerts@example.org")
    template = template_of(stack)
    assert [one["Type"] for one in template["Resources"].values()] == ["AWS::SES::EmailIdentity"]
    assert properties(template, "AWS::SES::EmailIdentity") == {"EmailIdentity": "alerts@example.org"}
    assert address.address == "alerts@example.org"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org",
        "a b@example.org",
        "a@b@example.org",
        "ä@example.org",
        "*@example.org",
        "a?@example.org",
    ],
)
def test_what_is_no_address_or_would_name_others_in_a_policy_is_refused(
    stack: cdk.Stack, address: str
) -> None:
    with pytest.raises(InvalidNameError):
        AddressIdentity(stack, "Alerts", address=address)
