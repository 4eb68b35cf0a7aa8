"""What the keys of a configuration must be to each other: the checks that one key alone cannot make.

They read the plain data of the file, before it is a model, and skip what has the wrong shape, which the model
reports. So a file's problems come all at once, however many kinds there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.config import configuration_set_rules, dkim_rules, feedback_rules, sender_rules
from cdk_ses_regions.config.feedback_rules import Surroundings
from cdk_ses_regions.config.findings import (
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    good_domain,
    repeated,
)
from cdk_ses_regions.domains import mail_from_problem, recipient_problem
from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.limits import RECIPIENTS_PER_RULE, RULES_PER_SET

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
    yield from _mail_from(domains)
    for place, domain in enumerate(domains):
        receiving = as_mapping(domain.get("receiving"))
        if receiving:
            at: Location = ("domains", place, "receiving")
            yield from _receiving_regions(receiving, at, names)
            yield from _rules(receiving, at, good_domain(domain.get("name")))
    yield from _rule_set_size(domains, names)
    around = Surroundings(
        regions=tuple(dict.fromkeys(name for _, name in names)), account=as_text(settings.get("account"))
    )
    yield from dkim_rules.check(settings)
    yield from feedback_rules.check(settings, around)
    yield from configuration_set_rules.check(settings, around)
    yield from sender_rules.check(settings)


def _regions(settings: Mapping[str, Any], names: list[tuple[int, str]]) -> Iterator[Finding]:
    yield from repeated(names, ("regions",), "Region")
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


def _mail_from(domains: list[Mapping[str, Any]]) -> Iterator[Finding]:
    names = {name for domain in domains if (name := as_text(domain.get("name")))}
    receives = {recipient: user for user, recipient in _recipient_hosts(domains)}
    owner: dict[str, str] = {}
    for place, domain in enumerate(domains):
        name, mail_from = good_domain(domain.get("name")), good_domain(domain.get("mail_from"))
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
        for number, rule in enumerate(as_list(as_mapping(domain.get("receiving")).get("rules"))):
            for index, recipient in as_texts(as_mapping(rule).get("recipients")):
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
    chosen = as_texts(receiving.get("regions"))
    yield from repeated(chosen, (*at, "regions"), "Region")
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
    for number, entry in enumerate(as_list(receiving.get("rules"))):
        rule = as_mapping(entry)
        where: Location = (*at, "rules", number)
        name = as_text(rule.get("name"))
        if name and name in first:
            yield Finding(
                (*where, "name"),
                f"rule {name!r} is given twice for this domain, first as rules.{first[name]}; rename one",
            )
        first.setdefault(name or "", number)
        recipients = as_texts(rule.get("recipients"))
        if len(recipients) > RECIPIENTS_PER_RULE:
            yield Finding(
                (*where, "recipients"),
                f"{len(recipients)} recipients in a rule; SES allows {RECIPIENTS_PER_RULE}: "
                "split the rule, or leave recipients out for the whole domain",
                at_key=True,
            )
        yield from repeated(recipients, (*where, "recipients"), "recipient")
        for index, recipient in recipients:
            if domain and (problem := recipient_problem(recipient, domain=domain)):
                yield Finding((*where, "recipients", index), problem)


def _rule_set_size(domains: list[Mapping[str, Any]], configured: list[tuple[int, str]]) -> Iterator[Finding]:
    """All domains of a Region share its one rule set; report the domain that overflows it."""
    count = {name: 0 for _, name in configured if (one := _known(name)) is not None and one.can_receive}
    full: set[str] = set()
    for place, domain in enumerate(domains):
        receiving = as_mapping(domain.get("receiving"))
        chosen = [name for _, name in as_texts(receiving.get("regions"))] or list(count)
        rules = len(as_list(receiving.get("rules")))
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


def _known(name: str) -> regions.SesRegion | None:
    try:
        return regions.region(name)
    except UnsupportedRegionError:
        return None
