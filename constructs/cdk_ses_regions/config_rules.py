"""What the keys of a configuration must be to each other: the checks that one key alone cannot make.

They read the plain data of the file, before it is a model, and skip what has the wrong shape, which the model
reports. So a file's problems come all at once, however many kinds there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel

from cdk_ses_regions import regions
from cdk_ses_regions.domains import domain_problem, mail_from_problem, recipient_problem
from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.limits import RECIPIENTS_PER_RULE, RULES_PER_SET

TAGS_PER_RESOURCE = (
    50  # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
)
TAG_KEY_LIMIT = 128
TAG_VALUE_LIMIT = 256

_TAG_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")

Location = tuple[int | str, ...]


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


def check(data: object) -> Iterator[Finding]:
    """Yield what is wrong in `data`, the plain data of a configuration; any shape is taken."""
    settings = _mapping(data)
    names = _texts(settings.get("regions"))
    yield from _regions(settings, names)
    yield from _tags(_mapping(settings.get("tags")))
    domains = [_mapping(entry) for entry in _list(settings.get("domains"))]
    yield from _domain_names(domains)
    yield from _mail_from(domains)
    for place, domain in enumerate(domains):
        receiving = _mapping(domain.get("receiving"))
        if receiving:
            at: Location = ("domains", place, "receiving")
            yield from _receiving_regions(receiving, at, names)
            yield from _rules(receiving, at, _good_domain(domain.get("name")))
    yield from _rule_set_size(domains, names)


def _regions(settings: Mapping[str, Any], names: list[tuple[int, str]]) -> Iterator[Finding]:
    yield from _repeated(names, ("regions",), "Region")
    known = [one for _, name in names if (one := _known(name)) is not None]
    for place, name in names:
        one = _known(name)
        if one is not None and one.partition != known[0].partition:
            yield Finding(
                ("regions", place),
                f"{name} is in the partition {one.partition}, {known[0].name} in {known[0].partition}; "
                "credentials never reach both, so write one configuration for each",
            )
    for key in ("primary_region", "mail_from_region"):
        chosen = _text(settings.get(key))
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
        name = _text(domain.get("name"))
        if not name:
            continue
        if name in first:
            yield Finding(
                ("domains", place, "name"),
                f"domain {name!r} is given twice, first as domains.{first[name]}; make it one entry",
            )
        first.setdefault(name, place)


def _mail_from(domains: list[Mapping[str, Any]]) -> Iterator[Finding]:
    names = {name for domain in domains if (name := _text(domain.get("name")))}
    receives = {recipient: user for user, recipient in _recipient_hosts(domains)}
    owner: dict[str, str] = {}
    for place, domain in enumerate(domains):
        name, mail_from = _good_domain(domain.get("name")), _good_domain(domain.get("mail_from"))
        if not mail_from:
            continue
        at: Location = ("domains", place, "mail_from")
        if name and (problem := mail_from_problem(mail_from, domain=name)):
            yield Finding(at, problem)
        if mail_from in names - {name}:
            yield Finding(
                at,
                f"MAIL FROM domain {mail_from!r} is itself one of the domains; SES takes only a subdomain "
                "that neither sends nor receives",
            )
        elif mail_from in receives and mail_from != name:
            yield Finding(
                at,
                f"MAIL FROM domain {mail_from!r} is used for receiving by {receives[mail_from]}; its MX "
                "belongs to SES's feedback, so receive on another name",
            )
        if mail_from in owner:
            yield Finding(
                at,
                f"MAIL FROM domain {mail_from!r} is that of {owner[mail_from]} too; each needs its own",
            )
        owner.setdefault(mail_from, name or f"domains.{place}")


def _recipient_hosts(domains: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (rule, domain) for each name that a rule receives on; `.example.com` names no single one."""
    for place, domain in enumerate(domains):
        for number, rule in enumerate(_list(_mapping(domain.get("receiving")).get("rules"))):
            for index, recipient in _texts(_mapping(rule).get("recipients")):
                if not recipient.startswith("."):
                    where = f"domains.{place}.receiving.rules.{number}.recipients.{index}"
                    yield where, recipient.rpartition("@")[2]


