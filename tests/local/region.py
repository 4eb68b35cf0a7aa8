"""One Region of the local AWS, and what a test of SES needs to be there: domains, topics, keys, buckets."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cdk_ses_regions.local import LocalAws

ZONE = "Z0LOCAL00000000001"
"""The hosted zone of `local.example`, in which every test has a domain of its own."""


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def a_domain() -> str:
    return f"{unique('d')}.local.example"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass(frozen=True)
class Region:
    """One Region, used as the deploying user."""

    local: LocalAws
    name: str

    def client(self, service: str) -> Any:
        return self.local.client(service, self.name)

    @property
    def ses(self) -> Any:
        return self.client("ses")

    @property
    def sesv2(self) -> Any:
        return self.client("sesv2")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.name}:{self.local.account}:{resource}"

    def rule_arn(self, rule_set: str, rule: str = "*") -> str:
        return self.arn("ses", f"receipt-rule-set/{rule_set}:receipt-rule/{rule}")

    # DNS

    def publish(self, name: str, kind: str, *values: str) -> None:
        self._change("UPSERT", name, kind, *values)

    def withdraw(self, name: str, kind: str, *values: str) -> None:
        self._change("DELETE", name, kind, *values)

    def _change(self, action: str, name: str, kind: str, *values: str) -> None:
        records = [{"Value": f'"{value}"' if kind == "TXT" else value} for value in values]
        record = {"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": records}
        self.client("route53").change_resource_record_sets(
            HostedZoneId=ZONE,
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
        )

    def dkim_records(self, domain: str) -> list[tuple[str, str]]:
        attributes = self.sesv2.get_email_identity(EmailIdentity=domain)["DkimAttributes"]
        return [
            (f"{token}._domainkey.{domain}", f"{token}.{attributes['SigningHostedZone']}")
            for token in attributes["Tokens"]
        ]

    def verified_domain(self, domain: str | None = None) -> str:
        domain = domain or a_domain()
        self.sesv2.create_email_identity(EmailIdentity=domain)
        for name, target in self.dkim_records(domain):
            self.publish(name, "CNAME", target)
        return domain

    def verified_address(self, address: str | None = None) -> str:
        """Return an address that SES has mailed and that has followed the link."""
        address = address or f"{unique('a')}@elsewhere.example"
        self.sesv2.create_email_identity(EmailIdentity=address)
        self.follow(self.link(address))
        return address

    def link(self, address: str) -> str:
        """Return the link in the last verification mail to an address in this Region."""
        mails = [one for one in self.local.control.outbox() if address in one.recipients]
        mail = [one for one in mails if one.region == self.name][-1]
        text = mail.message().get_content()
        return next(line for line in text.splitlines() if line.startswith("http://"))

    def follow(self, link: str) -> int:
        """Follow a link; return the status of the answer."""
        try:
            with urllib.request.urlopen(link, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    # What SES is given to use

    def grant(self, source_arn: str, action: str | list[str], resource: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.local.account},
                "ArnLike": {"aws:SourceArn": source_arn},
            },
        }

    def key(self, *source_arns: str) -> str:
        """Return the ARN of a key that the account administers and SES uses for these sources."""
        administered = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.local.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        grants = [self.grant(arn, ["kms:GenerateDataKey*", "kms:Decrypt"], "*") for arn in source_arns]
        answer = self.client("kms").create_key(Policy=policy(administered, *grants))
        return str(answer["KeyMetadata"]["Arn"])

    def topic(self, *source_arns: str, key: str = "") -> str:
        """Return the ARN of a topic to which SES may publish for these sources, and nobody else."""
        attributes = {"KmsMasterKeyId": key} if key else {}
        topic = str(self.client("sns").create_topic(Name=unique("t"), Attributes=attributes)["TopicArn"])
        self.open_topic(topic, *source_arns)
        return topic

    def open_topic(self, topic: str, *source_arns: str) -> None:
        grants = [self.grant(arn, "sns:Publish", topic) for arn in source_arns]
        nobody = {"Effect": "Deny", "Principal": "*", "Action": "sns:DeleteTopic", "Resource": topic}
        self.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy(*grants, nobody)
        )

    def bucket(self, *source_arns: str, key: str = "") -> str:
        """Return the name of a bucket in which SES may put objects for these sources."""
        name, s3 = unique("mail"), self.client("s3")
        place = {} if self.name == "us-east-1" else {"LocationConstraint": self.name}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
        if source_arns:
            grants = [self.grant(arn, "s3:PutObject", f"arn:aws:s3:::{name}/*") for arn in source_arns]
            s3.put_bucket_policy(Bucket=name, Policy=policy(*grants))
        if key:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
        return name

    def queue_on(self, topic: str) -> str:
        """Return the URL of a queue that hears a topic."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        hears = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(hears)})
        self.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        return str(url)

    def heard(self, queue: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first notification that is wanted."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for message in self._messages(queue, wait=1):
                if wanted(message):
                    return message
        raise AssertionError("nothing came")

    def silence(self, queue: str) -> bool:
        """Whether a queue is empty; what SES publishes is there when its answer is."""
        return not self._messages(queue, wait=0)

    def _messages(self, queue: str, *, wait: int) -> list[dict[str, Any]]:
        answer = self.client("sqs").receive_message(
            QueueUrl=queue, WaitTimeSeconds=wait, MaxNumberOfMessages=10
        )
        found = []
        for message in answer.get("Messages", ()):
            with suppress(ValueError):
                found.append(json.loads(message["Body"]))
        return found
