"""SMTP credentials for all Regions of a deployment: one IAM user, and one secret that each Region has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, CfnResource, Token
from constructs import Construct

from cdk_ses_regions import regions as ses
from cdk_ses_regions.domains import identity_problem
from cdk_ses_regions.naming import configuration_set_problem
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.policies import Statement
from cdk_ses_regions.python_function import PythonFunction
from cdk_ses_regions.send_policies import send_policies, send_policies_problem

# A new key takes a while until every Region knows it; the rest of the time is for the other calls and the answer.
_FUNCTION_TIMEOUT_SECONDS = 300
_SERVICE_TIMEOUT_SECONDS = 360

_ROTATION_DAYS = range(1, 1001)
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}")
_USER_NAME = re.compile(r"[\w+=,.@-]{1,60}", re.ASCII)  # IAM takes 64; its policies end in a number
_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")


class SmtpCredentials(Construct):
    """An IAM user that may send over SMTP in every Region, and a secret with host, port and password of each.

    The secret is JSON: `{"version": 1, "user_name": ..., "regions": {REGION: {"host", "port", "password"}}}`, and is
    replicated. The access key is made, tried by a login in every Region and rotated by a Lambda function; neither it
    nor a password comes near a template. A new key leaves the one before in force until the next rotation.

    See https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html and
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html

    Args:
        regions: the Regions of the deployment, the stack's own among them.
        identities: domains and addresses, identities in each of them, that the user may send as.
        key_alias: alias of the customer key that encrypts the secret; the same in each of the Regions,
            `alias/email-key` say.
        user_name: name of the IAM user (default "email-smtp").
        secret_name: name of the secret (default "email/smtp").
        configuration_set_name: configuration set that mail may have, the same in each Region (default: none).
        rotation_days: days until the access key is replaced, 1 to 1000 (default 90).
        log_retention_days: how long the function's log is kept (default 30).

    Attributes:
        endpoints: SMTP host of each Region that has one.
        regions_without_smtp: the Regions that have none; the secret is there all the same.
        user_name: name of the IAM user.
        secret_name: name of the secret, in every Region.
        secret_arn: ARN of the secret in the stack's Region.
        function: what makes, tries and rotates the access key.

    Raises:
        UnsupportedRegionError: SES is not in one of the Regions.
        ValueError: no Region has SMTP, the stack's is not among them or not known, one is in another partition, there
            is nothing to send as, something is given twice or takes more than IAM's ten policies, or a name, alias or
            number cannot be.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        regions: Sequence[str],
        identities: Sequence[str],
        key_alias: str,
        user_name: str = "email-smtp",
        secret_name: str = "email/smtp",
        configuration_set_name: str | None = None,
        rotation_days: int = 90,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(
            key_alias=key_alias,
            user_name=user_name,
            secret_name=secret_name,
            configuration_set_name=configuration_set_name,
            **{f"identities[{place}]": name for place, name in enumerate(identities)},
        )
        place = Place.of(self)
        problem = (
            _problem(place, regions, identities, rotation_days)
            or _name_problem(key_alias, user_name, secret_name)
            # In a policy some characters stand for other names too.
            or next((one for name in identities if (one := identity_problem(name))), None)
            or (configuration_set_problem(configuration_set_name) if configuration_set_name else None)
        )
        if problem:
            raise ValueError(problem)
        hosts = {name: ses.region(name).smtp for name in regions}
        self.endpoints = {name: host for name, host in hosts.items() if host}
        self.regions_without_smtp = tuple(name for name, host in hosts.items() if not host)
        self.user_name, self.secret_name = user_name, secret_name
        if not self.endpoints:
            raise ValueError(
                f"SES has no SMTP endpoint in {', '.join(regions)}; it has in {', '.join(ses.smtp_regions())}"
            )

        user = CfnResource(self, "User", type="AWS::IAM::User", properties={"UserName": user_name})
        sending = self._let_send(user, place, identities, configuration_set_name)
        secret = self._secret(place, regions, key_alias)
        self.secret_arn: str = secret.ref
        self.function = PythonFunction(
            self,
            "Function",
            code="ses_provider",
            description="Makes, tries, rotates and removes the access key behind the SMTP credentials",
            memory_mb=256,
            timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
            log_retention_days=log_retention_days,
            environment={
                "SMTP_CREDENTIALS": json.dumps({"UserName": user_name, "Hosts": self.endpoints}),
            },
            statements=self._rights(place, secret, key_alias, regions),
        )
        keys = self._let_change_keys(user)
        credentials = CfnResource(
            self,
            "Credentials",
            type="Custom::SesSmtpCredentials",
            properties={
                "ServiceToken": self.function.arn,
                "ServiceTimeout": _SERVICE_TIMEOUT_SECONDS,
                "UserName": user.ref,
                "SecretId": secret.ref,
                "Hosts": self.endpoints,
                "Replicas": [name for name in regions if name != place.region],
            },
        )
        for policy in (*sending, keys):
            credentials.add_resource_dependency(policy)
        self._rotate(place, secret, rotation_days, after=credentials)

    def _let_send(
        self, user: CfnResource, place: Place, identities: Sequence[str], configuration_set: str | None
    ) -> list[CfnResource]:
        policies = send_policies(
            partition=place.partition,
            account=place.account,
            regions=list(self.endpoints),
            identities=identities,
            configuration_set=configuration_set,
        )
        if problem := send_policies_problem(policies):
            raise ValueError(problem)
        return [
            CfnResource(
                self,
                f"Sending{number}",
                type="AWS::IAM::ManagedPolicy",
                properties={
                    "ManagedPolicyName": f"{self.user_name}-{number}",
                    "Description": "Sends over SMTP in the name of the identities",
                    "PolicyDocument": policy,
                    "Users": [user.ref],
                },
            )
            for number, policy in enumerate(policies, start=1)
        ]

    def _secret(self, place: Place, regions: Sequence[str], key_alias: str) -> CfnResource:
        """Define the secret, empty: what CloudFormation wrote into it would be in the template."""
        replicas = [{"Region": name, "KmsKeyId": key_alias} for name in regions if name != place.region]
        return CfnResource(
            self,
            "Secret",
            type="AWS::SecretsManager::Secret",
            properties={
                "Name": self.secret_name,
                "Description": "SMTP host, port, user name and password of each Region",
                "KmsKeyId": key_alias,
                **({"ReplicaRegions": replicas} if replicas else {}),
            },
        )

    def _let_change_keys(self, user: CfnResource) -> CfnResource:
        """Let the function make and delete the user's keys.

        Another user is another policy: the one before is there until the keys that it is for are deleted.
        """
        statement = {
            "Effect": "Allow",
            "Action": ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"],
            "Resource": user.get_att("Arn").to_string(),
        }
        return CfnResource(
            self,
            f"Keys of {self.user_name}",
            type="AWS::IAM::Policy",
            properties={
                "PolicyName": f"AccessKeysOf-{self.user_name}",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                "Roles": [self.function.role.role_name],
            },
        )

    def _rights(
        self, place: Place, secret: CfnResource, key_alias: str, regions: Sequence[str]
    ) -> list[Statement]:
        """Return what the function may do with this secret, and with its keys by way of Secrets Manager."""
        encrypt: dict[str, Any] = {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
            # The id of another Region's key is not known here, and KMS takes no alias for a resource: hence "*".
            "Resource": f"arn:{Aws.PARTITION}:kms:*:{Aws.ACCOUNT_ID}:key/*",
        }
        by_secrets_manager = {
            "kms:ViaService": [f"secretsmanager.{name}.amazonaws.com" for name in regions],
        }
        # Secrets Manager ends the name with six characters, which a replica has too.
        arn = f"arn:{place.partition}:secretsmanager:*:{place.account}:secret:{self.secret_name}-??????"
        return [
            {
                "Effect": "Allow",
                "Action": [
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                "Resource": secret.ref,
            },
            {
                **encrypt,
                "Condition": {
                    "ForAnyValue:StringEquals": {"kms:ResourceAliases": key_alias},
                    "StringEquals": by_secrets_manager,
                },
            },
            # KMS may take five minutes to heed a new alias, and the first key is made sooner.
            {
                **encrypt,
                "Condition": {
                    "StringEquals": by_secrets_manager,
                    "StringLike": {"kms:EncryptionContext:SecretARN": arn},
                },
            },
        ]

    def _rotate(self, place: Place, secret: CfnResource, days: int, *, after: CfnResource) -> None:
        allowed = CfnResource(
            self,
            "Permission",
            type="AWS::Lambda::Permission",
            properties={
                "FunctionName": self.function.arn,
                "Action": "lambda:InvokeFunction",
                "Principal": "secretsmanager.amazonaws.com",
                "SourceAccount": place.account,
                "SourceArn": secret.ref,
            },
        )
        schedule = CfnResource(
            self,
            "Rotation",
            type="AWS::SecretsManager::RotationSchedule",
            properties={
                "SecretId": secret.ref,
                "RotationLambdaARN": self.function.arn,
                "RotationRules": {"AutomaticallyAfterDays": days},
                # The first key is there already, and a rotation here would fail after the deployment has succeeded.
                "RotateImmediatelyOnUpdate": False,
            },
        )
        schedule.add_resource_dependency(allowed)
        schedule.add_resource_dependency(after)


def _problem(place: Place, regions: Sequence[str], identities: Sequence[str], days: int) -> str | None:
    if Token.is_unresolved(place.region):
        return "the Region of the stack is not known; give the stack an env with a region, where the secret will be"
    if place.region not in regions:
        listed = ", ".join(regions) or "none"
        return f"the stack is in {place.region}, which is not one of regions ({listed}); add it, or move the stack"
    if stranger := next((name for name in regions if ses.region(name).partition != place.partition), None):
        return f"{stranger} is in another partition than the stack ({place.partition}); credentials never reach both"
    if not identities:
        return "identities is empty; give at least one domain or address"
    for what, names in (("Region", regions), ("identity", identities)):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            return f"{what} {', '.join(twice)} is given twice; remove one"
    if days not in _ROTATION_DAYS:
        return f"rotation_days is {days}; Secrets Manager takes 1 to 1000"
    return None


def _name_problem(key_alias: str, user_name: str, secret_name: str) -> str | None:
    if not _ALIAS.fullmatch(key_alias) or key_alias.startswith("alias/aws/"):
        return f"key_alias is {key_alias!r}; give the alias of a customer key that each Region has, alias/email-key"
    if not _USER_NAME.fullmatch(user_name):
        return f"user_name is {user_name!r}; IAM takes letters, digits and _ + = , . @ -, here at most 60"
    if not _SECRET_NAME.fullmatch(secret_name):
        return f"secret_name is {secret_name!r}; Secrets Manager takes letters, digits and / _ + = . @ -, at most 512"
    return None
