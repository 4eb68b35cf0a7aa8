"""Every DNS record that a mail domain needs, as plain values.

Synthesis, the command line and the tests read the records here, so that they cannot disagree. Names and
targets have no trailing dot, TXT values no quotes: whoever writes them adds what the format wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cdk_ses_regions import regions
from cdk_ses_regions.domains import address_problem
from cdk_ses_regions.errors import InvalidNameError

RecordType = Literal["CNAME", "MX", "TXT"]

DEFAULT_TTL = 300
"""Seconds. Short, so that the MAIL FROM record can be moved to another Region in an outage."""


DKIM_TTL = 1800
"""Seconds. Longer: a DKIM record never moves."""


@dataclass(frozen=True)
class Record:
    """One DNS record set.

    Attributes:
        name: Full name, no trailing dot: `bounce.example.com`.
        type: `CNAME`, `MX` or `TXT`.
        values: Its values: MX as `10 host`, TXT unquoted.
        ttl: Time to live in seconds.
        purpose: What it is for, in words; not part of DNS.
    """

    name: str
    type: RecordType
    values: tuple[str, ...]
    ttl: int = DEFAULT_TTL
    purpose: str = ""


def dkim_records(domain: str, tokens: Sequence[tuple[str, str]]) -> tuple[Record, ...]:
    """Return the CNAMEs of Easy DKIM, which verify the domain too; each Region has its own three.

    https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html

    Args:
        domain: The identity.
        tokens: Name and target of each record as the identity's attributes give them (`DkimDNSTokenName1`,
            `DkimDNSTokenValue1`, ...); the target's zone differs by Region, so it is never guessed.
    """
    return tuple(
        Record(name=name, type="CNAME", values=(value,), ttl=DKIM_TTL, purpose=f"DKIM key of {domain}")
        for name, value in tokens
    )


def own_dkim_record(domain: str, selector: str, public_key: str) -> Record:
    """Return the TXT of a DKIM key that the domain's owner brings; one serves every Region.

    https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-bring-your-own.html

    Args:
        domain: The identity.
        selector: Under which the key is found.
        public_key: Base64, without header and line breaks.
    """
    return Record(
        name=f"{selector}._domainkey.{domain}",
        type="TXT",
        values=(f"p={public_key}",),
        ttl=DKIM_TTL,
        purpose=f"DKIM key of {domain}",
    )


def mail_from_records(mail_from: str, feedback_region: str) -> tuple[Record, Record]:
    """Return the MX and the SPF record of a MAIL FROM domain.

    Exactly one MX: with two, SES refuses the set-up. It serves every Region that uses the domain.
    https://docs.aws.amazon.com/ses/latest/dg/mail-from.html

    Args:
        mail_from: The MAIL FROM domain, `bounce.example.com`.
        feedback_region: The Region that takes its bounces.

    Raises:
        UnsupportedRegionError: There is no such Region.
    """
    host = regions.region(feedback_region).feedback
    return (
        Record(
            name=mail_from,
            type="MX",
            values=(f"10 {host}",),
            purpose=f"MAIL FROM: bounces go to SES in {feedback_region}",
        ),
        Record(
            name=mail_from,
            type="TXT",
            values=("v=spf1 include:amazonses.com ~all",),
            purpose="MAIL FROM: SPF lets SES send",
        ),
    )


def inbound_mx(domain: str, receiving: Sequence[str]) -> Record:
    """Return the MX set that brings a domain's mail to SES: the first Region, the next when it is down.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-mx-record.html

    Args:
        domain: The receiving domain.
        receiving: Names of the Regions, at least one; priorities 10, 20, ... in this order.

    Raises:
        UnsupportedRegionError: A Region cannot receive.
        ValueError: No Region was given.
    """
    if not receiving:
        raise ValueError(f"the inbound MX of {domain} needs at least one Region")
    hosts = [regions.require_receiving(name).inbound for name in receiving]
    return Record(
        name=domain,
        type="MX",
        values=tuple(f"{10 * place} {host}" for place, host in enumerate(hosts, start=1)),
        purpose=f"mail for {domain} comes to SES in {', '.join(receiving)}",
    )


def redirect_record(name: str, region: str) -> Record:
    """Return the CNAME of the links that SES writes into mail to see opens and clicks.

    https://docs.aws.amazon.com/ses/latest/dg/configure-custom-open-click-domains.html

    Args:
        name: The redirect domain of one Region, `click.us-east-1.example.com`.
        region: The Region; each tracks the mail that it sent.

    Raises:
        UnsupportedRegionError: There is no such Region.
    """
    return Record(
        name=name,
        type="CNAME",
        values=(f"r.{regions.region(region).name}.awstrack.me",),
        purpose=f"links in mail from {region} lead to SES, which sees opens and clicks",
    )


def dmarc_record(
    domain: str, policy: Literal["none", "quarantine", "reject"], rua: Sequence[str] = ()
) -> Record:
    """Return the DMARC record of a domain (RFC 7489 section 6.3).

    Args:
        domain: The domain in the From header.
        policy: What receivers do with mail that fails.
        rua: Addresses that get aggregate reports. One in another domain works only if that domain publishes a
            record that accepts them (RFC 7489 section 7.1).

    Raises:
        InvalidNameError: A report address is no address, or has a comma or exclamation mark.
    """
    tags = ["v=DMARC1", f"p={policy}"]
    for address in rua:
        if problem := report_address_problem(address):
            raise InvalidNameError(problem)
    if rua:
        tags.append("rua=" + ",".join(f"mailto:{address}" for address in rua))
    return Record(
        name=f"_dmarc.{domain}", type="TXT", values=("; ".join(tags),), purpose=f"DMARC policy of {domain}"
    )


def report_address_problem(address: str) -> str | None:
    """Return why `address` cannot take DMARC reports, or None: `someone@example.com`, without `mailto:`."""
    if address.startswith("mailto:"):
        return f"{address!r}: leave out mailto:, it is added"
    if "!" in address or "," in address:
        return (
            f"{address!r}: a comma or exclamation mark has a meaning of its own in DMARC; use another address"
        )
    return address_problem(address)
