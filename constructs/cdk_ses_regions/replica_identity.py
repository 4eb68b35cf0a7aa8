"""A verified domain whose DKIM key is that of another Region."""

from __future__ import annotations

import hashlib

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions import regions
from cdk_ses_regions.identity import Identity, OnMxFailure, require_names
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.policies import ses_arn
from cdk_ses_regions.provider_rights import Beyond
from cdk_ses_regions.ses_resource import SesProvider


class ReplicaIdentity(Identity):
    """A domain identity that replicates the Easy DKIM key of the same domain in another Region (DEED).

    It needs no DNS record: SES signs with the parent's key and follows its verification. The parent has to be there
    first and goes last, so let this stack depend on that of the parent.
    See https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-deed.html

    Args:
        domain_name: the domain to send from and receive for.
        parent_region: the Region whose `DomainIdentity` of the domain has the key; not this one.
        mail_from_domain: custom MAIL FROM domain, below the domain (default: a subdomain of amazonses.com).
        on_mx_failure: what SES does while the MAIL FROM domain's MX is wrong (default: it sends with its own domain).
        configuration_set_name: what its mail uses unless it names another (default: none). The set has to exist first.

    Attributes:
        domain_name: the domain.
        identity_arn: ARN of the identity.
        resource: the custom resource.

    Raises:
        InvalidNameError: the domain is none, or the MAIL FROM domain is not below it.
        UnsupportedRegionError: there is no such parent Region.
        ValueError: the parent Region is this one, in another partition, or a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        parent_region: str,
        mail_from_domain: str | None = None,
        on_mx_failure: OnMxFailure = "USE_DEFAULT_VALUE",
        configuration_set_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_names(domain_name, mail_from_domain)
        require_known(parent_region=parent_region)
        place, parent = Place.of(scope), regions.region(parent_region)
        _require_another(place, parent, domain_name)
        self.domain_name = self.identity_name = domain_name
        self._suffix = hashlib.sha256(domain_name.encode()).hexdigest()[:8]
        self.identity_arn = ses_arn(scope, f"identity/{domain_name}")
        provider = SesProvider.of(scope)
        mail_from = {"MailFromDomain": mail_from_domain, "BehaviorOnMxFailure": on_mx_failure}
        self.resource = provider.resource(
            self,
            "Resource",
            type="Custom::SesReplicaIdentity",
            properties={
                "Identity": domain_name,
                "ParentRegion": parent.name,
                **(mail_from if mail_from_domain is not None else {}),
                **(
                    {} if configuration_set_name is None else {"ConfigurationSetName": configuration_set_name}
                ),
                "Owner": {"Ref": "AWS::StackName"},
            },
            actions=[
                "ses:CreateEmailIdentity",
                "ses:DeleteEmailIdentity",
                "ses:GetEmailIdentity",
                "ses:PutEmailIdentityConfigurationSetAttributes",
                "ses:PutEmailIdentityMailFromAttributes",
                "ses:TagResource",
            ],
            resources=[self.identity_arn]
            if configuration_set_name is None
            else [self.identity_arn, ses_arn(scope, f"configuration-set/{configuration_set_name}")],
            suffix=self._suffix,
            beyond=Beyond(
                name="SesReplicaIdentities",
                resources=[ses_arn(scope, "identity/*"), ses_arn(scope, "configuration-set/*")],
            ),
        )
        self.resource.add_resource_dependency(self._may_replicate(provider, place, parent))

    @property
    def dkim_records(self) -> list[tuple[str, str]]:
        """Records of its own: none, the parent has them."""
        return []

    def _may_replicate(self, provider: SesProvider, place: Place, parent: regions.SesRegion) -> CfnResource:
        """Return the policy that lets the provider have the parent's key replicated here, and nowhere else."""
        arn = f"arn:{place.partition}:ses:{parent.name}:{place.account}:identity/{self.domain_name}"
        statement = {
            "Effect": "Allow",
            "Action": "ses:ReplicateEmailIdentityDKIMSigningKey",
            "Resource": arn,
            "Condition": {"ForAllValues:StringEquals": {"ses:ReplicaRegion": [place.region]}},
        }
        return provider.rights.give(
            "SesReplicateDkimKey",
            statement,
            suffix=self._suffix,
            at=(self, "MayReplicate"),
            beyond=Beyond(
                name=f"SesReplicateDkimKeysOf-{parent.name}",
                resources=[f"arn:{place.partition}:ses:{parent.name}:{place.account}:identity/*"],
            ),
        )


def _require_another(place: Place, parent: regions.SesRegion, domain_name: str) -> None:
    place.require_ses()
    if parent.name == place.region:
        raise ValueError(
            f"{domain_name}: parent_region is {parent.name}, this very Region; the parent is a DomainIdentity, "
            "and only the other Regions replicate it"
        )
    if place.ses is not None and place.ses.partition != parent.partition:
        raise ValueError(
            f"{domain_name}: parent_region {parent.name} is in {parent.partition}, not in {place.ses.partition}; "
            "SES replicates keys within a partition only"
        )
