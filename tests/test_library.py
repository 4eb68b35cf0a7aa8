"""The constructs in somebody else's app: what may be a token, boundaries, qualifiers, stages and partitions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from constructs import Construct
from templates import ACCOUNT, of_type, template_of

from cdk_ses_regions import (
    AddressIdentity,
    ConfigurationSet,
    DnsRecords,
    DomainIdentity,
    EmailAddress,
    EmailDomain,
    Events,
    IdentityPolicy,
    MailFromRecords,
    MetricDimension,
    MonitoringOptions,
    ReceiptRule,
    Record,
    RegionalEmail,
    ReplicaIdentity,
    Sender,
    SendingOptions,
    Subscribers,
    SuppressionSyncOptions,
)

EXAMPLES = Path(__file__).parent.parent / "examples" / "library"
ZONE = "Z0123456789EXAMPLE01"
TOKEN = cdk.Token.as_string({"Ref": "Parameter"})


def everything(
    scope: Construct, *, zone: str = ZONE, receives: bool = True, syncs: bool = True
) -> RegionalEmail:
    """A bundle that uses every construct a Region can have."""
    stack = cdk.Stack.of(scope)
    stream = stack.format_arn(service="firehose", resource="deliverystream", resource_name="events")
    function = stack.format_arn(
        service="lambda",
        resource="function",
        resource_name="react",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return RegionalEmail(
        scope,
        "Email",
        domains=[
            EmailDomain(
                domain_name="example.com",
                hosted_zone_id=zone,
                mail_from_domain="bounce.example.com",
                senders=[Sender(name="agency", accounts=["222222222222"])],
                default_configuration_set=False,
            ),
            EmailDomain(domain_name="example.net", hosted_zone_id=zone, adopt=True),
        ],
        addresses=[EmailAddress(address="alerts@example.org")],
        rules=[ReceiptRule(name="all")] if receives else [],
        subscribers=Subscribers(
            emails=["a@example.net"],
            queues=["bounces"],
            function_arns=[function],
            urls=["https://example.net/hook"],
        ),
        sending=SendingOptions(
            events=[
                Events(name="bus", event_bridge=True),
                Events(name="topic", topic=True, subscribers=Subscribers(queues=["events"])),
                Events(name="stream", delivery_stream_arn=stream),
                Events(
                    name="metrics",
                    dimensions=[MetricDimension(name="campaign", default="none", source="messageTag")],
                ),
            ]
        ),
        # Its Regions are names in other Regions' policies, so it needs to know them.
        suppression_sync=sync_of(stack.region)
        if syncs and not cdk.Token.is_unresolved(stack.region)
        else None,
        monitoring=MonitoringOptions(subscribers=Subscribers(emails=["a@example.net"], queues=["pager"])),
    )


def sync_of(region: str) -> SuppressionSyncOptions:
    """Regions of one partition that tell each other whom to suppress."""
    of_gov = ("us-gov-west-1", "us-gov-east-1")
    return SuppressionSyncOptions(
        regions=of_gov if region in of_gov else sorted({region, "eu-west-1", "eu-central-1"})
    )


def app_of_a_stranger(**context: Any) -> cdk.App:
    """An app without the context of this project's cdk.json."""
    return cdk.App(builtin_cloud_formation_validation=False, context=context)


def test_a_stack_whose_account_and_region_are_tokens_asks_cloudformation_for_them() -> None:
    stack = cdk.Stack(app_of_a_stranger(), "Anywhere")
    email = everything(stack)
    text = json.dumps(template_of(stack))
    assert "${Token[" not in text
    assert ACCOUNT not in text
    assert "arn:aws:" not in text, "the partition is a token as well"
    assert email.api_endpoint is None


