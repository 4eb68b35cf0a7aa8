"""Reads synthesized templates: their resources, and what their intrinsic functions will be at deployment."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match, Template

ACCOUNT = "111111111111"
REGION = "us-west-2"


def template_of(stack: cdk.Stack) -> dict[str, Any]:
    """The stack's template, as plain data."""
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type, by logical id."""
    return {name: one for name, one in template.get("Resources", {}).items() if one["Type"] == kind}


def only(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one resource of a type."""
    [resource] = of_type(template, kind).values()
    return resource


def properties(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties of the one resource of a type."""
    return only(template, kind)["Properties"]


def name_of(template: dict[str, Any], kind: str) -> str:
    """The logical id of the one resource of a type."""
    [name] = of_type(template, kind)
    return name


def warnings(stack: cdk.Stack) -> list[str]:
    """What synthesis warns of."""
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(one.entry.data) for one in found]


class Deployment:
    """What the intrinsic functions of a template give when it is deployed to an account and a Region."""

    def __init__(self, template: dict[str, Any], *, account: str = ACCOUNT, region: str = REGION) -> None:
        self.template = template
        self.pseudo = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": "aws"}

    def arn(self, name: str) -> str:
        """The ARN of a resource, called by its physical name if it has one, else by its logical id."""
        resource = self.template["Resources"][name]
        called = resource["Properties"].get("TopicName", name.lower())
        account, region = self.pseudo["AWS::AccountId"], self.pseudo["AWS::Region"]
        return {
            "AWS::S3::Bucket": f"arn:aws:s3:::{called}",
            "AWS::SNS::Topic": f"arn:aws:sns:{region}:{account}:{called}",
            "AWS::SQS::Queue": f"arn:aws:sqs:{region}:{account}:{called}",
            "AWS::KMS::Key": f"arn:aws:kms:{region}:{account}:key/{called}",
            "AWS::IAM::Role": f"arn:aws:iam::{account}:role/{called}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{region}:{account}:function:{called}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{region}:{account}:log-group:{called}:*",
        }[resource["Type"]]

    def resolve(self, value: Any) -> Any:
        """The value without intrinsic functions."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function == "Fn::GetAtt":
                name, attribute = argument
                assert attribute == "Arn"
                return self.arn(name)
            if function == "Fn::Join":
                separator, parts = argument
                return separator.join(self.resolve(parts))
            if function == "Fn::Sub":
                return re.sub(r"\$\{(.+?)\}", lambda match: self._ref(match[1]), argument)
        return {key: self.resolve(one) for key, one in value.items()}

    def _ref(self, name: str) -> str:
        if name in self.pseudo:
            return self.pseudo[name]
        # Ref of a topic is its ARN, of a bucket its name.
        return (
            self.arn(name) if self.template["Resources"][name]["Type"] == "AWS::SNS::Topic" else name.lower()
        )
