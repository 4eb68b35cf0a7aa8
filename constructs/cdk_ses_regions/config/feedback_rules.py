"""What the sections of `feedback` must be to each other, and what subscriptions must be to Regions and account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.config.findings import (
    REGION,
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    repeated,
)

_KINDS = ("bounce", "complaint", "delivery")
_DEFAULT_TOPICS = {"bounce": "feedback", "complaint": "feedback"}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What ARNs and names are held against.

    Attributes:
        regions: the configured Regions.
        account: the account, if it is configured.
        queues: where each queue was named first.
    """

    regions: tuple[str, ...]
    account: str | None
    queues: dict[str, str] = field(default_factory=dict)


def check(settings: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in the sections `feedback` of the configuration, its domains and its addresses."""
    general = settings.get("feedback")
    yield from _section(general, ("feedback",), around)
    owners: list[tuple[Location, Mapping[str, Any]]] = [
        ((key, place), as_mapping(entry))
        for key in ("domains", "addresses")
        for place, entry in enumerate(as_list(settings.get(key)))
    ]
    general_topics = _topics(general, {})
    topics_of = {
        at: general_topics if owner.get("feedback") is None else _topics(owner["feedback"], general_topics)
        for at, owner in owners
    }
    for at, owner in owners:
        if (section := owner.get("feedback")) is None:
            continue
        yield from _section(section, (*at, "feedback"), around)
        others = dict.fromkeys(general_topics.values(), "the configuration")
        for other, topics in topics_of.items():
            if other != at:
                others |= dict.fromkeys(topics.values(), ".".join(map(str, other)))
        yield from _subscribes_to_others(section, (*at, "feedback"), topics_of[at], others)
    used = {name for topics in topics_of.values() for name in topics.values()}
    if owners and _any(general):
        for name in sorted(set(general_topics.values()) - used):
            yield Finding(
                ("feedback", "subscriptions"),
                f"there is nothing to subscribe to: no domain uses the topic {name!r}; take this out, or let a domain "
                "use it",
                at_key=True,
            )


def subscriptions(given: object, at: Location, around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in the subscriptions at `at`."""
    section = as_mapping(given)
    for key, what in (("emails", "address"), ("queues", "queue"), ("functions", "function"), ("urls", "URL")):
        yield from repeated(as_texts(section.get(key)), (*at, key), what)
    here = ".".join(map(str, at))
    for place, name in as_texts(section.get("queues")):
        first = around.queues.setdefault(name, here)
        if first != here:
            yield Finding(
                (*at, "queues", place),
                f"queue {name!r} is made by {first} already; give each list its own queues",
            )
    for place, arn in as_texts(section.get("functions")):
        yield from arn_findings(arn, (*at, "functions", place), around, own_account=True)


def arn_findings(
    arn: str, at: Location, around: Surroundings, *, own_account: bool = False
) -> Iterator[Finding]:
    """Yield why an ARN does not serve in every configured Region, or in the account."""
    parts = arn.split(":")
    if len(parts) < 6:  # reported by the model
        return
    region, account = parts[3], parts[4]
    strangers = [name for name in around.regions if name != region]
    known = any(one.name == region for one in regions.all_regions())  # if not, the model says so
    if known and strangers:
        yield Finding(
            at,
            f"is in {region}, but {', '.join(strangers)} needs one of its own; write {REGION} for the Region and have "
            "it under one name in each",
        )
    if own_account and around.account and account != around.account:
        yield Finding(
            at, f"is in the account {account}; SNS may be let in to a function of {around.account} only"
        )


def _section(given: object, at: Location, around: Surroundings) -> Iterator[Finding]:
    section = as_mapping(given)
    if section.get("by") == "email":
        for key, value in section.items():
            if not _is_default(key, value):
                yield Finding(
                    (*at, key),
                    "has no meaning while feedback comes by email; take it out, or `by: email`",
                    at_key=True,
                )
    yield from subscriptions(section.get("subscriptions"), (*at, "subscriptions"), around)


def _is_default(key: str, value: object) -> bool:
    """Return whether a section that comes by email may say so: `config show` prints the defaults, too."""
    if key == "topics":
        return all(name in (None, _DEFAULT_TOPICS.get(kind)) for kind, name in as_mapping(value).items())
    if key == "subscriptions":
        return not any(as_list(one) for one in as_mapping(value).values())
    return value is None or (key, value) in (("by", "email"), ("headers", True), ("forwarding", False))


def _topics(given: object, base: Mapping[str, str]) -> dict[str, str]:
    """Return the topic of each kind, none of which is told by email."""
    section = as_mapping(given)
    if given == "email" or section.get("by") == "email":
        return {}
    own = as_mapping(section.get("topics"))
    chosen = {kind: as_text(own.get(kind) or (base or _DEFAULT_TOPICS).get(kind)) for kind in _KINDS}
    return {kind: name for kind, name in chosen.items() if name}


def _subscribes_to_others(
    given: object, at: Location, topics: Mapping[str, str], others: Mapping[str, str]
) -> Iterator[Finding]:
    if not _any(given):
        return
    for name in dict.fromkeys(topics.values()):
        if name in others:
            yield Finding(
                (*at, "subscriptions"),
                f"would tell of other mail too: the topic {name!r} is also that of {others[name]}; name topics that "
                "nothing else has, like topics: {bounce: NAME, complaint: NAME}",
                at_key=True,
            )


def _any(section: object) -> bool:
    """Return whether a section of `feedback` has subscribers."""
    return any(as_list(one) for one in as_mapping(as_mapping(section).get("subscriptions")).values())
