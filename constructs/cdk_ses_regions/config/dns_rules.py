"""What the keys of a domain that say where its records go must be to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.config.findings import Finding, Location, as_list, as_mapping, as_text, as_texts


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the `dns_role_arn` of each domain."""
    partition = _partition(settings)
    roles: dict[str, tuple[int, str | None]] = {}
    for place, entry in enumerate(as_list(settings.get("domains"))):
        domain = as_mapping(entry)
        zone, role = as_text(domain.get("hosted_zone_id")), as_text(domain.get("dns_role_arn"))
        at: Location = ("domains", place, "dns_role_arn")
        if role and not zone:
            yield Finding(at, "needs hosted_zone_id too, the zone that the role may write to", at_key=True)
        if role and partition and role.startswith("arn:") and role.split(":")[1] != partition:
            yield Finding(
                at,
                f"is a role of the partition {role.split(':')[1]}, and the Regions are in {partition}; "
                "credentials never reach both",
            )
        if not zone:
            continue
        first, other = roles.setdefault(zone, (place, role))
        if other != role:
            yield Finding(
                ("domains", place, "dns_role_arn" if role else "hosted_zone_id"),
                f"zone {zone} is written {_with(role)} here and {_with(other)} by domains.{first}; "
                "it is in one account, so write both the same way",
            )


def _with(role: str | None) -> str:
    return f"with {role}" if role else "without a role"


def _partition(settings: Mapping[str, Any]) -> str | None:
    names = [name for _, name in as_texts(settings.get("regions"))]
    return next((one.partition for one in regions.all_regions() if one.name in names), None)
