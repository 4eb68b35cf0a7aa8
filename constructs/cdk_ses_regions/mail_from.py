"""The records of a custom MAIL FROM domain."""

from __future__ import annotations

from constructs import Construct

from cdk_ses_regions.dns import mail_from_records
from cdk_ses_regions.dns_records import DnsRecords
from cdk_ses_regions.domains import domain_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.place import require_known


class MailFromRecords(Construct):
    """The one MX and the SPF record of a custom MAIL FROM domain.

    SES accepts one MX only; a second makes the set-up fail. So one stack owns it for all Regions that share the
    domain: bounces arrive at the Region it names, and SES hands them to the Region that sent.
    See https://docs.aws.amazon.com/ses/latest/dg/mail-from.html

    Args:
        mail_from_domain: the domain, below the identity's: `bounce.example.com`.
        feedback_region: the Region whose feedback endpoint the MX names.
        hosted_zone_id: the Route 53 zone that holds the name.
        dns_role_arn: as for `DnsRecords` (default: the zone is of this account).
        adopt: as for `DnsRecords` (default False).

    Raises:
        InvalidNameError: the domain is none.
        UnsupportedRegionError: the Region has no SES.
        ValueError: the domain or the Region is a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        mail_from_domain: str,
        feedback_region: str,
        hosted_zone_id: str,
        dns_role_arn: str | None = None,
        adopt: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(mail_from_domain=mail_from_domain, feedback_region=feedback_region)
        if problem := domain_problem(mail_from_domain):
            raise InvalidNameError(problem)
        self.records = mail_from_records(mail_from_domain, feedback_region)
        DnsRecords(
            self,
            "Records",
            hosted_zone_id=hosted_zone_id,
            records=self.records,
            dns_role_arn=dns_role_arn,
            adopt=adopt,
        )
