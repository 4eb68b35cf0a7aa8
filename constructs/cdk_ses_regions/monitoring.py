"""Watches one Region: alarms, the topic that tells of them, and the metric of the sending quota."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from aws_cdk import CfnResource, Duration, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions import alarms, quota_metric
from cdk_ses_regions.alarms import Alarm
from cdk_ses_regions.dashboard import RegionColumn
from cdk_ses_regions.encryption import let_service_use
from cdk_ses_regions.limits import BOUNCE_RATE_REVIEWED, COMPLAINT_RATE_REVIEWED
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import allow_service
from cdk_ses_regions.quota_metric import QuotaMetric
from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions

_CLOUDWATCH = "cloudwatch.amazonaws.com"
_QUEUE_AGE_SECONDS = 1800
_NAME = re.compile(r"[!-~]{1,200}")  # with prefix and kind it is within 255
_ITS_OWN_FUNCTION, _ITS_OWN_DEAD_LETTERS = "quota", "alarms"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From which share of 1 on a rate is a warning, and from which it is critical."""

    warning: float
    critical: float


@dataclass(frozen=True, kw_only=True)
class MonitoringOptions:
    """From when on a Region is in trouble, and who hears of it; see `Monitoring`.

    Args:
        bounce_rate: share of mail that bounces hard (default 0.05 critical, at which SES reviews an account, and half
            of that as a warning).
        complaint_rate: share of mail that is marked as spam (default 0.001, and half of that).
        quota_used: share of the sending quota that is used (default 0.8).
        queue_age: age of the oldest message of a queue (default 30 minutes).
        subscribers: who hears of the alarms (default: nobody).
    """

    bounce_rate: Thresholds = Thresholds(warning=BOUNCE_RATE_REVIEWED / 2, critical=BOUNCE_RATE_REVIEWED)
    complaint_rate: Thresholds = Thresholds(
        warning=COMPLAINT_RATE_REVIEWED / 2, critical=COMPLAINT_RATE_REVIEWED
    )
    quota_used: float = 0.8
    queue_age: Duration | None = None
    subscribers: Subscribers = field(default_factory=Subscribers)


@dataclass(frozen=True, kw_only=True)
class WatchedFunction:
    """A Lambda function to watch.

    Args:
        name: what its alarms are called by: at most 200 ASCII characters without spaces.
        arn: the function.
        timeout_seconds: its timeout.
    """

    name: str
    arn: str
    timeout_seconds: int


