"""Looking at what is in it, without changing anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdk_ses_regions.local.printable import printable
from cdk_ses_regions.ops.local.options import STATE, StateOption, find, is_terminal, print_table

if TYPE_CHECKING:
    from cdk_ses_regions.local.answers import Feedback, Hop, Mail, ReceivedMail, SentMail, Step
    from cdk_ses_regions.local.control import Control

_LISTED = 30
_SHORTEST = 8


def status(state: StateOption = STATE) -> None:
    """Show each Region.

    Its doors, account, identities, active receipt rule set and stacks, and what is broken on purpose.

    Example: ses-regions local status
    """
    local = find(state)
    found = local.control.status()
    typer.echo(
        f"up on {local.endpoint_url}, account {local.account}, DNS on port {local.dns_port}, loopback only;"
        f" to look at: {local.control.url}",
        err=True,
    )
    if found["ahead_seconds"] > 1:
        typer.echo(f"SES's time is {found['ahead_seconds'] / 3600:.1f} hours ahead", err=True)
    for line in _broken(found["faults"]):
        typer.echo(f"broken on purpose: {line}", err=True)
    if found["control_plane_limited"]:
        typer.echo("SES takes one request a second; `ses-regions local control-plane off` ends it", err=True)
    titles = ("Region", "doors", "account", "rules and stacks", "identities")
    print_table(*titles, rows=map(_row, found["regions"]), apart=True)


def mail(
    message_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Of one mail; its beginning is enough.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the whole mail and nothing else.")] = False,
    most: Annotated[int, typer.Option("--most", "-n", help="How many to list.", min=1)] = _LISTED,
    state: StateOption = STATE,
) -> None:
    """List the mails, newest first, or show one.

    Mails that left and mails that came in. One is shown with its route through the rules, or what became of it for
    each recipient, and the feedback about it.

    Example: ses-regions local mail 0100019ab
    """
    control = find(state).control
    if message_id is None:
        if raw:
            raise typer.BadParameter("--raw needs the ID of a mail")
        _list_mails(control, most)
        return
    found = _find_mail(control, message_id)
    if raw:
        _print_raw(found.raw())
        return
    _print_mail(control, found)


def feedback(
    most: Annotated[int, typer.Option("--most", "-n", help="How many to list.", min=1)] = _LISTED,
    state: StateOption = STATE,
) -> None:
    """List what SES told of mails that left, newest first.

    Example: ses-regions local feedback
    """
    entries = find(state).control.feedback()
    short = _short([told.message_id for told in entries])
    rows = [
        (
            f"{told.at:%H:%M:%S}",
            told.region,
            told.kind,
            _lines(", ".join(told.recipients), _told(told)),
            short[told.message_id] if is_terminal() else told.message_id,
        )
        for told in entries[::-1][:most]
    ]
    print_table("when", "Region", "what", "recipients, and who was told", "id", rows=rows, unbroken="id")


def suppression(state: StateOption = STATE) -> None:
    """List the account's suppression list of each Region.

    Example: ses-regions local suppression
    """
    rows = [
        (one.region, one.address, one.reason, f"{one.at:%Y-%m-%d %H:%M:%S}")
        for one in find(state).control.suppression()
    ]
    print_table("Region", "address", "reason", "since", rows=rows)


def _row(region: dict[str, Any]) -> tuple[str, ...]:
    account = region["account"]
    daily = "any number" if account["daily"] < 0 else f"{account['daily']:,.0f}"
    doors = (("in", "inbound_port"), ("submission", "submission_port"), ("feedback", "feedback_port"))
    return (
        region["name"],
        "\n".join(f"{name} {region[port]}" for name, port in doors if region[port]),
        "\n".join(
            [
                "sandbox" if account["sandbox"] else "production",
                f"{account['used']:,.0f} of {daily} in 24 h",
                f"{account['rate']:g} a second",
                *([] if account["sending"] else ["sending is paused"]),
                *([f"review {account['review'].lower()}"] if account["review"] else []),
            ]
        ),
        "\n".join(
            [
                region["active_rule_set"] or "no active rule set",
                *(f"{stack['name']} {_words(stack['status'])}" for stack in region["stacks"]),
            ]
        ),
        "\n".join(map(_identity, region["identities"])),
    )


def _identity(identity: dict[str, Any]) -> str:
    verified = identity["verified"] and identity["status"] == "SUCCESS"
    lines = [f"{identity['name']} {'verified' if verified else _words(identity['status'])}"]
    if identity["dkim"]:
        lines.append(f"  DKIM {_words(identity['dkim'])}")
    if identity["mail_from"]:
        lines.append(f"  {identity['mail_from']} {_words(identity['mail_from_status'])}")
    return "\n".join(lines)


def _broken(faults: dict[str, Any]) -> list[str]:
    return [
        *(f"{name} is down" for name in faults["down"]),
        *(f"{name} is slow by {seconds:g} s" for name, seconds in faults["slow"].items()),
        *(f"{name} is throttled" for name in faults["throttled"]),
        *(["DNS answers SERVFAIL"] if faults["dns_fails"] else []),
        *(f"{one['kind']} of {one['name']} in {one['region']}" for one in faults["broken"]),
    ]


def _list_mails(control: Control, most: int) -> None:
    sent, received = control.sent(), control.received()
    rows: list[tuple[Mail, tuple[str, str, str]]] = [
        *((one, ("out", one.source, _results(one.hops))) for one in sent),
        *((one, ("in", one.source, _stored(one.steps))) for one in received),
    ]
    short = _short([one.message_id for one, _ in rows])
    cells = [
        (
            f"{one.at:%H:%M:%S}",
            one.region,
            way,
            _lines(f"{sender} → {', '.join(one.recipients)}: {one.subject}", result),
            short[one.message_id] if is_terminal() else one.message_id,
        )
        for one, (way, sender, result) in sorted(rows, key=lambda row: row[0].at, reverse=True)[:most]
    ]
    print_table("when", "Region", "", "mail, and what became of it", "id", rows=cells, unbroken="id")


def _lines(one: str, other: str) -> str:
    """Return a cell of two lines for a person; of one line for what reads a pipe line by line."""
    return "\n".join([printable(one), f"  {other}"]) if is_terminal() else f"{one}  {other}"


def _short(ids: Sequence[str]) -> dict[str, str]:
    """Return the beginning of each id that no other has, as `mail ID` takes it."""
    ordered = sorted(set(ids))
    shared = [_shared(one, other) for one, other in pairwise(ordered)]
    return {
        one: one[: max(_SHORTEST, before + 1, after + 1)]
        for one, before, after in zip(ordered, [0, *shared], [*shared, 0], strict=True)
    }


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _results(hops: tuple[Hop, ...]) -> str:
    return ", ".join(dict.fromkeys(hop.result for hop in hops)) or "on its way"


def _stored(steps: tuple[Step, ...]) -> str:
    ends = groupby(steps, key=lambda step: step.result)
    told = [f"{', '.join(step.action for step in those)} {result}" for result, those in ends]
    return "; ".join(told) or "no rule took it"


def _find_mail(control: Control, beginning: str) -> SentMail | ReceivedMail:
    found = [one for one in (*control.sent(), *control.received()) if one.message_id.startswith(beginning)]
    exact = [one for one in found if one.message_id == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    those = "more than one mail has" if found else "no mail here has"
    raise typer.BadParameter(f"{those} an id that begins with {beginning!r}")


def _print_mail(control: Control, found: SentMail | ReceivedMail) -> None:
    from cdk_ses_regions.local.answers import ReceivedMail

    received = isinstance(found, ReceivedMail)
    lines = [
        ("id", found.message_id),
        ("received" if received else "sent", f"{found.at:%Y-%m-%d %H:%M:%S} UTC in {found.region}"),
        ("from", found.source),
        ("to", ", ".join(found.recipients)),
        ("subject", found.subject),
    ]
    if received:
        lines += [("envelope sender", found.sender or "<>"), ("rule set", found.rule_set or "none")]
        route = [f"{step.rule}: {step.action} {step.result}  {step.reason}" for step in found.steps]
    else:
        lines += [("envelope sender", found.envelope_sender), ("by", found.via)]
        route = [f"{hop.recipient}: {hop.result}  {hop.how}" for hop in found.hops]
    lines += [("route" if at == 0 else "", line) for at, line in enumerate(route)]
    told = [f"{one.kind} {_told(one)}" for one in control.feedback(found.message_id)]
    lines += [("feedback" if at == 0 else "", line) for at, line in enumerate(told)]
    for name, text in lines:
        typer.echo(f"{name:16}{printable(text)}")
    typer.echo()
    typer.echo(printable(_text(found), keep="\n\t"))


def _text(found: Mail) -> str:
    """Return what a person reads of a mail: its text part, else all of it."""
    try:
        part = found.message().get_body(("plain",))
        if part is not None:
            return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError, AttributeError, TypeError):  # as broken as strangers make it
        pass
    return found.raw().decode("utf-8", "replace").replace("\r\n", "\n")


def _told(told: Feedback) -> str:
    nobody = f" (nobody was told: {told.dropped})" if told.dropped else ""
    return f"{told.channel} {told.target}{nobody}"


def _print_raw(raw: bytes) -> None:
    """Write a mail as it is into a file or pipe; a terminal gets no control characters."""
    if is_terminal():
        typer.echo(printable(raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n"), keep="\n\t"))
    else:
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def _words(code: str) -> str:
    return code.replace("_", " ").lower()
