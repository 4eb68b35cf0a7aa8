"""Who may do what for receipt rules with actions of their own, for access logs, and in somebody else's rule set.

Each table has the one request that is meant to pass, and that request with one thing changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, Deployment, of_type
from test_policies import OTHER_ACCOUNT, decide

from cdk_ses_regions import config
from cdk_ses_regions.config import Settings
from stacks.regional_email import RegionalEmailStack

EXAMPLE = Path(__file__).parent.parent / "examples" / "receiving.yaml"
REGION = "us-east-1"
LOGGING = "logging.s3.amazonaws.com"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mail-gate"


def rule(name: str, rule_set: str = "mail-received") -> str:
    return f"arn:aws:ses:{REGION}:{ACCOUNT}:receipt-rule-set/{rule_set}:receipt-rule/example.com-{name}"


def deployed(settings: Settings) -> Deployment:
    app = cdk.App(builtin_cloud_formation_validation=False)
    RegionalEmailStack(app, settings.model_copy(update={"account": ACCOUNT}), region=REGION)
    [stack] = app.synth().stacks
    return Deployment(stack.template, region=REGION)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return deployed(config.load(EXAMPLE))


@pytest.fixture(scope="module")
def adopted() -> Deployment:
    receiving = {"rules": [{"name": "a"}, {"name": "b"}]}
    data = {"regions": [REGION], "domains": [{"name": "example.com", "receiving": receiving}]}
    return deployed(Settings.model_validate({**data, "receiving": {"rule_set": "theirs"}}))


def wrong(source: str) -> dict[str, dict[str, Any]]:
    return {
        "another account's rule": {"source": source.replace(ACCOUNT, OTHER_ACCOUNT)},
        "another account": {"source": source.replace(ACCOUNT, OTHER_ACCOUNT), "account": OTHER_ACCOUNT},
        "an account that lies": {"account": OTHER_ACCOUNT},
        "another Region's rule": {"source": source.replace(REGION, "eu-west-1")},
        "another rule set": {"source": source.replace("mail-received", "theirs")},
        "no source at all": {"source": None, "account": None},
        "another service": {"service": "s3.amazonaws.com"},
    }


# --- a function of the user's ---


def permission(deployment: Deployment) -> dict[str, Any]:
    """The statement that Lambda makes of the permission for the user's function."""
    [given] = [
        deployment.resolve(one["Properties"])
        for one in of_type(deployment.template, "AWS::Lambda::Permission").values()
        if one["Properties"]["FunctionName"] == FUNCTION
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": given["Principal"]},
        "Action": given["Action"],
        "Resource": FUNCTION,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": given["SourceAccount"]},
            "ArnLike": {"aws:SourceArn": given["SourceArn"]},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_rule_may_invoke_the_function_of_its_action(deployment: Deployment) -> None:
    assert decide(permission(deployment), "lambda:InvokeFunction", FUNCTION, source=rule("gate")) == "Allow"


@pytest.mark.parametrize("change", [*wrong(rule("gate")).values(), {"source": rule("rest")}])
def test_no_other_rule_and_nobody_else_may_invoke_it(deployment: Deployment, change: dict[str, Any]) -> None:
    request = {"source": rule("gate"), **change}
    assert decide(permission(deployment), "lambda:InvokeFunction", FUNCTION, **request) == "ImplicitDeny"


# --- the role for a bucket where SES does not receive ---


def role(deployment: Deployment) -> dict[str, Any]:
    [found] = [
        deployment.resolve(one["Properties"])
        for one in of_type(deployment.template, "AWS::IAM::Role").values()
        if "receipt rule" in one["Properties"].get("Description", "")
    ]
    return found


def trust(deployment: Deployment) -> dict[str, Any]:
    document = role(deployment)["AssumeRolePolicyDocument"]
    # A trust policy is about its own role and names no resource; the evaluator wants one.
    return {**document, "Statement": [{**one, "Resource": "*"} for one in document["Statement"]]}


def test_ses_may_take_the_role_for_its_rule(deployment: Deployment) -> None:
    assert decide(trust(deployment), "sts:AssumeRole", "role", source=rule("subdomains")) == "Allow"


@pytest.mark.parametrize("change", [*wrong(rule("subdomains")).values(), {"source": rule("rest")}])
def test_nobody_else_may_take_it(deployment: Deployment, change: dict[str, Any]) -> None:
    request = {"source": rule("subdomains"), **change}
    assert decide(trust(deployment), "sts:AssumeRole", "role", **request) == "ImplicitDeny"


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:PutObject", "arn:aws:s3:::example-mail-calgary/virginia/1", "Allow"),
        ("s3:PutObject", "arn:aws:s3:::example-mail-calgary/1", "ImplicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::another/virginia/1", "ImplicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::example-mail-calgary/virginia/1", "ImplicitDeny"),
        ("s3:PutObjectAcl", "arn:aws:s3:::example-mail-calgary/virginia/1", "ImplicitDeny"),
        ("kms:GenerateDataKey", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1", "ImplicitDeny"),
        ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:tickets", "ImplicitDeny"),
    ],
)
def test_the_role_may_store_below_its_prefix_and_do_nothing_else(
    deployment: Deployment, action: str, resource: str, expected: str
) -> None:
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/ses",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
    )
    parsed = [parse_policy_document(one["PolicyDocument"]) for one in role(deployment)["Policies"]]
    assert evaluate(context, parsed).decision == expected