class Monitoring(Construct):
    """Alarms of one Region on rates, quota, receipt rules, queues and functions, told on an encrypted topic.

    The rates are those of the account in the Region, by which SES decides whether it may go on sending. Each alarm
    needs one value beyond its threshold; docs/monitoring.md says what a time without values means.
    See https://docs.aws.amazon.com/ses/latest/dg/monitor-sender-reputation.html

    Args:
        names: the physical names; they are the same in all Regions.
        key: customer managed key of the topic.
        options: thresholds and subscribers.
        configuration_set_name: configuration set to show on a dashboard (default: none).
        rule_set_name: receipt rule set whose failures are watched (default: the Region does not receive).
        functions: functions whose errors and duration are watched (default: none but its own).
        queues: ARN of each queue whose oldest message is watched, by a short name (default: none).
        dead_letter_queues: ARN of each queue that is to be empty, by a short name (default: none but its own).
        syncs_suppressions: the Region tells others whom to suppress, which a dashboard then shows (default False).
        log_retention_days: how long the log of the function that asks for the quota is kept (default 30).

    Attributes:
        topic: tells of an alarm that goes off.
        subscriptions: what was made for the subscribers, or None.
        alarm_names: the alarms.
        column: the Region as `EmailDashboard` takes it.

    Raises:
        ValueError: a threshold or a name does not serve, or a name is given twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        key: kms.IKey,
        options: MonitoringOptions = MonitoringOptions(),
        configuration_set_name: str | None = None,
        rule_set_name: str | None = None,
        functions: Sequence[WatchedFunction] = (),
        queues: Mapping[str, str] | None = None,
        dead_letter_queues: Mapping[str, str] | None = None,
        syncs_suppressions: bool = False,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        age = _QUEUE_AGE_SECONDS if options.queue_age is None else options.queue_age.to_seconds()
        dead_letters = dict(dead_letter_queues or {})
        problem = _options_problem(options, age) or _names_problem(
            [one.name for one in functions], list(queues or {}), list(dead_letters)
        )
        if problem:
            raise ValueError(problem)
        self.topic = self._topic(names, key)
        self.subscriptions: TopicSubscriptions | None = None
        if options.subscribers:
            self.subscriptions = options.subscribers.subscribe(
                self, "Subscriptions", topics=[self.topic], names=names
            )
            if (undelivered := self.subscriptions.dead_letter_queue_arn) is not None:
                dead_letters[_ITS_OWN_DEAD_LETTERS] = undelivered
        quota = QuotaMetric(self, "Quota", log_retention_days=log_retention_days)
        asks = WatchedFunction(
            name=_ITS_OWN_FUNCTION, arn=quota.function_arn, timeout_seconds=quota_metric.TIMEOUT_SECONDS
        )
        region = Place.of(self).region
        all_alarms = [
            *_on_sending(options, region),
            *_on_rules(rule_set_name),
            *(alarms.queue_age(name, arn, age) for name, arn in (queues or {}).items()),
            *(alarms.dead_letters(name, arn) for name, arn in dead_letters.items()),
            *_on_functions([*functions, asks]),
        ]
        for alarm in all_alarms:
            CfnResource(
                self,
                alarm.name.replace("-", " ").capitalize(),
                type="AWS::CloudWatch::Alarm",
                properties=alarm.properties(names.alarm(alarm.name), self.topic.topic_arn),
            )
        self.alarm_names = [names.alarm(alarm.name) for alarm in all_alarms]
        self.column = RegionColumn(
            region=region,
            alarm_names=self.alarm_names,
            bounce_rates=[options.bounce_rate.warning, options.bounce_rate.critical],
            complaint_rates=[options.complaint_rate.warning, options.complaint_rate.critical],
            quota_used=options.quota_used,
            configuration_set_name=configuration_set_name,
            rule_set_name=rule_set_name,
            syncs_suppressions=syncs_suppressions,
        )

    def _topic(self, names: Names, key: kms.IKey) -> sns.ITopic:
        """Define the topic; CloudWatch may publish to it, and use its key, for our alarms alone."""
        topic = sns.Topic(self, "Topic", topic_name=names.alarms_topic, master_key=key, enforce_ssl=True)
        place = Place.of(self)
        sources = [
            f"arn:{place.partition}:cloudwatch:{place.region}:{place.account}:alarm:{names.alarm('*')}"
        ]
        publish = allow_service(
            self,
            service=_CLOUDWATCH,
            sid="Alarms",
            actions=["sns:Publish"],
            resource=topic.topic_arn,
            source_arns=sources,
        )
        topic.add_to_resource_policy(iam.PolicyStatement.from_json(publish))
        let_service_use(key, self, service=_CLOUDWATCH, sid="Alarms", source_arns=sources)
        return cast(sns.ITopic, topic)


def _on_sending(options: MonitoringOptions, region: str) -> Iterator[Alarm]:
    yield alarms.reputation("bounce", "warning", options.bounce_rate.warning)
    yield alarms.reputation("bounce", "critical", options.bounce_rate.critical)
    yield alarms.reputation("complaint", "warning", options.complaint_rate.warning)
    yield alarms.reputation("complaint", "critical", options.complaint_rate.critical)
    yield alarms.quota(quota_metric.NAMESPACE, quota_metric.METRIC, region, options.quota_used)


def _on_rules(rule_set_name: str | None) -> Iterator[Alarm]:
    if rule_set_name is not None:
        yield alarms.rules("PublishFailure", rule_set_name)
        yield alarms.rules("PublishExpired", rule_set_name)


def _on_functions(functions: Sequence[WatchedFunction]) -> Iterator[Alarm]:
    for one in functions:
        yield alarms.errors(one.name, one.arn)
        yield alarms.duration(one.name, one.arn, one.timeout_seconds)


def _options_problem(options: MonitoringOptions, age: float) -> str | None:
    for what, rate in (("bounce_rate", options.bounce_rate), ("complaint_rate", options.complaint_rate)):
        if not 0 < rate.warning < rate.critical <= 1:
            return (
                f"{what} has warning {rate.warning:g} and critical {rate.critical:g}; give shares up to 1, like 0.05 "
                "for 5 %, the warning lower"
            )
    if not 0 < options.quota_used <= 1:
        return f"quota_used {options.quota_used:g} is no share; give a number up to 1, like 0.8 for 80 %"
    if not Token.is_unresolved(age) and age < 60:
        return f"queue_age is {age:g} seconds; CloudWatch hears of it each minute: give 60 or more"
    return None


def _names_problem(
    functions: Sequence[str], queues: Sequence[str], dead_letter_queues: Sequence[str]
) -> str | None:
    for name in (*functions, *queues, *dead_letter_queues):
        if not _NAME.fullmatch(name):
            return f"name {name!r} must have ASCII characters only, at most 200, no spaces: alarms are called by it"
    if twice := sorted({name for name in functions if functions.count(name) > 1}):
        return f"function {', '.join(twice)} is given twice; keep one"
    if _ITS_OWN_FUNCTION in functions or _ITS_OWN_DEAD_LETTERS in dead_letter_queues:
        return (
            f"the function {_ITS_OWN_FUNCTION!r} and the dead-letter queue {_ITS_OWN_DEAD_LETTERS!r} are those of the "
            "monitoring itself; choose another name"
        )
    return None
