"""IP filters: their names say what they do, what allows comes first, and what SES would refuse is refused."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from templates import of_type, template_of

from cdk_ses_regions import Names, ReceiptFilters, UnsupportedRegionError

NAMES = Names("email")


def test_each_range_is_a_filter_of_the_region(stack: cdk.Stack) -> None:
    ReceiptFilters(stack, "Filters", names=NAMES, block=["203.0.113.0/24"], allow=["203.0.113.7"])
    filters = [
        one["Properties"]["Filter"] for one in of_type(template_of(stack), "AWS::SES::ReceiptFilter").values()
    ]
    assert filters == [
        {
            "Name": "email-allow-203-0-113-7-32",
            "IpFilter": {"Policy": "Allow", "Cidr": "203.0.113.7/32"},
        },
        {
            "Name": "email-block-203-0-113-0-24",
            "IpFilter": {"Policy": "Block", "Cidr": "203.0.113.0/24"},
        },
    ]


def test_what_allows_is_there_before_what_blocks(stack: cdk.Stack) -> None:
    ReceiptFilters(stack, "Filters", names=NAMES, block=["0.0.0.0/0"], allow=["203.0.113.7"])
    filters = of_type(template_of(stack), "AWS::SES::ReceiptFilter")
    by_policy = {one["Properties"]["Filter"]["IpFilter"]["Policy"]: name for name, one in filters.items()}
    assert filters[by_policy["Block"]]["DependsOn"] == [by_policy["Allow"]]
    assert "DependsOn" not in filters[by_policy["Allow"]]


def test_the_longest_name_is_within_sess_limit() -> None:
    assert len(Names("a" * 20).receipt_filter("block", "255.255.255.255/32")) <= 64


@pytest.mark.parametrize(
    ("block", "allow", "said"),
    [
        (["203.0.113.7/24"], [], "write 203.0.113.0/24"),
        (["203.0.113.7"], ["203.0.113.7/32"], "203.0.113.7/32 is given twice"),
        ([f"203.0.113.{n}" for n in range(101)], [], "101 IP filters"),
    ],
    ids=["host bits", "twice", "101"],
)
def test_filters_that_ses_would_refuse_are_refused(
    stack: cdk.Stack, block: list[str], allow: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        ReceiptFilters(stack, "Filters", names=NAMES, block=block, allow=allow)


def test_all_that_is_wrong_is_said_at_once(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="is IPv6") as refused:
        ReceiptFilters(stack, "Filters", names=NAMES, block=["::/0", "x"])
    assert "'x' is no range" in str(refused.value)


def test_a_region_that_does_not_receive_has_nothing_to_filter(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Nowhere", env=cdk.Environment(region="ca-west-1"))
    with pytest.raises(UnsupportedRegionError, match="ca-west-1"):
        ReceiptFilters(stack, "Filters", names=NAMES, block=["203.0.113.7"])
