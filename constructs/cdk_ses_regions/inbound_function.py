"""The function that reads received mail and tells of it on a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import CfnResource
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.mail_bucket import MAIL_PREFIX
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import SES, Statement, deny_insecure_transport, rule_arns
from cdk_ses_regions.python_function import PythonFunction

if TYPE_CHECKING:  # aws_lambda alone would be a fifth of the synthesis
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3

_FOURTEEN_DAYS = 14 * 24 * 3600


class InboundFunction(Construct):
    """Reads each mail that a rule stored, and publishes one JSON event with a pointer to it (docs/received-mail.md).

    SES invokes it asynchronously; what fails three times waits in a dead-letter queue, and the mail stays in its
    bucket.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda.html

    Args:
        rule_set_name: the rule set whose rules may invoke it.
        bucket: where the rules store mail.
        key: the key of bucket and topic.
        topic_name: physical name of the topic for the events.
        log_retention_days: how long logs are kept (default 30).

    Attributes:
        topic: one event a mail and rule.
        dead_letter_queue_arn: ARN of the queue with what could not be handled.
        permission: what lets SES invoke the function; a rule has to depend on it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        bucket: s3.IBucket,
        key: kms.IKey,
        topic_name: str,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        topic = sns.Topic(self, "Topic", topic_name=topic_name, master_key=key, enforce_ssl=True)
        self.topic = cast(sns.ITopic, topic)
        queue = self._dead_letter_queue()
        self.dead_letter_queue_arn = queue.get_att("Arn").to_string()
        self._python = PythonFunction(
            self,
            "Function",
            code="inbound",
            description="Reads received mail and publishes an event for each",
            memory_mb=512,
            timeout_seconds=60,
            log_retention_days=log_retention_days,
            environment={
                "BUCKET": bucket.bucket_name,
                "PREFIX": MAIL_PREFIX,
                "TOPIC_ARN": self.topic.topic_arn,
            },
            statements=[
                *_read_mail(f"{bucket.bucket_arn}/{MAIL_PREFIX}*", key.key_arn),
                _allow("sns:Publish", on=self.topic.topic_arn),
                _allow("sqs:SendMessage", on=self.dead_letter_queue_arn),
            ],
            dead_letter_queue_arn=self.dead_letter_queue_arn,
        )
        self.permission = CfnResource(
            self,
            "Permission",
            type="AWS::Lambda::Permission",
            properties={
                "Action": "lambda:InvokeFunction",
                "FunctionName": self._python.arn,
                "Principal": SES,
                "SourceAccount": Place.of(scope).account,
                "SourceArn": rule_arns(scope, rule_set_name),
            },
        )

    @property
    def function_arn(self) -> str:
        """ARN of the function, as a token."""
        return self._python.arn

    @property
    def function(self) -> lambda_.IFunction:
        """The function."""
        return self._python.function

    def _dead_letter_queue(self) -> CfnResource:
        queue = CfnResource(
            self,
            "DeadLetters",
            type="AWS::SQS::Queue",
            properties={"SqsManagedSseEnabled": True, "MessageRetentionPeriod": _FOURTEEN_DAYS},
        )
        CfnResource(
            self,
            "DeadLettersPolicy",
            type="AWS::SQS::QueuePolicy",
            properties={
                "Queues": [{"Ref": queue.logical_id}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        deny_insecure_transport(actions="sqs:*", resource=queue.get_att("Arn").to_string())
                    ],
                },
            },
        )
        return queue


def _read_mail(objects: str, key_arn: str) -> list[Statement]:
    """Return what reading mail, and tagging what could not be parsed, takes."""
    return [
        _allow("s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging", on=objects),
        # Decrypt for the mail; GenerateDataKey to publish on the encrypted topic.
        _allow("kms:Decrypt", "kms:GenerateDataKey", on=key_arn),
    ]


def _allow(*actions: str, on: str) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}
