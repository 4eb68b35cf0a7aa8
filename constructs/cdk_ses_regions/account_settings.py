"""Settings of the whole account in one Region: suppression reasons, Virtual Deliverability Manager, dedicated IPs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.configuration_set import SuppressedReason
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.ses_resource import SesProvider

ScalingMode = Literal["STANDARD", "MANAGED"]

_PARAMETERS = "/ses-regions/account"


@dataclass(frozen=True, kw_only=True)
class Vdm:
    """Virtual Deliverability Manager of an account in a Region.

    See https://docs.aws.amazon.com/ses/latest/dg/vdm.html

    Args:
        enabled: whether it is on (default True).
        engagement_metrics: it tracks opens and clicks, for which SES changes the mail (default False).
        optimized_shared_delivery: it chooses among the shared IP addresses, which may delay mail (default False).
    """

    enabled: bool = True
    engagement_metrics: bool = False
    optimized_shared_delivery: bool = False


class DedicatedIpPool(Construct):
    """A pool of IP addresses that nobody else sends from; a configuration set uses it by name.

    SES bills dedicated addresses. A managed pool gets its own; for a standard one they are ordered and put in by hand.
    See https://docs.aws.amazon.com/ses/latest/dg/dedicated-ip.html

    Args:
        name: physical name: 1 to 64 of a-z, 0-9, hyphen and underscore. Another name is another pool.
        scaling_mode: "MANAGED" lets SES add and warm up addresses; a managed pool never is "STANDARD" again.

    Attributes:
        name: the name.
        resource: the `AWS::SES::DedicatedIpPool`; let configuration sets that use it depend on it.

    Raises:
        InvalidNameError: the name breaks those rules.
        ValueError: it is a token, or there is no such mode.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, scaling_mode: ScalingMode) -> None:
        super().__init__(scope, construct_id)
        require_known(name=name)
        if not re.fullmatch(r"[a-z0-9_-]{1,64}", name):
            raise InvalidNameError(
                f"pool name {name!r} must have a-z, 0-9, hyphens and underscores only, at most 64"
            )
        if scaling_mode not in get_args(ScalingMode):
            raise ValueError(
                f"scaling_mode is {scaling_mode!r}; it is one of {', '.join(get_args(ScalingMode))}"
            )
        self.name = name
        self.resource = CfnResource(
            self,
            "Resource",
            type="AWS::SES::DedicatedIpPool",
            properties={"PoolName": name, "ScalingMode": scaling_mode},
        )


class AccountSettings(Construct):
    """What holds for all mail of the account in the Region of the stack, whoever sends it.

    A configuration set that says something else goes before it. In an account and Region one deployment owns each
    setting: a second one fails, and names the first. What was set before comes back when the stack goes, unless
    somebody has changed it since.
    See https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html

    Args:
        suppressed_reasons: why addresses are suppressed; empty: never (default: as it is).
        vdm: Virtual Deliverability Manager (default: as it is).

    Attributes:
        resources: the custom resources.

    Raises:
        UnsupportedRegionError: the stack's Region has no SES.
        ValueError: neither is given, a reason is none or given twice, or VDM is off and has something on.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        suppressed_reasons: Sequence[SuppressedReason] | None = None,
        vdm: Vdm | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        Place.of(self).require_ses()
        if problem := _problem(suppressed_reasons, vdm):
            raise ValueError(problem)
        self.resources: list[CfnResource] = []
        if suppressed_reasons is not None:
            self._set(
                "Suppression",
                {"SuppressedReasons": list(suppressed_reasons)},
                put="ses:PutAccountSuppressionAttributes",
            )
        if vdm is not None:
            self._set(
                "Vdm",
                {
                    "VdmEnabled": _switch(vdm.enabled),
                    "EngagementMetrics": _switch(vdm.engagement_metrics),
                    "OptimizedSharedDelivery": _switch(vdm.optimized_shared_delivery),
                },
                put="ses:PutAccountVdmAttributes",
            )

    def _set(self, setting: str, properties: Mapping[str, Any], *, put: str) -> None:
        provider, parameter = SesProvider.of(self), f"{_PARAMETERS}/{setting.lower()}"
        resource = provider.resource(
            self,
            setting,
            type=f"Custom::SesAccount{setting}",
            properties={
                **properties,
                "Parameter": parameter,
                # Nobody else has it: neither another stack nor another construct of this one.
                "Owner": {"Fn::Sub": f"stack ${{AWS::StackName}} ({self.node.addr[-8:]})"},
            },
            # They are about the whole account: "*" is the only resource they accept.
            actions=["ses:GetAccount", put],
        )
        resource.add_resource_dependency(self._may_remember(provider, setting, parameter))
        if self.resources:  # they share SES's one request a second
            resource.add_resource_dependency(self.resources[-1])
        self.resources.append(resource)

    def _may_remember(self, provider: SesProvider, setting: str, parameter: str) -> CfnResource:
        """Return the policy that lets the provider keep who owns the setting, and what it was before."""
        place = Place.of(self)
        statement = {
            "Effect": "Allow",
            "Action": ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
            "Resource": f"arn:{place.partition}:ssm:{place.region}:{place.account}:parameter{parameter}",
        }
        return provider.rights.give(
            f"SesAccount{setting}Owner", statement, at=(self, f"MayRemember{setting}")
        )


def _problem(reasons: Sequence[SuppressedReason] | None, vdm: Vdm | None) -> str | None:
    if reasons is None and vdm is None:
        return "AccountSettings has nothing to set; give suppressed_reasons or vdm, or leave it out"
    known = get_args(SuppressedReason)
    if (stranger := next((one for one in reasons or () if one not in known), None)) is not None:
        return f"suppressed_reasons has {stranger!r}; SES has {', '.join(known)}"
    if twice := next((one for one in reasons or () if list(reasons or ()).count(one) > 1), None):
        return f"suppressed_reasons has {twice} twice; keep one"
    if vdm is not None and not vdm.enabled and (vdm.engagement_metrics or vdm.optimized_shared_delivery):
        return "vdm is not enabled, so it has neither engagement_metrics nor optimized_shared_delivery; turn them off"
    return None


def _switch(value: bool) -> str:
    return "ENABLED" if value else "DISABLED"