def test_a_hosted_zone_may_be_a_token() -> None:
    stack = cdk.Stack(app_of_a_stranger(), "Stack", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    zone = route53.HostedZone(stack, "Zone", zone_name="example.com")
    everything(stack, zone=zone.hosted_zone_id)
    MailFromRecords(
        stack,
        "MailFrom",
        mail_from_domain="bounce.example.com",
        feedback_region="eu-west-1",
        hosted_zone_id=zone.hosted_zone_id,
    )
    template = template_of(stack)
    [name] = of_type(template, "AWS::Route53::HostedZone")
    records = of_type(template, "AWS::Route53::RecordSet").values()
    assert len(records) == 8
    assert all(record["Properties"]["HostedZoneId"] == {"Ref": name} for record in records)


REFUSED: dict[str, Callable[[cdk.Stack], object]] = {
    "domain_name": lambda stack: DomainIdentity(stack, "X", domain_name=TOKEN),
    "mail_from_domain": lambda stack: DomainIdentity(
        stack, "X", domain_name="example.com", mail_from_domain=TOKEN
    ),
    "address": lambda stack: AddressIdentity(stack, "X", address=TOKEN),
    "parent_region": lambda stack: ReplicaIdentity(
        stack, "X", domain_name="example.com", parent_region=cdk.Aws.REGION
    ),
    "mail_from_domain ": lambda stack: MailFromRecords(
        stack, "X", mail_from_domain=TOKEN, feedback_region="us-east-1", hosted_zone_id=ZONE
    ),
    "feedback_region": lambda stack: MailFromRecords(
        stack, "X", mail_from_domain="b.example.com", feedback_region=cdk.Aws.REGION, hosted_zone_id=ZONE
    ),
    "name": lambda stack: RegionalEmail(
        stack, "X", name=TOKEN, domains=[EmailDomain(domain_name="example.com")]
    ),
    "name  ": lambda stack: ConfigurationSet(stack, "X", name=TOKEN),
    "name   ": lambda stack: DnsRecords(
        stack, "X", hosted_zone_id=ZONE, records=[Record(name=TOKEN, type="TXT", values=("x",))]
    ),
    "redirect_domain": lambda stack: ConfigurationSet(stack, "X", name="mail", redirect_domain=TOKEN),
    "a value of sender 'app'": lambda stack: IdentityPolicy(
        stack,
        "X",
        identity=DomainIdentity(stack, "Identity", domain_name="example.com"),
        sender=Sender(name="app", accounts=["222222222222"], from_addresses=[TOKEN]),
    ),
    "from_addresses": lambda stack: DomainIdentity(stack, "X", domain_name="example.com").grant_send(
        iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()), from_addresses=[TOKEN]
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_made_into_names_and_policies_may_be_no_token(name: str, stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=rf"^{name.strip()} is a token, known only when .* give the text"):
        REFUSED[name](stack)


def test_a_shared_key_in_a_region_that_is_not_known_is_refused() -> None:
    stack = cdk.Stack(app_of_a_stranger(), "Anywhere")
    domain = EmailDomain(domain_name="example.com", dkim_parent_region="us-east-1")
    with pytest.raises(ValueError, match=r"give the stack its Region: env=Environment\(region=\.\.\.\)"):
        RegionalEmail(stack, "Email", domains=[domain])


def test_a_permissions_boundary_of_the_app_is_that_of_every_role() -> None:
    app = app_of_a_stranger(**{"@aws-cdk/core:permissionsBoundary": {"name": "limits"}})
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    everything(stack)
    roles = of_type(template_of(stack), "AWS::IAM::Role")
    assert len(roles) == 6
    for role in roles.values():
        assert ":policy/limits" in json.dumps(role["Properties"]["PermissionsBoundary"])


def test_a_permissions_boundary_of_a_construct_is_that_of_its_roles_alone() -> None:
    stack = cdk.Stack(app_of_a_stranger(), "Stack", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    email = everything(stack)
    limits = iam.ManagedPolicy.from_managed_policy_name(stack, "Limits", "limits")
    iam.PermissionsBoundary.of(email).apply(limits)
    roles = of_type(template_of(stack), "AWS::IAM::Role")
    bounded = {name for name, role in roles.items() if "PermissionsBoundary" in role["Properties"]}
    assert {name.startswith("Email") for name in bounded} == {True}
    assert {name.startswith("SesProvider") for name in roles.keys() - bounded} == {True}


@pytest.mark.parametrize("told_by", ["the stack", "the context"])
def test_the_code_of_functions_goes_where_the_bootstrap_qualifier_says(told_by: str) -> None:
    by_stack = told_by == "the stack"
    context = {} if by_stack else {"@aws-cdk/core:bootstrapQualifier": "acme"}
    stack = cdk.Stack(
        app_of_a_stranger(**context),
        "Stack",
        env=cdk.Environment(account=ACCOUNT, region="eu-west-1"),
        synthesizer=cdk.DefaultStackSynthesizer(qualifier="acme") if by_stack else None,
    )
    everything(stack)
    functions = of_type(template_of(stack), "AWS::Lambda::Function").values()
    assert {one["Properties"]["Code"]["S3Bucket"] for one in functions} == {
        f"cdk-acme-assets-{ACCOUNT}-eu-west-1"
    }
    assert len(functions) == 5


@pytest.mark.parametrize("syncs", [False, True])
def test_two_regions_fit_into_a_stage(syncs: bool) -> None:
    app = app_of_a_stranger()
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account=ACCOUNT))
    for region in ("eu-west-1", "eu-central-1"):
        everything(cdk.Stack(stage, region, env=cdk.Environment(region=region)), syncs=syncs)
    stacks = app.synth().get_nested_assembly("assembly-Prod").stacks
    assert {stack.environment.name for stack in stacks} == {
        f"aws://{ACCOUNT}/eu-west-1",
        f"aws://{ACCOUNT}/eu-central-1",
    }
    for stack in stacks:
        text = json.dumps(stack.template)
        [other] = {"eu-west-1", "eu-central-1"} - {stack.environment.region}
        assert (other in text) is syncs, "by name, as a Region to tell, and for nothing else"
        assert "Fn::ImportValue" not in text
        assert not stack.dependencies or {one.id for one in stack.dependencies} == {f"{stack.id}.assets"}


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-gov-east-1"])
def test_every_arn_of_a_template_is_in_the_partition_of_its_region(region: str) -> None:
    stack = cdk.Stack(app_of_a_stranger(), "Stack", env=cdk.Environment(account=ACCOUNT, region=region))
    everything(stack, receives=False)  # SES receives in no Region there
    if region == "us-gov-east-1":
        ReplicaIdentity(stack, "Replica", domain_name="example.net", parent_region="us-gov-west-1")
    text = json.dumps(template_of(stack))
    assert "arn:aws:" not in text
    assert "amazonaws.com.cn" not in text
    assert f"arn:aws-us-gov:ses:{region}:{ACCOUNT}:identity/example.com" in text


def test_the_app_on_the_page_is_the_example() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "library.md").read_text(encoding="utf-8")
    _, _, example = (EXAMPLES / "verified_domain.py").read_text(encoding="utf-8").partition("\n\n")
    assert f"```python\n{example}```" in page


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_an_example_has_fifteen_lines_at_most(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith('"""')]
    assert len(lines) <= 15
