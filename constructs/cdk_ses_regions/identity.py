"""A verified domain in one Region."""

from __future__ import annotations

from typing import Any, Literal

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.dns import DKIM_TTL
from cdk_ses_regions.domains import domain_problem, mail_from_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.policies import ses_arn

DkimKeyLength = Literal["RSA_1024_BIT", "RSA_2048_BIT"]
OnMxFailure = Literal["USE_DEFAULT_VALUE", "REJECT_MESSAGE"]


class DomainIdentity(Construct):
    """A domain identity with Easy DKIM, and the three CNAMEs that verify it in this Region.

    The CNAMEs differ from Region to Region, in name and in target, so each Region's stack owns its own. They are read
    from the identity: the zone they point to cannot be guessed.
    The MAIL FROM records are not written here: Regions share them (`MailFromRecords`).
    See https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

    Args:
        domain_name: the domain to send from and receive for.
        hosted_zone_id: the Route 53 zone for the CNAMEs; without it they are not written (DNS is elsewhere).
        mail_from_domain: custom MAIL FROM domain, below the domain (default: a subdomain of amazonses.com).
        on_mx_failure: what SES does while the MAIL FROM domain's MX is wrong (default: it sends with its own domain).
        dkim_key_length: length of the next DKIM key (default 2048 bits).

    Attributes:
        domain_name: the domain.
        identity_arn: ARN of the identity.
        resource: the `AWS::SES::EmailIdentity`.

    Raises:
        InvalidNameError: the domain is none, or the MAIL FROM domain is not below it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        hosted_zone_id: str | None = None,
        mail_from_domain: str | None = None,
        on_mx_failure: OnMxFailure = "USE_DEFAULT_VALUE",
        dkim_key_length: DkimKeyLength = "RSA_2048_BIT",
    ) -> None:
        super().__init__(scope, construct_id)
        problem = domain_problem(domain_name)
        if problem is None and mail_from_domain is not None:
            problem = mail_from_problem(mail_from_domain, domain=domain_name)
        if problem:
            raise InvalidNameError(problem)
        properties: dict[str, Any] = {
            "EmailIdentity": domain_name,
            "DkimAttributes": {"SigningEnabled": True},
            "DkimSigningAttributes": {"NextSigningKeyLength": dkim_key_length},
        }
        if mail_from_domain is not None:
            properties["MailFromAttributes"] = {
                "MailFromDomain": mail_from_domain,
                "BehaviorOnMxFailure": on_mx_failure,
            }
        self.domain_name = domain_name
        self.identity_arn = ses_arn(scope, f"identity/{domain_name}")
        self.resource = CfnResource(self, "Resource", type="AWS::SES::EmailIdentity", properties=properties)
        if hosted_zone_id is not None:
            self._publish_dkim(hosted_zone_id)

    @property
    def dkim_records(self) -> list[tuple[str, str]]:
        """Name and target of the three CNAMEs, as tokens."""
        return [
            (
                self.resource.get_att(f"DkimDNSTokenName{number}").to_string(),
                self.resource.get_att(f"DkimDNSTokenValue{number}").to_string(),
            )
            for number in (1, 2, 3)
        ]

    def _publish_dkim(self, hosted_zone_id: str) -> None:
        identity = self.resource.logical_id
        for number in (1, 2, 3):
            CfnResource(
                self,
                f"Dkim{number}",
                type="AWS::Route53::RecordSet",
                properties={
                    "HostedZoneId": hosted_zone_id,
                    # Fn::GetAtt as plain data: no token has to travel to Node and back.
                    "Name": {"Fn::GetAtt": [identity, f"DkimDNSTokenName{number}"]},
                    "Type": "CNAME",
                    "TTL": str(DKIM_TTL),
                    "ResourceRecords": [{"Fn::GetAtt": [identity, f"DkimDNSTokenValue{number}"]}],
                },
            )
