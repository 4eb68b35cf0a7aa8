"""A Lambda function of ours: its code, role and log group, as plain CloudFormation properties.

CDK's own `lambda.Function` is a third of a small synth (docs/architecture.md); who wants the CDK interface gets it
from `function`, made when it is first asked for. The role is CDK's own: grants on an encrypted bucket would otherwise
take it for a role of another account, and write it into policies that it depends on.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk_ses_regions.policies import Statement

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

_HANDLERS = Path(__file__).parent / "handlers"
_RUNTIME = "python3.13"


class PythonFunction(Construct):
    """A Python function with the code of one folder of `handlers/`, least privilege and a log group that expires.

    Args:
        code: the folder's name; its module of the same name has the function.
        files: further files to put beside that code, by name (default: none); data, and no token in it.
        description: what it is for, seen in the console.
        memory_mb: memory in MB.
        timeout_seconds: how long one run may take.
        entry: the function's name in the module (default `handler`).
        log_retention_days: how long logs are kept (default 30; a number of days that CloudWatch Logs has).
        environment: environment variables; never a secret.
        statements: what it may do, beside writing its own log.

    Attributes:
        timeout_seconds: likewise.
        role: what it runs as.
        resource: the `AWS::Lambda::Function`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: str,
        description: str,
        memory_mb: int,
        timeout_seconds: int,
        entry: str = "handler",
        files: Mapping[str, str] | None = None,
        log_retention_days: int = 30,
        environment: Mapping[str, str] | None = None,
        statements: Sequence[Statement] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.timeout_seconds = timeout_seconds
        asset = self._code(code, files)
        log_group = CfnResource(
            self, "Logs", type="AWS::Logs::LogGroup", properties={"RetentionInDays": log_retention_days}
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("lambda.amazonaws.com")),
            inline_policies={"Least": _least(log_group.get_att("Arn").to_string(), statements)},
        )
        self.role = cast(iam.IRole, role)
        properties: dict[str, Any] = {
            "Description": description,
            "Runtime": _RUNTIME,
            "Architectures": ["arm64"],
            "Handler": f"{code}.{entry}",
            "Code": {"S3Bucket": asset.s3_bucket_name, "S3Key": asset.s3_object_key},
            "Role": self.role.role_arn,
            "MemorySize": memory_mb,
            "Timeout": timeout_seconds,
            "LoggingConfig": {"LogGroup": {"Ref": log_group.logical_id}},
        }
        if environment:
            properties["Environment"] = {"Variables": dict(environment)}
        self.resource = CfnResource(self, "Resource", type="AWS::Lambda::Function", properties=properties)

    def _code(self, code: str, files: Mapping[str, str] | None) -> assets.Asset:
        exclude = ["**/__pycache__", "**/__pycache__/**", "*.pyc"]
        if not files:
            return assets.Asset(self, "Code", path=str(_HANDLERS / code), exclude=exclude)
        with TemporaryDirectory() as folder:  # CDK copies it at once
            shutil.copytree(_HANDLERS / code, folder, dirs_exist_ok=True)
            for name, content in files.items():
                Path(folder, name).write_text(content, encoding="utf-8")
            return assets.Asset(self, "Code", path=folder, exclude=exclude)

    @cached_property
    def arn(self) -> str:
        """ARN of the function, as a token."""
        return self.resource.get_att("Arn").to_string()

    @cached_property
    def function(self) -> lambda_.IFunction:
        """The function as CDK knows it: grants go to its role, permissions and event sources to the function."""
        from aws_cdk import aws_lambda as lambda_

        return lambda_.Function.from_function_attributes(
            self, "Function", function_arn=self.arn, role=self.role, same_environment=True
        )


def _least(log_group_arn: str, statements: Sequence[Statement]) -> iam.PolicyDocument:
    """Return the policy that writes to one log group and does what the statements say."""
    write_logs: Statement = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": log_group_arn,
    }
    return iam.PolicyDocument.from_json({"Version": "2012-10-17", "Statement": [write_logs, *statements]})
