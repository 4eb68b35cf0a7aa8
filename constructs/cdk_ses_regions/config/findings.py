"""A broken rule of the configuration, and how the rules read its plain data, whatever shape that has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from cdk_ses_regions.domains import domain_problem

Location = tuple[int | str, ...]

REGION = "{region}"
"""Stands for the Region in an ARN of the configuration."""


@dataclass(frozen=True)
class Finding:
    """A rule that is broken.

    Attributes:
        location: Keys and list positions of the offending value.
        message: What is wrong and what to do.
        at_key: Whether the key is what offends, not its value.
    """

    location: Location
    message: str
    at_key: bool = False


def repeated(values: list[tuple[int, str]], at: Location, what: str) -> Iterator[Finding]:
    """Yield a finding for each of `values`, texts with their positions in the list at `at`, that came before."""
    seen: set[str] = set()
    for place, value in values:
        if value in seen:
            yield Finding((*at, place), f"{what} {value!r} is given twice; keep one")
        seen.add(value)


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one; of a model only what was set."""
    if isinstance(value, BaseModel):  # settings built in Python instead of read from a file
        return value.model_dump(exclude_unset=True)
    if not isinstance(value, Mapping):
        return {}
    entries = cast("Mapping[object, Any]", value)
    return {key: entry for key, entry in entries.items() if isinstance(key, str)}


def as_list(value: object) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return list(cast("list[Any] | tuple[Any, ...]", value)) if isinstance(value, (list, tuple)) else []


def as_text(value: object) -> str | None:
    """Return `value` if it is a text."""
    return value if isinstance(value, str) else None


def good_domain(value: object) -> str | None:
    """Return `value` if it is a domain; what is none has its own problem and needs no second one."""
    return value if isinstance(value, str) and domain_problem(value) is None else None


def regional_domain_problem(value: str) -> str | None:
    """Return why `value` is no domain when `{region}` in it is a Region, or None."""
    some = value.replace(REGION, "us-east-1")
    problem = domain_problem(some)
    return problem and problem.replace(some, value)


def as_texts(value: object) -> list[tuple[int, str]]:
    """Return the texts of a list with their positions in it."""
    return [(place, item) for place, item in enumerate(as_list(value)) if isinstance(item, str)]
