"""The configuration of one domain."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from cdk_ses_regions.config.base import DomainName, Model, checked
from cdk_ses_regions.config.dkim import Dkim, DkimSection
from cdk_ses_regions.config.feedback import DomainFeedback, OrEmail
from cdk_ses_regions.config.mail_from import MailFromSection
from cdk_ses_regions.config.receiving import Receiving
from cdk_ses_regions.config.senders import Sender
from cdk_ses_regions.dns import report_address_problem

_ROLE = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/+=,.@_-]{1,512}"


def _hosted_zone_problem(value: str) -> str | None:
    if value.startswith("/hostedzone/"):
        return f"hosted zone id {value!r}: leave out '/hostedzone/'"
    if not re.fullmatch(r"Z[A-Z0-9]{1,31}", value):
        return (
            f"{value!r} is no hosted zone id; Route 53 writes it as Z with up to 31 capitals and digits, "
            "like Z0123456789EXAMPLE01"
        )
    return None


def _role_problem(value: str) -> str | None:
    if re.fullmatch(_ROLE, value):
        return None
    return f"{value!r} is no ARN of a role; write it like arn:aws:iam::222222222222:role/dns"


class Dmarc(Model):
    """The DMARC record of a domain: what receivers do with mail that pretends to come from it."""

    policy: Literal["none", "quarantine", "reject"] = "none"
    """`none` only reports; begin with it."""
    rua: tuple[Annotated[str, checked(report_address_problem)], ...] = ()
    """Addresses that get the daily aggregate reports, without `mailto:`."""


class Domain(Model):
    """One domain: an identity in every Region."""

    name: DomainName
    """The domain, lower case; an international name in its IDNA form (`xn--...`)."""
    hosted_zone_id: (
        Annotated[
            str,
            checked(_hosted_zone_problem),
            Field(json_schema_extra={"pattern": "^Z[A-Z0-9]{1,31}$"}),
        ]
        | None
    ) = None
    """The Route 53 hosted zone that gets the records; left out: DNS is elsewhere and nothing is written."""
    dns_role_arn: (
        Annotated[str, checked(_role_problem), Field(json_schema_extra={"pattern": f"^{_ROLE}$"})] | None
    ) = None
    """Role that writes the records, of the account that has the zone; left out: the zone is of this account."""
    adopt: StrictBool = False
    """Whether the identity and the records may be there already: taken over, and left as they were found at the end."""
    dkim: DkimSection = Field(default_factory=Dkim)
    """How mail is signed: `easy`, `deterministic`, or with a key of your own."""
    mail_from: MailFromSection = None
    """MAIL FROM domain, a subdomain kept for it, or a mapping. Left out: amazonses.com."""
    dmarc: Dmarc | None = None
    """The DMARC record to publish; left out: none is."""
    receiving: Receiving | None = None
    """What to receive; left out: the domain only sends."""
    senders: tuple[Sender, ...] = ()
    """Who else may send in the name of the domain."""
    feedback: Annotated[DomainFeedback | None, OrEmail] = None
    """How bounces and complaints of the domain are told; what it leaves open is as in `feedback` of the deployment."""
    default_configuration_set: StrictBool = True
    """Whether mail of the domain uses the `configuration_set` unless it names one."""
