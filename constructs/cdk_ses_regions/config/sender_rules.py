"""What addresses and senders must be to each other and to the rest of the configuration; see `rules`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cdk_ses_regions import regions
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
from cdk_ses_regions.domains import identity_address_problem
from cdk_ses_regions.limits import IDENTITY_POLICIES
from cdk_ses_regions.senders import (
    DEFAULT_ACTIONS,
    SEND_ACTIONS,
    Sender,
    from_address_problem,
    principal_partition,
    principals_problem,
    sending_policy,
    size_problem,
    time_problem,
    window_problem,
)

_LISTS = {
    "accounts": "account",
    "principals": "principal",
    "from_addresses": "From address",
    "source_ips": "address or range",
    "actions": "action",
}


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the addresses, and with the senders of domains and addresses."""
    table = {one.name: one for one in regions.all_regions()}
    known = [table[name] for _, name in as_texts(settings.get("regions")) if name in table]
    for place, entry in enumerate(as_list(settings.get("domains"))):
        domain = as_mapping(entry)
        yield from _senders(
            domain, ("domains", place, "senders"), good_domain(domain.get("name")), settings, known
        )
    entries = [
        (place, {"name": entry} if isinstance(entry, str) else as_mapping(entry))
        for place, entry in enumerate(as_list(settings.get("addresses")))
    ]
    names = [(place, name) for place, entry in entries if (name := as_text(entry.get("name")))]
    yield from repeated(names, ("addresses",), "address")
    for place, address in entries:
        name = as_text(address.get("name"))
        good = name if name and identity_address_problem(name) is None else None
        yield from _senders(address, ("addresses", place, "senders"), good, settings, known)


def _senders(
    owner: Mapping[str, Any],
    at: Location,
    identity: str | None,
    settings: Mapping[str, Any],
    known: list[regions.SesRegion],
) -> Iterator[Finding]:
    senders = [as_mapping(entry) for entry in as_list(owner.get("senders"))]
    if len(senders) > IDENTITY_POLICIES:
        yield Finding(
            at,
            f"{len(senders)} senders; SES allows {IDENTITY_POLICIES} policies at an identity: join those that share "
            "their conditions",
            at_key=True,
        )
    first: dict[str, int] = {}
    for place, sender in enumerate(senders):
        if not sender:  # no mapping, or an empty one: the model says so
            continue
        name = as_text(sender.get("name"))
        if name and name in first:
            yield Finding(
                (*at, place, "name"),
                f"sender {name!r} is given twice here, first as senders.{first[name]}; rename one",
            )
        first.setdefault(name or "", place)
        yield from _sender(sender, (*at, place), identity, as_text(settings.get("account")), known)


def _sender(
    sender: Mapping[str, Any],
    at: Location,
    identity: str | None,
    account: str | None,
    known: list[regions.SesRegion],
) -> Iterator[Finding]:
    for key, what in _LISTS.items():
        yield from repeated(as_texts(sender.get(key)), (*at, key), what)
    # What is there and has the wrong shape, the model reports: then nobody is missing.
    empty = not any(sender.get(key) is not None for key in ("accounts", "principals"))
    value = _value(sender)
    problem = principals_problem(
        accounts=value.accounts, principals=value.principals, allow_anyone=value.allow_anyone
    )
    if problem and (empty or value.accounts or value.principals):
        yield Finding(at if problem[0] == "name" else (*at, problem[0]), problem[1], at_key=True)
    for place, one in as_texts(sender.get("accounts")):
        if one == account:
            yield Finding(
                (*at, "accounts", place),
                f"{one!r} is the account of this deployment: its own users and roles need a policy in IAM "
                "(grant_send), not one of the identity; leave it out",
            )
    for place, one in as_texts(sender.get("principals")):
        partition = principal_partition(one)
        if known and partition not in (None, known[0].partition):
            yield Finding(
                (*at, "principals", place),
                f"{one!r} is in the partition {partition}, {known[0].name} in {known[0].partition}; "
                "nobody sends from one to the other",
            )
    if identity is None:
        return
    for place, one in as_texts(sender.get("from_addresses")):
        if problem_here := from_address_problem(one, identity=identity):
            yield Finding((*at, "from_addresses", place), problem_here)
    if window := window_problem(value.not_before, value.not_after):
        yield Finding((*at, "not_after"), window)
    if too_large := size_problem(sending_policy(value, identity_arn=_longest_arn(identity, known))):
        yield Finding(at, too_large)


def _value(sender: Mapping[str, Any]) -> Sender:
    """Return the sender as far as it has the right shape."""
    texts = {key: [text for _, text in as_texts(sender.get(key))] for key in _LISTS}
    return Sender(
        name=as_text(sender.get("name")) or "",
        accounts=texts["accounts"],
        principals=texts["principals"],
        from_addresses=texts["from_addresses"],
        source_ips=texts["source_ips"],
        not_before=_time(sender.get("not_before")),
        not_after=_time(sender.get("not_after")),
        actions=[one for one in SEND_ACTIONS if one in texts["actions"]] or DEFAULT_ACTIONS,
        allow_anyone=sender.get("allow_anyone") is True,
    )


def _time(value: object) -> datetime | None:
    if not isinstance(value, str) or time_problem(value):
        return None
    return datetime.fromisoformat(value)


def _longest_arn(identity: str, known: list[regions.SesRegion]) -> str:
    arns = [f"arn:{one.partition}:ses:{one.name}:{'0' * 12}:identity/{identity}" for one in known]
    return max(arns, key=len, default="")
