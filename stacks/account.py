"""What the configuration says of the account, as the constructs of one Region take it."""

from __future__ import annotations

from typing import Literal, cast

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.account_settings import AccountSettings, DedicatedIpPool, Vdm
from cdk_ses_regions.config import Settings


def define(scope: Construct, settings: Settings, *, configuration_set: CfnResource | None) -> None:
    """Define the account's settings, and the pool, as far as they are configured."""
    if settings.suppression is not None or settings.vdm is not None:
        reasons, vdm = settings.suppression, settings.vdm
        AccountSettings(
            scope,
            "Account",
            suppressed_reasons=None
            if reasons is None
            else [cast(Literal["BOUNCE", "COMPLAINT"], reason.upper()) for reason in reasons],
            vdm=None
            if vdm is None
            else Vdm(
                enabled=vdm.enabled,
                engagement_metrics=vdm.engagement_metrics,
                optimized_shared_delivery=vdm.optimized_shared_delivery,
            ),
        )
    if (section := settings.dedicated_ip_pool) is not None:
        pool = DedicatedIpPool(
            scope,
            "DedicatedIpPool",
            name=section.name or settings.names.dedicated_ip_pool,
            scaling_mode="MANAGED" if section.scaling_mode == "managed" else "STANDARD",
        )
        if configuration_set is not None:
            configuration_set.add_resource_dependency(pool.resource)
