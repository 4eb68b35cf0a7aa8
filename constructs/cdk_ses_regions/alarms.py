"""Alarms on what one Region's SES, queues and functions tell CloudWatch, as plain CloudFormation properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aws_cdk import Fn

SES = "AWS/SES"
BOUNCE_RATE, COMPLAINT_RATE = "Reputation.BounceRate", "Reputation.ComplaintRate"

Missing = Literal["ignore", "notBreaching", "missing"]
Statistic = Literal["Maximum", "Sum"]

_FIVE_MINUTES, _QUARTER_HOUR = 300, 900
_NEAR_THE_TIMEOUT = 0.8


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm, which goes off when a statistic of a metric reaches the threshold in one period.

    Args:
        name: what it is called, after the prefix of the deployment.
        description: what has happened and what to do, as the mail of it says.
        namespace: CloudWatch namespace of the metric.
        metric: its name.
        dimensions: its dimensions.
        statistic: of all values of a period.
        period_seconds: length of a period.
        threshold: from which value on.
        missing: what a period without a value is; `ignore` leaves the alarm as it is.
    """

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: Statistic
    period_seconds: int = _FIVE_MINUTES
    threshold: float
    missing: Missing = "notBreaching"

    def properties(self, name: str, topic_arn: str) -> dict[str, Any]:
        """Return the properties of the `AWS::CloudWatch::Alarm` of that physical name."""
        return {
            "AlarmName": name,
            "AlarmDescription": self.description,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in self.dimensions.items()],
            "Statistic": self.statistic,
            "Period": self.period_seconds,
            "EvaluationPeriods": 1,
            "Threshold": self.threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": self.missing,
            "AlarmActions": [topic_arn],
        }


def reputation(kind: Literal["bounce", "complaint"], severity: str, threshold: float) -> Alarm:
    """Return the alarm on a rate of the account in the Region, which decides whether SES lets it go on sending."""
    what = {
        "bounce": "of the mail bounces hard; SES reviews an account at 5 %, and stops it at 10 %. Stop what sends to "
        "bad addresses",
        "complaint": "of the mail is marked as spam; SES reviews an account at 0.1 %, and stops it at 0.5 %. Stop what "
        "sends mail that nobody wants",
    }[kind]
    return Alarm(
        name=f"{kind}-rate-{severity}",
        description=f"{threshold * 100:g} % or more {what}",
        namespace=SES,
        metric=BOUNCE_RATE if kind == "bounce" else COMPLAINT_RATE,
        dimensions={},
        statistic="Maximum",
        period_seconds=_QUARTER_HOUR,
        threshold=threshold,
        # SES publishes a rate when something happens: until then the last one holds.
        missing="ignore",
    )


def rules(metric: Literal["PublishFailure", "PublishExpired"], rule_set_name: str) -> Alarm:
    """Return the alarm on receipt rules whose actions fail, or failed for four hours."""
    name, description = {
        "PublishFailure": (
            "rules-failing",
            "an action of a receipt rule failed; SES tries it again for four hours. See whether bucket, key, topic and "
            "function are there and let SES in",
        ),
        "PublishExpired": (
            "rules-expired",
            "SES gave up on an action of a receipt rule after four hours: what it was to do with the mail is not done",
        ),
    }[metric]
    return Alarm(
        name=name,
        description=description,
        namespace=SES,
        metric=metric,
        dimensions={"RuleSetName": rule_set_name},
        statistic="Sum",
        threshold=1,
    )


def quota(namespace: str, metric: str, region: str, threshold: float) -> Alarm:
    """Return the alarm on how much of the sending quota is used."""
    return Alarm(
        name="quota-used",
        description=f"{threshold * 100:g} % or more of what the Region may send in 24 hours is sent; beyond the quota "
        "SES refuses mail. Ask for a higher one in Service Quotas, or send from another Region",
        namespace=namespace,
        metric=metric,
        dimensions={"Region": region},
        statistic="Maximum",
        period_seconds=_QUARTER_HOUR,
        threshold=threshold,
        missing="missing",
    )


def queue_age(name: str, queue_arn: str, seconds: float) -> Alarm:
    """Return the alarm on a queue whose oldest message is not handled."""
    return Alarm(
        name=f"queue-age-{name}",
        description=f"a message waits for {seconds / 60:g} minutes or more: its function fails, or does not keep up",
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": _part(queue_arn, 5)},
        statistic="Maximum",
        threshold=seconds,
    )


def dead_letters(name: str, queue_arn: str) -> Alarm:
    """Return the alarm on a dead-letter queue that has anything."""
    return Alarm(
        name=f"dead-letters-{name}",
        description="there is something that could not be handled or delivered; look at it, mend the cause, and move "
        "it back (SQS: start DLQ redrive)",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": _part(queue_arn, 5)},
        statistic="Maximum",
        threshold=1,
    )


def errors(name: str, function_arn: str) -> Alarm:
    """Return the alarm on a function that fails."""
    return Alarm(
        name=f"errors-{name}",
        description="the function failed; its log says why",
        namespace="AWS/Lambda",
        metric="Errors",
        dimensions={"FunctionName": _part(function_arn, 6)},
        statistic="Sum",
        threshold=1,
    )


def duration(name: str, function_arn: str, timeout_seconds: int) -> Alarm:
    """Return the alarm on a function that is about to be stopped by its timeout."""
    return Alarm(
        name=f"duration-{name}",
        description=f"the function took {_NEAR_THE_TIMEOUT * 100:g} % or more of its {timeout_seconds} seconds; beyond "
        "them it is stopped",
        namespace="AWS/Lambda",
        metric="Duration",
        dimensions={"FunctionName": _part(function_arn, 6)},
        statistic="Maximum",
        threshold=timeout_seconds * 1000 * _NEAR_THE_TIMEOUT,
    )


def _part(arn: str, number: int) -> str:
    """Return a part of an ARN, which may be a token."""
    if "${Token[" in arn:
        return Fn.select(number, Fn.split(":", arn))
    return arn.split(":")[number]
