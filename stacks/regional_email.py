"""The stack of one Region."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from constructs import Construct

from cdk_ses_regions.bundle import EmailAddress, EmailDomain, RegionalEmail
from cdk_ses_regions.config import Rule, Settings
from cdk_ses_regions.config.dkim import Dkim
from cdk_ses_regions.config.senders import Sender as ConfiguredSender
from cdk_ses_regions.dns_records import DnsRecords
from cdk_ses_regions.identity import OwnDkimKey
from cdk_ses_regions.receiving import ReceiptRule
from cdk_ses_regions.records import regional_records, shared_records
from cdk_ses_regions.senders import Sender
from stacks import sending

_REMOVAL = {"retain": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "destroy": RemovalPolicy.DESTROY}
_KEY_LENGTH: dict[int, Literal["RSA_1024_BIT", "RSA_2048_BIT"]] = {1024: "RSA_1024_BIT", 2048: "RSA_2048_BIT"}
_TLS: dict[str, Literal["Optional", "Require"]] = {"optional": "Optional", "require": "Require"}


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
        days = settings.receiving.retention_days
        self.email = RegionalEmail(
            self,
            "Email",
            name=settings.name,
            domains=[
                EmailDomain(
                    domain_name=domain.name,
                    hosted_zone_id=domain.hosted_zone_id,
                    mail_from_domain=domain.mail_from,
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
                    senders=[_sender(sender) for sender in one.senders],
                    feedback=sending.feedback(settings.feedback_of(one)),
                    subscribers=sending.subscribers(settings.feedback_of(one).subscriptions, region),
                    default_configuration_set=one.default_configuration_set,
                )
                for one in settings.addresses
            ],
            rules=_rules(settings, region),
            retention=None if days is None else Duration.days(days),
            removal_policy=_REMOVAL[settings.receiving.on_removal],
            take_over=settings.receiving.take_over,
            feedback=sending.feedback(settings.feedback),
            subscribers=sending.subscribers(settings.feedback.subscriptions, region),
            sending=sending.sending_options(settings, region),
        )
        self._publish_redirect(settings)
        self._tell(settings)

    def _publish_redirect(self, settings: Settings) -> None:
        """Write the record of tracked links, which each Region has for itself, where the zone is ours."""
        for domain in settings.domains:
            records = regional_records(settings, domain, self.region)
            if records and domain.hosted_zone_id is not None:
                DnsRecords(self, "Redirect", hosted_zone_id=domain.hosted_zone_id, records=records)

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
        if (receiving := email.receiving) is not None:
            outputs |= {
                "InboundEndpoint": receiving.inbound_endpoint,
                "RuleSetName": receiving.rule_set_name,
                "MailBucketName": receiving.mail_bucket.bucket_name,
                "ReceivedTopicArn": receiving.received_topic.topic_arn,
                "DeadLetterQueueArn": receiving.dead_letter_queue_arn,
            }
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


def _rules(settings: Settings, region: str) -> list[ReceiptRule]:
    """Return the rules of all domains that receive in the Region, in their written order."""
    return [
        _rule(settings, domain.name, rule)
        for domain in settings.domains
        if domain.receiving is not None and region in settings.receiving_regions_of(domain)
        for rule in domain.receiving.rules
    ]


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


def _rule(settings: Settings, domain: str, rule: Rule) -> ReceiptRule:
    return ReceiptRule(
        name=settings.names.rule(domain, rule.name),
        recipients=rule.recipients or (domain,),
        scan_enabled=rule.scan,
        tls_policy=_TLS[rule.tls],
        enabled=rule.enabled,
    )
