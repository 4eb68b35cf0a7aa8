"""The dashboard of all Regions, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, REGION, Deployment, of_type, properties, template_of

from app import build
from cdk_ses_regions import EmailDashboard, Names, RegionColumn, all_regions, config
from cdk_ses_regions.dashboard import dashboard_body

EXAMPLE = Path(__file__).parents[1] / "examples" / "alarms.yaml"
PARTITION = "aws"

Widget = dict[str, Any]


def column(region: str, **arguments: Any) -> RegionColumn:
    return RegionColumn(region=region, alarm_names=["email-quota-used", "email-errors-quota"], **arguments)


def full(region: str) -> RegionColumn:
    return column(
        region,
        bounce_rates=[0.025, 0.05],
        complaint_rates=[0.0005, 0.001],
        quota_used=0.8,
        configuration_set_name="email-sending",
        rule_set_name="email-received",
        syncs_suppressions=True,
    )


def widgets(*columns: RegionColumn) -> list[Widget]:
    body = dashboard_body(Names("email"), columns, partition=PARTITION, account=ACCOUNT)
    return body["widgets"]


def overlap(one: Widget, other: Widget) -> bool:
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def of_region(found: list[Widget], region: str) -> list[Widget]:
    return [one for one in found if one["properties"].get("region") == region]


def titled(found: list[Widget], title: str) -> Widget:
    [one] = [one for one in found if one["properties"].get("title") == title]
    return one


def test_two_regions_are_side_by_side_each_graph_beside_its_like() -> None:
    found = widgets(full("eu-west-1"), full("us-east-1"))
    left, right = (of_region(found, region) for region in ("eu-west-1", "us-east-1"))
    assert len(left) == len(right) == 9
    for one, other in zip(left, right, strict=True):
        assert (one["x"], one["width"]) == (0, 12)
        assert (other["x"], other["width"]) == (12, 12)
        assert one["y"] == other["y"]
        assert one["properties"]["title"] == other["properties"]["title"]


@pytest.mark.parametrize(
    ("number", "widths"), [(1, {24}), (2, {12}), (3, {8}), (4, {6}), (5, {6}), (29, {6})]
)
def test_columns_fill_the_grid_and_never_overlap(number: int, widths: set[int]) -> None:
    found = widgets(*(full(region.name) for region in all_regions()[:number]))
    assert {one["width"] for one in found} == widths
    assert all(0 <= one["x"] <= 24 - one["width"] for one in found)
    assert not [
        (one, other) for place, one in enumerate(found) for other in found[place + 1 :] if overlap(one, other)
    ]


def test_all_regions_of_ses_are_within_what_cloudwatch_takes() -> None:
    regions = [full(region.name) for region in all_regions()]
    found = widgets(*regions)
    metrics = [metric for one in found for metric in one["properties"].get("metrics", [])]
    assert len(regions) >= 29
    assert len(found) <= 500
    assert len(metrics) <= 2500


def test_every_graph_asks_its_own_region() -> None:
    found = widgets(full("eu-west-1"), full("us-east-1"))
    assert all("region" in one["properties"] for one in found if one["type"] == "metric")
    for region, other in (("eu-west-1", "us-east-1"), ("us-east-1", "eu-west-1")):
        assert other not in json.dumps(of_region(found, region))


def test_the_alarms_of_a_region_are_named_by_their_arns() -> None:
    [alarm] = [one for one in widgets(full("eu-west-1")) if one["type"] == "alarm"]
    prefix = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:email"
    assert alarm["properties"]["alarms"] == [f"{prefix}-quota-used", f"{prefix}-errors-quota"]


def test_rates_have_lines_where_the_alarms_go_off() -> None:
    found = widgets(full("eu-west-1"))
    bounces = titled(found, "Bounce rate")["properties"]
    assert bounces["metrics"] == [
        ["AWS/SES", "Reputation.BounceRate", {"label": "account"}],
        [
            "AWS/SES",
            "Reputation.BounceRate",
            "ses:configuration-set",
            "email-sending",
            {"label": "email-sending"},
        ],
    ]
    assert [line["value"] for line in bounces["annotations"]["horizontal"]] == [0.025, 0.05]
    complaints = titled(found, "Complaint rate")["properties"]
    assert [line["value"] for line in complaints["annotations"]["horizontal"]] == [0.0005, 0.001]
    quota = titled(found, "Sending quota used")["properties"]
    assert quota["metrics"] == [["SesRegions", "QuotaUsed", "Region", "eu-west-1"]]
    assert [line["value"] for line in quota["annotations"]["horizontal"]] == [0.8]


def test_queues_and_functions_are_found_by_the_prefix_of_their_names() -> None:
    queues = titled(widgets(full("eu-west-1")), "Queues: seconds waited, messages")["properties"]
    assert [one["expression"] for [one] in queues["metrics"]] == [
        "SEARCH('{AWS/SQS,QueueName} MetricName=\"ApproximateAgeOfOldestMessage\" email', 'Maximum', 300)",
        "SEARCH('{AWS/SQS,QueueName} MetricName=\"ApproximateNumberOfMessagesVisible\" email', 'Maximum', 300)",
    ]


def test_each_word_of_a_prefix_is_looked_for() -> None:
    body = dashboard_body(Names("our-mail"), [full("eu-west-1")], partition=PARTITION, account=ACCOUNT)
    functions = titled(body["widgets"], "Functions: errors, milliseconds")["properties"]
    [errors], _ = functions["metrics"]
    assert (
        errors["expression"]
        == "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\" our mail', 'Sum', 300)"
    )


def test_what_no_region_has_takes_no_room() -> None:
    found = widgets(column("eu-west-1"), column("us-east-1"))
    titles = {one["properties"].get("title") for one in found}
    assert not [title for title in titles if title and title.startswith(("Mail in", "Suppressions"))]
    assert not [one for one in found if one["properties"].get("markdown") == "not in this Region"]


def test_what_one_region_lacks_is_said_in_its_column() -> None:
    found = widgets(column("eu-central-2"), full("eu-west-1"))
    received = titled(found, "Mail in, by rules")
    [beside] = [one for one in found if one["y"] == received["y"] and one["x"] == 0]
    assert beside["properties"]["markdown"] == "not in this Region"
    assert beside["height"] == received["height"]


def test_without_a_known_account_cloudformation_fills_it_in(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region=REGION))
    EmailDashboard(stack, "Dashboard", names=Names("email"), columns=[full("eu-west-1")])
    dashboard = properties(template_of(stack), "AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "email-regions"
    body = Deployment(template_of(stack)).resolve(dashboard["DashboardBody"])
    assert json.loads(body)["widgets"] == widgets(full("eu-west-1"))


def test_it_is_in_the_primary_region_alone_and_refers_to_no_other_stack(app: cdk.App) -> None:
    data = config.load(EXAMPLE).model_copy(update={"account": ACCOUNT, "primary_region": "eu-central-1"})
    build(app, data)
    stacks = {stack.stack_name: stack.template for stack in app.synth().stacks}
    found = {name: of_type(one, "AWS::CloudWatch::Dashboard") for name, one in stacks.items()}
    assert {name for name, dashboards in found.items() if dashboards} == {"Mail-eu-central-1"}
    [dashboard] = found["Mail-eu-central-1"].values()
    shown = json.loads(dashboard["Properties"]["DashboardBody"])["widgets"]
    alarms = {
        arn.rpartition(":")[2]
        for one in shown
        if one["type"] == "alarm"
        for arn in one["properties"]["alarms"]
    }
    defined = {
        one["Properties"]["AlarmName"]
        for template in stacks.values()
        for one in of_type(template, "AWS::CloudWatch::Alarm").values()
    }
    assert alarms == defined


def test_it_can_be_left_out(app: cdk.App) -> None:
    settings = config.load(EXAMPLE)
    assert settings.alarms is not None
    without = settings.alarms.model_copy(update={"dashboard": False})
    build(app, settings.model_copy(update={"alarms": without}))
    templates = [stack.template for stack in app.synth().stacks]
    assert not [one for one in templates if of_type(one, "AWS::CloudWatch::Dashboard")]
    assert [one for one in templates if of_type(one, "AWS::CloudWatch::Alarm")]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ([], "columns is empty"),
        ([column("eu-west-1"), column("eu-west-1")], "Region eu-west-1 is given twice"),
        ([column(cdk.Aws.REGION)], "a Region is not known at synthesis"),
        (
            [RegionColumn(region="eu-west-1", alarm_names=[f"a{n}" for n in range(101)])],
            "eu-west-1 has 101 alarms; a dashboard shows 100",
        ),
    ],
)
def test_columns_that_do_not_serve_are_refused(
    stack: cdk.Stack, columns: list[RegionColumn], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        EmailDashboard(stack, "Dashboard", names=Names("email"), columns=columns)
