"""What Amazon SES offers in each Region: endpoints, and whether it can receive mail or speak SMTP.

The facts are data, in `ses_regions.json` beside this module (its `_source` says where they were read and
when); a test holds them against botocore's endpoints and CloudFormation's per-Region schemas. A Region newer
than this release is added with `register()`.

AWS's own table: https://docs.aws.amazon.com/general/latest/gr/ses.html
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cdk_ses_regions.errors import UnsupportedRegionError


@dataclass(frozen=True, kw_only=True)
class SesRegion:
    """One Region and its SES endpoints: host names without scheme or trailing dot, None where it has none.

    Attributes:
        name: Region code, `us-east-1`.
        title: AWS's name of the Region, `US East (N. Virginia)`.
        partition: `aws` or `aws-us-gov`; part of every ARN.
        opt_in: Whether an account must enable the Region before use.
        api: HTTPS endpoint of the SES API.
        api_dualstack: The same over IPv4 and IPv6.
        api_fips: The same with FIPS 140 validated cryptography.
        smtp: SMTP submission endpoint.
        smtp_fips: The same with FIPS 140 validated cryptography.
        inbound: SMTP endpoint that receives mail: the target of a receiving domain's MX.
        feedback: Host that takes bounces: the target of a MAIL FROM domain's MX.
        dkim_zone: Documented zone of the Easy DKIM keys; an identity's own `SigningHostedZone` wins over it.
        deed_origin: Name of the Region as the parent of deterministic Easy DKIM, `AWS_SES_US_EAST_1`.
        notes: What a reader of the data should know, often empty.
    """

    name: str
    title: str
    partition: str
    opt_in: bool
    api: str
    api_dualstack: str | None
    api_fips: str | None
    smtp: str | None
    smtp_fips: str | None
    inbound: str | None
    feedback: str
    dkim_zone: str
    deed_origin: str
    notes: tuple[str, ...] = ()

    @property
    def can_receive(self) -> bool:
        """Whether SES receives mail here (receipt rules)."""
        return self.inbound is not None

    @property
    def has_smtp(self) -> bool:
        """Whether mail can be sent over SMTP here; the API works everywhere."""
        return self.smtp is not None


@cache
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("ses_regions.json").read_text(encoding="utf-8")
    return json.loads(text, object_hook=_frozen)


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "notes": tuple(entry["notes"])} if "notes" in entry else entry


@cache
def _regions() -> dict[str, SesRegion]:
    """Return the Regions by name; `register()` adds to this very dictionary."""
    entries: list[dict[str, Any]] = _data()["regions"]
    return {entry["name"]: SesRegion(**entry) for entry in entries}


def all_regions() -> tuple[SesRegion, ...]:
    """Return every Region that has SES, in the order of AWS's table."""
    return tuple(_regions().values())


def region(name: str) -> SesRegion:
    """Return the Region called `name`.

    Raises:
        UnsupportedRegionError: AWS has no such Region (says the nearest name), or SES is not offered there.
    """
    known = _regions()
    if name in known:
        return known[name]
    for entry in _data()["without_ses"]:
        if entry["name"] == name:
            raise UnsupportedRegionError(
                f"{entry['reason']} in {name}, {entry['title']}; SES has {', '.join(known)}"
            )
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.6)
    # Letters that swapped places are the likeliest slip: us-esat-1 is us-east-1, though us-west-1 looks as near.
    near.sort(key=lambda one: sorted(one) != sorted(name))
    hint = f"did you mean {near[0]!r}?" if near else f"SES has {', '.join(known)}"
    raise UnsupportedRegionError(f"unknown Region {name!r}; {hint}")


def receiving_regions() -> tuple[str, ...]:
    """Return the names of the Regions where SES receives mail, in the order of AWS's table."""
    return tuple(one.name for one in all_regions() if one.can_receive)


def smtp_regions() -> tuple[str, ...]:
    """Return the names of the Regions that have an SMTP endpoint, in the order of AWS's table."""
    return tuple(one.name for one in all_regions() if one.has_smtp)


def require_receiving(name: str) -> SesRegion:
    """Return the Region called `name` if SES receives mail there.

    Raises:
        UnsupportedRegionError: There is no such Region, or it cannot receive (lists those that can).
    """
    found = region(name)
    if not found.can_receive:
        raise UnsupportedRegionError(
            f"SES does not receive mail in {name}, {found.title}; it does in {', '.join(receiving_regions())}"
        )
    return found


def feedback_hosts() -> frozenset[str]:
    """Return the feedback hosts of all Regions: a MAIL FROM domain's MX must name one of them."""
    return frozenset(one.feedback for one in all_regions())


def register(
    name: str,
    *,
    receiving: bool,
    smtp: bool,
    title: str = "",
    partition: str = "aws",
    opt_in: bool = True,
) -> SesRegion:
    """Add a Region that AWS opened after this release; call it before the configuration is loaded.

    Endpoints follow the pattern that AWS uses in all Regions so far. A Region already known is replaced.

    Args:
        name: Region code, `eu-south-2`.
        receiving: Whether SES receives mail there.
        smtp: Whether SES has an SMTP endpoint there.
        title: AWS's name of the Region; default the code.
        partition: The partition in ARNs.
        opt_in: Whether an account must enable the Region first; true for every Region since 2019.
    """
    added = SesRegion(
        name=name,
        title=title or name,
        partition=partition,
        opt_in=opt_in,
        api=f"email.{name}.amazonaws.com",
        api_dualstack=f"email.{name}.api.aws",
        api_fips=None,
        smtp=f"email-smtp.{name}.amazonaws.com" if smtp else None,
        smtp_fips=None,
        inbound=f"inbound-smtp.{name}.amazonaws.com" if receiving else None,
        feedback=f"feedback-smtp.{name}.amazonses.com",
        dkim_zone=f"dkim.{name}.amazonses.com",
        deed_origin=f"AWS_SES_{name.upper().replace('-', '_')}",
        notes=("Registered by hand.",),
    )
    _regions()[name] = added
    return added
