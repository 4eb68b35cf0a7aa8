"""Carries suppressions from one Region to the others of a deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import CfnResource, RemovalPolicy, Token
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions import regions as ses_regions
from cdk_ses_regions.feedback import ByEmail, Feedback
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import Statement, allow_topics, deny_insecure_transport
from cdk_ses_regions.python_function import PythonFunction

Reason = Literal["BOUNCE", "COMPLAINT"]

_FOURTEEN_DAYS = 14 * 24 * 3600
_SPLIT_SECONDS, _APPLY_SECONDS = 60, 120
# What fails comes again after this time: six times the function's, as Lambda's guide wants it.
_SPLIT_AGAIN_SECONDS = 6 * _SPLIT_SECONDS
_APPLY_AGAIN_SECONDS = 15 * 60
_SPLIT_ATTEMPTS = 5
_APPLY_ATTEMPTS = 300
"""Every 15 minutes for three days: a Region may be down that long. Then there are eleven more to look at them."""


@dataclass(frozen=True, kw_only=True)
class SuppressionSyncOptions:
    """Which Regions of a deployment tell each other whom to suppress; see `SuppressionSync`.

    Args:
        regions: the Regions, at least two.
        reasons: what is told, BOUNCE, COMPLAINT or both (default both).
    """

    regions: Sequence[str]
    reasons: Sequence[Reason] = ("BOUNCE", "COMPLAINT")


class SuppressionSync(Construct):
    """Puts whoever bounces hard or complains in this Region on the suppression list of the others.

    SES keeps a list in each Region and does not copy it. Notifications come from the feedback topics into a queue; one
    function makes a message an address and target Region of each, another puts the address on the list there, if it
    neither is on it nor was removed since. Each target has a queue of its own, so that one that is down holds up no
    other. The Region's table has the turns at its SES, which takes one request a second, and the removals.
    See https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html

    Args:
        names: the physical names; they are the same in all Regions.
        topics: the topics of bounces and complaints, with SES's notifications.
        regions: the Regions that tell each other, this one among them.
        reasons: what is told (default BOUNCE and COMPLAINT).
        log_retention_days: how long the functions' logs are kept (default 30).

    Attributes:
        queue_arn: the queue of notifications.
        target_queue_arns: the queue of each target Region.
        dead_letter_queue_arn: what failed for three days, and notifications that nobody can read; kept for 14 days
            after they were sent.
        table_arn: the table.
        functions: the functions, by what they are called in alarms.

    Raises:
        UnsupportedRegionError: SES is not in one of the Regions.
        ValueError: there is no topic or reason, or fewer than two Regions, or this one is not among them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        topics: Sequence[sns.ITopic],
        regions: Sequence[str],
        reasons: Sequence[Reason] = ("BOUNCE", "COMPLAINT"),
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        place = Place.of(self)
        if problem := _problem(place.region, topics, regions, reasons):
            raise ValueError(problem)
        targets = [ses_regions.region(name).name for name in regions if name != place.region]
        table = self._table(names.suppression_table)
        self.table_arn = table.get_att("Arn").to_string()
        dead = self._queue("DeadLetters", {})
        self.dead_letter_queue_arn = dead.get_att("Arn").to_string()
        queue = self._working_queue(
            "Queue", name=names.suppression_queue, seconds=_SPLIT_AGAIN_SECONDS, attempts=_SPLIT_ATTEMPTS
        )
        self.queue_arn = queue.get_att("Arn").to_string()
        self._subscribe(queue, dead, [topic.topic_arn for topic in topics])
        queues = {
            target: self._working_queue(
                f"To {target}",
                name=names.suppress_queue(target),
                seconds=_APPLY_AGAIN_SECONDS,
                attempts=_APPLY_ATTEMPTS,
            )
            for target in targets
        }
        self.target_queue_arns = {
            target: to_target.get_att("Arn").to_string() for target, to_target in queues.items()
        }
        for target, to_target in queues.items():
            self._policy(f"To {target} policy", to_target)
        self.functions = {
            "suppression-split": self._split(queues, reasons, log_retention_days),
            "suppression-apply": self._apply(names, queues, log_retention_days),
        }

    def _split(
        self, queues: Mapping[str, CfnResource], reasons: Sequence[Reason], log_retention_days: int
    ) -> PythonFunction:
        split = PythonFunction(
            self,
            "Split",
            code="suppression_sync",
            entry="split",
            description="Makes one message an address and Region of each bounce and complaint",
            memory_mb=256,
            timeout_seconds=_SPLIT_SECONDS,
            log_retention_days=log_retention_days,
            environment={
                "QUEUE_URLS": ",".join(queue.ref for queue in queues.values()),
                "REASONS": ",".join(reasons),
            },
            statements=[
                _read([self.queue_arn]),
                _allow(["sqs:SendMessage"], list(self.target_queue_arns.values())),
            ],
        )
        self._invoke("Split messages", split, self.queue_arn, batch=10)
        return split

    def _apply(
        self, names: Names, queues: Mapping[str, CfnResource], log_retention_days: int
    ) -> PythonFunction:
        place = Place.of(self)
        tables = [
            f"arn:{place.partition}:dynamodb:{target}:{place.account}:table/{names.suppression_table}"
            for target in queues
        ]
        # SES has no resource type for these in IAM, "*" is all they take: so the Regions are what is limited.
        on_lists: Statement = {
            **_allow(
                [
                    "ses:DeleteSuppressedDestination",
                    "ses:GetAccount",
                    "ses:GetSuppressedDestination",
                    "ses:PutSuppressedDestination",
                ],
                "*",
            ),
            "Condition": {"StringEquals": {"aws:RequestedRegion": list(queues)}},
        }
        apply = PythonFunction(
            self,
            "Apply",
            code="suppression_sync",
            entry="apply",
            description="Puts addresses on the suppression lists of other Regions",
            memory_mb=256,
            timeout_seconds=_APPLY_SECONDS,
            log_retention_days=log_retention_days,
            environment={"QUEUE_PREFIX": names.suppress_queue(""), "TABLE": names.suppression_table},
            statements=[
                _read(list(self.target_queue_arns.values())),
                on_lists,
                _allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], tables),
            ],
        )
        for target, arn in self.target_queue_arns.items():
            # Few at a time: SES takes one request a second, and each address takes two. Two runs are Lambda's fewest.
            self._invoke(f"Apply in {target}", apply, arn, batch=5, concurrency=2)
        return apply

    def _invoke(
        self,
        construct_id: str,
        function: PythonFunction,
        queue_arn: str,
        *,
        batch: int,
        concurrency: int | None = None,
    ) -> None:
        properties: dict[str, object] = {
            "EventSourceArn": queue_arn,
            "FunctionName": function.arn,
            "BatchSize": batch,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        if concurrency is not None:
            properties["ScalingConfig"] = {"MaximumConcurrency": concurrency}
        CfnResource(self, construct_id, type="AWS::Lambda::EventSourceMapping", properties=properties)

    def _table(self, name: str) -> CfnResource:
        """Define the table; it goes with the stack: what is in it is of use for weeks at most."""
        table = CfnResource(
            self,
            "Table",
            type="AWS::DynamoDB::Table",
            properties={
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            },
        )
        table.apply_removal_policy(RemovalPolicy.DESTROY)
        return table

    def _working_queue(self, construct_id: str, *, name: str, seconds: int, attempts: int) -> CfnResource:
        return self._queue(
            construct_id,
            {
                "QueueName": name,
                "VisibilityTimeout": seconds,
                "RedrivePolicy": {
                    "deadLetterTargetArn": self.dead_letter_queue_arn,
                    "maxReceiveCount": attempts,
                },
            },
        )

    def _queue(self, construct_id: str, properties: Mapping[str, object]) -> CfnResource:
        # SQS's own key, as for subscribed queues: with a customer key, SNS would have to be let in to that as well.
        return CfnResource(
            self,
            construct_id,
            type="AWS::SQS::Queue",
            properties={
                "SqsManagedSseEnabled": True,
                "MessageRetentionPeriod": _FOURTEEN_DAYS,
                **properties,
            },
        )

    def _policy(self, construct_id: str, queue: CfnResource, *statements: Statement) -> None:
        deny = deny_insecure_transport(actions="sqs:*", resource=queue.get_att("Arn").to_string())
        CfnResource(
            self,
            construct_id,
            type="AWS::SQS::QueuePolicy",
            properties={
                "Queues": [queue.ref],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [*statements, deny]},
            },
        )

    def _subscribe(self, queue: CfnResource, dead: CfnResource, topic_arns: Sequence[str]) -> None:
        """Subscribe the queue to the topics; what SNS cannot deliver goes to the dead letters, as what fails here."""
        for construct_id, one in (("Queue policy", queue), ("DeadLetters policy", dead)):
            arn = one.get_att("Arn").to_string()
            self._policy(construct_id, one, allow_topics(sid="Topics", queue_arn=arn, topic_arns=topic_arns))
        for number, topic_arn in enumerate(topic_arns, start=1):
            CfnResource(
                self,
                f"Subscription {number}",
                type="AWS::SNS::Subscription",
                properties={
                    "TopicArn": topic_arn,
                    "Protocol": "sqs",
                    "Endpoint": self.queue_arn,
                    "RawMessageDelivery": True,
                    "RedrivePolicy": {"deadLetterTargetArn": self.dead_letter_queue_arn},
                },
            )


