"""What the keys of `configuration_set` must be to each other, and to the domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.feedback_rules import Surroundings, arn_findings, subscriptions
from cdk_ses_regions.config.findings import (
    REGION,
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    good_domain,
    repeated,
)
from cdk_ses_regions.config.mail_from_rules import mail_from_of
from cdk_ses_regions.domains import is_below
from cdk_ses_regions.limits import DIMENSIONS_PER_DESTINATION, EVENT_DESTINATIONS_PER_SET

_AT: Location = ("configuration_set",)
_ONLY_FOR = {"dimensions": "cloudwatch", "delivery_stream": "firehose", "subscriptions": "sns"}


def check(settings: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in `configuration_set`, and in what domains say of it."""
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    addresses = [as_mapping(entry) for entry in as_list(settings.get("addresses"))]
    exists = settings.get("configuration_set") is not None
    for key, owners in (("domains", domains), ("addresses", addresses)):
        for place, owner in enumerate(owners):
            yield from _default(owner, (key, place), exists=exists)
    section = as_mapping(settings.get("configuration_set"))
    yield from repeated(as_texts(section.get("suppression")), (*_AT, "suppression"), "reason")
    if section.get("validation") is not None and section.get("suppression") is None:
        yield Finding(
            (*_AT, "validation"),
            "needs suppression, with which SES stores it; write suppression: [bounce, complaint]",
            at_key=True,
        )
    names = [name for domain in domains if (name := good_domain(domain.get("name")))]
    redirect = as_text(as_mapping(section.get("redirect")).get("domain"))
    yield from _redirect(redirect, names, around)
    if redirect is not None and redirect in [mail_from_of(domain) for domain in domains]:
        yield Finding(
            (*_AT, "redirect", "domain"),
            f"{redirect!r} is a MAIL FROM domain, which is for nothing else; write another name",
        )
    yield from _archives(as_mapping(section.get("archives")), around)
    yield from _destinations(as_list(section.get("event_destinations")), around)


def _default(owner: Mapping[str, Any], at: Location, *, exists: bool) -> Iterator[Finding]:
    """Hold an identity against the set: SES takes no default set for one that delegates send with."""
    if not exists and owner.get("default_configuration_set") is False:
        yield Finding(
            (*at, "default_configuration_set"),
            "there is no configuration_set; write one, or take this out",
            at_key=True,
        )
    if exists and as_list(owner.get("senders")) and owner.get("default_configuration_set", True):
        yield Finding(
            (*at, "senders"),
            "SES refuses mail of delegate senders for an identity with a default configuration set, which they "
            "cannot use; write default_configuration_set: false here, and name the set when you send yourself",
            at_key=True,
        )


def _redirect(domain: str | None, names: list[str], around: Surroundings) -> Iterator[Finding]:
    if domain is None or not names:
        return
    at: Location = (*_AT, "redirect", "domain")
    if not any(domain == name or is_below(domain, name) for name in names):
        yield Finding(
            at, f"{domain!r} is in none of the domains ({', '.join(names)}), which SES has to have verified"
        )
    elif domain in names:
        yield Finding(at, f"{domain!r} is a domain of its own; write a name in it, like click.{domain}")
    elif REGION not in domain and len(around.regions) > 1:
        yield Finding(
            at,
            f"{domain!r} can lead to one Region only, and each tracks its own mail; write {REGION} for the Region, "
            f"like click.{REGION}.{names[0]}",
        )


def _archives(archives: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    for region, arn in archives.items():
        at: Location = (*_AT, "archives", region)
        if region not in around.regions:
            yield Finding(
                at,
                f"{region!r} is not one of the configured Regions ({', '.join(around.regions)}); take it out or add it",
                at_key=True,
            )
        elif isinstance(arn, str) and arn.count(":") >= 5 and arn.split(":")[3] != region:
            yield Finding(at, f"is in {arn.split(':')[3]}; SES archives in its own Region only")


def _destinations(entries: list[Any], around: Surroundings) -> Iterator[Finding]:
    at: Location = (*_AT, "event_destinations")
    if len(entries) > EVENT_DESTINATIONS_PER_SET:
        yield Finding(
            at,
            f"{len(entries)} event destinations; SES allows {EVENT_DESTINATIONS_PER_SET} in a configuration set: "
            "join some",
            at_key=True,
        )
    first: dict[str, int] = {}
    for place, entry in enumerate(entries):
        destination = as_mapping(entry)
        here: Location = (*at, place)
        name = as_text(destination.get("name"))
        if name and name in first:
            yield Finding(
                (*here, "name"),
                f"event destination {name!r} is given twice, first as event_destinations.{first[name]}; rename one",
            )
        first.setdefault(name or "", place)
        yield from repeated(as_texts(destination.get("events")), (*here, "events"), "event")
        yield from _target(destination, here)
        if (stream := as_text(destination.get("delivery_stream"))) is not None:
            yield from arn_findings(stream, (*here, "delivery_stream"), around)
        yield from subscriptions(destination.get("subscriptions"), (*here, "subscriptions"), around)


def _is_given(value: object) -> bool:
    """Return whether there is anything in a value: `config show` prints empty ones."""
    return bool(as_text(value) or as_list(value) or any(as_list(one) for one in as_mapping(value).values()))


def _target(destination: Mapping[str, Any], here: Location) -> Iterator[Finding]:
    """Hold what a destination has against where it leads to."""
    to = as_text(destination.get("to"))
    for key, owner in _ONLY_FOR.items():
        if _is_given(destination.get(key)) and to not in (None, owner):
            yield Finding((*here, key), f"is for destinations to {owner} only, not {to}", at_key=True)
    if to == "firehose" and destination.get("delivery_stream") is None:
        yield Finding((*here, "to"), "needs delivery_stream, the ARN of the Firehose stream")
    dimensions = as_list(destination.get("dimensions"))
    if to == "cloudwatch" and not dimensions:
        yield Finding(
            (*here, "to"), "needs dimensions, at least one; write dimensions: [{name: ..., default: ...}]"
        )
    if len(dimensions) > DIMENSIONS_PER_DESTINATION:
        yield Finding(
            (*here, "dimensions"),
            f"{len(dimensions)} dimensions; SES allows {DIMENSIONS_PER_DESTINATION} in an event destination",
            at_key=True,
        )
    names = [(place, as_text(as_mapping(one).get("name"))) for place, one in enumerate(dimensions)]
    seen: set[str] = set()
    for place, name in names:
        if name in seen:
            yield Finding(
                (*here, "dimensions", place, "name"), f"dimension {name!r} is given twice; keep one"
            )
        if name:
            seen.add(name)
