"""One dashboard of all Regions, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnResource, Token
from constructs import Construct

from cdk_ses_regions import alarms
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.quota_metric import METRIC as QUOTA_USED
from cdk_ses_regions.quota_metric import NAMESPACE

_GRID = 24
_SIDE_BY_SIDE = 4
"""Columns in one band: a fifth Region begins the next band, since narrower graphs cannot be read."""
_GRAPH_HEIGHT = 5
_ALARMS_MOST = 100  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RegionColumn:
    """What the dashboard shows of one Region, all of it by name.

    Args:
        region: the Region.
        alarm_names: its alarms.
        bounce_rates: rates to draw a line at (default none).
        complaint_rates: likewise.
        quota_used: share of the sending quota to draw a line at (default: none).
        configuration_set_name: configuration set whose rates are shown beside the account's (default: none).
        rule_set_name: receipt rule set (default: the Region does not receive).
        syncs_suppressions: it tells other Regions whom to suppress (default False).
    """

    region: str
    alarm_names: Sequence[str]
    bounce_rates: Sequence[float] = ()
    complaint_rates: Sequence[float] = ()
    quota_used: float | None = None
    configuration_set_name: str | None = None
    rule_set_name: str | None = None
    syncs_suppressions: bool = False


class EmailDashboard(Construct):
    """A CloudWatch dashboard with a column for each Region: alarms, rates, mail out and in, queues, functions.

    It lives in one Region and knows the others by names alone. Queues and functions are found by the prefix of the
    deployment in their names: where CloudFormation makes those up, it takes it from the name of the stack.
    See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html

    Args:
        names: the physical names; they are the same in all Regions.
        columns: the Regions, `Monitoring.column` of each, at least one.

    Attributes:
        name: the name; a dashboard's is unique in the account.

    Raises:
        ValueError: there is no column, or a Region has two, is not known at synthesis, or has more than 100 alarms.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, columns: Sequence[RegionColumn]
    ) -> None:
        super().__init__(scope, construct_id)
        if problem := _problem(columns):
            raise ValueError(problem)
        place = Place.of(self)
        self.name = names.dashboard
        body = dashboard_body(names, columns, partition=place.partition, account=place.account)
        CfnResource(
            self,
            "Resource",
            type="AWS::CloudWatch::Dashboard",
            properties={"DashboardName": self.name, "DashboardBody": json.dumps(body)},
        )


def dashboard_body(
    names: Names, columns: Sequence[RegionColumn], *, partition: str, account: str
) -> dict[str, Any]:
    """Return the body of the dashboard: bands of up to four columns, the same graph of each at one height."""
    widgets: list[Widget] = []
    top, width = 0, _GRID // min(len(columns), _SIDE_BY_SIDE)
    shown = [list(_shown(names, column, partition, account)) for column in columns]
    rows = [row for row in zip(*shown, strict=True) if any(row)]
    for first in range(0, len(columns), _SIDE_BY_SIDE):
        for row in rows:
            band = [widget or _NOTHING for widget in row[first : first + _SIDE_BY_SIDE]]
            height = max(widget["height"] for widget in band)
            widgets += [
                {**widget, "x": place * width, "y": top, "width": width, "height": height}
                for place, widget in enumerate(band)
            ]
            top += height
    return {"start": "-PT24H", "widgets": widgets}


