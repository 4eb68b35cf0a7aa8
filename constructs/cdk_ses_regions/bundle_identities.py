"""The domains and addresses of a Region's bundle, and the identity that each of them gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aws_cdk import Token
from constructs import Construct

from cdk_ses_regions.adopted_identity import AdoptedIdentity
from cdk_ses_regions.feedback import ByEmail, Feedback
from cdk_ses_regions.identity import AddressIdentity, DkimKeyLength, DomainIdentity, OnMxFailure, OwnDkimKey
from cdk_ses_regions.limits import IDENTITY_POLICIES
from cdk_ses_regions.place import Place
from cdk_ses_regions.replica_identity import ReplicaIdentity
from cdk_ses_regions.senders import Sender
from cdk_ses_regions.subscriptions import Subscribers


@dataclass(frozen=True, kw_only=True)
class EmailDomain:
    """A domain of the bundle; see `DomainIdentity` for what the arguments mean.

    Args:
        domain_name: the domain.
        hosted_zone_id: Route 53 zone for its DKIM records (default: DNS is elsewhere).
        dns_role_arn: role that may write to the zone, of another account (default: the zone is of this account).
        adopt: the identity may be there already, and then stays when the stack goes, as it was; its keys are never
            changed (default False). See `AdoptedIdentity`.
        adopt_records: its DKIM records may be there already, and then stay when the stack goes (default False).
        mail_from_domain: custom MAIL FROM domain (default: a subdomain of amazonses.com).
        on_mx_failure: what SES does while the MAIL FROM domain's MX is wrong (default: it sends with its own domain).
        dkim_key_length: length of the keys that SES makes (default 2048 bits).
        dkim_parent_region: the Region whose key the others replicate; its stack is deployed first and goes last
            (default: each Region has keys of its own). See `ReplicaIdentity`.
        own_dkim_key: your own key, for all Regions (default: SES makes the keys).
        senders: who else may send in its name (default: nobody).
        feedback: how bounces and complaints are told (default: as in the bundle).
        subscribers: who gets what the topics of this domain's `feedback` tell (default: nobody).
        default_configuration_set: its mail uses the configuration set of the bundle, if there is one, unless it names
            another (default True); SES takes none for an identity with senders.
    """

    domain_name: str
    hosted_zone_id: str | None = None
    dns_role_arn: str | None = None
    adopt: bool = False
    adopt_records: bool = False
    mail_from_domain: str | None = None
    on_mx_failure: OnMxFailure = "USE_DEFAULT_VALUE"
    dkim_key_length: DkimKeyLength = "RSA_2048_BIT"
    dkim_parent_region: str | None = None
    own_dkim_key: OwnDkimKey | None = None
    senders: Sequence[Sender] = ()
    feedback: Feedback | ByEmail | None = None
    subscribers: Subscribers = field(default_factory=Subscribers)
    default_configuration_set: bool = True

    @property
    def name(self) -> str:
        """The identity's name: the domain."""
        return self.domain_name


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """An address of the bundle that is an identity of its own; see `AddressIdentity`.

    Args:
        address: the address; it gets a mail from each Region, with a link to follow within 24 hours.
        adopt: as for `EmailDomain` (default False).
        senders: who else may send in its name (default: nobody).
        feedback: as for `EmailDomain`.
        subscribers: as for `EmailDomain`.
        default_configuration_set: as for `EmailDomain`.
    """

    address: str
    adopt: bool = False
    senders: Sequence[Sender] = ()
    feedback: Feedback | ByEmail | None = None
    subscribers: Subscribers = field(default_factory=Subscribers)
    default_configuration_set: bool = True

    @property
    def name(self) -> str:
        """The identity's name: the address."""
        return self.address


