"""What the steps of `then` must be to each other, to their rule, and to what the deployment sends and receives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.feedback_rules import Surroundings, arn_findings
from cdk_ses_regions.config.findings import (
    Finding,
    Location,
    as_list,
    as_mapping,
    as_text,
    as_texts,
    good_domain,
)
from cdk_ses_regions.domains import address_problem, is_below
from cdk_ses_regions.mail_steps import FUNCTIONS, destinations_problem, mapped_problem

KINDS = ("publish", "drop", "forward", "invoke")
_SCANNED = ("spam", "virus")


def check(
    rule: Mapping[str, Any], at: Location, around: Surroundings, settings: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is wrong in `then` of the rule at `at`; `around` has the Regions of the rule."""
    steps: Location = (*at, "then")
    entries = as_list(rule["then"])
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        step, where = as_mapping(entry), (*steps, place)
        kinds = [kind for kind in KINDS if step.get(kind) is not None]
        yield from _one_kind(step, kinds, where)
        for kind in kinds:
            section, there = as_mapping(step[kind]), (*where, kind)
            first = seen.setdefault(repr((kind, sorted(section.items(), key=str))), place)
            if first != place:
                yield Finding(there, f"is the same as then.{first}; keep one", at_key=True)
            if kind == "publish":
                yield from _publish(section, there)
            elif kind == "drop":
                yield from _drop(section, there, rule, last=place == len(entries) - 1)
            elif kind == "forward":
                yield from _forward(section, there, settings)
            elif (arn := as_text(section.get("function_arn"))) is not None:
                yield from arn_findings(arn, (*there, "function_arn"), around)
    actions = rule.get("actions")
    if actions is not None and not any("store" in as_mapping(action) for action in as_list(actions)):
        yield Finding(
            steps,
            "actions has no store, so there is no mail to go on with; write - store: {} there, or take this out",
            at_key=True,
        )


def functions(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield that all rules together invoke more functions than the environment of one has room for."""
    named: set[str] = set()
    for place, entry in enumerate(as_list(settings.get("domains"))):
        receiving = as_mapping(as_mapping(entry).get("receiving"))
        for number, rule in enumerate(as_list(receiving.get("rules"))):
            before = len(named)
            for step in as_list(as_mapping(rule).get("then")):
                arn = as_text(as_mapping(as_mapping(step).get("invoke")).get("function_arn"))
                named |= {arn} if arn else set()
            if before <= FUNCTIONS < len(named):
                yield Finding(
                    ("domains", place, "receiving", "rules", number, "then"),
                    f"{len(named)} functions are invoked up to here; at most {FUNCTIONS}: let one invoke others",
                    at_key=True,
                )


def _one_kind(step: Mapping[str, Any], kinds: list[str], where: Location) -> Iterator[Finding]:
    if len(kinds) > 1:
        yield Finding(
            where, f"has {' and '.join(kinds)}; write an entry of the list for each, in their order"
        )
    elif not kinds and all(key in KINDS for key in step):
        hint = f"{next(iter(step))} has no value; write {next(iter(step))}: {{}}" if step else "is empty"
        yield Finding(where, f"{hint}; a step is one of {', '.join(KINDS)}")


def _publish(section: Mapping[str, Any], at: Location) -> Iterator[Finding]:
    if section.get("event_bus") is not None and section.get("to") != "event_bridge":
        yield Finding(
            (*at, "event_bus"), "is for to: event_bridge; write that too, or take this out", at_key=True
        )


def _drop(
    section: Mapping[str, Any], at: Location, rule: Mapping[str, Any], *, last: bool
) -> Iterator[Finding]:
    if last:
        yield Finding(at, "nothing comes after it; put it before what it shall hold back", at_key=True)
    verdicts = as_texts(section.get("verdicts")) if "verdicts" in section else list(enumerate(_SCANNED))
    needed = [name for _, name in verdicts if name in _SCANNED]
    if needed and rule.get("scan") is False:
        yield Finding(
            at,
            f"SES gives no verdict on {' and '.join(needed)} where scan: false; take that out of the rule, or the "
            "verdict out of here",
            at_key=True,
        )


def _forward(section: Mapping[str, Any], at: Location, settings: Mapping[str, Any]) -> Iterator[Finding]:
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    names = [name for domain in domains if (name := good_domain(domain.get("name")))]
    sender = as_text(section.get("sender"))
    if sender is not None and address_problem(sender) is None and names:
        singles = [
            as_text(one) or as_text(as_mapping(one).get("name")) for one in as_list(settings.get("addresses"))
        ]
        host = sender.rpartition("@")[2]
        if sender not in singles and not any(host == name or is_below(host, name) for name in names):
            yield Finding(
                (*at, "sender"),
                f"{sender!r} is not verified here: it is in none of the domains ({', '.join(names)}) and not one of "
                "addresses; write another, or add it",
            )
    mapping = as_mapping(section.get("to"))
    if section.get("to") is not None and not mapping:
        yield Finding((*at, "to"), "is empty; say whose mail goes where", at_key=True)
    yield from _to(mapping, (*at, "to"), domains)


def _to(mapping: Mapping[str, Any], at: Location, domains: list[Mapping[str, Any]]) -> Iterator[Finding]:
    taken = list(_taken(domains))
    hosts = list(dict.fromkeys(one.rpartition("@")[2] for one in taken))
    first: dict[str, str] = {}
    for recipient, entry in mapping.items():
        if problem := mapped_problem(recipient):
            yield Finding((*at, recipient), problem, at_key=True)
            continue
        other = first.setdefault(recipient.lower(), recipient)
        if other != recipient:
            yield Finding((*at, recipient), f"is given twice, first as {other!r}; keep one", at_key=True)
        host = recipient.rpartition("@")[2]
        if recipient != "*" and not any(host == one or is_below(host, one.lstrip(".")) for one in hosts):
            yield Finding(
                (*at, recipient),
                f"no rule takes mail for {host!r}; the rules take that for {', '.join(hosts)}",
                at_key=True,
            )
        if problem := destinations_problem(recipient, [one for _, one in as_texts(entry)]):
            yield Finding((*at, recipient), problem)
            continue
        for place, destination in as_texts(entry):
            if any(_takes(one, destination) for one in taken):
                yield Finding(
                    (*at, recipient, place),
                    f"{destination!r} is received here as well, and forwarded mail is not forwarded again; write where "
                    "its mail goes in the end",
                )


def _taken(domains: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the recipients of all rules."""
    for domain in domains:
        for rule in as_list(as_mapping(domain.get("receiving")).get("rules")):
            recipients = [one.lower() for _, one in as_texts(as_mapping(rule).get("recipients"))]
            name = good_domain(domain.get("name"))
            yield from recipients or ([name] if name else [])


def _takes(recipient: str, address: str) -> bool:
    """Return whether a rule's recipient is the address, or has it in its domain."""
    local, _, host = address.lower().rpartition("@")
    if "@" in recipient:
        return recipient in (address.lower(), f"{local.partition('+')[0]}@{host}")
    return is_below(host, recipient[1:]) if recipient.startswith(".") else host == recipient
