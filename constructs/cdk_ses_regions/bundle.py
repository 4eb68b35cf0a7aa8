"""All that one Region gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey
from cdk_ses_regions.feedback import ByEmail, Feedback, feedback_topics
from cdk_ses_regions.identity import AddressIdentity, DkimKeyLength, DomainIdentity, Identity, OwnDkimKey
from cdk_ses_regions.identity_policy import IdentityPolicy
from cdk_ses_regions.limits import IDENTITY_POLICIES
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.receiving import ReceiptRule, Receiving
from cdk_ses_regions.replica_identity import ReplicaIdentity
from cdk_ses_regions.senders import Sender
from cdk_ses_regions.sending import Sending, SendingOptions
from cdk_ses_regions.ses_resource import IdentityNotificationTopics
from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions


@dataclass(frozen=True, kw_only=True)
class EmailDomain:
    """A domain of the bundle; see `DomainIdentity` for what the arguments mean.

    Args:
        domain_name: the domain.
        hosted_zone_id: Route 53 zone for its DKIM records (default: DNS is elsewhere).
        mail_from_domain: custom MAIL FROM domain (default: a subdomain of amazonses.com).
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
    mail_from_domain: str | None = None
    dkim_key_length: DkimKeyLength = "RSA_2048_BIT"
    dkim_parent_region: str | None = None
    own_dkim_key: OwnDkimKey | None = None
    senders: Sequence[Sender] = ()
    feedback: Feedback | ByEmail | None = None
    subscribers: Subscribers = field(default_factory=Subscribers)
    default_configuration_set: bool = True


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """An address of the bundle that is an identity of its own; see `AddressIdentity`.

    Args:
        address: the address; it gets a mail from each Region, with a link to follow within 24 hours.
        senders: who else may send in its name (default: nobody).
        feedback: as for `EmailDomain`.
        subscribers: as for `EmailDomain`.
        default_configuration_set: as for `EmailDomain`.
    """

    address: str
    senders: Sequence[Sender] = ()
    feedback: Feedback | ByEmail | None = None
    subscribers: Subscribers = field(default_factory=Subscribers)
    default_configuration_set: bool = True


