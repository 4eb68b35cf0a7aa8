"""All that one Region gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey
from cdk_ses_regions.feedback import FeedbackTopic
from cdk_ses_regions.identity import DomainIdentity
from cdk_ses_regions.naming import Names
from cdk_ses_regions.place import Place
from cdk_ses_regions.receiving import ReceiptRule, Receiving
from cdk_ses_regions.ses_resource import IdentityNotificationTopics


@dataclass(frozen=True, kw_only=True)
class EmailDomain:
    """A domain of the bundle; see `DomainIdentity` for what the arguments mean.

    Args:
        domain_name: the domain.
        hosted_zone_id: Route 53 zone for its DKIM records (default: DNS is elsewhere).
        mail_from_domain: custom MAIL FROM domain (default: a subdomain of amazonses.com).
    """

    domain_name: str
    hosted_zone_id: str | None = None
    mail_from_domain: str | None = None


class RegionalEmail(Construct):
    """Email in one Region: verified domains, feedback on bounces and complaints, and receiving when there are rules.

    What Regions share, the MAIL FROM records and the inbound MX, is not part of it: see `MailFromRecords` and
    `DnsRecords`.

    Args:
        name: prefix of the physical names (default "email"): at most 20 of a-z, 0-9 and hyphen.
        domains: the domains, at least one.
        rules: receipt rules, in the order in which they run (default none: this Region does not receive).
        retention: how long received mail is kept (default: for ever).
        removal_policy: what becomes of received mail and its key with the stack (default: it stays, unless
            the deployment that creates it fails).
        take_over: replace a receipt rule set of someone else that is active (default False: refuse).
        log_retention_days: how long the inbound function's log is kept (default 30).

    Attributes:
        key: the Region's customer key.
        feedback_topic: bounces and complaints of all domains.
        identities: the identities by domain.
        receiving: what receives, or None: `mail_bucket`, `received_topic`, `inbound_function`, `rule_set_name`.
        api_endpoint: host of the SES API; None if the Region is not known at synthesis.
        smtp_endpoint: host for SMTP submission; None where the Region has none or is not known.

    Raises:
        UnsupportedRegionError: the stack's Region has no SES, or does not receive.
        ValueError: there is no domain, one is given twice, or a name breaks a limit.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str = "email",
        domains: Sequence[EmailDomain],
        rules: Sequence[ReceiptRule] = (),
        retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        take_over: bool = False,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        if problem := _domains_problem([domain.domain_name for domain in domains]):
            raise ValueError(problem)
        names = Names(name)
        ses = Place.of(scope).require_ses()
        self.api_endpoint = ses and ses.api
        self.smtp_endpoint = ses and ses.smtp

        self.key: kms.IKey = EmailKey(self, "Key", removal_policy=removal_policy).key
        self.identities = {domain.domain_name: self._identity(domain) for domain in domains}
        self.feedback_topic: sns.ITopic = FeedbackTopic(
            self,
            "Feedback",
            topic_name=names.feedback_topic,
            identities=list(self.identities),
            key=self.key,
        ).topic
        previous: CfnResource | None = None
        for domain_name, identity in self.identities.items():
            notifications = IdentityNotificationTopics(
                identity,
                "Notifications",
                identity=domain_name,
                bounce_topic=self.feedback_topic,
                complaint_topic=self.feedback_topic,
            )
            notifications.resource.add_resource_dependency(identity.resource)
            if previous is not None:
                # One after the other: they share SES's one request a second.
                notifications.resource.add_resource_dependency(previous)
            previous = notifications.resource

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

    def _identity(self, domain: EmailDomain) -> DomainIdentity:
        return DomainIdentity(
            self,
            domain.domain_name,
            domain_name=domain.domain_name,
            hosted_zone_id=domain.hosted_zone_id,
            mail_from_domain=domain.mail_from_domain,
        )


def _domains_problem(names: Sequence[str]) -> str | None:
    if not names:
        return "domains is empty; give at least one EmailDomain"
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"domain {', '.join(twice)} is given twice; remove one" if twice else None
