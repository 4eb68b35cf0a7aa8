"""Who else may send in the name of an identity: the value, what is wrong with one, and the policy it becomes.

Functions that end in `_problem` return what is wrong, or None, so that the configuration can add a line number and a
construct can raise.
Rests on the SES developer guide, "Using sending authorization"
(https://docs.aws.amazon.com/ses/latest/dg/sending-authorization.html).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from cdk_ses_regions.domains import address_problem, is_below
from cdk_ses_regions.limits import IDENTITY_POLICY_BYTES, IDENTITY_POLICY_NAME

SendAction = Literal[
    "SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkEmail", "SendBulkTemplatedEmail"
]
SEND_ACTIONS: tuple[SendAction, ...] = get_args(SendAction)
DEFAULT_ACTIONS: tuple[SendAction, ...] = ("SendEmail", "SendRawEmail")
ANYONE = "*"
SENDER_NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

_PRINCIPAL = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):(?:user|role)/[\w+=,.@/-]{1,512}")
_ROOT = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root")
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.*")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Somebody who may send in the name of an identity: accounts, users and roles, mostly of others.

    What is left out does not restrict: with nothing but `accounts`, all of their users may send from any address of
    the identity at any time, as far as their own IAM policies let them.

    Args:
        name: names its policy: letters, digits, hyphens and underscores, at most 64, unique at the identity.
        accounts: account ids, 12 digits each.
        principals: ARNs of IAM users and roles; "*" is anyone who has an AWS account, with `allow_anyone` only.
        from_addresses: From addresses they may use; `*` stands for any characters, `?` for one. Compared by the letter.
        source_ips: IP addresses or CIDR ranges that their requests come from.
        not_before: from when on they may send, with its time zone.
        not_after: until when they may send, with its time zone.
        actions: what they may call (default `SendEmail` and `SendRawEmail`).
        allow_anyone: "*" in `principals` is meant (default False).
    """

    name: str
    accounts: Sequence[str] = ()
    principals: Sequence[str] = ()
    from_addresses: Sequence[str] = ()
    source_ips: Sequence[str] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    actions: Sequence[SendAction] = DEFAULT_ACTIONS
    allow_anyone: bool = False


def sending_policy(sender: Sender, *, identity_arn: str) -> dict[str, Any]:
    """Return the policy of an identity that lets a sender in, as plain data; ARNs in it may be tokens of CDK."""
    condition: dict[str, Any] = {}
    if sender.from_addresses:
        condition["StringLike"] = {"ses:FromAddress": list(sender.from_addresses)}
    if sender.source_ips:
        condition["IpAddress"] = {"aws:SourceIp": list(sender.source_ips)}
    if sender.not_before is not None:
        condition["DateGreaterThanEquals"] = {"aws:CurrentTime": _utc(sender.not_before)}
    if sender.not_after is not None:
        condition["DateLessThanEquals"] = {"aws:CurrentTime": _utc(sender.not_after)}
    anyone = ANYONE in sender.principals
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": ANYONE if anyone else [*sender.accounts, *sender.principals]},
        "Action": [f"ses:{action}" for action in sender.actions],
        "Resource": identity_arn,
    }
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def sender_name_problem(name: str) -> str | None:
    """Return why `name` cannot name a sender's policy, or None."""
    if len(name) > IDENTITY_POLICY_NAME:
        return f"sender name is {len(name)} characters long; SES allows {IDENTITY_POLICY_NAME}"
    if not re.fullmatch(SENDER_NAME_PATTERN, name):
        return f"sender name {name!r} must have letters, digits, hyphens and underscores only"
    return None


def account_problem(value: str) -> str | None:
    """Return why `value` is no account id, or None."""
    if not re.fullmatch(r"[0-9]{12}", value):
        return f"{value!r} is no account id; it has 12 digits, without hyphens"
    return None


def principal_problem(value: str) -> str | None:
    """Return why `value` cannot be a principal of a sender, or None."""
    if value == ANYONE or _PRINCIPAL.fullmatch(value):
        return None
    if root := _ROOT.fullmatch(value):
        return f"{value!r} is a whole account; write {root[1]!r} under accounts"
    if not account_problem(value):
        return f"{value!r} is an account; write it under accounts"
    if assumed := _ASSUMED.fullmatch(value):
        return (
            f"{value!r} is a session of a role; name the role: "
            f"arn:{assumed[1]}:iam::{assumed[2]}:role/{assumed[3]}"
        )
    return (
        f"{value!r} is no IAM user or role; write its ARN, like arn:aws:iam::222222222222:user/mailer, "
        "or the whole account under accounts"
    )


