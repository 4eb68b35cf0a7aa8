"""What `suppression_sync` must be to the Regions, and to how feedback is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.config.feedback_rules import Surroundings
from cdk_ses_regions.config.findings import Finding, as_list, as_mapping, as_texts, repeated

_KEY = "suppression_sync"


def check(settings: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in the section `suppression_sync`, and keep its queue from others."""
    given = settings.get(_KEY)
    if given is None or given is False:
        return
    around.queues.setdefault("suppression", _KEY)
    section = as_mapping(given)
    yield from _regions(section, around)
    yield from repeated(as_texts(section.get("reasons")), (_KEY, "reasons"), "reason")
    owners = [as_mapping(one) for key in ("domains", "addresses") for one in as_list(settings.get(key))]
    general = _by_email(settings.get("feedback"))
    if owners and all(
        general if owner.get("feedback") is None else _by_email(owner["feedback"]) for owner in owners
    ):
        yield Finding(
            (_KEY,),
            "hears of nothing: bounces and complaints of all domains come by email; let one tell on topics, or take "
            "this out",
            at_key=True,
        )


def _regions(section: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    listed = ", ".join(around.regions)
    if section.get("regions") is None:
        if len(around.regions) == 1:
            yield Finding(
                (_KEY,), f"there is no Region to tell beside {listed}; add one, or take this out", at_key=True
            )
        return
    chosen = as_texts(section.get("regions"))
    yield from repeated(chosen, (_KEY, "regions"), "Region")
    known = {one.name for one in regions.all_regions()}
    for place, name in chosen:
        if name in known and name not in around.regions:
            yield Finding(
                (_KEY, "regions", place),
                f"{name!r} is not one of the configured Regions ({listed}); leave it out here or add it",
            )
    if len(chosen) == 1:
        yield Finding(
            (_KEY, "regions"),
            f"there is no Region to tell beside {chosen[0][1]}; add one, or leave regions out for all",
            at_key=True,
        )


def _by_email(section: object) -> bool:
    return section == "email" or as_mapping(section).get("by") == "email"
