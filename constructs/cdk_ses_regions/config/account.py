"""The configuration's `suppression`, `vdm` and `dedicated_ip_pool`: what holds for the whole account in each Region."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from cdk_ses_regions.config.base import Model, checked

_POOL = r"[a-z0-9_-]{1,64}"


def _pool_problem(name: str) -> str | None:
    if re.fullmatch(_POOL, name):
        return None
    return f"{name!r} is no name of a dedicated IP pool; use a-z, 0-9, hyphens and underscores, at most 64"


PoolName = Annotated[str, checked(_pool_problem), Field(json_schema_extra={"pattern": f"^{_POOL}$"})]
SuppressionReasons = tuple[Literal["bounce", "complaint"], ...]


class Vdm(Model):
    """Virtual Deliverability Manager of the account; `vdm: {}` turns it on, and nothing that changes mail."""

    enabled: StrictBool = True
    """Whether it is on; it is billed by the mail."""
    engagement_metrics: StrictBool = False
    """Whether it tracks opens and clicks, for which SES changes the mail."""
    optimized_shared_delivery: StrictBool = False
    """Whether it chooses among SES's shared IP addresses, which may delay mail."""


class DedicatedIpPool(Model):
    """A pool of IP addresses in each Region that nobody else sends from; `configuration_set.sending_pool` uses it."""

    scaling_mode: Literal["standard", "managed"]
    """`managed`: SES adds addresses and warms them up, and bills them; `standard`: you order them and put them in."""
    name: PoolName | None = None
    """Name of the pool; left out: `email-pool`. Another name is another pool."""
