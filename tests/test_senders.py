"""The example with addresses and senders: what each Region lets in, for whom, and what the provider may do for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from templates import ACCOUNT, Deployment, of_type, properties, template_of

from cdk_ses_regions import EmailAddress, EmailDomain, RegionalEmail, Sender, config
from cdk_ses_regions.senders import sending_policy, size_problem
from stacks.regional_email import RegionalEmailStack

EXAMPLE = Path(__file__).parent.parent / "examples" / "senders.yaml"
REGION = "eu-west-1"
ALERTS = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/alerts@example.org"
DOMAIN = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    app = cdk.App(builtin_cloud_formation_validation=False)
    settings = config.load(EXAMPLE).model_copy(update={"account": ACCOUNT})
    RegionalEmailStack(app, settings, region=REGION)
    [stack] = app.synth().stacks
    return Deployment(stack.template, region=REGION)


def decide(policy: dict[str, Any], action: str, on: str, source: str, account: str = ACCOUNT) -> str:
    context = EvalContext(
        principal_arn="arn:aws:iam::000000000000:service/ses.amazonaws.com",
        principal_type="Service",
        principal_account="000000000000",
        action=action,
        resource_arn=on,
        region=REGION,
        secure_transport=True,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
    )
    return evaluate_resource_policy(policy, context, service="ses.amazonaws.com").decision


FEEDBACK = [
    ("the address", ALERTS, ACCOUNT, "Allow"),
    ("the other address", ALERTS.replace("alerts", "invoices"), ACCOUNT, "Allow"),
    ("the domain", DOMAIN, ACCOUNT, "Allow"),
    ("another address of its domain", ALERTS.replace("alerts", "ceo"), ACCOUNT, "ImplicitDeny"),
    ("the domain of the address", ALERTS.replace("alerts@", ""), ACCOUNT, "ImplicitDeny"),
    ("an address of the domain", DOMAIN.replace("example.com", "a@example.com"), ACCOUNT, "ImplicitDeny"),
    ("the address in another Region", ALERTS.replace(REGION, "eu-central-1"), ACCOUNT, "ImplicitDeny"),
    ("the address in another account", ALERTS.replace(ACCOUNT, "9" * 12), "9" * 12, "ImplicitDeny"),
    ("an account that lies about the address", ALERTS, "9" * 12, "ImplicitDeny"),
]


@pytest.mark.parametrize(
    ("source", "account", "decision"), [row[1:] for row in FEEDBACK], ids=[row[0] for row in FEEDBACK]
)
def test_topic_and_key_let_in_the_feedback_of_addresses_and_domains_alone(
    deployment: Deployment, source: str, account: str, decision: str
) -> None:
    topic = deployment.resolve(properties(deployment.template, "AWS::SNS::TopicPolicy")["PolicyDocument"])
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:mail-feedback"
    assert decide(topic, "sns:Publish", arn, source, account) == decision
    key = deployment.resolve(properties(deployment.template, "AWS::KMS::Key")["KeyPolicy"])
    assert decide(key, "kms:GenerateDataKey", "*", source, account) == decision


def test_addresses_tell_of_bounces_like_domains_one_after_the_other(deployment: Deployment) -> None:
    found = of_type(deployment.template, "Custom::SesIdentityNotificationTopics")
    assert {one["Properties"]["Identity"] for one in found.values()} == {
        "example.com",
        "alerts@example.org",
        "invoices@example.org",
    }
    assert all(one["Properties"]["EmailForwarding"] == "false" for one in found.values())
    waits = [sum(name in one["DependsOn"] for name in found) for one in found.values()]
    assert sorted(waits) == [0, 1, 1]


def test_each_sender_has_its_policy_at_its_identity(deployment: Deployment) -> None:
    policies = [
        deployment.resolve({key: one["Properties"][key] for key in ("Identity", "PolicyName", "Policy")})
        for one in of_type(deployment.template, "Custom::SesIdentityPolicy").values()
    ]
    assert {
        (one["Identity"], one["PolicyName"], one["Policy"]["Statement"][0]["Resource"]) for one in policies
    } == {
        ("example.com", "mail-agency", DOMAIN),
        ("example.com", "mail-partner", DOMAIN),
        ("invoices@example.org", "mail-accounting", ALERTS.replace("alerts", "invoices")),
    }


def test_the_provider_may_change_the_policies_of_identities_with_senders_alone(
    deployment: Deployment,
) -> None:
    statements = [
        statement
        for one in of_type(deployment.template, "AWS::IAM::Policy").values()
        for statement in deployment.resolve(one["Properties"]["PolicyDocument"])["Statement"]
        if "ses:CreateEmailIdentityPolicy" in statement["Action"]
    ]
    assert {one["Resource"] for one in statements} == {DOMAIN, ALERTS.replace("alerts", "invoices")}
    assert all(len(one["Action"]) == 4 for one in statements)


def test_no_record_is_written_for_an_address(deployment: Deployment) -> None:
    records = of_type(deployment.template, "AWS::Route53::RecordSet").values()
    assert all("example.org" not in json.dumps(one) for one in records)


# --- in the bundle ---


def test_an_address_may_be_a_text_and_of_a_domain_of_the_bundle(stack: cdk.Stack) -> None:
    email = RegionalEmail(
        stack,
        "Email",
        domains=[EmailDomain(domain_name="example.com")],
        addresses=["alerts@example.com", EmailAddress(address="alerts@example.org")],
    )
    assert list(email.addresses) == ["alerts@example.com", "alerts@example.org"]
    assert list(email.identities) == ["example.com"]
    names = {
        one["Properties"]["EmailIdentity"]
        for one in of_type(template_of(stack), "AWS::SES::EmailIdentity").values()
    }
    assert names == {"example.com", "alerts@example.com", "alerts@example.org"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"addresses": ["a@example.org", "a@example.org"]}, r"address a@example\.org is given twice"),
        ({"addresses": ["example.org"]}, "is no email address"),
        (
            {
                "domains": [
                    EmailDomain(
                        domain_name="example.com", senders=[Sender(name="a", accounts=["2" * 12])] * 2
                    )
                ]
            },
            r"example\.com: sender a is given twice",
        ),
        (
            {
                "addresses": [
                    EmailAddress(
                        address="a@example.org",
                        senders=[Sender(name=f"s{n}", accounts=["2" * 12]) for n in range(21)],
                    )
                ]
            },
            r"a@example\.org has 21 senders; SES allows 20",
        ),
    ],
)
def test_what_cannot_be_is_refused(stack: cdk.Stack, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RegionalEmail(stack, "Email", **{"domains": [EmailDomain(domain_name="example.com")], **arguments})


def test_senders_work_in_a_stack_that_knows_neither_account_nor_region(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    senders = [Sender(name="agency", accounts=["2" * 12])]
    RegionalEmail(stack, "Email", domains=[EmailDomain(domain_name="example.com", senders=senders)])
    [statement] = properties(template_of(stack), "Custom::SesIdentityPolicy")["Policy"]["Statement"]
    assert {"Ref": "AWS::Region"} in statement["Resource"]["Fn::Join"][1]


def test_the_size_is_that_of_what_the_provider_writes() -> None:
    """4096 bytes with the id it adds, and not one more."""

    def policy(length: int) -> dict[str, Any]:
        sender = Sender(name="a", accounts=["2" * 12], from_addresses=["x" * length])
        return sending_policy(sender, identity_arn="arn")

    fits = max(length for length in range(4096) if size_problem(policy(length)) is None)
    written = json.dumps({"Id": f"cdk-{'0' * 16}", **policy(fits)}, separators=(",", ":"))
    assert len(written.encode()) == 4096
