"""A domain or address that may be an identity of the account already."""

from __future__ import annotations

import hashlib

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.dns_records import dns_role_problem, write_dkim_records
from cdk_ses_regions.domains import identity_address_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.identity import Identity, OnMxFailure, require_names
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.policies import ses_arn
from cdk_ses_regions.provider_rights import Beyond
from cdk_ses_regions.ses_resource import SesProvider


class AdoptedIdentity(Identity):
    """An identity that is taken over where it is there already, and created where it is not.

    CloudFormation's own identity fails when there is one. This one sets what is given here, leaves the rest and the
    DKIM keys as they are, and remembers in tags of the identity (`ses-regions:...`) what was there before. When the
    stack goes, that comes back, as far as nobody changed it since; an identity that was there before is never deleted.
    A domain has to have Easy DKIM: other keys could not be given back. An identity that a stack has already is not
    for this; see docs/adoption.md.
    See https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

    Args:
        name: the domain or address.
        hosted_zone_id: as for `DomainIdentity`.
        dns_role_arn: as for `DomainIdentity`.
        adopt_records: as for `DomainIdentity`, but here the default is True.
        mail_from_domain: custom MAIL FROM domain, below the domain (default: as it is).
        on_mx_failure: what SES does while the MAIL FROM domain's MX is wrong (default: it sends with its own domain).
        configuration_set_name: what its mail uses unless it names another (default: as it is). The set has to exist
            first.

    Attributes:
        identity_name: the domain or address.
        identity_arn: ARN of the identity.
        resource: the custom resource.

    Raises:
        InvalidNameError: it is no domain or address, or the MAIL FROM domain is not below it.
        ValueError: one of them is a token, there is a role for DNS but no zone, or an address has a zone or a MAIL FROM
            domain.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        hosted_zone_id: str | None = None,
        dns_role_arn: str | None = None,
        adopt_records: bool = True,
        mail_from_domain: str | None = None,
        on_mx_failure: OnMxFailure = "USE_DEFAULT_VALUE",
        configuration_set_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(name=name)
        self._is_domain = "@" not in name
        if self._is_domain:
            require_names(name, mail_from_domain)
        elif problem := identity_address_problem(name):
            raise InvalidNameError(problem)
        elif hosted_zone_id is not None or mail_from_domain is not None:
            raise ValueError(f"{name} is an address; hosted_zone_id and mail_from_domain are for domains")
        if problem := dns_role_problem(name, hosted_zone_id, dns_role_arn):
            raise ValueError(problem)
        self.identity_name = name
        self.identity_arn = arn = ses_arn(scope, f"identity/{name}")
        mail_from = {"MailFromDomain": mail_from_domain, "BehaviorOnMxFailure": on_mx_failure}
        used = {} if configuration_set_name is None else {"ConfigurationSetName": configuration_set_name}
        place = Place.of(scope)
        # Whose the identity is its tags say, and only that stack whether it is so still.
        stacks = f"arn:{place.partition}:cloudformation:{place.region}:{place.account}:stack/*"
        suffix = hashlib.sha256(name.encode()).hexdigest()[:8]
        provider = SesProvider.of(scope)
        self.resource = provider.resource(
            self,
            "Resource",
            type="Custom::SesAdoptedIdentity",
            properties={
                "Identity": name,
                "IdentityArn": arn,
                **(mail_from if mail_from_domain is not None else {}),
                **used,
                # Nobody else has it, and a construct that moves gets another one.
                "Owner": {"Fn::Sub": f"${{AWS::StackId}}/{self.node.addr}"},
            },
            actions=[
                "cloudformation:ListStackResources",
                "ses:CreateEmailIdentity",
                "ses:DeleteEmailIdentity",
                "ses:GetEmailIdentity",
                "ses:ListTagsForResource",
                "ses:PutEmailIdentityDkimAttributes",
                "ses:PutEmailIdentityDkimSigningAttributes",
                "ses:PutEmailIdentityMailFromAttributes",
                "ses:TagResource",
                "ses:UntagResource",
            ],
            resources=[arn, stacks],
            suffix=suffix,
            beyond=Beyond(name="SesAdoptedIdentities", resources=[ses_arn(scope, "identity/*"), stacks]),
        )
        self.resource.add_resource_dependency(self._may_use_sets(provider, suffix))
        if hosted_zone_id is not None:
            write_dkim_records(
                self,
                self.resource,
                hosted_zone_id=hosted_zone_id,
                dns_role_arn=dns_role_arn,
                adopt=adopt_records,
            )

    def _may_use_sets(self, provider: SesProvider, suffix: str) -> CfnResource:
        """Return the policy for default sets: the one that was there before is given back, and its name not known."""
        statement = {
            "Effect": "Allow",
            "Action": "ses:PutEmailIdentityConfigurationSetAttributes",
            "Resource": [self.identity_arn, ses_arn(self, "configuration-set/*")],
        }
        return provider.rights.give(
            "SesIdentityUsesSets",
            statement,
            suffix=suffix,
            at=(self, "MayUseSets"),
            beyond=Beyond(
                name="SesIdentitiesUseSets",
                resources=[ses_arn(self, "identity/*"), ses_arn(self, "configuration-set/*")],
            ),
        )

    @property
    def dkim_records(self) -> list[tuple[str, str]]:
        """Name and target of the three CNAMEs of a domain, as tokens; none of an address."""
        if not self._is_domain:
            return []
        return [
            (
                self.resource.get_att(f"DkimDNSTokenName{number}").to_string(),
                self.resource.get_att(f"DkimDNSTokenValue{number}").to_string(),
            )
            for number in (1, 2, 3)
        ]
