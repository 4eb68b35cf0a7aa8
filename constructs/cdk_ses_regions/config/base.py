"""What every model of the configuration rests on: strictness, and values that are refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cdk_ses_regions import regions
from cdk_ses_regions.domains import domain_problem
from cdk_ses_regions.errors import UnsupportedRegionError


def refuse(reason: str, *, at_key: bool = False) -> PydanticCustomError:
    """Return the error that says `reason`; `at_key` points to the key instead of its value."""
    # The reason travels as a value: in the template itself its braces would be read as fields.
    return PydanticCustomError("settings", "{reason}", {"reason": reason, "at_key": at_key})


def checked(problem_of: Callable[[str], str | None]) -> AfterValidator:
    """Return a validator that refuses what `problem_of` finds a problem with."""

    def validate(value: str) -> str:
        if problem := problem_of(value):
            raise refuse(problem)
        return value

    return AfterValidator(validate)


def _region_name(value: str) -> str:
    try:
        return regions.region(value).name
    except UnsupportedRegionError as error:
        raise refuse(str(error)) from None


RegionName = Annotated[
    str,
    AfterValidator(_region_name),
    Field(json_schema_extra=lambda schema: schema.update(enum=[one.name for one in regions.all_regions()])),
]
DomainName = Annotated[str, checked(domain_problem)]


class Model(BaseModel):
    """A part of the configuration: it cannot be changed, and knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