def principal_partition(value: str) -> str | None:
    """Return the partition of a principal, None if it has none."""
    found = _PRINCIPAL.fullmatch(value)
    return found[1] if found else None


def from_address_problem(pattern: str, *, identity: str) -> str | None:
    """Return why a sender of `identity`, a domain or an address, cannot be held to From addresses like `pattern`."""
    if pattern == ANYONE:
        return "'*' restricts nothing; leave from_addresses out"
    if address_problem(re.sub(r"[*?]", "x", pattern)):
        return (
            f"{pattern!r} is no From address; write it like news@{identity.rpartition('@')[2]}, where * stands "
            "for any characters and ? for one"
        )
    local, _, host = pattern.rpartition("@")
    name, at, domain = identity.rpartition("@")
    if at:
        if host == domain and (local == name or local.startswith(f"{name}+")):
            return None
        return f"{pattern!r} is not {identity}, the address whose sender it is, nor that with a +label"
    if host != domain and not is_below(host, domain):
        return f"{pattern!r} is not of the domain {domain}; put it under the domain or address it belongs to"
    return None


def source_ip_problem(value: str) -> str | None:
    """Return why `value` is no address or range that requests come from, or None."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return f"{value!r} is no IP address or CIDR range; write it like 203.0.113.7 or 203.0.113.0/24"
        return f"{value!r} has bits beyond its prefix; write {str(network)!r}"
    return f"{value!r} is every address; leave source_ips out" if network.prefixlen == 0 else None


def time_problem(value: str) -> str | None:
    """Return why `value` is no point in time, or None."""
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return f"{value!r} is no time; write it like 2027-01-31T00:00:00Z"
    if time.tzinfo is None:
        return f"{value!r} does not say its time zone; write it like 2027-01-31T00:00:00Z, for UTC"
    return None


def principals_problem(
    *, accounts: Sequence[str], principals: Sequence[str], allow_anyone: bool
) -> tuple[str, str] | None:
    """Return the key at fault and why these cannot be let in together, or None."""
    if not accounts and not principals:
        return "name", "nobody is let in; give accounts or principals"
    if ANYONE not in principals:
        return ("allow_anyone", "is for '*' in principals; leave it out") if allow_anyone else None
    if not allow_anyone:
        return (
            "principals",
            "'*' lets everybody who has an AWS account send in your name; name accounts or principals, "
            "or set allow_anyone: true",
        )
    if accounts or len(principals) > 1:
        return "principals", "'*' lets everybody in; leave out the others, in accounts and principals"
    return None


def window_problem(not_before: datetime | None, not_after: datetime | None) -> str | None:
    """Return why there is no time between the two, or None."""
    if not_before is not None and not_after is not None and not_after <= not_before:
        return "not_after is not later than not_before: nobody could ever send; move one of them"
    return None


def size_problem(policy: dict[str, Any]) -> str | None:
    """Return why a policy is too large for SES, or None."""
    marked = {"Id": "cdk-0123456789abcdef", **policy}  # the provider adds such an id
    size = len(json.dumps(marked, separators=(",", ":")).encode())
    if size > IDENTITY_POLICY_BYTES:
        return (
            f"its policy has {size} bytes; SES allows {IDENTITY_POLICY_BYTES}: "
            "split it into several senders, each with its own name"
        )
    return None


def sender_problem(sender: Sender, *, identity: str, identity_arn: str) -> str | None:
    """Return what is wrong with a sender of `identity`, the first of it, or None; ARNs may be tokens of CDK."""
    checks = [
        sender_name_problem(sender.name),
        *[account_problem(one) for one in sender.accounts],
        *[principal_problem(one) for one in sender.principals if "${Token[" not in one],
        *[from_address_problem(one, identity=identity) for one in sender.from_addresses],
        *[source_ip_problem(one) for one in sender.source_ips],
    ]
    for key, time in (("not_before", sender.not_before), ("not_after", sender.not_after)):
        if time is not None and time.tzinfo is None:
            return f"sender {sender.name!r}: {key} does not say its time zone; give one, like datetime.UTC"
    together = principals_problem(
        accounts=sender.accounts, principals=sender.principals, allow_anyone=sender.allow_anyone
    )
    checks += [
        together and ": ".join(together),
        window_problem(sender.not_before, sender.not_after),
        None if sender.actions else "actions is empty; leave it out, or give at least one",
        next(
            (f"{one!r} is no action to send with" for one in sender.actions if one not in SEND_ACTIONS), None
        ),
        size_problem(sending_policy(sender, identity_arn=identity_arn)),
    ]
    problem = next((one for one in checks if one), None)
    return f"sender {sender.name!r}: {problem}" if problem else None


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
