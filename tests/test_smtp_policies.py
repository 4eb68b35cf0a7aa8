"""What the SMTP user and the function behind it may do: the requests that are meant to pass, and others beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from templates import ACCOUNT, of_type, properties

from app import build
from cdk_ses_regions import config

EXAMPLE = Path(__file__).parent.parent / "examples" / "smtp.yaml"
OTHER_ACCOUNT = "999999999999"
USER = f"arn:aws:iam::{ACCOUNT}:user/mail-smtp"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:mail/smtp-a1b2c3"
IDENTITY = f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/example.com"
KEY = f"arn:aws:kms:eu-central-2:{ACCOUNT}:key/1234"
BY_SECRETS_MANAGER = {
    "kms:viaservice": "secretsmanager.eu-central-2.amazonaws.com",
    "kms:resourcealiases": ["alias/other", "alias/mail-key"],
}
CONTEXT = "kms:encryptioncontext:secretarn"
OF_THE_SECRET = {
    "kms:viaservice": "secretsmanager.eu-central-2.amazonaws.com",
    "kms:resourcealiases": [],
    CONTEXT: SECRET.replace("eu-west-1", "eu-central-2"),
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    app = cdk.App(builtin_cloud_formation_validation=False)
    build(app, config.load(EXAMPLE).model_copy(update={"account": ACCOUNT}))
    template: dict[str, Any] = app.synth().get_stack_by_name("Mail-smtp").template
    return template


def decide(policy: dict[str, Any], action: str, on: str, context: dict[str, Any] | None = None) -> bool:
    request = EvalContext(
        principal_arn=USER,
        principal_type="User",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=on,
        region="eu-west-1",
        secure_transport=True,
        service_context=context or {},
    )
    return evaluate(request, [parse_policy_document(policy)]).decision == "Allow"


@pytest.mark.parametrize(
    ("action", "on", "allowed"),
    [
        ("ses:SendRawEmail", IDENTITY, True),
        ("ses:SendRawEmail", IDENTITY.replace("eu-west-1", "eu-central-1"), True),
        ("ses:SendRawEmail", IDENTITY.replace("eu-west-1", "eu-central-2"), False),  # has no SMTP
        ("ses:SendRawEmail", IDENTITY.replace("eu-west-1", "us-east-1"), False),
        ("ses:SendRawEmail", IDENTITY.replace("example.com", "other.example.com"), False),
        ("ses:SendRawEmail", IDENTITY.replace(ACCOUNT, OTHER_ACCOUNT), False),
        ("ses:SendRawEmail", IDENTITY.replace("identity/example.com", "configuration-set/theirs"), False),
        ("ses:SendEmail", IDENTITY, False),
        ("ses:DeleteIdentity", IDENTITY, False),
        ("iam:CreateAccessKey", USER, False),
        ("secretsmanager:GetSecretValue", SECRET, False),
    ],
)
def test_the_user_sends_raw_mail_as_the_identities_and_nothing_else(
    template: dict[str, Any], action: str, on: str, allowed: bool
) -> None:
    policy = resolved(properties(template, "AWS::IAM::ManagedPolicy")["PolicyDocument"])
    assert decide(policy, action, on) == allowed


@pytest.mark.parametrize(
    ("action", "on", "context", "allowed"),
    [
        ("iam:CreateAccessKey", USER, {}, True),
        ("iam:DeleteAccessKey", USER, {}, True),
        ("iam:ListAccessKeys", USER, {}, True),
        ("iam:CreateAccessKey", USER.replace("mail-smtp", "admin"), {}, False),
        ("iam:AttachUserPolicy", USER, {}, False),
        ("iam:DeleteUser", USER, {}, False),
        ("secretsmanager:PutSecretValue", SECRET, {}, True),
        ("secretsmanager:PutSecretValue", SECRET.replace("mail/smtp", "mail/other"), {}, False),
        ("secretsmanager:DeleteSecret", SECRET, {}, False),
        ("secretsmanager:PutResourcePolicy", SECRET, {}, False),
        ("kms:GenerateDataKey", KEY, BY_SECRETS_MANAGER, True),
        ("kms:Decrypt", KEY.replace("eu-central-2", "eu-west-1"), BY_SECRETS_MANAGER, True),
        ("kms:Decrypt", KEY, OF_THE_SECRET, True),
        ("kms:Encrypt", KEY, OF_THE_SECRET, True),
        ("kms:Decrypt", KEY, OF_THE_SECRET | {CONTEXT: SECRET.replace("mail/smtp-", "mail/smtp/a-")}, False),
        ("kms:Decrypt", KEY, OF_THE_SECRET | {CONTEXT: SECRET.replace(ACCOUNT, OTHER_ACCOUNT)}, False),
        ("kms:Decrypt", KEY, {CONTEXT: SECRET}, False),
        ("kms:Decrypt", KEY, {}, False),
        ("kms:Decrypt", KEY, BY_SECRETS_MANAGER | {"kms:resourcealiases": ["alias/other"]}, False),
        ("kms:Decrypt", KEY, BY_SECRETS_MANAGER | {"kms:viaservice": "s3.eu-central-2.amazonaws.com"}, False),
        (
            "kms:Decrypt",
            KEY,
            BY_SECRETS_MANAGER | {"kms:viaservice": "secretsmanager.us-east-1.amazonaws.com"},
            False,
        ),
        ("kms:Decrypt", KEY.replace(ACCOUNT, OTHER_ACCOUNT), BY_SECRETS_MANAGER, False),
        ("kms:ScheduleKeyDeletion", KEY, BY_SECRETS_MANAGER, False),
        ("ses:SendRawEmail", IDENTITY, {}, False),
    ],
)
def test_the_function_has_this_users_keys_this_secret_and_its_encryption_alone(
    template: dict[str, Any], action: str, on: str, context: dict[str, Any], allowed: bool
) -> None:
    [least] = properties(template, "AWS::IAM::Role")["Policies"]
    [user], [secret] = of_type(template, "AWS::IAM::User"), of_type(template, "AWS::SecretsManager::Secret")
    keys = properties(template, "AWS::IAM::Policy")
    statements = [one for policy in (least, keys) for one in policy["PolicyDocument"]["Statement"]]
    policy = resolved({"Version": "2012-10-17", "Statement": statements}, {user: USER, secret: SECRET})
    assert decide(policy, action, on, context) == allowed


def resolved(value: Any, arns: dict[str, str] | None = None) -> Any:
    """A policy without intrinsic functions; what it names otherwise is nothing that a request here is about."""
    if isinstance(value, list):
        return [resolved(one, arns) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": "AWS::AccountId"}:
            return ACCOUNT
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return (arns or {}).get(name, f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}")
        case {"Fn::Join": [separator, parts]}:
            return separator.join(resolved(parts, arns))
        case _:
            return {key: resolved(one, arns) for key, one in value.items()}
