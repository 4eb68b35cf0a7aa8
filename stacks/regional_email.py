"""The stack of one Region."""

from __future__ import annotations

from typing import Literal

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from constructs import Construct

from cdk_ses_regions.bundle import EmailDomain, RegionalEmail
from cdk_ses_regions.config import Rule, Settings
from cdk_ses_regions.receiving import ReceiptRule
from stacks.shared_dns import shared_records

_REMOVAL = {"retain": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "destroy": RemovalPolicy.DESTROY}
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
                )
                for domain in settings.domains
            ],
            rules=_rules(settings, region),
            retention=None if days is None else Duration.days(days),
            removal_policy=_REMOVAL[settings.receiving.on_removal],
            take_over=settings.receiving.take_over,
        )
        self._tell(settings)

    def _tell(self, settings: Settings) -> None:
        """Put endpoints and names into the outputs; records too, where somebody has to write them by hand."""
        email = self.email
        outputs = {
            "ApiEndpoint": email.api_endpoint,
            "SmtpEndpoint": email.smtp_endpoint,
            "FeedbackTopicArn": email.feedback_topic.topic_arn,
            "KeyArn": email.key.key_arn,
        }
        if (receiving := email.receiving) is not None:
            outputs |= {
                "InboundEndpoint": receiving.inbound_endpoint,
                "RuleSetName": receiving.rule_set_name,
                "MailBucketName": receiving.mail_bucket.bucket_name,
                "ReceivedTopicArn": receiving.received_topic.topic_arn,
                "DeadLetterQueueArn": receiving.dead_letter_queue_arn,
            }
        outputs |= self._records_to_write(settings)
        for name, value in outputs.items():
            if value is not None:
                CfnOutput(self, name, value=value)

    def _records_to_write(self, settings: Settings) -> dict[str, str]:
        """Return the records of domains whose DNS is elsewhere; what Regions share comes from the primary one."""
        records: dict[str, str] = {}
        for place, domain in enumerate(settings.domains):
            if domain.hosted_zone_id is not None:
                continue
            lines = [
                f"{name} CNAME {target}" for name, target in self.email.identities[domain.name].dkim_records
            ]
            if self.region == settings.primary_region:
                shared = shared_records(settings, domain)
                lines += [
                    f"{record.name} {record.type} {value}" for record in shared for value in record.values
                ]
            records |= {f"Domain{place}Record{number}": line for number, line in enumerate(lines, start=1)}
        return records


def _rules(settings: Settings, region: str) -> list[ReceiptRule]:
    """Return the rules of all domains that receive in the Region, in their written order."""
    return [
        _rule(settings, domain.name, rule)
        for domain in settings.domains
        if domain.receiving is not None and region in settings.receiving_regions_of(domain)
        for rule in domain.receiving.rules
    ]


def _rule(settings: Settings, domain: str, rule: Rule) -> ReceiptRule:
    return ReceiptRule(
        name=settings.names.rule(domain, rule.name),
        recipients=rule.recipients or (domain,),
        scan_enabled=rule.scan,
        tls_policy=_TLS[rule.tls],
        enabled=rule.enabled,
    )