def topics_of_trouble(
    told: Mapping[str, Feedback | ByEmail], topics: Mapping[str, sns.ITopic]
) -> list[sns.ITopic]:
    """Return those of a bundle's feedback topics on which anybody tells of bounces or complaints."""
    names = dict.fromkeys(
        name
        for feedback in told.values()
        if feedback != "email"
        for name in (feedback.bounce_topic, feedback.complaint_topic)
    )
    return [topics[name] for name in names]


def _problem(
    here: str, topics: Sequence[sns.ITopic], regions: Sequence[str], reasons: Sequence[Reason]
) -> str | None:
    if not topics:
        return "topics is empty: bounces and complaints come by email alone; let at least one identity tell on a topic"
    if not reasons:
        return "reasons is empty; give BOUNCE, COMPLAINT or both"
    if len(set(regions)) < 2:
        return f"regions has {', '.join(regions) or 'none'}; suppressions go from Region to Region, so give two or more"
    if Token.is_unresolved(here):
        return "the stack's Region is not known at synthesis; give its env a region, so that the others are known"
    if here not in regions:
        return f"this Region, {here}, is not among regions ({', '.join(regions)}); add it, or leave the sync out here"
    twice = sorted({name for name in regions if list(regions).count(name) > 1})
    return f"Region {', '.join(twice)} is given twice; keep one" if twice else None


def _read(queue_arns: Sequence[str]) -> Statement:
    """Return what Lambda needs to read queues."""
    return _allow(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], list(queue_arns))


def _allow(actions: Sequence[str], on: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}
