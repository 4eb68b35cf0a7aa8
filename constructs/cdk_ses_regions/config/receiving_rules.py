"""What the keys of receiving must be to each other: Regions, receipt rules, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdk_ses_regions import regions
from cdk_ses_regions.config import action_rules, then_rules
from cdk_ses_regions.config.feedback_rules import Surroundings
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
from cdk_ses_regions.domains import recipient_problem
from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.limits import (
    RECEIPT_FILTERS,
    RECIPIENTS_PER_RULE,
    RULES_IN_EXISTING_SET,
    RULES_PER_SET,
)
from cdk_ses_regions.receipt import filter_problem, whole_range


def check(settings: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in `receiving`, that of the domains, and what Regions have in its place."""
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    for place, domain in enumerate(domains):
        receiving = as_mapping(domain.get("receiving"))
        if receiving:
            at: Location = ("domains", place, "receiving")
            yield from _regions(receiving, at, around)
            yield from _mx(receiving, at, around)
            yield from _rules(receiving, at, good_domain(domain.get("name")))
            yield from _rules_in_regions(receiving, at, around, settings)
    yield from _rule_set_size(domains, around, settings)
    yield from then_rules.functions(settings)
    yield from _defaults(settings, domains, around)


def known(name: str) -> regions.SesRegion | None:
    """Return what SES has in a Region; None for one that is reported as unknown."""
    try:
        return regions.region(name)
    except UnsupportedRegionError:
        return None


def _regions(receiving: Mapping[str, Any], at: Location, around: Surroundings) -> Iterator[Finding]:
    listed = ", ".join(around.regions)
    if receiving.get("regions") is None:
        if around.regions and not _receiving_in(receiving, around):
            yield Finding(
                at,
                f"SES does not receive mail in {listed}; it does in {', '.join(regions.receiving_regions())}",
                at_key=True,
            )
        return
    chosen = as_texts(receiving.get("regions"))
    yield from repeated(chosen, (*at, "regions"), "Region")
    for place, name in chosen:
        if known(name) is None:  # reported by the model
            continue
        if name not in around.regions:
            yield Finding(
                (*at, "regions", place),
                f"{name!r} is not one of the configured Regions ({listed}); leave it out here or add it",
            )
            continue
        try:
            regions.require_receiving(name)
        except UnsupportedRegionError as error:
            yield Finding((*at, "regions", place), str(error))


def _receiving_in(receiving: Mapping[str, Any], around: Surroundings) -> list[str]:
    """Return the Regions that receive for a domain, as far as they are good."""
    chosen = [name for _, name in as_texts(receiving.get("regions"))] or list(around.regions)
    return [
        name
        for name in dict.fromkeys(chosen)
        if name in around.regions and (one := known(name)) is not None and one.can_receive
    ]


def _subset(
    section: Mapping[str, Any], key: str, at: Location, receiving: Mapping[str, Any], around: Surroundings
) -> Iterator[Finding]:
    chosen, able = as_texts(section.get(key)), _receiving_in(receiving, around)
    yield from repeated(chosen, (*at, key), "Region")
    for place, name in chosen:
        if able and known(name) is not None and name not in able:
            yield Finding(
                (*at, key, place),
                f"the domain receives in {', '.join(able)} only, not in {name!r}; leave it out here or add it there",
            )


def _mx(receiving: Mapping[str, Any], at: Location, around: Surroundings) -> Iterator[Finding]:
    if receiving.get("mx_regions") is None:
        return
    if not receiving.get("mx"):
        yield Finding(
            (*at, "mx_regions"),
            "no MX is published; write mx: true, or take this out",
            at_key=True,
        )
    yield from _subset(receiving, "mx_regions", at, receiving, around)


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


def _rules_in_regions(
    receiving: Mapping[str, Any], at: Location, around: Surroundings, settings: Mapping[str, Any]
) -> Iterator[Finding]:
    able = _receiving_in(receiving, around)
    bare = dict.fromkeys(able)
    for number, entry in enumerate(as_list(receiving.get("rules"))):
        rule, where = as_mapping(entry), (*at, "rules", number)
        yield from _subset(rule, "regions", where, receiving, around)
        having = _regions_of_rule(rule, able)
        for name in having:
            bare.pop(name, None)
        if rule.get("actions") is not None:
            here = replace(around, regions=tuple(having))
            yield from action_rules.check(as_list(rule["actions"]), (*where, "actions"), here, settings)
        if rule.get("then") is not None:
            yield from then_rules.check(rule, where, replace(around, regions=tuple(having)), settings)
    if bare and as_list(receiving.get("rules")):
        yield Finding(
            (*at, "rules"),
            f"no rule is for {', '.join(bare)}, where mail of the domain would be refused; let a rule have it, or "
            "leave it out of the domain's regions",
            at_key=True,
        )


def _regions_of_rule(rule: Mapping[str, Any], able: list[str]) -> list[str]:
    chosen = [name for _, name in as_texts(rule.get("regions"))]
    return [name for name in able if name in chosen] if chosen else able


