"""CloudWatch alarms on metrics that services publish, and their topics.

Gap: ministack looks at alarms when a user publishes a metric, never when a service does; takes the values of all
dimensions for one; knows of no missing data; and tells topics that are closed to CloudWatch.
Rests on https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html; of a time
without values is told only when something is published, or the alarm is changed.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.iam_evaluator import pin_request_origin
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.ses.targets import NotPermittedError, Permissions

_log = logging.getLogger(__name__)

_CLOUDWATCH = "cloudwatch.amazonaws.com"
_COMPARE = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
_WITHOUT_VALUES = {"notBreaching": "OK", "breaching": "ALARM", "missing": "INSUFFICIENT_DATA"}

_dispatch = cloudwatch._dispatch_alarm_actions


def install() -> None:
    """Put our evaluation before ministack's, and evaluate whenever a service publishes."""
    record = cloudwatch.record_metric

    def record_and_evaluate(namespace: str, metric_name: str, *arguments: Any, **named: Any) -> None:
        record(namespace, metric_name, *arguments, **named)
        for alarm in list(cloudwatch._alarms.values()):
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric_name):
                _evaluate(alarm)

    cloudwatch.record_metric = record_and_evaluate
    cloudwatch._evaluate_alarm = _evaluate
    cloudwatch._dispatch_alarm_actions = _act


def _evaluate(alarm: dict[str, Any]) -> None:
    """Give an alarm the state that the values of its last periods mean, and tell of the change."""
    compare = _COMPARE.get(alarm.get("ComparisonOperator", ""))
    if compare is None or not alarm.get("MetricName"):  # of a band or an expression: as it is
        return
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
    key = (alarm.get("Namespace"), alarm["MetricName"], cloudwatch._dims_key(dimensions))
    begin = time.time() - alarm.get("Period", 60) * alarm.get("EvaluationPeriods", 1)
    points = [point for point in cloudwatch._metrics.get(key, []) if point["Timestamp"] >= begin]
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points) if points else None
    if value is None:
        new, reason = _WITHOUT_VALUES.get(alarm.get("TreatMissingData", "missing")), "no values"
    else:
        threshold = alarm.get("Threshold", 0)
        new = "ALARM" if compare(value, threshold) else "OK"
        reason = f"Threshold Crossed: {statistic} {value} {alarm['ComparisonOperator']} {threshold}"
    old = alarm["StateValue"]
    if new is None or new == old:
        return
    alarm |= {"StateValue": new, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _act(alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
    """Tell the topics of an alarm that let CloudWatch in, beside the request: the server asks itself about them."""
    scope = get_account_id(), get_region()
    threading.Thread(target=_tell, args=(scope, dict(alarm), old, new, reason), daemon=True).start()


def _tell(scope: tuple[str, str], alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
    pin_request_origin("127.0.0.1", True)  # one service to the other, by TLS
    with request_scope(*scope):
        for actions in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            alarm[actions] = [one for one in alarm.get(actions) or [] if _may(alarm, one)]
        _dispatch(alarm, old, new, reason)


def _may(alarm: dict[str, Any], action: str) -> bool:
    if not cloudwatch._is_sns_action_arn(action):
        return True
    permissions = Permissions(
        connect=as_root(),
        account=get_account_id(),
        region=get_region(),
        rule_arn=alarm["AlarmArn"],
        service=_CLOUDWATCH,
    )
    try:
        permissions.require_topic(action)
    except (NotPermittedError, ClientError) as error:
        _log.warning("alarm %s: %s", alarm["AlarmName"], error)
        return False
    return True
