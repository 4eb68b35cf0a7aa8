"""Which mail servers may come in at all."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.limits import RECEIPT_FILTERS
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.receipt import filter_problem, whole_range
from cdk_ses_regions.regions import require_receiving


class ReceiptFilters(Construct):
    """The IP filters of a Region: they hold for all that the account receives there, whichever rule set is active.

    A blocked address is refused unless another filter allows it; without a block, allowing changes nothing.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-ip-filtering-console-walkthrough.html

    Args:
        names: gives the filters their names.
        block: IPv4 addresses or ranges whose mail is refused, `203.0.113.0/24` (default: none).
        allow: IPv4 addresses or ranges that are let in although a block covers them (default: none).

    Raises:
        UnsupportedRegionError: SES does not receive in the stack's Region.
        ValueError: an address is none, or given twice, or there are too many; all that is wrong is said at once.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        block: Sequence[str] = (),
        allow: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if here := Place.of(scope).require_ses():
            require_receiving(here.name)
        if problems := filters_problems(block, allow):
            raise ValueError("; ".join(problems))
        previous: CfnResource | None = None
        # What allows comes first and goes last, so that nobody is refused in between.
        for policy, ranges in (("Allow", allow), ("Block", block)):
            for cidr in map(whole_range, ranges):
                made = CfnResource(
                    self,
                    f"{policy} {cidr}",
                    type="AWS::SES::ReceiptFilter",
                    properties={
                        "Filter": {
                            "Name": names.receipt_filter(policy.lower(), cidr),
                            "IpFilter": {"Policy": policy, "Cidr": cidr},
                        }
                    },
                )
                if previous is not None:  # SES takes one such request a second
                    made.add_resource_dependency(previous)
                previous = made


def filters_problems(block: Sequence[str], allow: Sequence[str]) -> list[str]:
    """Return all that is wrong with the filters of a Region."""
    problems = [problem for cidr in (*block, *allow) if (problem := filter_problem(cidr))]
    good = [whole_range(cidr) for cidr in (*block, *allow) if filter_problem(cidr) is None]
    problems += [
        f"IP filter {cidr} is given twice; keep one"
        for cidr in sorted({c for c in good if good.count(c) > 1})
    ]
    if len(block) + len(allow) > RECEIPT_FILTERS:
        problems.append(f"{len(block) + len(allow)} IP filters; SES allows {RECEIPT_FILTERS} in a Region")
    return problems
