"""What the MAIL FROM domains of a configuration must be to the domains, to what receives, and to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.findings import (
    REGION,
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    good_domain,
    regional_domain_problem,
)
from cdk_ses_regions.domains import domain_problem, mail_from_problem
from cdk_ses_regions.regions import all_regions


def mail_from_of(domain: Mapping[str, Any]) -> str | None:
    """Return the MAIL FROM domain as it is written, `{region}` in it, of the plain data of a domain."""
    section = domain.get("mail_from")
    return as_text(section) or as_text(as_mapping(section).get("domain"))


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the `mail_from` of each domain, and with the Region that takes the bounces."""
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    names = {name for domain in domains if (name := as_text(domain.get("name")))}
    receives = {recipient: user for user, recipient in _recipient_hosts(domains)}
    known = {one.name for one in all_regions()}
    regions = [name for _, name in as_texts(settings.get("regions")) if name in known]
    owner: dict[str, str] = {}
    written: list[str] = []
    for place, domain in enumerate(domains):
        if (text := mail_from_of(domain)) is None:
            continue
        written.append(text)
        name, at = good_domain(domain.get("name")), ("domains", place, "mail_from")
        of_regions = [text.replace(REGION, region) for region in regions] if REGION in text else [text]
        found = [
            finding
            for one in dict.fromkeys(of_regions)
            for finding in _one(one, text, name, at, names, receives, owner)
        ]
        # The same mistake in each Region is one mistake.
        yield from found[: 1 if REGION in text else None]
        for one in of_regions:
            owner.setdefault(one, name or f"domains.{place}")
    if settings.get("mail_from_region") is not None and written and all(REGION in text for text in written):
        yield Finding(
            ("mail_from_region",),
            f"every mail_from has {REGION}, so each Region takes its own bounces; take this out",
            at_key=True,
        )


def _one(
    mail_from: str,
    text: str,
    name: str | None,
    at: Location,
    names: set[str],
    receives: Mapping[str, str],
    owner: Mapping[str, str],
) -> Iterator[Finding]:
    if problem := domain_problem(mail_from):
        # What is wrong with every Region in it is reported by the model.
        if regional_domain_problem(text) is None:
            yield Finding(at, problem)
        return
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
            at, f"MAIL FROM domain {mail_from!r} is that of {owner[mail_from]} too; each needs its own"
        )


def _recipient_hosts(domains: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (rule, domain) for each name that a rule receives on; `.example.com` names no single one."""
    for place, domain in enumerate(domains):
        for number, rule in enumerate(as_list(as_mapping(domain.get("receiving")).get("rules"))):
            for index, recipient in as_texts(as_mapping(rule).get("recipients")):
                if not recipient.startswith("."):
                    where = f"domains.{place}.receiving.rules.{number}.recipients.{index}"
                    yield where, recipient.rpartition("@")[2]
