"""The configuration's `global_endpoint`: mail that goes out through two Regions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from cdk_ses_regions.config.base import Model, RegionName, refuse


def _two(regions: tuple[str, ...]) -> tuple[str, ...]:
    if len(regions) != 2:
        raise refuse(f"has {len(regions)} of the two Regions that a global endpoint sends through")
    return regions


class GlobalEndpoint(Model):
    """A global (multi-Region) endpoint; its id is an output of the stack `Email-global-endpoint`."""

    regions: Annotated[
        tuple[RegionName, ...],
        AfterValidator(_two),
        Field(json_schema_extra={"minItems": 2, "maxItems": 2}),
    ]
    """Two of the configured Regions; the endpoint lives in the first, and sends as much through the second."""
