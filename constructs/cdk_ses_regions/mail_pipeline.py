"""From a stored mail to what is done with it: a topic, a queue, a function."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import CfnResource, Token
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.mail_bucket import MAIL_PREFIX
from cdk_ses_regions.mail_steps import (
    FUNCTIONS,
    ForwardStep,
    HandledMailTable,
    PublishStep,
    Step,
    StepsFile,
    steps_problems,
)
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import (
    Statement,
    allow_ses,
    deny_insecure_transport,
    rule_arns,
    ses_arn,
)
from cdk_ses_regions.python_function import PythonFunction
from cdk_ses_regions.queues import queue_of_topics

if TYPE_CHECKING:  # aws_lambda alone would be a fifth of the synthesis
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3

_FOURTEEN_DAYS = 14 * 24 * 3600
_ATTEMPTS = 5
_TIMEOUT_SECONDS = 60
_BATCH = 10
_VISIBILITY_SECONDS = (
    6 * _TIMEOUT_SECONDS
)  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html


class MailPipeline(Construct):
    """Takes each mail that a rule stored through the steps of the rule.

    SES tells of the mail on a topic, a queue takes that and feeds a function. A mail that fails comes again, alone, up
    to five times, six minutes apart; then it waits fourteen days in a dead-letter queue, from which it can be moved
    back. The mail itself stays in its bucket in any case.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html and docs/forwarding.md

    Args:
        rule_set_name: the rule set whose rules store mail.
        rule_names: the rules of the set that may tell of it (default: all).
        bucket: where the rules store mail, each below `mail/RULE/`.
        key: the key of bucket and topics; SES may use it for these rules.
        topic_name: physical name of the topic for the events.
        stored_topic_name: physical name of the topic that SES tells on.
        steps: the steps by the name of the rule.
        handled: where it is noted what was done, so that a mail that comes twice is handled once (default: nowhere).
        log_retention_days: how long logs are kept (default 30).

    Attributes:
        topic: one event a mail and rule.
        stored_topic_arn: ARN of the topic for the rules' S3 actions.
        python: the function, as this library makes them.
        queue_arn: ARN of the queue of stored mail.
        dead_letter_queue_arn: ARN of the queue with what could not be handled.
        ready: what has to be there before the first rule, since SES tries the topic.

    Raises:
        ValueError: the steps of a rule break a limit or make no sense; all that is wrong is said at once.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        rule_names: Sequence[str] | None = None,
        bucket: s3.IBucket,
        key: kms.IKey,
        topic_name: str,
        stored_topic_name: str,
        steps: Mapping[str, Sequence[Step]],
        handled: HandledMailTable | None = None,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        file = StepsFile()
        content = file.content(steps)
        problems = [
            f"rule {name!r}: {problem}" for name, own in steps.items() for problem in steps_problems(own)
        ]
        problems += _functions_problems(self, file.functions)
        if problems:
            raise ValueError("; ".join(problems))
        topic = sns.Topic(self, "Topic", topic_name=topic_name, master_key=key, enforce_ssl=True)
        self.topic = cast(sns.ITopic, topic)
        sources = [rule_arns(scope, rule_set_name, name) for name in rule_names or ["*"]]
        stored, self.ready = self._stored_topic(stored_topic_name, key, sources)
        self.stored_topic_arn = Token.as_string({"Ref": stored.logical_id})
        self._queue_policies: list[CfnResource] = []
        dead_letters = self._queue("DeadLetters", {"MessageRetentionPeriod": _FOURTEEN_DAYS})
        self.dead_letter_queue_arn = dead_letters.get_att("Arn").to_string()
        queue = self._queue(
            "Queue",
            {
                "MessageRetentionPeriod": _FOURTEEN_DAYS,
                "VisibilityTimeout": _VISIBILITY_SECONDS,
                "RedrivePolicy": {
                    "deadLetterTargetArn": self.dead_letter_queue_arn,
                    "maxReceiveCount": _ATTEMPTS,
                },
            },
        )
        self.queue_arn = queue.get_att("Arn").to_string()
        all_steps = [step for own in steps.values() for step in own]
        self.python = PythonFunction(
            self,
            "Function",
            code="inbound",
            files={"steps.json": json.dumps(content, indent=1, ensure_ascii=False)},
            description="Takes received mail through the steps of its receipt rule",
            memory_mb=512,
            timeout_seconds=_TIMEOUT_SECONDS,
            log_retention_days=log_retention_days,
            environment={
                "BUCKET": bucket.bucket_name,
                "PREFIX": MAIL_PREFIX,
                "TOPIC_ARN": self.topic.topic_arn,
                **{f"FUNCTION_{number}": arn for number, arn in enumerate(file.functions)},
                **({} if handled is None else {"TABLE": handled.name, "TABLE_REGION": handled.region}),
            },
            statements=[
                *_read_mail(f"{bucket.bucket_arn}/{MAIL_PREFIX}*", key.key_arn),
                _allow(
                    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", on=self.queue_arn
                ),
                *self._tell(all_steps),
                *self._send(all_steps),
                *([_allow("lambda:InvokeFunction", on=file.functions)] if file.functions else []),
                *([] if handled is None else [self._claim(handled)]),
            ],
        )
        self._feed(self.stored_topic_arn)

    @property
    def function(self) -> lambda_.IFunction:
        """The function."""
        return self.python.function

    def _stored_topic(
        self, name: str, key: kms.IKey, sources: Sequence[str]
    ) -> tuple[CfnResource, CfnResource]:
        """Define the topic that SES alone publishes to; return it and its policy."""
        topic = CfnResource(
            self,
            "Stored",
            type="AWS::SNS::Topic",
            properties={"TopicName": name, "KmsMasterKeyId": key.key_arn},
        )
        arn = Token.as_string({"Ref": topic.logical_id})
        may = allow_ses(self, sid="SesReceiving", actions=["sns:Publish"], resource=arn, source_arns=sources)
        policy = CfnResource(
            self,
            "StoredPolicy",
            type="AWS::SNS::TopicPolicy",
            properties={
                "Topics": [arn],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [may, deny_insecure_transport(actions="sns:Publish", resource=arn)],
                },
            },
        )
        return topic, policy

    def _queue(self, construct_id: str, properties: Mapping[str, object]) -> CfnResource:
        queue, policy = queue_of_topics(
            self,
            construct_id,
            policy_id=f"{construct_id}Policy",
            sid="Stored",
            topic_arns=[self.stored_topic_arn],
            properties=properties,
        )
        self._queue_policies.append(policy)
        return queue

    def _feed(self, stored_topic_arn: str) -> None:
        """Bring what SES tells to the queue, and what is in the queue to the function."""
        subscription = CfnResource(
            self,
            "Subscription",
            type="AWS::SNS::Subscription",
            properties={
                "TopicArn": stored_topic_arn,
                "Protocol": "sqs",
                "Endpoint": self.queue_arn,
                "RawMessageDelivery": True,
                "RedrivePolicy": {"deadLetterTargetArn": self.dead_letter_queue_arn},
            },
        )
        mapping: dict[str, Any] = {
            "EventSourceArn": self.queue_arn,
            "FunctionName": self.python.arn,
            "BatchSize": _BATCH,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        source = CfnResource(self, "Source", type="AWS::Lambda::EventSourceMapping", properties=mapping)
        source.node.add_dependency(self.python.role)  # Lambda tries its rights to the queue
        for policy in self._queue_policies:
            subscription.add_resource_dependency(policy)
        self.ready.add_resource_dependency(subscription)  # no mail is told before somebody listens

    def _tell(self, steps: Sequence[Step]) -> list[Statement]:
        """Return what publishing takes."""
        published = [step for step in steps if isinstance(step, PublishStep)]
        statements: list[Statement] = []
        if any(step.to == "topic" for step in published):
            statements.append(_allow("sns:Publish", on=self.topic.topic_arn))
        place = Place.of(self)
        buses = dict.fromkeys(
            step.event_bus_name or "default" for step in published if step.to == "event_bridge"
        )
        if buses:
            arns = [
                f"arn:{place.partition}:events:{place.region}:{place.account}:event-bus/{bus}"
                for bus in buses
            ]
            statements.append(_allow("events:PutEvents", on=arns))
        return statements

    def _send(self, steps: Sequence[Step]) -> list[Statement]:
        """Return what forwarding takes: each sender with its identity, and no other address."""
        statements: list[Statement] = []
        forwards = [step for step in steps if isinstance(step, ForwardStep)]
        for sender, identity in dict.fromkeys((step.sender, step.identity_name) for step in forwards):
            sets = dict.fromkeys(
                step.configuration_set_name
                for step in forwards
                if step.sender == sender and step.configuration_set_name
            )
            resources = [f"identity/{identity}", *(f"configuration-set/{name}" for name in sets)]
            allowed = _allow("ses:SendRawEmail", on=[ses_arn(self, resource) for resource in resources])
            statements.append({**allowed, "Condition": {"StringEquals": {"ses:FromAddress": sender}}})
        return statements

    def _claim(self, handled: HandledMailTable) -> Statement:
        place = Place.of(self)
        arn = f"arn:{place.partition}:dynamodb:{handled.region}:{place.account}:table/{handled.name}"
        return _allow("dynamodb:PutItem", "dynamodb:DeleteItem", on=arn)


def _functions_problems(scope: Construct, arns: Sequence[str]) -> list[str]:
    problems: list[str] = []
    if len(arns) > FUNCTIONS:
        problems.append(f"the steps invoke {len(arns)} functions; at most {FUNCTIONS} in a Region")
    ours = Place.of(scope).region
    for arn in arns:
        if Token.is_unresolved(arn) or Token.is_unresolved(ours):
            continue
        theirs = [*arn.split(":"), "", "", "", ""][3]
        if theirs != ours:
            problems.append(
                f"invoke: function {arn!r} is in {theirs or 'no Region'}, the mail in {ours}; give one in {ours}"
            )
    return problems


def _read_mail(objects: str, key_arn: str) -> list[Statement]:
    """Return what reading mail, and tagging what could not be parsed or forwarded, takes."""
    return [
        _allow("s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging", on=objects),
        # Decrypt for the mail; GenerateDataKey to publish on the encrypted topic.
        _allow("kms:Decrypt", "kms:GenerateDataKey", on=key_arn),
    ]


def _allow(*actions: str, on: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}
