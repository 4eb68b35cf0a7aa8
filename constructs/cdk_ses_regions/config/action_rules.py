"""What the actions of a receipt rule must be to each other, to the Regions of the rule, and to the identities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.feedback_rules import Surroundings, arn_findings
from cdk_ses_regions.config.findings import Finding, Location, as_list, as_mapping, as_text, good_domain
from cdk_ses_regions.domains import address_problem, is_below
from cdk_ses_regions.limits import ACTIONS_PER_RULE
from cdk_ses_regions.receipt import codes_problem, reply_code_problem, status_code_problem

KINDS = ("store", "s3", "lambda", "sns", "add_header", "bounce", "stop", "workmail", "connect")
_MAIL_PREFIX = "mail/"
_BY_NAME = ("function_arn", "topic_arn")
"""ARNs of what each Region can have under one name."""
_BY_ID = ("key_arn", "organization_arn", "instance_arn")
"""ARNs of what has an id of its own in each Region."""


def check(
    entries: list[Any], at: Location, around: Surroundings, settings: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is wrong in the actions at `at`; `around` has the Regions of their rule."""
    if len(entries) > ACTIONS_PER_RULE:
        yield Finding(
            at, f"{len(entries)} actions; SES allows {ACTIONS_PER_RULE} in a rule: split it", at_key=True
        )
    for place, entry in enumerate(entries):
        action = as_mapping(entry)
        kinds = [kind for kind in KINDS if action.get(kind) is not None]
        yield from _one_kind(action, kinds, (*at, place))
        for kind in kinds:
            section, where = as_mapping(action[kind]), (*at, place, kind)
            if kind == "s3":
                yield from _s3(section, where)
            elif kind == "lambda":
                yield from _lambda(section, where, around)
            elif kind == "bounce":
                yield from _bounce(section, where, settings)
            elif kind == "stop" and place < len(entries) - 1:
                yield Finding(
                    where, "nothing runs after it; make it the last action of the rule", at_key=True
                )
            for key in (*_BY_NAME, *_BY_ID):
                arn = as_text(section.get(key))
                if arn is None:
                    continue
                if key in _BY_NAME:
                    yield from arn_findings(arn, (*where, key), around)
                elif any(arn_findings(arn, (), around)):
                    yield _elsewhere(arn.split(":")[3], (*where, key), around)


def _elsewhere(region: str, at: Location, around: Surroundings) -> Finding:
    others = ", ".join(name for name in around.regions if name != region)
    return Finding(
        at,
        f"is in {region}, but the rule is in {others} too; write regions: [{region}] in the rule, and a rule for the "
        "others",
    )


def _one_kind(action: Mapping[str, Any], kinds: list[str], where: Location) -> Iterator[Finding]:
    if len(kinds) > 1:
        yield Finding(
            where, f"has {' and '.join(kinds)}; write an entry of the list for each, in the order they run"
        )
    elif not kinds and all(key in KINDS for key in action):
        hint = (
            f"{next(iter(action))} has no value; write {next(iter(action))}: {{}}" if action else "is empty"
        )
        yield Finding(where, f"{hint}; an action is one of {', '.join(KINDS)}")


def _s3(section: Mapping[str, Any], at: Location) -> Iterator[Finding]:
    role, makes = section.get("role_arn") is not None, section.get("make_role") is True
    own = section.get("bucket") is None
    prefix = as_text(section.get("prefix"))
    if own and prefix is not None and not prefix.startswith(_MAIL_PREFIX):
        yield Finding(
            (*at, "prefix"),
            f"{prefix!r}: in the mail bucket SES may write below {_MAIL_PREFIX} only; write {_MAIL_PREFIX}{prefix}",
        )
    if own:
        for key in ("role_arn", "make_role", "bucket_key_arn"):
            if section.get(key):
                yield Finding(
                    (*at, key),
                    "the mail bucket needs no role; name your bucket, or take this out",
                    at_key=True,
                )
    elif role and makes:
        yield Finding((*at, "make_role"), "there is role_arn already; take one of both out", at_key=True)
    elif section.get("bucket_key_arn") is not None and not makes:
        yield Finding(
            (*at, "bucket_key_arn"),
            "is for a role that is made; write make_role: true, or take this out",
            at_key=True,
        )
    if section.get("key_arn") is not None and section.get("encryption") != "client_side":
        yield Finding(
            (*at, "key_arn"),
            "is for encryption: client_side; write that too, or take this out",
            at_key=True,
        )


def _lambda(section: Mapping[str, Any], at: Location, around: Surroundings) -> Iterator[Finding]:
    arn = as_text(section.get("function_arn")) or ""
    if around.account and arn.count(":") >= 6 and arn.split(":")[4] != around.account:
        yield Finding(
            (*at, "function_arn"),
            f"is in the account {arn.split(':')[4]}; SES may be let in to a function of {around.account} only",
        )


def _bounce(section: Mapping[str, Any], at: Location, settings: Mapping[str, Any]) -> Iterator[Finding]:
    if section.get("template") is None and (
        section.get("smtp_reply_code") is None or section.get("message") is None
    ):
        yield Finding(at, "needs a template, or smtp_reply_code and message", at_key=True)
    reply, status = as_text(section.get("smtp_reply_code")), as_text(section.get("status_code"))
    single = [reply_code_problem(reply or ""), status_code_problem(status or "")]  # reported by the model
    if reply and status and not any(single) and (problem := codes_problem(reply, status)):
        yield Finding((*at, "status_code"), problem)
    sender = as_text(section.get("sender"))
    if sender is None or address_problem(sender) is not None:  # reported by the model
        return
    domains = [as_mapping(entry) for entry in as_list(settings.get("domains"))]
    names = [name for domain in domains if (name := good_domain(domain.get("name")))]
    singles = [
        as_text(one) or as_text(as_mapping(one).get("name")) for one in as_list(settings.get("addresses"))
    ]
    host = sender.rpartition("@")[2]
    if names and sender not in singles and not any(host == name or is_below(host, name) for name in names):
        yield Finding(
            (*at, "sender"),
            f"{sender!r} is not verified here: it is in none of the domains ({', '.join(names)}) and not one of "
            "addresses; write another, or add it",
        )