class RegionalEmail(Construct):
    """Email in one Region: verified domains, feedback on bounces and complaints, and receiving when there are rules.

    What Regions share, the MAIL FROM records and the inbound MX, is not part of it: see `MailFromRecords` and
    `DnsRecords`.

    Args:
        name: prefix of the physical names (default "email"): at most 20 of a-z, 0-9 and hyphen.
        domains: the domains, at least one.
        addresses: addresses that are identities of their own (default: none).
        rules: receipt rules, in the order in which they run (default none: this Region does not receive).
        retention: how long received mail is kept (default: for ever).
        removal_policy: what becomes of received mail and its key with the stack (default: it stays, unless
            the deployment that creates it fails).
        take_over: replace a receipt rule set of someone else that is active (default False: refuse).
        log_retention_days: how long the inbound function's log is kept (default 30).
        feedback: how bounces and complaints are told (default: on the topic `feedback`).
        subscribers: who gets what the topics of `feedback` tell (default: nobody).
        sending: the configuration set and its event destinations (default: there is none).

    Attributes:
        key: the Region's customer key.
        feedback_topics: the feedback topics by name, `feedback` among them unless nobody uses it.
        subscriptions: what was made for `subscribers`, by domain and address; for those of the bundle under "".
        sending: `configuration_set` and the `topics` of its event destinations, or None.
        identities: the identities by domain.
        addresses: the identities by address.
        receiving: what receives, or None: `mail_bucket`, `received_topic`, `inbound_function`, `rule_set_name`.
        api_endpoint: host of the SES API; None if the Region is not known at synthesis.
        smtp_endpoint: host for SMTP submission; None where the Region has none or is not known.

    Raises:
        UnsupportedRegionError: the stack's Region has no SES, or does not receive.
        ValueError: there is no domain, a domain or address is given twice, or a name or sender breaks a limit.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str = "email",
        domains: Sequence[EmailDomain],
        addresses: Sequence[EmailAddress | str] = (),
        rules: Sequence[ReceiptRule] = (),
        retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        take_over: bool = False,
        log_retention_days: int = 30,
        feedback: Feedback | ByEmail = Feedback(),  # noqa: B008 - it cannot be changed
        subscribers: Subscribers = Subscribers(),  # noqa: B008
        sending: SendingOptions | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        singles = [EmailAddress(address=one) if isinstance(one, str) else one for one in addresses]
        problem = _domains_problem([domain.domain_name for domain in domains])
        problem = problem or _twice("address", [one.address for one in singles])
        if sending is not None:
            problem = problem or _default_set_problem([*domains, *singles])
        if problem:
            raise ValueError(problem)
        names = Names(name)
        ses = Place.of(scope).require_ses()
        self.api_endpoint = ses and ses.api
        self.smtp_endpoint = ses and ses.smtp

        self.key: kms.IKey = EmailKey(self, "Key", removal_policy=removal_policy).key
        self.sending = (
            None if sending is None else Sending(self, "Sending", names=names, options=sending, key=self.key)
        )
        self.identities = {domain.domain_name: self._identity(domain) for domain in domains}
        self.addresses = {one.address: self._address(one) for one in singles}
        told: dict[str, Feedback | ByEmail] = {one.domain_name: one.feedback or feedback for one in domains}
        told |= {one.address: one.feedback or feedback for one in singles}
        self.feedback_topics = feedback_topics(self, told, names=names, key=self.key)
        last = self._notify(told)
        for owner in (*domains, *singles):
            last = self._let_in(owner, names, after=last)
        self.subscriptions: dict[str, TopicSubscriptions] = {}
        self._subscribe("", subscribers, feedback, names)
        for owner in (*domains, *singles):
            self._subscribe(_name(owner), owner.subscribers, told[_name(owner)], names)

        self.receiving: Receiving | None = None
        if rules:
            self.receiving = Receiving(
                self,
                "Receiving",
                rule_set_name=names.rule_set,
                rules=rules,
                topic_name=names.received_topic,
                key=self.key,
                retention=retention,
                removal_policy=removal_policy,
                take_over=take_over,
                log_retention_days=log_retention_days,
            )

    @property
    def feedback_topic(self) -> sns.ITopic:
        """The topic `feedback`, of bounces and complaints of all identities that are not told otherwise.

        Raises:
            ValueError: no identity uses it.
        """
        if (topic := self.feedback_topics.get("feedback")) is None:
            others = ", ".join(self.feedback_topics) or "none, feedback comes by email"
            raise ValueError(f"no identity uses the topic 'feedback'; feedback_topics has {others}")
        return topic

    def _identity(self, domain: EmailDomain) -> DomainIdentity | ReplicaIdentity:
        parent = domain.dkim_parent_region
        identity = (
            DomainIdentity(
                self,
                domain.domain_name,
                domain_name=domain.domain_name,
                hosted_zone_id=domain.hosted_zone_id,
                mail_from_domain=domain.mail_from_domain,
                dkim_key_length=domain.dkim_key_length,
                own_dkim_key=domain.own_dkim_key,
                configuration_set_name=self._default_set(domain),
            )
            if parent in (None, Place.of(self).region)
            else ReplicaIdentity(
                self,
                domain.domain_name,
                domain_name=domain.domain_name,
                parent_region=parent,
                mail_from_domain=domain.mail_from_domain,
                configuration_set_name=self._default_set(domain),
            )
        )
        self._after_sending(domain, identity)
        return identity

    def _address(self, address: EmailAddress) -> AddressIdentity:
        identity = AddressIdentity(
            self,
            address.address,
            address=address.address,
            configuration_set_name=self._default_set(address),
        )
        self._after_sending(address, identity)
        return identity

    def _default_set(self, owner: EmailDomain | EmailAddress) -> str | None:
        if self.sending is None or not owner.default_configuration_set:
            return None
        return self.sending.configuration_set.name

    def _after_sending(self, owner: EmailDomain | EmailAddress, identity: Identity) -> None:
        if self.sending is not None and owner.default_configuration_set:
            identity.resource.add_resource_dependency(self.sending.ready)

    def _notify(self, told: Mapping[str, Feedback | ByEmail]) -> CfnResource | None:
        """Let each identity tell on its topics, one after the other: they share SES's one request a second."""
        previous: CfnResource | None = None
        for name, feedback in told.items():
            if feedback == "email":  # SES's own way: there is nothing to set
                continue
            identity, delivery = {**self.identities, **self.addresses}[name], feedback.delivery_topic
            notifications = IdentityNotificationTopics(
                identity,
                "Notifications",
                identity=name,
                bounce_topic=self.feedback_topics[feedback.bounce_topic],
                complaint_topic=self.feedback_topics[feedback.complaint_topic],
                delivery_topic=None if delivery is None else self.feedback_topics[delivery],
                include_headers=feedback.include_headers,
                email_forwarding=feedback.email_forwarding,
            )
            notifications.resource.add_resource_dependency(identity.resource)
            if previous is not None:
                notifications.resource.add_resource_dependency(previous)
            previous = notifications.resource
        return previous

    def _let_in(
        self, owner: EmailDomain | EmailAddress, names: Names, *, after: CfnResource | None
    ) -> CfnResource | None:
        """Let the senders of an identity in, one after the other as well."""
        name = _name(owner)
        if problem := _senders_problem(name, owner.senders):
            raise ValueError(problem)
        identity = {**self.identities, **self.addresses}[name]
        for sender in owner.senders:
            policy = IdentityPolicy(
                identity,
                f"Sender {sender.name}",
                identity=identity,
                sender=sender,
                policy_name=names.sender_policy(sender.name),
            )
            if after is not None:
                policy.resource.add_resource_dependency(after)
            after = policy.resource
        return after

    def _subscribe(
        self, owner: str, subscribers: Subscribers, feedback: Feedback | ByEmail, names: Names
    ) -> None:
        if not subscribers:
            return
        topics = [] if feedback == "email" else [self.feedback_topics.get(name) for name in feedback.topics]
        self.subscriptions[owner] = subscribers.subscribe(
            self,
            f"Subscriptions {owner}".strip(),
            topics=[topic for topic in topics if topic is not None],
            names=names,
        )


def _name(owner: EmailDomain | EmailAddress) -> str:
    return owner.domain_name if isinstance(owner, EmailDomain) else owner.address


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
                f"{_name(owner)} has senders: SES refuses mail of delegate senders for an identity with a default "
                "configuration set; give default_configuration_set=False, or no senders"
            )
    return None
