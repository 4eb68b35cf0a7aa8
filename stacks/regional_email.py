"""The stack of one Region."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aws_cdk import CfnOutput, CfnResource, Environment, RemovalPolicy, Stack
from constructs import Construct

from cdk_ses_regions.bundle import RegionalEmail
from cdk_ses_regions.bundle_identities import EmailAddress, EmailDomain
from cdk_ses_regions.config import Settings
from cdk_ses_regions.config.dkim import Dkim
from cdk_ses_regions.config.senders import Sender as ConfiguredSender
from cdk_ses_regions.dns_records import DnsRecords
from cdk_ses_regions.identity import OnMxFailure, OwnDkimKey
from cdk_ses_regions.mail_from import MailFromRecords
from cdk_ses_regions.records import redirect_records, regional_records, shared_records
from cdk_ses_regions.senders import Sender
from stacks import account, receiving, sending
from stacks.monitoring import monitoring_options

_REMOVAL = {"retain": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "destroy": RemovalPolicy.DESTROY}
_KEY_LENGTH: dict[int, Literal["RSA_1024_BIT", "RSA_2048_BIT"]] = {1024: "RSA_1024_BIT", 2048: "RSA_2048_BIT"}
_ON_MX_FAILURE: dict[str, OnMxFailure] = {"use_default": "USE_DEFAULT_VALUE", "reject": "REJECT_MESSAGE"}


class RegionalEmailStack(Stack):
    """The bundle of one Region, as the configuration wants it there, and what it is called as outputs."""

    def __init__(self, scope: Construct, settings: Settings, *, region: str) -> None:
        super().__init__(
            scope,
            settings.names.regional_stack(region),
            env=Environment(account=settings.account, region=region),
            description=f"Amazon SES in {region}",
            tags=settings.tags,
            termination_protection=settings.termination_protection,
        )
        received = settings.receiving_in(region)
        self.email = RegionalEmail(
            self,
            "Email",
            name=settings.name,
            domains=[
                EmailDomain(
                    domain_name=domain.name,
                    hosted_zone_id=domain.hosted_zone_id,
                    dns_role_arn=domain.dns_role_arn,
                    adopt=domain.adopt,
                    adopt_records=domain.adopt,
                    mail_from_domain=domain.mail_from and domain.mail_from.name_in(region),
                    on_mx_failure=_ON_MX_FAILURE[domain.mail_from.on_mx_failure]
                    if domain.mail_from
                    else "USE_DEFAULT_VALUE",
                    dkim_key_length=_KEY_LENGTH[domain.dkim.key_length or 2048],
                    dkim_parent_region=settings.primary_region
                    if domain.dkim.kind == "deterministic"
                    else None,
                    own_dkim_key=_own_key(domain.dkim),
                    senders=[_sender(sender) for sender in domain.senders],
                    feedback=sending.feedback(settings.feedback_of(domain)),
                    subscribers=sending.subscribers(settings.feedback_of(domain).subscriptions, region),
                    default_configuration_set=domain.default_configuration_set,
                )
                for domain in settings.domains
            ],
            addresses=[
                EmailAddress(
                    address=one.name,
                    adopt=one.adopt,
                    senders=[_sender(sender) for sender in one.senders],
                    feedback=sending.feedback(settings.feedback_of(one)),
                    subscribers=sending.subscribers(settings.feedback_of(one).subscriptions, region),
                    default_configuration_set=one.default_configuration_set,
                )
                for one in settings.addresses
            ],
            rules=receiving.Rules(self, settings, region).all(),
            receiving=receiving.options(settings, region),
            retention=receiving.days(received.retention_days),
            removal_policy=_REMOVAL[received.on_removal],
            take_over=received.take_over,
            feedback=sending.feedback(settings.feedback),
            subscribers=sending.subscribers(settings.feedback.subscriptions, region),
            sending=sending.sending_options(settings, region),
            suppression_sync=sending.suppression_sync(settings, region),
            monitoring=monitoring_options(settings, region),
        )
        if settings.smtp is not None:
            # Other Regions name this key by its alias: for the replica of the secret with the SMTP credentials.
            CfnResource(
                self,
                "KeyAlias",
                type="AWS::KMS::Alias",
                properties={
                    "AliasName": settings.names.key_alias,
                    "TargetKeyId": self.email.key.key_arn,
                },
            )
        sets = self.email.sending
        account.define(
            self, settings, configuration_set=None if sets is None else sets.configuration_set.resource
        )
        self._publish_records(settings)
        self._tell(settings)

    def _publish_records(self, settings: Settings) -> None:
        """Write what the Region has for itself where there is a zone: its own MAIL FROM domain, and tracked links."""
        for domain in settings.domains:
            if domain.hosted_zone_id is None:
                continue
            if domain.mail_from is not None and not domain.mail_from.is_shared:
                MailFromRecords(
                    self,
                    f"MailFrom {domain.name}",
                    mail_from_domain=domain.mail_from.name_in(self.region),
                    feedback_region=self.region,
                    hosted_zone_id=domain.hosted_zone_id,
                    dns_role_arn=domain.dns_role_arn,
                    adopt=domain.adopt,
                )
            if records := redirect_records(settings, domain, self.region):
                DnsRecords(
                    self,
                    "Redirect",
                    hosted_zone_id=domain.hosted_zone_id,
                    records=records,
                    dns_role_arn=domain.dns_role_arn,
                    adopt=domain.adopt,
                )

    def _tell(self, settings: Settings) -> None:
        """Put endpoints and names into the outputs; records too, where somebody has to write them by hand."""
        email = self.email
        outputs = {
            "ApiEndpoint": email.api_endpoint,
            "SmtpEndpoint": email.smtp_endpoint,
            **{
                f"{_pascal(name)}TopicArn"
                if name == "feedback"
                else f"Feedback{_pascal(name)}TopicArn": topic.topic_arn
                for name, topic in email.feedback_topics.items()
            },
            "KeyArn": email.key.key_arn,
        }
        if email.sending is not None:
            outputs["ConfigurationSetName"] = email.sending.configuration_set.name
            outputs |= {
                f"Events{_pascal(name)}TopicArn": topic.topic_arn
                for name, topic in email.sending.topics.items()
            }
        if (here := email.receiving) is not None:
            logs = here.access_log_bucket
            outputs |= {
                "InboundEndpoint": here.inbound_endpoint,
                "RuleSetName": here.rule_set_name,
                "MailBucketName": here.mail_bucket.bucket_name,
                "AccessLogBucketName": None if logs is None else logs.bucket_name,
                "ReceivedTopicArn": here.received_topic.topic_arn,
                "MailQueueArn": here.mail_queue_arn,
                "DeadLetterQueueArn": here.dead_letter_queue_arn,
            }
        if email.suppression_sync is not None:
            outputs["SuppressionQueueArn"] = email.suppression_sync.queue_arn
            outputs["SuppressionDeadLetterQueueArn"] = email.suppression_sync.dead_letter_queue_arn
        if email.monitoring is not None:
            outputs["AlarmsTopicArn"] = email.monitoring.topic.topic_arn
        outputs |= self._queues(settings)
        outputs |= self._records_to_write(settings)
        for name, value in outputs.items():
            if value is not None:
                CfnOutput(self, name, value=value)

    def _queues(self, settings: Settings) -> dict[str, str | None]:
        """Return the queues that are subscribed to topics, and those with what could not be delivered."""
        places = {domain.name: f"Domain{place}" for place, domain in enumerate(settings.domains)}
        places |= {address.name: f"Address{place}" for place, address in enumerate(settings.addresses)}
        made = {places.get(name, ""): one for name, one in self.email.subscriptions.items()}
        if (sending := self.email.sending) is not None:
            made |= {f"Events{_pascal(name)}": one for name, one in sending.subscriptions.items()}
        if (monitoring := self.email.monitoring) is not None and monitoring.subscriptions is not None:
            made["Alarms"] = monitoring.subscriptions
        outputs: dict[str, str | None] = {}
        for owner, one in made.items():
            outputs |= {f"{_pascal(name)}QueueArn": arn for name, arn in one.queue_arns.items()}
            outputs[f"{owner}UndeliveredQueueArn"] = one.dead_letter_queue_arn
        return outputs

    def _records_to_write(self, settings: Settings) -> dict[str, str]:
        """Return the records of domains whose DNS is elsewhere; what Regions share comes from the primary one."""
        records: dict[str, str] = {}
        for place, domain in enumerate(settings.domains):
            if domain.hosted_zone_id is not None:
                continue
            lines = [
                f"{name} CNAME {target}" for name, target in self.email.identities[domain.name].dkim_records
            ]
            written = shared_records(settings, domain) if self.region == settings.primary_region else []
            written += regional_records(settings, domain, self.region)
            lines += [f"{record.name} {record.type} {value}" for record in written for value in record.values]
            records |= {f"Domain{place}Record{number}": line for number, line in enumerate(lines, start=1)}
        return records


def _pascal(name: str) -> str:
    """shop-bounces -> ShopBounces."""
    return "".join(part.capitalize() for part in name.split("-"))


def _own_key(dkim: Dkim) -> OwnDkimKey | None:
    if dkim.selector is None or dkim.private_key_secret is None:
        return None
    return OwnDkimKey(
        selector=dkim.selector,
        private_key_secret=dkim.private_key_secret,
        version_id=dkim.private_key_version,
    )


def _sender(sender: ConfiguredSender) -> Sender:
    return Sender(
        name=sender.name,
        accounts=sender.accounts or (),
        principals=sender.principals or (),
        from_addresses=sender.from_addresses or (),
        source_ips=sender.source_ips or (),
        not_before=datetime.fromisoformat(sender.not_before) if sender.not_before else None,
        not_after=datetime.fromisoformat(sender.not_after) if sender.not_after else None,
        actions=sender.actions,
        allow_anyone=sender.allow_anyone,
    )