def _receiving_regions(
    receiving: Mapping[str, Any], at: Location, configured: list[tuple[int, str]]
) -> Iterator[Finding]:
    configured_names = [name for _, name in configured]
    listed = ", ".join(configured_names)
    if receiving.get("regions") is None:
        able = [one for name in configured_names if (one := _known(name)) is not None and one.can_receive]
        if configured_names and not able:
            yield Finding(
                at,
                f"SES does not receive mail in {listed}; it does in {', '.join(regions.receiving_regions())}",
                at_key=True,
            )
        return
    chosen = _texts(receiving.get("regions"))
    yield from _repeated(chosen, (*at, "regions"), "Region")
    for place, name in chosen:
        if _known(name) is None:  # reported by the model
            continue
        if name not in configured_names:
            yield Finding(
                (*at, "regions", place),
                f"{name!r} is not one of the configured Regions ({listed}); leave it out here or add it",
            )
            continue
        try:
            regions.require_receiving(name)
        except UnsupportedRegionError as error:
            yield Finding((*at, "regions", place), str(error))


def _rules(receiving: Mapping[str, Any], at: Location, domain: str | None) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for number, entry in enumerate(_list(receiving.get("rules"))):
        rule = _mapping(entry)
        where: Location = (*at, "rules", number)
        name = _text(rule.get("name"))
        if name and name in first:
            yield Finding(
                (*where, "name"),
                f"rule {name!r} is given twice for this domain, first as rules.{first[name]}; rename one",
            )
        first.setdefault(name or "", number)
        recipients = _texts(rule.get("recipients"))
        if len(recipients) > RECIPIENTS_PER_RULE:
            yield Finding(
                (*where, "recipients"),
                f"{len(recipients)} recipients in a rule; SES allows {RECIPIENTS_PER_RULE}: "
                "split the rule, or leave recipients out for the whole domain",
                at_key=True,
            )
        yield from _repeated(recipients, (*where, "recipients"), "recipient")
        for index, recipient in recipients:
            if domain and (problem := recipient_problem(recipient, domain=domain)):
                yield Finding((*where, "recipients", index), problem)


def _rule_set_size(domains: list[Mapping[str, Any]], configured: list[tuple[int, str]]) -> Iterator[Finding]:
    """All domains of a Region share its one rule set; report the domain that overflows it."""
    count = {name: 0 for _, name in configured if (one := _known(name)) is not None and one.can_receive}
    full: set[str] = set()
    for place, domain in enumerate(domains):
        receiving = _mapping(domain.get("receiving"))
        chosen = [name for _, name in _texts(receiving.get("regions"))] or list(count)
        rules = len(_list(receiving.get("rules")))
        for name in chosen:
            if name in count:
                count[name] += rules
        overflowing = [name for name, size in count.items() if size > RULES_PER_SET and name not in full]
        if overflowing:
            full.update(overflowing)
            yield Finding(
                ("domains", place, "receiving", "rules"),
                f"{count[overflowing[0]]} rules up to here in {', '.join(overflowing)}; SES allows "
                f"{RULES_PER_SET} in a Region's rule set: join rules, or receive fewer domains there",
                at_key=True,
            )


def _repeated(values: list[tuple[int, str]], at: Location, what: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, value in values:
        if value in seen:
            yield Finding((*at, place), f"{what} {value!r} is given twice; keep one")
        seen.add(value)


def _known(name: str) -> regions.SesRegion | None:
    try:
        return regions.region(name)
    except UnsupportedRegionError:
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, BaseModel):  # settings built in Python instead of read from a file
        return value.model_dump()
    if not isinstance(value, Mapping):
        return {}
    entries = cast("Mapping[object, Any]", value)
    return {key: entry for key, entry in entries.items() if isinstance(key, str)}


def _list(value: object) -> list[Any]:
    return list(cast("list[Any] | tuple[Any, ...]", value)) if isinstance(value, (list, tuple)) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _good_domain(value: object) -> str | None:
    """Return `value` if it is a domain; what is none has its own problem and needs no second one."""
    return value if isinstance(value, str) and domain_problem(value) is None else None


def _texts(value: object) -> list[tuple[int, str]]:
    """Return the texts of a list with their positions in it."""
    return [(place, item) for place, item in enumerate(_list(value)) if isinstance(item, str)]
