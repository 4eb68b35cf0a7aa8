"""What a deployed Region does with a mail and a bounce, read back from the services.

The demo and the e2e tests look through this: every answer is asked of CloudFormation, SES, S3 or a subscribed queue.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from cdk_ses_regions.config import Rule, Settings
from cdk_ses_regions.local import LocalAws

_PATIENCE_SECONDS = 30

Event = dict[str, Any]
WaitFor = Callable[[Callable[[Event], bool], str], Event]
"""Waits for the first message that fits; is told the step, to name it when nothing comes."""


class JourneyError(Exception):
    """Something did not come back as it should: says the Region and the step."""

    def __init__(self, region: str, step: str, message: str) -> None:
        super().__init__(f"{region}: {step}: {message}")


class RegionJourney:
    """One Region of a deployment on the local AWS.

    Args:
        local: the local AWS.
        settings: what is deployed there.
        region: the Region.
    """

    def __init__(self, local: LocalAws, settings: Settings, region: str) -> None:
        self.local = local
        self.settings = settings
        self.region = region

    def client(self, service: str) -> Any:
        """Return a boto3 client of the Region, as the deploying user."""
        return self.local.client(service, self.region)

    @cached_property
    def stack(self) -> dict[str, Any]:
        """The regional stack as CloudFormation describes it."""
        name = self.settings.names.regional_stack(self.region)
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack.get("Outputs", [])}

    def identity(self, domain: str) -> dict[str, Any]:
        """Return what SES says of the domain."""
        return self.client("sesv2").get_email_identity(EmailIdentity=domain)

    def active_rule_set(self) -> str:
        """Return the name of the active receipt rule set, empty if there is none."""
        active = self.client("ses").describe_active_receipt_rule_set()
        return active.get("Metadata", {}).get("Name", "")

    def receive(self, *, sender: str, recipient: str, body: str = "Hello from far away.\n") -> str:
        """Send a mail in through the Region's SMTP door; return SES's message id."""
        mail = EmailMessage()
        mail["From"], mail["To"] = sender, recipient
        mail["Subject"] = f"Grüße nach {self.region}"
        mail["Message-ID"] = f"<{uuid.uuid4()}@example.net>"
        mail.set_content(body)
        return self.local.deliver(self.region, sender=sender, recipients=[recipient], raw=bytes(mail))

    def stored(self, message_id: str) -> dict[str, Any]:
        """Return bucket, key and encryption of a stored mail."""
        bucket, key = self.outputs["MailBucketName"], self._key(message_id)
        head = self.client("s3").head_object(Bucket=bucket, Key=key)
        return {
            "bucket": bucket,
            "key": key,
            "size": head["ContentLength"],
            "encryption": head.get("ServerSideEncryption", "none"),
            "kms_key": head.get("SSEKMSKeyId", ""),
        }

    def _key(self, message_id: str) -> str:
        """Return the key of a stored mail: each rule has a prefix of its own."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.outputs["MailBucketName"], Prefix="mail/"):
            for item in page.get("Contents", ()):
                if item["Key"].endswith(f"/{message_id}"):
                    return item["Key"]
        raise JourneyError(self.region, "stored mail", f"there is no mail {message_id} in the bucket")

    def send(self, *, sender: str, recipient: str) -> str:
        """Send a mail out through the API; return its message id."""
        answer = self.client("sesv2").send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [recipient]},
            Content={
                "Simple": {
                    "Subject": {"Data": "A mail that comes back"},
                    "Body": {"Text": {"Data": "Hello.\n"}},
                }
            },
        )
        return answer["MessageId"]

    @contextmanager
    def listening(self, topic_arn: str) -> Generator[WaitFor]:
        """Subscribe a queue to a topic; give a function that waits for the first message that fits."""
        sqs, sns = self.client("sqs"), self.client("sns")
        url = sqs.create_queue(QueueName=f"journey-{uuid.uuid4().hex[:12]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _topic_may_send(topic_arn, arn)})
        subscription = sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

        arrived = self._messages(url)

        def wait_for(fits: Callable[[Event], bool], step: str) -> Event:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            for event in arrived:
                if event is not None and fits(event):
                    return event
                if time.monotonic() > deadline:
                    break
            raise JourneyError(
                self.region, step, f"nothing came on {topic_arn} in {_PATIENCE_SECONDS} seconds"
            )

        try:
            yield wait_for
        finally:
            sns.unsubscribe(SubscriptionArn=subscription)
            sqs.delete_queue(QueueUrl=url)

    def _messages(self, url: str) -> Generator[Event | None]:
        """Give each message of a queue once; None for each second without one."""
        sqs = self.client("sqs")
        while True:
            batch = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            messages = batch.get("Messages", [])
            if not messages:
                yield None
                continue
            handles = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=handles)
            yield from (json.loads(message["Body"]) for message in messages)


def an_address_for(domain: str, rule: Rule) -> str:
    """Return an address that the rule takes."""
    recipient = rule.recipients[0] if rule.recipients else domain
    if "@" in recipient:
        return recipient
    return f"someone@{'any' if recipient.startswith('.') else ''}{recipient}"


def _topic_may_send(topic_arn: str, queue_arn: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
                }
            ],
        }
    )
