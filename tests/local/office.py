"""SES receiving in one Region of the local AWS, as a test sets it up and looks at it."""

from __future__ import annotations

import io
import json
import smtplib
import ssl
import time
import uuid
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.control import ReceivedMail, SentMail

DOMAIN = "doors.example"
SENDER = "someone@sender.example"
RAW = b"From: someone@sender.example\r\nTo: a@doors.example\r\nSubject: Hello\r\n\r\nHello, you\r\n"

# Tells the queue what it was invoked with, then decides what its environment says.
FUNCTION = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    return {"disposition": os.environ["DISPOSITION"]} if os.environ["DISPOSITION"] else None
"""


@dataclass
class Office:
    """SES receiving in one Region of the local AWS, with a bucket and a queue, as a test sets it up."""

    local: LocalAws
    region: str
    rule_set: str = ""
    undo: list[Callable[[], object]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.local.inbound_ports[self.region]

    def client(self, service: str) -> Any:
        return self.local.root_client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.local.account}:{resource}"

    @property
    def grant(self) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.local.account},
                "ArnLike": {
                    "aws:SourceArn": self.arn("ses", f"receipt-rule-set/{self.rule_set}:receipt-rule/*")
                },
            },
        }

    def key(self, *, open_to_ses: bool = True) -> str:
        root = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.local.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        grant = {**self.grant, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [root, grant] if open_to_ses else [root]}
        return str(self.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"])

    def bucket(self, *, key: str = "") -> str:
        name, s3 = f"mail-{uuid.uuid4().hex[:12]}", self.client("s3")
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
        put = {**self.grant, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
        tls = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        s3.put_bucket_policy(
            Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [put, tls]})
        )
        if key:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            s3.put_bucket_encryption(
                Bucket=name,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
                },
            )
        return name

    def topic(self) -> tuple[str, str]:
        """Return the ARN of a topic open to SES and the URL of a queue that hears it."""
        sns, sqs = self.client("sns"), self.client("sqs")
        topic = sns.create_topic(Name=f"t-{uuid.uuid4().hex[:12]}")["TopicArn"]
        grant = {**self.grant, "Action": "sns:Publish", "Resource": topic}
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [grant]}),
        )
        url, arn = self.queue()
        hears = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [hears]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        return topic, url

    def queue(self) -> tuple[str, str]:
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def heard(self, url: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first message of a queue that is wanted; SES's own probes of a topic are not."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            got = self.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in got.get("Messages", ()):
                with suppress(ValueError):
                    body = json.loads(message["Body"])
                    if isinstance(body, dict) and wanted(body):
                        return body
        raise AssertionError("nothing came")

    def function(
        self, *, disposition: str = "", open_to_ses: bool = True, source: str = FUNCTION
    ) -> tuple[str, str]:
        """Return the ARN of a function and the URL of the queue it tells its events."""
        url, arn = self.queue()
        name = f"f-{uuid.uuid4().hex[:12]}"
        iam, client = self.client("iam"), self.client("lambda")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="tell",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("index.py", source)
        function = client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Timeout=20,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"QUEUE": url, "DISPOSITION": disposition}},
        )["FunctionArn"]
        self.undo.append(lambda: client.delete_function(FunctionName=name))
        if open_to_ses:
            client.add_permission(
                FunctionName=name,
                StatementId="ses",
                Action="lambda:InvokeFunction",
                Principal="ses.amazonaws.com",
                SourceAccount=self.local.account,
                SourceArn=self.arn("ses", f"receipt-rule-set/{self.rule_set}:receipt-rule/*"),
            )
        return function, url

    def rules(self, *rules: dict[str, Any]) -> None:
        """Append rules to the active rule set."""
        after: dict[str, str] = {}
        for rule in rules:
            self.client("ses").create_receipt_rule(
                RuleSetName=self.rule_set,
                Rule={"Enabled": True, "ScanEnabled": True, "Recipients": [DOMAIN], **rule},
                **after,
            )
            after = {"After": rule["Name"]}

    def send(self, *recipients: str, raw: bytes = RAW, sender: str = SENDER, tls: bool = False) -> str:
        """Send one mail by SMTP and return SES's message id."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as smtp:
            if tls:
                smtp.starttls(context=unchecked())
            smtp.ehlo_or_helo_if_needed()
            assert smtp.mail(sender, ["BODY=8BITMIME"])[0] == 250
            for recipient in recipients or (f"a@{DOMAIN}",):
                code, text = smtp.rcpt(recipient)
                assert code == 250, text
            code, text = smtp.data(raw)
            assert code == 250, text
            return text.decode().removeprefix("OK ")

    def rcpt(self, recipient: str, *, tls: bool = False) -> tuple[int, str]:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as smtp:
            if tls:
                smtp.starttls(context=unchecked())
            smtp.ehlo_or_helo_if_needed()
            smtp.mail(SENDER)
            code, text = smtp.rcpt(recipient)
            return code, text.decode()

    def stored(self, bucket: str, key: str) -> bytes:
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def received(self, message_id: str) -> ReceivedMail:
        (mail,) = [one for one in self.local.received if one.message_id == message_id]
        return mail

    def steps(self, message_id: str) -> list[tuple[str, str, str]]:
        return [(step.rule, step.action, step.result) for step in self.received(message_id).steps]

    def reason(self, message_id: str) -> str:
        return " / ".join(step.reason for step in self.received(message_id).steps)

    def bounces(self, message_id: str) -> list[SentMail]:
        """Return what went back to the sender about a received mail; a bounce leaves in the background."""
        wanted = f"bounce-{message_id}@".encode()
        return [mail for mail in self.local.sent if mail.via == "SES" and wanted in mail.raw()]


def unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def s3_action(bucket: str, prefix: str = "mail/", **more: str) -> dict[str, Any]:
    return {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": prefix, **more}}


def lambda_action(function: str, invocation: str = "Event") -> dict[str, Any]:
    return {"LambdaAction": {"FunctionArn": function, "InvocationType": invocation}}


def header(name: str, value: str) -> dict[str, Any]:
    return {"AddHeaderAction": {"HeaderName": name, "HeaderValue": value}}