def domain_identity(
    scope: Construct, domain: EmailDomain, *, configuration_set_name: str | None
) -> DomainIdentity | ReplicaIdentity | AdoptedIdentity:
    """Define the identity of a domain: the Region's own, a replica of the parent Region's, or the one that is there."""
    parent = domain.dkim_parent_region
    if parent is not None and Token.is_unresolved(Place.of(scope).region):
        raise ValueError(
            f"{domain.domain_name}: whether this is the Region of the parent or of a replica is known only when "
            "the stack is deployed; give the stack its Region: env=Environment(region=...)"
        )
    if domain.adopt and domain.own_dkim_key is not None:
        raise ValueError(
            f"{domain.domain_name}: adopt leaves the keys of an identity as they are; leave own_dkim_key out, or "
            "import the identity with `cdk import`"
        )
    if parent not in (None, Place.of(scope).region):
        return ReplicaIdentity(
            scope,
            domain.domain_name,
            domain_name=domain.domain_name,
            parent_region=parent,
            mail_from_domain=domain.mail_from_domain,
            on_mx_failure=domain.on_mx_failure,
            configuration_set_name=configuration_set_name,
        )
    if domain.adopt:
        return AdoptedIdentity(
            scope,
            domain.domain_name,
            name=domain.domain_name,
            hosted_zone_id=domain.hosted_zone_id,
            dns_role_arn=domain.dns_role_arn,
            adopt_records=domain.adopt_records,
            mail_from_domain=domain.mail_from_domain,
            on_mx_failure=domain.on_mx_failure,
            configuration_set_name=configuration_set_name,
        )
    return DomainIdentity(
        scope,
        domain.domain_name,
        domain_name=domain.domain_name,
        hosted_zone_id=domain.hosted_zone_id,
        dns_role_arn=domain.dns_role_arn,
        adopt_records=domain.adopt_records,
        mail_from_domain=domain.mail_from_domain,
        on_mx_failure=domain.on_mx_failure,
        dkim_key_length=domain.dkim_key_length,
        own_dkim_key=domain.own_dkim_key,
        configuration_set_name=configuration_set_name,
    )


def address_identity(
    scope: Construct, address: EmailAddress, *, configuration_set_name: str | None
) -> AddressIdentity | AdoptedIdentity:
    """Define the identity of an address."""
    if address.adopt:
        return AdoptedIdentity(
            scope, address.name, name=address.name, configuration_set_name=configuration_set_name
        )
    return AddressIdentity(
        scope, address.name, address=address.name, configuration_set_name=configuration_set_name
    )


def identities_problem(
    domains: Sequence[EmailDomain], addresses: Sequence[EmailAddress], *, with_configuration_set: bool
) -> str | None:
    """Return why the identities cannot be those of one Region, or None."""
    owners = (*domains, *addresses)
    problem = _domains_problem([domain.name for domain in domains])
    problem = problem or _twice("address", [one.name for one in addresses])
    if with_configuration_set:
        problem = problem or _default_set_problem(owners)
    return problem or next(
        (found for one in owners if (found := _senders_problem(one.name, one.senders))), None
    )


def _domains_problem(names: Sequence[str]) -> str | None:
    if not names:
        return "domains is empty; give at least one EmailDomain"
    return _twice("domain", names)


def _senders_problem(owner: str, senders: Sequence[Sender]) -> str | None:
    if len(senders) > IDENTITY_POLICIES:
        return f"{owner} has {len(senders)} senders; SES allows {IDENTITY_POLICIES} policies at an identity"
    return _twice(f"{owner}: sender", [sender.name for sender in senders])


def _twice(what: str, names: Sequence[str]) -> str | None:
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{what} {', '.join(twice)} is given twice; remove one" if twice else None


def _default_set_problem(owners: Sequence[EmailDomain | EmailAddress]) -> str | None:
    for owner in owners:
        if owner.senders and owner.default_configuration_set:
            return (
                f"{owner.name} has senders: SES refuses mail of delegate senders for an identity with a default "
                "configuration set; give default_configuration_set=False, or no senders"
            )
    return None
