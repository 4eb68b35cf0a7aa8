"""The records of a custom MAIL FROM domain that all Regions share."""

from __future__ import annotations

from constructs import Construct

from cdk_ses_regions.dns import mail_from_records
from cdk_ses_regions.dns_records import DnsRecords


class MailFromRecords(Construct):
    """The one MX and the SPF record of a custom MAIL FROM domain.

    SES accepts one MX only; a second makes the set-up fail. So one stack owns it for all Regions: bounces arrive at
    the Region it names, and SES hands them to the Region that sent.
    See https://docs.aws.amazon.com/ses/latest/dg/mail-from.html

    Args:
        mail_from_domain: the domain, below the identity's: `bounce.example.com`.
        feedback_region: the Region whose feedback endpoint the MX names.
        hosted_zone_id: the Route 53 zone that holds the name.

    Raises:
        UnsupportedRegionError: the Region has no SES.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        mail_from_domain: str,
        feedback_region: str,
        hosted_zone_id: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.records = mail_from_records(mail_from_domain, feedback_region)
        DnsRecords(self, "Records", hosted_zone_id=hosted_zone_id, records=self.records)
