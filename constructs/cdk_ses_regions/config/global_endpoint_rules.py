"""What `global_endpoint` must be to the Regions, which have to be alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions import regions as ses
from cdk_ses_regions.config.findings import Finding, Location, as_mapping, as_texts, repeated

_AT: Location = ("global_endpoint", "regions")


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong in `global_endpoint`."""
    if "global_endpoint" in settings and settings["global_endpoint"] is None:
        yield Finding(
            ("global_endpoint",), "is empty; write its two regions, or take the key out", at_key=True
        )
        return
    chosen = as_texts(as_mapping(settings.get("global_endpoint")).get("regions"))
    configured = [name for _, name in as_texts(settings.get("regions"))]
    known = {one.name for one in ses.all_regions()}
    yield from repeated(chosen, _AT, "Region")
    for place, name in chosen:
        if name in known and configured and name not in configured:
            yield Finding(
                (*_AT, place),
                f"{name!r} is not one of the configured Regions ({', '.join(configured)}); name one of them or add it",
            )
    archives = as_mapping(as_mapping(settings.get("configuration_set")).get("archives"))
    names = [name for _, name in chosen]
    without = [name for name in names if name not in archives]
    if len(names) == 2 and len(without) == 1:
        yield Finding(
            _AT,
            f"mail goes out through {names[0]} and {names[1]}, but configuration_set.archives keeps none of "
            f"{without[0]}; name an archive for both, or for neither",
            at_key=True,
        )
