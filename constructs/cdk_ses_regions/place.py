"""Where a construct is: partition, Region and account of its stack.

Each of them is a question to Node, and every construct of ours asks: so the answers are kept with the objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Stack, Token
from constructs import Construct

from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.regions import SesRegion
from cdk_ses_regions.regions import region as ses_region

_KEPT = "_cdk_ses_regions_place"
_TOKEN = "${Token["


@dataclass(frozen=True, kw_only=True)
class Place:
    """The environment of a stack; each value may be a token.

    Attributes:
        stack: the stack.
        partition: the partition, as in ARNs.
        region: the Region.
        account: the account.
        ses: what SES has in the Region; None if it is not known at synthesis, or has no SES.
    """

    stack: Stack
    partition: str
    region: str
    account: str
    ses: SesRegion | None

    @classmethod
    def of(cls, scope: Construct) -> Place:
        """Return the place of a construct."""
        kept: Place | None = getattr(scope, _KEPT, None)
        if kept is not None:
            return kept
        stack = Stack.of(scope)
        place: Place = getattr(stack, _KEPT, None) or cls._ask(stack)
        for one in (stack, scope):
            setattr(one, _KEPT, place)
        return place

    @classmethod
    def _ask(cls, stack: Stack) -> Place:
        region = stack.region
        try:
            ses = None if Token.is_unresolved(region) else ses_region(region)
        except UnsupportedRegionError:
            ses = None
        # CDK loads a table of all Regions to tell the partition; the model knows it.
        partition = stack.partition if ses is None else ses.partition
        return cls(stack=stack, partition=partition, region=region, account=stack.account, ses=ses)

    def require_ses(self) -> SesRegion | None:
        """Return what SES has in the Region, None if the Region is not known at synthesis.

        Raises:
            UnsupportedRegionError: SES is not in the Region.
        """
        return (
            self.ses if self.ses is not None or Token.is_unresolved(self.region) else ses_region(self.region)
        )


def require_known(**values: str | None) -> None:
    """Make sure that none of the named texts has a token in it, for what is made of them at synthesis.

    Raises:
        ValueError: one has.
    """
    for name, value in values.items():
        if value is not None and _TOKEN in value:  # as CDK writes them into texts: no question to Node
            raise ValueError(
                f"{name} is a token, known only when the stack is deployed; it has a part in names and policies, so "
                "give the text itself. Hosted zones, accounts, Regions of stacks and ARNs may be tokens"
            )
