"""Stacks, as a test deploys them with the CloudFormation of the local AWS."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from region import Region, policy, unique

Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Stack:
    """One stack in one Region."""

    region: Region
    name: str

    def deploy(self, resources: Resources) -> str:
        """Create or update the stack; return the status it ends in."""
        client = self.region.client("cloudformation")
        act = client.update_stack if self.status() else client.create_stack
        body = json.dumps({"Resources": resources})
        act(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        return self._wait()

    def delete(self) -> str:
        """Delete the stack; return the status it ends in, empty when it is gone."""
        self.region.client("cloudformation").delete_stack(StackName=self.name)
        return self._wait()

    def status(self) -> str:
        try:
            [stack] = self.region.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except ClientError:
            return ""
        return "" if stack["StackStatus"] == "DELETE_COMPLETE" else str(stack["StackStatus"])

    def physical_id(self, logical_id: str) -> str:
        detail = self.region.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def reasons(self) -> str:
        """Return why resources failed, one a line."""
        events = self.region.client("cloudformation").describe_stack_events(StackName=self.name)
        return "\n".join(event.get("ResourceStatusReason", "") for event in events["StackEvents"])

    def _wait(self) -> str:
        until = time.monotonic() + 60
        while (status := self.status()).endswith("IN_PROGRESS"):
            assert time.monotonic() < until, status
            time.sleep(0.05)
        return status


def a_role(region: Region, *statements: dict[str, Any]) -> str:
    """Return the ARN of a role that Lambda may assume, with these statements as its policy."""
    iam, name = region.client("iam"), unique("role")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
    return str(role)


def a_function(
    region: Region,
    code: str = "def handler(event, context):\n    return event\n",
    *statements: dict[str, Any],
) -> str:
    """Return the ARN of a function that answers with its event, or has other code; its role has the statements."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code)
    return str(
        region.client("lambda").create_function(
            FunctionName=unique("function"),
            Runtime="python3.13",
            Role=a_role(region, *statements),
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]
    )
