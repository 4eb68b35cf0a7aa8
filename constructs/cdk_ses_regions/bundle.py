"""All that one Region gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.adopted_identity import AdoptedIdentity
from cdk_ses_regions.bundle_identities import (
    EmailAddress,
    EmailDomain,
    address_identity,
    domain_identity,
    identities_problem,
)
from cdk_ses_regions.encryption import EmailKey
from cdk_ses_regions.feedback import ByEmail, Feedback, feedback_topics
from cdk_ses_regions.handled_mail import HandledMail
from cdk_ses_regions.identity import AddressIdentity, DomainIdentity, Identity
from cdk_ses_regions.identity_policy import IdentityPolicy
from cdk_ses_regions.mail_steps import HandledMailTable
from cdk_ses_regions.monitoring import Monitoring, MonitoringOptions
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.receipt_filter import ReceiptFilters
from cdk_ses_regions.receiving import ReceiptRule, Receiving, ReceivingOptions
from cdk_ses_regions.replica_identity import ReplicaIdentity
from cdk_ses_regions.sending import Sending, SendingOptions
from cdk_ses_regions.ses_resource import IdentityNotificationTopics
from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions
from cdk_ses_regions.suppression_sync import SuppressionSync, SuppressionSyncOptions, topics_of_trouble
from cdk_ses_regions.watched import watch


class RegionalEmail(Construct):
    """Email in one Region: verified domains, feedback on bounces and complaints, and receiving when there are rules.

    What Regions share, the MAIL FROM records and the inbound MX, is not part of it: see `MailFromRecords` and
    `DnsRecords`.

    Args:
        name: prefix of the physical names (default "email"): at most 20 of a-z, 0-9 and hyphen.
        domains: the domains, at least one.
        addresses: addresses that are identities of their own (default: none).
        rules: receipt rules, in the order in which they run (default none: this Region does not receive).
        receiving: IP filters, an existing rule set, and more on the mail bucket (default: none of it).
        retention: how long received mail is kept (default: for ever).
        removal_policy: what becomes of received mail and its key with the stack (default: it stays, unless
            the deployment that creates it fails).
        take_over: replace a receipt rule set of someone else that is active (default False: refuse).
        log_retention_days: how long the inbound function's log is kept (default 30).
        feedback: how bounces and complaints are told (default: on the topic `feedback`).
        subscribers: who gets what the topics of `feedback` tell (default: nobody).
        sending: the configuration set and its event destinations (default: there is none).
        suppression_sync: the Regions that tell each other whom to suppress, this one among them (default: none).
        monitoring: from when on the Region is in trouble, and who hears of it (default: nothing watches it).

    Attributes:
        key: the Region's customer key.
        feedback_topics: the feedback topics by name, `feedback` among them unless nobody uses it.
        subscriptions: what was made for `subscribers`, by domain and address; for those of the bundle under "".
        sending: `configuration_set` and the `topics` of its event destinations, or None.
        suppression_sync: the queues to the other Regions, or None.
        monitoring: the alarms and their `topic`, or None.
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
        receiving: ReceivingOptions = ReceivingOptions(),  # noqa: B008 - it cannot be changed
        retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        take_over: bool = False,
        log_retention_days: int = 30,
        feedback: Feedback | ByEmail = Feedback(),  # noqa: B008 - it cannot be changed
        subscribers: Subscribers = Subscribers(),  # noqa: B008
        sending: SendingOptions | None = None,
        suppression_sync: SuppressionSyncOptions | None = None,
        monitoring: MonitoringOptions | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        singles = [EmailAddress(address=one) if isinstance(one, str) else one for one in addresses]
        if problem := identities_problem(domains, singles, with_configuration_set=sending is not None):
            raise ValueError(problem)
        require_known(name=name)
        names = Names(name)
        ses = Place.of(scope).require_ses()
        self.api_endpoint = ses and ses.api
        self.smtp_endpoint = ses and ses.smtp

        self.key: kms.IKey = EmailKey(self, "Key", removal_policy=removal_policy).key
        self.sending = (
            None if sending is None else Sending(self, "Sending", names=names, options=sending, key=self.key)
        )
        self.identities = {domain.domain_name: self._domain(domain) for domain in domains}
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
            self._subscribe(owner.name, owner.subscribers, told[owner.name], names)

        self.suppression_sync: SuppressionSync | None = None
        if suppression_sync is not None:
            self.suppression_sync = SuppressionSync(
                self,
                "SuppressionSync",
                names=names,
                topics=topics_of_trouble(told, self.feedback_topics),
                regions=suppression_sync.regions,
                reasons=suppression_sync.reasons,
                log_retention_days=log_retention_days,
            )

        handled: HandledMailTable | None = None
        if (table_region := receiving.handled_mail_region) is not None:
            handled = HandledMailTable(name=names.handled_table, region=table_region)
            if table_region == Place.of(self).region:
                HandledMail(self, "HandledMail", table_name=handled.name)
        self.receiving: Receiving | None = None
        if rules:
            self.receiving = Receiving(
                self,
                "Receiving",
                rule_set_name=receiving.existing_rule_set or names.rule_set,
                existing=receiving.existing_rule_set is not None,
                after=receiving.after,
                rules=rules,
                topic_name=names.received_topic,
                stored_topic_name=names.stored_topic,
                handled=handled,
                key=self.key,
                retention=retention,
                archive_after=receiving.archive_after,
                versioned=receiving.versioned,
                deleted_retention=receiving.deleted_retention,
                access_logs=receiving.access_logs,
                replicate_to=receiving.replicate_to,
                removal_policy=removal_policy,
                take_over=take_over,
                log_retention_days=log_retention_days,
            )
        if receiving.block or receiving.allow:
            ReceiptFilters(self, "Filters", names=names, block=receiving.block, allow=receiving.allow)

        self.monitoring: Monitoring | None = None
        if monitoring is not None:
            self.monitoring = watch(
                self,
                "Monitoring",
                names=names,
                key=self.key,
                options=monitoring,
                sending=self.sending,
                receiving=self.receiving,
                suppression_sync=self.suppression_sync,
                subscriptions=self.subscriptions,
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

    def _domain(self, domain: EmailDomain) -> DomainIdentity | ReplicaIdentity | AdoptedIdentity:
        identity = domain_identity(self, domain, configuration_set_name=self._default_set(domain))
        self._after_sending(domain, identity)
        return identity

    def _address(self, address: EmailAddress) -> AddressIdentity | AdoptedIdentity:
        identity = address_identity(self, address, configuration_set_name=self._default_set(address))
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
                adopted_arn=identity.identity_arn if isinstance(identity, AdoptedIdentity) else None,
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
        identity = {**self.identities, **self.addresses}[owner.name]
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
