"""One Region of the local AWS, as tests of SES set it up and look at it: with boto3, as the user who deploys."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cdk_ses_regions.local import LocalAws

ZONE = "Z0LOCAL00000000001"
SES = "ses.amazonaws.com"
HANDLER = "def handler(event, context):\n    return event\n"


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def domain() -> str:
    """Return a domain of the local AWS's hosted zone that no other test has."""
    return f"{unique('d')}.local.example"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass(frozen=True)
class Account:
    """The account in one Region."""

    local: LocalAws
    region: str

    def __call__(self, service: str) -> Any:
        return self.local.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.local.account}:{resource}"

    def identity(self, name: str) -> str:
        return self.arn("ses", f"identity/{name}")

    def rule(self, rule_set: str, name: str = "*") -> str:
        return self.arn("ses", f"receipt-rule-set/{rule_set}:receipt-rule/{name}")

    def grant(self, action: str | list[str], resource: str, source: str) -> dict[str, Any]:
        """Return the statement that lets SES in on behalf of an identity or a rule."""
        return {
            "Effect": "Allow",
            "Principal": {"Service": SES},
            "Action": action,
            "Resource": resource,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.local.account},
                "ArnLike": {"aws:SourceArn": source},
            },
        }

    def owner(self, action: str, resource: str) -> dict[str, Any]:
        """Return the statement that lets the account itself in, and so no service."""
        principal = {"AWS": f"arn:aws:iam::{self.local.account}:root"}
        return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}

    def key(self, source: str = "") -> str:
        """Return the ARN of a key, open to SES on behalf of the source if there is one."""
        statements = [self.owner("kms:*", "*")]
        if source:
            statements.append(self.grant(["kms:GenerateDataKey*", "kms:Decrypt"], "*", source))
        return str(self("kms").create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"])

    def topic(self, source: str = "", *, key: str = "") -> str:
        """Return the ARN of a topic, open to SES on behalf of the source if there is one."""
        attributes = {"KmsMasterKeyId": key} if key else {}
        topic = self("sns").create_topic(Name=unique("topic"), Attributes=attributes)["TopicArn"]
        self.set_topic_policy(topic, source)
        return str(topic)

    def set_topic_policy(self, topic: str, source: str = "") -> None:
        statement = self.grant("sns:Publish", topic, source) if source else self.owner("sns:Publish", topic)
        self("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement)
        )

    def bucket(self, source: str = "", *, key: str = "") -> str:
        """Return the name of a bucket, open to SES on behalf of the source if there is one."""
        name, s3 = unique("bucket"), self("s3")
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        s3.create_bucket(Bucket=name, **({} if self.region == "us-east-1" else place))
        if source:
            statement = self.grant("s3:PutObject", f"arn:aws:s3:::{name}/*", source)
            s3.put_bucket_policy(Bucket=name, Policy=policy(statement))
        if key:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            rules = [{"ApplyServerSideEncryptionByDefault": default}]
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        return name

    def role(self) -> str:
        """Return the ARN of a role that Lambda may assume and that may do nothing."""
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        return str(
            self("iam").create_role(
                RoleName=unique("role"),
                AssumeRolePolicyDocument=policy({**trust, "Action": "sts:AssumeRole"}),
            )["Role"]["Arn"]
        )

    def function(self, source: str = "") -> str:
        """Return the ARN of a function, open to SES on behalf of the source if there is one."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("index.py", HANDLER)
        function = self("lambda").create_function(
            FunctionName=unique("function"),
            Runtime="python3.13",
            Role=self.role(),
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]
        if source:
            self("lambda").add_permission(
                FunctionName=function,
                StatementId="ses",
                Action="lambda:InvokeFunction",
                Principal=SES,
                SourceAccount=self.local.account,
                SourceArn=source,
            )
        return str(function)

    def hear(self, topic: str) -> Queue:
        """Return a queue that hears a topic from now on."""
        sqs = self("sqs")
        url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        hears = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(hears)})
        self("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        return Queue(sqs, url)

    def verified(self, name: str = "") -> str:
        """Return a domain that is verified in this Region, the way a user does it: with its DKIM records."""
        name = name or domain()
        self("sesv2").create_email_identity(EmailIdentity=name)
        self.publish(*self.dkim_records(name))
        return name

    def dkim_records(self, name: str) -> list[tuple[str, str, list[str]]]:
        """Return the CNAMEs that the identity asks for: name, type, values."""
        dkim = self("sesv2").get_email_identity(EmailIdentity=name)["DkimAttributes"]
        return [
            (f"{token}._domainkey.{name}", "CNAME", [f"{token}.{dkim['SigningHostedZone']}"])
            for token in dkim["Tokens"]
        ]

    def publish(self, *records: tuple[str, str, list[str]], action: str = "UPSERT") -> None:
        """Write records into the hosted zone, or delete them."""
        changes = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": name,
                    "Type": kind,
                    "TTL": 300,
                    "ResourceRecords": [{"Value": value} for value in values],
                },
            }
            for name, kind, values in records
        ]
        self("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": changes})

    @contextmanager
    def rule_set(self) -> Iterator[str]:
        """Have a receipt rule set that is not the active one."""
        name = unique("set")
        self("ses").create_receipt_rule_set(RuleSetName=name)
        yield name
        self("ses").delete_receipt_rule_set(RuleSetName=name)

    def rules(self, rule_set: str) -> list[str]:
        """Return the names of a rule set's rules in their order."""
        return [
            rule["Name"] for rule in self("ses").describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]
        ]


@dataclass(frozen=True)
class Queue:
    """A queue that hears a topic."""

    sqs: Any
    url: str

    def heard(self, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the next message that is wanted.

        Raises:
            AssertionError: none came.
        """
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for body in self._receive(1):
                if wanted(body):
                    return body
        raise AssertionError("nothing came")

    def is_silent(self) -> bool:
        """Tell whether nothing has come; what SES publishes is there before it answers the sender."""
        return not list(self._receive(0))

    def _receive(self, seconds: int) -> Iterator[dict[str, Any]]:
        got = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
        for message in got.get("Messages", ()):
            yield json.loads(message["Body"])


@dataclass(frozen=True)
class Stack:
    """A CloudFormation stack of the test."""

    account: Account
    name: str

    def deploy(self, resources: dict[str, Any], **more: Any) -> str:
        """Create or update the stack; return the status it ends in."""
        client, body = self.account("cloudformation"), json.dumps({"Resources": resources, **more})
        act = client.update_stack if self.status() else client.create_stack
        act(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        return self._wait()

    def delete(self) -> str:
        """Delete the stack; return the status it ends in, empty when it is gone."""
        self.account("cloudformation").delete_stack(StackName=self.name)
        return self._wait()

    def status(self) -> str:
        try:
            [stack] = self.account("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except ClientError:
            return ""
        return "" if stack["StackStatus"] == "DELETE_COMPLETE" else str(stack["StackStatus"])

    def outputs(self) -> dict[str, str]:
        [stack] = self.account("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def resource(self, logical_id: str) -> str:
        """Return the physical id of a resource."""
        detail = self.account("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def reasons(self) -> str:
        """Return why resources failed."""
        events = self.account("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def _wait(self) -> str:
        until = time.monotonic() + 60
        while (status := self.status()).endswith("IN_PROGRESS"):
            assert time.monotonic() < until, status
            time.sleep(0.05)
        return status
