"""Who gets what topics tell: email addresses, queues, functions and https addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnResource, Token
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.queues import queue_of_topics

_FOURTEEN_DAYS = 14 * 24 * 3600
_ATTEMPTS = 5
"""How often a message is read and not deleted before it goes to the dead-letter queue."""


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """Who subscribes to the topics of a bundle; see `TopicSubscriptions` for what the arguments mean.

    Args:
        emails: email addresses.
        queues: queues to make, without the prefix of the physical names: `bounces` is called `email-bounces`.
        function_arns: Lambda functions of this account and Region.
        urls: https addresses.
    """

    emails: Sequence[str] = ()
    queues: Sequence[str] = ()
    function_arns: Sequence[str] = ()
    urls: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.emails or self.queues or self.function_arns or self.urls)

    def subscribe(
        self, scope: Construct, construct_id: str, *, topics: Sequence[sns.ITopic], names: Names
    ) -> TopicSubscriptions:
        """Subscribe them to topics."""
        return TopicSubscriptions(
            scope,
            construct_id,
            topics=topics,
            emails=self.emails,
            queue_names=[names.queue(queue) for queue in self.queues],
            function_arns=self.function_arns,
            urls=self.urls,
        )


class TopicSubscriptions(Construct):
    """Subscribes addresses, queues and functions to topics of this Region.

    A subscriber of several topics is subscribed to each. What cannot be delivered, or is read five times and never
    deleted, waits in a dead-letter queue for 14 days; for emails SNS knows none. Emails and https addresses have to
    confirm: SNS sends them a link.
    See https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html

    Args:
        topics: the topics.
        emails: email addresses (default: none).
        queue_names: physical names of queues to make, each with the dead-letter queue (default: none).
        function_arns: Lambda functions of this account and Region, which SNS is let in to (default: none).
        urls: https addresses (default: none).

    Attributes:
        queue_arns: ARN of each queue by its name.
        dead_letter_queue_arn: ARN of the dead-letter queue; None if there are emails alone.

    Raises:
        ValueError: there is no topic or no subscriber, one is given twice, or a function is in another Region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topics: Sequence[sns.ITopic],
        emails: Sequence[str] = (),
        queue_names: Sequence[str] = (),
        function_arns: Sequence[str] = (),
        urls: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if problem := _problem(topics, [*emails, *queue_names, *function_arns, *urls]):
            raise ValueError(problem)
        for arn in function_arns:
            _require_this_region(scope, arn)
        self._topic_arns = [topic.topic_arn for topic in topics]
        self.queue_arns: dict[str, str] = {}
        self.dead_letter_queue_arn: str | None = None
        for email in emails:
            self._subscribe(f"Email {email}", protocol="email", endpoint=email)
        if queue_names or function_arns or urls:
            dead_letters = self._queue("DeadLetters", {"MessageRetentionPeriod": _FOURTEEN_DAYS})
            self.dead_letter_queue_arn = dead_letters.get_att("Arn").to_string()
        for name in queue_names:
            redrive = {"deadLetterTargetArn": self.dead_letter_queue_arn, "maxReceiveCount": _ATTEMPTS}
            queue = self._queue(f"Queue {name}", {"QueueName": name, "RedrivePolicy": redrive})
            self.queue_arns[name] = queue.get_att("Arn").to_string()
            self._subscribe(f"To queue {name}", protocol="sqs", endpoint=self.queue_arns[name])
        for number, arn in enumerate(function_arns, start=1):
            self._let_in(f"Function {number}", arn)
            self._subscribe(f"To function {number}", protocol="lambda", endpoint=arn)
        for url in urls:
            self._subscribe(f"Url {url}", protocol="https", endpoint=url)

    def _subscribe(self, construct_id: str, *, protocol: str, endpoint: str) -> None:
        for number, topic_arn in enumerate(self._topic_arns, start=1):
            properties: dict[str, object] = {
                "TopicArn": topic_arn,
                "Protocol": protocol,
                "Endpoint": endpoint,
            }
            if protocol != "email":
                properties["RedrivePolicy"] = {"deadLetterTargetArn": self.dead_letter_queue_arn}
            CfnResource(
                self, f"{construct_id} {number}", type="AWS::SNS::Subscription", properties=properties
            )

    def _queue(self, construct_id: str, properties: dict[str, object]) -> CfnResource:
        queue, _ = queue_of_topics(
            self,
            construct_id,
            policy_id=f"{construct_id} policy",
            sid="Topics",
            topic_arns=self._topic_arns,
            properties=properties,
        )
        return queue

    def _let_in(self, construct_id: str, function_arn: str) -> None:
        for number, topic_arn in enumerate(self._topic_arns, start=1):
            CfnResource(
                self,
                f"{construct_id} permission {number}",
                type="AWS::Lambda::Permission",
                properties={
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": function_arn,
                    "Principal": "sns.amazonaws.com",
                    "SourceArn": topic_arn,
                },
            )


def _problem(topics: Sequence[sns.ITopic], subscribers: Sequence[str]) -> str | None:
    if not topics:
        return "topics is empty; give at least one topic to subscribe to"
    if not subscribers:
        return "nobody subscribes; give emails, queue_names, function_arns or urls"
    twice = sorted({one for one in subscribers if subscribers.count(one) > 1})
    return f"{', '.join(twice)} is given twice; keep one" if twice else None


def _require_this_region(scope: Construct, function_arn: str) -> None:
    ours = Place.of(scope).region
    if Token.is_unresolved(function_arn) or Token.is_unresolved(ours):
        return
    theirs = [*function_arn.split(":"), "", "", "", ""][3]
    if theirs != ours:
        raise ValueError(
            f"function {function_arn!r} is in {theirs or 'no Region'}, the topic in {ours}; only {ours} can let SNS in "
            "to it, so give a function there"
        )
