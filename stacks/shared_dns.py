"""The stack that owns the record sets that Regions would fight over."""

from __future__ import annotations

from aws_cdk import Environment, Stack
from constructs import Construct

from cdk_ses_regions.config import Settings
from cdk_ses_regions.dns_records import DnsRecords
from cdk_ses_regions.mail_from import MailFromRecords
from cdk_ses_regions.records import own_records, shared_records


class SharedDnsStack(Stack):
    """A domain's one MAIL FROM MX and SPF, its inbound MX set and DMARC, all in the primary Region."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            settings.names.shared_dns_stack,
            env=Environment(account=settings.account, region=settings.primary_region),
            description="DNS records that all SES Regions share",
            tags=settings.tags,
            termination_protection=settings.termination_protection,
        )
        for domain in settings.domains:
            if domain.hosted_zone_id is None:
                continue
            if domain.mail_from is not None and domain.mail_from.is_shared:
                MailFromRecords(
                    self,
                    f"MailFrom {domain.name}",
                    mail_from_domain=domain.mail_from.domain,
                    feedback_region=settings.feedback_region,
                    hosted_zone_id=domain.hosted_zone_id,
                    dns_role_arn=domain.dns_role_arn,
                    adopt=domain.adopt,
                )
            if records := own_records(settings, domain):
                DnsRecords(
                    self,
                    f"Domain {domain.name}",
                    hosted_zone_id=domain.hosted_zone_id,
                    records=records,
                    dns_role_arn=domain.dns_role_arn,
                    adopt=domain.adopt,
                )

    @staticmethod
    def is_needed(settings: Settings) -> bool:
        """Tell whether there is a record to own; CloudFormation takes no empty stack."""
        return any(
            domain.hosted_zone_id is not None and shared_records(settings, domain)
            for domain in settings.domains
        )
