"""What the keys of a configuration must be to each other: the checks that one key alone cannot make.

They read the plain data of the file, before it is a model, and skip what has the wrong shape, which the model
reports. So a file's problems come all at once, however many kinds there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config import (
    account_rules,
    adopt_rules,
    alarm_rules,
    configuration_set_rules,
    dkim_rules,
    dns_rules,
    feedback_rules,
    global_endpoint_rules,
    mail_from_rules,
    receiving_rules,
    sender_rules,
    smtp_rules,
    suppression_sync_rules,
)
from cdk_ses_regions.config.feedback_rules import Surroundings
from cdk_ses_regions.config.findings import (
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    repeated,
)

TAGS_PER_RESOURCE = (
    50  # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
)
TAG_KEY_LIMIT = 128
TAG_VALUE_LIMIT = 256

_TAG_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")


def check(data: object) -> Iterator[Finding]:
    """Yield what is wrong in `data`, the plain data of a configuration; any shape is taken."""
    settings = as_mapping(data)
    names = as_texts(settings.get("regions"))
    yield from _regions(settings, names)
    yield from _tags(as_mapping(settings.get("tags")))
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    yield from _domain_names(domains)
    around = Surroundings(
        regions=tuple(dict.fromkeys(name for _, name in names)), account=as_text(settings.get("account"))
    )
    yield from receiving_rules.check(settings, around)
    yield from mail_from_rules.check(settings)
    yield from dns_rules.check(settings)
    yield from dkim_rules.check(settings)
    yield from adopt_rules.check(settings)
    yield from suppression_sync_rules.check(settings, around)  # first: it keeps the name of its queue
    yield from feedback_rules.check(settings, around)
    yield from configuration_set_rules.check(settings, around)
    yield from alarm_rules.check(settings, around)
    yield from sender_rules.check(settings)
    yield from account_rules.check(settings)
    yield from global_endpoint_rules.check(settings)
    yield from smtp_rules.check(settings)


def _regions(settings: Mapping[str, Any], names: list[tuple[int, str]]) -> Iterator[Finding]:
    yield from repeated(names, ("regions",), "Region")
    known = [one for _, name in names if (one := receiving_rules.known(name)) is not None]
    for place, name in names:
        one = receiving_rules.known(name)
        if one is not None and one.partition != known[0].partition:
            yield Finding(
                ("regions", place),
                f"{name} is in the partition {one.partition}, {known[0].name} in {known[0].partition}; "
                "credentials never reach both, so write one configuration for each",
            )
    for key in ("primary_region", "mail_from_region"):
        chosen = as_text(settings.get(key))
        if chosen and names and chosen not in [name for _, name in names]:
            listed = ", ".join(name for _, name in names)
            yield Finding(
                (key,),
                f"{chosen!r} is not one of the configured Regions ({listed}); name one of them or add it",
            )


def _tags(tags: Mapping[str, Any]) -> Iterator[Finding]:
    if len(tags) > TAGS_PER_RESOURCE:
        yield Finding(
            ("tags",), f"{len(tags)} tags; AWS allows {TAGS_PER_RESOURCE} on a resource", at_key=True
        )
    for key, value in tags.items():
        at: Location = ("tags", key)
        if key.lower().startswith("aws:"):
            yield Finding(at, "tag keys that begin with aws: belong to AWS; choose another", at_key=True)
        if not 1 <= len(key) <= TAG_KEY_LIMIT:
            yield Finding(
                at, f"tag key is {len(key)} characters long; AWS allows 1 to {TAG_KEY_LIMIT}", at_key=True
            )
        if not _TAG_CHARACTERS.fullmatch(key):
            yield Finding(at, "tag keys have letters, digits, spaces and _ . : / = + - @ only", at_key=True)
        if isinstance(value, str) and len(value) > TAG_VALUE_LIMIT:
            yield Finding(at, f"tag value is {len(value)} characters long; AWS allows {TAG_VALUE_LIMIT}")
        if isinstance(value, str) and not _TAG_CHARACTERS.fullmatch(value):
            yield Finding(at, "tag values have letters, digits, spaces and _ . : / = + - @ only")


def _domain_names(domains: list[Mapping[str, Any]]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for place, domain in enumerate(domains):
        name = as_text(domain.get("name"))
        if not name:
            continue
        if name in first:
            yield Finding(
                ("domains", place, "name"),
                f"domain {name!r} is given twice, first as domains.{first[name]}; make it one entry",
            )
        first.setdefault(name, place)