def _shown(names: Names, column: RegionColumn, partition: str, account: str) -> Iterator[Widget | None]:
    """Yield the widgets of a column from top to bottom, None for what the Region does not have."""
    region = column.region
    # CloudWatch looks for words, of which a hyphen is no part: all of them are to be in a name.
    ours = names.prefix.replace("-", " ").strip()
    yield _text(f"## {region}")
    arn = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:"
    yield {
        "type": "alarm",
        "height": 2 + len(column.alarm_names) // 3,
        "properties": {"title": "Alarms", "alarms": [arn + name for name in column.alarm_names]},
    }
    rates = (
        ("Bounce rate", alarms.BOUNCE_RATE, column.bounce_rates),
        ("Complaint rate", alarms.COMPLAINT_RATE, column.complaint_rates),
    )
    for title, metric, lines in rates:
        yield _graph(region, title, _rates(metric, column.configuration_set_name), "Maximum", lines)
    sending = ("Send", "Delivery", "Bounce", "Complaint", "Reject")
    yield _graph(region, "Mail out", [[alarms.SES, metric] for metric in sending], "Sum")
    used = [] if column.quota_used is None else [column.quota_used]
    quota = [[NAMESPACE, QUOTA_USED, "Region", region]]
    yield _graph(region, "Sending quota used", quota, "Maximum", used)
    yield from _receiving(column)
    yield _suppression(column)
    yield _graph(
        region,
        "Queues: seconds waited, messages",
        [
            _search("AWS/SQS,QueueName", "ApproximateAgeOfOldestMessage", ours, "Maximum"),
            _search("AWS/SQS,QueueName", "ApproximateNumberOfMessagesVisible", ours, "Maximum", right=True),
        ],
    )
    yield _graph(
        region,
        "Functions: errors, milliseconds",
        [
            _search("AWS/Lambda,FunctionName", "Errors", ours, "Sum"),
            _search("AWS/Lambda,FunctionName", "Duration", ours, "Maximum", right=True),
        ],
    )


def _rates(metric: str, configuration_set: str | None) -> list[list[Any]]:
    account: list[Any] = [alarms.SES, metric, {"label": "account"}]
    if configuration_set is None:
        return [account]
    own = [alarms.SES, metric, "ses:configuration-set", configuration_set, {"label": configuration_set}]
    return [account, own]


def _receiving(column: RegionColumn) -> Iterator[Widget | None]:
    rule_set = column.rule_set_name
    if rule_set is None:
        yield from (None, None)
        return
    metrics = ("Received", "PublishSuccess", "PublishFailure", "PublishExpired")
    yield _graph(
        column.region,
        "Mail in, by rules",
        [[alarms.SES, metric, "RuleSetName", rule_set] for metric in metrics],
        "Sum",
    )
    handled = f'Region="{column.region}"'
    yield _graph(
        column.region,
        "Mail in, by the function",
        [
            _search(f"{NAMESPACE},Function,Region", metric, handled, "Sum")
            for metric in ("Received", "ParseFailed")
        ],
    )


def _suppression(column: RegionColumn) -> Widget | None:
    if not column.syncs_suppressions:
        return None
    return _graph(
        column.region,
        "Suppressions told elsewhere: seconds",
        [_search(f"{NAMESPACE},Region,Target", "SuppressionLag", f'Region="{column.region}"', "Maximum")],
    )


def _text(markdown: str) -> Widget:
    return {"type": "text", "height": 1, "properties": {"markdown": markdown, "background": "transparent"}}


_NOTHING = _text("not in this Region")


def _graph(
    region: str,
    title: str,
    metrics: Sequence[Sequence[Any]],
    statistic: str | None = None,
    lines: Sequence[float] = (),
) -> Widget:
    properties: dict[str, Any] = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "period": 300,
        "yAxis": {"left": {"min": 0}},
        "metrics": metrics,
    }
    if statistic is not None:
        properties["stat"] = statistic
    if lines:
        properties["annotations"] = {
            "horizontal": [{"value": value, "label": f"{value:g}"} for value in lines]
        }
    return {"type": "metric", "height": _GRAPH_HEIGHT, "properties": properties}


def _search(schema: str, metric: str, term: str, statistic: str, *, right: bool = False) -> list[Any]:
    """Return an expression that finds metrics by a dimension: its value, or a part of it, as of a name that we give."""
    expression: Mapping[str, str] = {
        "expression": f"SEARCH('{{{schema}}} MetricName=\"{metric}\" {term}', '{statistic}', 300)",
        "label": "",
        **({"yAxis": "right"} if right else {}),
    }
    return [expression]


def _problem(columns: Sequence[RegionColumn]) -> str | None:
    if not columns:
        return "columns is empty; give at least one Region"
    regions = [column.region for column in columns]
    for column in columns:
        if Token.is_unresolved(column.region):
            return "a Region is not known at synthesis; give the env of its stack a region"
        if regions.count(column.region) > 1:
            return f"Region {column.region} is given twice; keep one"
        if len(column.alarm_names) > _ALARMS_MOST:
            return (
                f"{column.region} has {len(column.alarm_names)} alarms; a dashboard shows {_ALARMS_MOST} of a Region: "
                "leave it out"
            )
    return None
