"""What `adopt` must be to the other keys of a domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.findings import Finding, Location, as_list, as_mapping, as_text


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong at the domains that may be there already."""
    for place, entry in enumerate(as_list(settings.get("domains"))):
        domain = as_mapping(entry)
        if domain.get("adopt") is not True:
            continue
        dkim = domain.get("dkim")
        kind = as_text(dkim) or as_text(as_mapping(dkim).get("kind"))
        at: Location = ("domains", place, "dkim")
        if kind == "bring-your-own":
            yield Finding(
                at,
                "SES never gives a private key back, so a domain with adopt keeps its Easy DKIM; take one of them "
                "out, or import the identity with `cdk import`",
                at_key=True,
            )
        elif as_mapping(dkim).get("key_length") is not None:
            yield Finding(
                (*at, "key_length"),
                "adopt leaves the keys of a domain as they are; take this out",
                at_key=True,
            )