# --- access logs ---


def buckets(deployment: Deployment) -> tuple[str, str]:
    """The mail bucket's and the log bucket's logical ids."""
    names = list(of_type(deployment.template, "AWS::S3::Bucket"))
    [logs] = [name for name in names if "AccessLogs" in name]
    [mail] = [name for name in names if name != logs]
    return mail, logs


def bucket_policy(deployment: Deployment, bucket: str) -> dict[str, Any]:
    [policy] = [
        one["Properties"]["PolicyDocument"]
        for one in of_type(deployment.template, "AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == {"Ref": bucket}
    ]
    return deployment.resolve(policy)


def test_s3_may_write_logs_of_the_mail_bucket(deployment: Deployment) -> None:
    mail, logs = buckets(deployment)
    on, source = f"{deployment.arn(logs)}/mail/1", deployment.arn(mail)
    policy = bucket_policy(deployment, logs)
    assert decide(policy, "s3:PutObject", on, source=source, service=LOGGING) == "Allow"


@pytest.mark.parametrize(
    "change",
    [
        {"source": "arn:aws:s3:::another"},
        {"account": OTHER_ACCOUNT},
        {"source": None, "account": None},
        {"service": "ses.amazonaws.com"},
        {"tls": False},
    ],
)
def test_nobody_else_may_write_logs(deployment: Deployment, change: dict[str, Any]) -> None:
    mail, logs = buckets(deployment)
    policy, on = bucket_policy(deployment, logs), f"{deployment.arn(logs)}/mail/1"
    request = {"source": deployment.arn(mail), "service": LOGGING, **change}
    assert decide(policy, "s3:PutObject", on, **request) != "Allow"


@pytest.mark.parametrize(("action", "key"), [("s3:GetObject", "mail/1"), ("s3:PutObject", "other/1")])
def test_s3_may_write_logs_and_nothing_else(deployment: Deployment, action: str, key: str) -> None:
    mail, logs = buckets(deployment)
    policy, on = bucket_policy(deployment, logs), f"{deployment.arn(logs)}/{key}"
    assert decide(policy, action, on, source=deployment.arn(mail), service=LOGGING) == "ImplicitDeny"


# --- a rule set of somebody else ---


def adopted_policies(adopted: Deployment) -> list[tuple[dict[str, Any], str, str]]:
    [bucket] = of_type(adopted.template, "AWS::S3::Bucket")
    [(name, key)] = of_type(adopted.template, "AWS::KMS::Key").items()
    return [
        (bucket_policy(adopted, bucket), "s3:PutObject", f"{adopted.arn(bucket)}/mail/1"),
        (adopted.resolve(key["Properties"]["KeyPolicy"]), "kms:GenerateDataKey", adopted.arn(name)),
    ]


@pytest.mark.parametrize("name", ["a", "b"])
def test_our_rules_in_it_may_store_mail(adopted: Deployment, name: str) -> None:
    for policy, action, on in adopted_policies(adopted):
        assert decide(policy, action, on, source=rule(name, "theirs")) == "Allow"


@pytest.mark.parametrize("name", ["c", "ab"])
def test_other_rules_in_it_may_not(adopted: Deployment, name: str) -> None:
    for policy, action, on in adopted_policies(adopted):
        assert decide(policy, action, on, source=rule(name, "theirs")) == "ImplicitDeny"
