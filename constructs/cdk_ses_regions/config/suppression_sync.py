"""The configuration's `suppression_sync`: Regions tell each other whom to suppress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cdk_ses_regions.config.base import Model, RegionName, refuse


class SuppressionSync(Model):
    """Which Regions tell each other of what. `suppression_sync: true` is all of both."""

    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)] | None = None
    """The Regions that tell each other, at least two; left out: all of the deployment."""
    reasons: Annotated[tuple[Literal["bounce", "complaint"], ...], Field(min_length=1)] = (
        "bounce",
        "complaint",
    )
    """What they tell of: hard bounces, complaints or both."""


def _switched(data: Any) -> Any:
    """Let `true` stand for the section with its defaults, `false` for none."""
    if data is None or isinstance(data, (Mapping, SuppressionSync, list)):
        return data  # pyright: ignore[reportUnknownVariableType] - any mapping is
    if not isinstance(data, bool):
        raise refuse(f"must be true, false or a mapping (key: value lines), not {data!r}")
    return {} if data else None


def _or_switch(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"type": "boolean"}, *schema.get("anyOf", [])]


OrSwitch = Annotated[SuppressionSync | None, BeforeValidator(_switched), Field(json_schema_extra=_or_switch)]
"""The section, or `true` or `false`."""
