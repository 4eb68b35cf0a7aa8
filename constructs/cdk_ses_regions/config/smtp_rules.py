"""What `smtp` must be to the other keys: some Region has SMTP, and IAM has room for what the user may send as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions import regions as ses
from cdk_ses_regions.config.findings import Finding, as_list, as_mapping, as_text, as_texts
from cdk_ses_regions.naming import Names, prefix_problem
from cdk_ses_regions.send_policies import send_policies, send_policies_problem


def check(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with `smtp`."""
    if "smtp" not in settings:
        return
    if settings["smtp"] is None:
        yield Finding(
            ("smtp",),
            "is empty; write {} for the defaults, or take the key out for no credentials",
            at_key=True,
        )
        return
    known = {one.name: one for one in ses.all_regions()}
    chosen = [known[name] for _, name in as_texts(settings.get("regions")) if name in known]
    able = [one for one in chosen if one.has_smtp]
    if chosen and not able:
        listed = ", ".join(one.name for one in chosen)
        yield Finding(
            ("smtp",),
            f"SES has no SMTP endpoint in {listed}; it has in {', '.join(ses.smtp_regions())}",
            at_key=True,
        )
    elif able:
        policies = send_policies(
            partition=able[0].partition,
            account="",
            regions=[one.name for one in able],
            identities=list(_identities(settings)),
            configuration_set=_configuration_set(settings),
        )
        if problem := send_policies_problem(policies):
            yield Finding(("smtp",), problem, at_key=True)


def _identities(settings: Mapping[str, Any]) -> Iterator[str]:
    for entry in (*as_list(settings.get("domains")), *as_list(settings.get("addresses"))):
        if name := as_text(entry) or as_text(as_mapping(entry).get("name")):
            yield name


def _configuration_set(settings: Mapping[str, Any]) -> str | None:
    prefix = as_text(settings.get("name", "email"))
    if settings.get("configuration_set") is None or prefix is None or prefix_problem(prefix):
        return None
    return Names(prefix).configuration_set