def _rule_set_size(
    domains: list[Mapping[str, Any]], around: Surroundings, settings: Mapping[str, Any]
) -> Iterator[Finding]:
    """All domains of a Region share its one rule set; report the domain that overflows it."""
    count = dict.fromkeys(_receiving_in({}, around), 0)
    existing = [name for name in count if _in_region(settings, name).get("rule_set") is not None]
    full: set[str] = set()
    crowded: set[str] = set()
    for place, domain in enumerate(domains):
        receiving = as_mapping(domain.get("receiving"))
        able = _receiving_in(receiving, around)
        for entry in as_list(receiving.get("rules")):
            for name in _regions_of_rule(as_mapping(entry), able):
                count[name] += 1
        overflowing = [name for name, size in count.items() if size > RULES_PER_SET and name not in full]
        if overflowing:
            full.update(overflowing)
            yield Finding(
                ("domains", place, "receiving", "rules"),
                f"{count[overflowing[0]]} rules up to here in {', '.join(overflowing)}; SES allows "
                f"{RULES_PER_SET} in a Region's rule set: join rules, or receive fewer domains there",
                at_key=True,
            )
        crowding = [
            name for name in existing if count[name] > RULES_IN_EXISTING_SET and name not in crowded | full
        ]
        if crowding:
            crowded.update(crowding)
            yield Finding(
                ("domains", place, "receiving", "rules"),
                f"{count[crowding[0]]} rules up to here for an existing rule set in {', '.join(crowding)}; the policy "
                f"of the mail bucket names each and has room for {RULES_IN_EXISTING_SET}: join rules, or receive fewer "
                "domains there",
                at_key=True,
            )


def _in_region(settings: Mapping[str, Any], region: str) -> Mapping[str, Any]:
    """Return what a Region has of `receiving`."""
    own = as_mapping(as_mapping(as_mapping(settings.get("overrides")).get(region)).get("receiving"))
    return {
        **as_mapping(settings.get("receiving")),
        **{key: value for key, value in own.items() if value is not None},
    }


def _defaults(
    settings: Mapping[str, Any], domains: list[Mapping[str, Any]], around: Surroundings
) -> Iterator[Finding]:
    general = as_mapping(settings.get("receiving"))
    found = list(_section(general, ("receiving",), general))
    yield from found
    receives = {
        name
        for domain in domains
        if (receiving := as_mapping(domain.get("receiving")))
        for name in _receiving_in(receiving, around)
    }
    filters = as_mapping(general.get("filters"))
    if (filters.get("block") or filters.get("allow")) and not any(
        domain.get("receiving") for domain in domains
    ):
        yield Finding(
            ("receiving", "filters"),
            "no domain receives, so there is nothing to filter; take this out",
            at_key=True,
        )
    for region, entry in as_mapping(settings.get("overrides")).items():
        at: Location = ("overrides", region)
        if region not in around.regions:
            yield Finding(
                at,
                f"{region!r} is not one of the configured Regions ({', '.join(around.regions)}); take it out or add it",
                at_key=True,
            )
            continue
        own = {
            key: value
            for key, value in as_mapping(as_mapping(entry).get("receiving")).items()
            if value is not None
        }
        if own and region not in receives:
            yield Finding((*at, "receiving"), f"no domain receives in {region}; take this out", at_key=True)
        said = {one.message for one in found}
        for one in _section({**general, **own}, (*at, "receiving"), own):
            if one.message not in said:
                yield one


def _section(section: Mapping[str, Any], at: Location, own: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong in a Region's `receiving`; `own` is what is written at `at`."""

    def finding(key: str, message: str) -> Finding:
        return Finding((*at, key) if key in own else at, message, at_key=True)

    if section.get("after") is not None and section.get("rule_set") is None:
        yield finding(
            "after", "is for rules in a rule set that is there already; write rule_set, or take this out"
        )
    if section.get("take_over") and section.get("rule_set") is not None:
        yield finding(
            "take_over", "rule_set is there already, and is not activated by us; take one of both out"
        )
    if section.get("deleted_days") is not None and not section.get("versioning"):
        yield finding(
            "deleted_days",
            "what is deleted is gone without versions; write versioning: true, or take this out",
        )
    if (copies := section.get("replicate_to")) is not None and not section.get("versioning"):
        yield finding("replicate_to", "S3 copies versions only; write versioning: true, or take this out")
    if copies is not None and REGION in (as_text(as_mapping(copies).get("key_arn")) or ""):
        yield finding(
            "replicate_to", f"the key is in the Region of the bucket with the copies; write that for {REGION}"
        )
    archive, retention = section.get("archive_after_days"), section.get("retention_days")
    if isinstance(archive, int) and isinstance(retention, int) and archive >= retention:
        yield finding(
            "archive_after_days",
            f"mail is deleted after {retention} days, before it would be archived; write fewer days",
        )
    if "filters" in own:
        yield from _filters(as_mapping(section.get("filters")), (*at, "filters"))


def _filters(filters: Mapping[str, Any], at: Location) -> Iterator[Finding]:
    first: dict[str, str] = {}
    listed = [(key, place, cidr) for key in ("block", "allow") for place, cidr in as_texts(filters.get(key))]
    for key, place, cidr in listed:
        if filter_problem(cidr) is None:
            where = first.setdefault(whole_range(cidr), f"{key}.{place}")
            if where != f"{key}.{place}":
                yield Finding((*at, key, place), f"{cidr} is given twice, first as {where}; keep one")
    if len(listed) > RECEIPT_FILTERS:
        yield Finding(at, f"{len(listed)} IP filters; SES allows {RECEIPT_FILTERS} in a Region", at_key=True)
