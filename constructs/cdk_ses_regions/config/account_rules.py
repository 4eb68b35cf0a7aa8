"""What the account's settings must be to themselves and to the configuration set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.findings import Finding, as_mapping, as_text, as_texts, repeated
from cdk_ses_regions.naming import Names, prefix_problem

_PARTS = ("engagement_metrics", "optimized_shared_delivery")
_EMPTY = {
    "suppression": "[] for no reason at all",
    "vdm": "{} for the defaults",
    "dedicated_ip_pool": "{scaling_mode: managed} or {scaling_mode: standard}",
}


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong in `suppression`, `vdm` and `dedicated_ip_pool`, and where the configuration set differs."""
    for key, instead in _EMPTY.items():
        if key in settings and settings[key] is None:
            yield Finding((key,), f"is empty; write {instead}, or take the key out", at_key=True)
    yield from repeated(as_texts(settings.get("suppression")), ("suppression",), "reason")
    vdm, section = as_mapping(settings.get("vdm")), as_mapping(settings.get("configuration_set"))
    if vdm.get("enabled") is False:
        for part in _PARTS:
            for key, values in (("vdm", vdm), ("configuration_set", section)):
                if values.get(part) is True:
                    yield Finding(
                        (key, part),
                        "vdm.enabled is false, and what is off has no parts; turn it on, or take this out",
                        at_key=True,
                    )
    ours, used = _pool(settings), as_text(section.get("sending_pool"))
    if ours and used and used != ours:
        yield Finding(
            ("configuration_set", "sending_pool"),
            f"{used!r} is not the dedicated_ip_pool of this file; write {ours}, or take dedicated_ip_pool out",
        )


def _pool(settings: Mapping[str, Any]) -> str | None:
    """Return the name of the pool, if there is one and it is known."""
    if settings.get("dedicated_ip_pool") is None:
        return None
    prefix = as_text(settings.get("name", "email"))
    default = Names(prefix).dedicated_ip_pool if prefix and not prefix_problem(prefix) else None
    return as_text(as_mapping(settings["dedicated_ip_pool"]).get("name")) or default
