"""What the keys of a domain's `dkim` must be to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.findings import Finding, Location, as_list, as_mapping, as_text

_NEEDED = ("selector", "public_key", "private_key_secret")
_OWN = (*_NEEDED, "private_key_version")


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong in the `dkim` of each domain."""
    for place, entry in enumerate(as_list(settings.get("domains"))):
        section = as_mapping(as_mapping(entry).get("dkim"))
        kind = as_text(section.get("kind", "easy"))
        at: Location = ("domains", place, "dkim")
        if kind == "bring-your-own":
            missing = [key for key in _NEEDED if section.get(key) is None]
            if missing:
                yield Finding(at, f"kind bring-your-own needs {', '.join(missing)} too", at_key=True)
            if section.get("key_length") is not None:
                yield Finding(
                    (*at, "key_length"), "your key has the length it has; take this out", at_key=True
                )
        elif kind in ("easy", "deterministic"):
            for key in _OWN:
                if section.get(key) is not None:
                    yield Finding(
                        (*at, key), f"is for kind bring-your-own only, not {kind}; take it out", at_key=True
                    )
