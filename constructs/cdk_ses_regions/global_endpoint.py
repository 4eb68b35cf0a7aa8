"""A global endpoint: mail goes out through two Regions, and through one of them when the other fails."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_ses_regions import regions
from cdk_ses_regions.domains import identity_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.naming import configuration_set_problem
from cdk_ses_regions.place import Place, require_known
from cdk_ses_regions.senders import from_address_problem
from cdk_ses_regions.ses_resource import SesProvider

_ROOM = 6000
"""Characters of ARNs for which the provider's permission to look at them has room: IAM gives a role 10,240."""


class GlobalEndpoint(Construct):
    """A global (multi-Region) endpoint of the stack's Region and a second one.

    SES keeps the two alike in nothing, so the deployment fails, and says what is missing, unless both have the
    identities with their policies and MAIL FROM domains, and the configuration set: deploy them first. Whoever deploys
    needs `iam:CreateServiceLinkedRole` for ses.amazonaws.com. Mail is sent through it with version 2 of the API, which
    signs with SigV4A (`pip install 'boto3[crt]'`); SMTP cannot.
    See https://docs.aws.amazon.com/ses/latest/dg/global-endpoints.html

    Args:
        name: physical name: 1 to 64 letters, digits, hyphens and underscores. Nothing of an endpoint can be changed: a
            new name for another second Region lets CloudFormation replace it.
        secondary_region: the second Region, of the same partition.
        identities: domains and addresses that send through it, at least one.
        configuration_set_name: the configuration set of their mail (default: none).
        identity_policies: for an identity, the names of the policies that let senders in (default: none).

    Attributes:
        name: the name.
        endpoint_id: what an application gives as `EndpointId`, as a token.
        resource: the `AWS::SES::MultiRegionEndpoint`.

    Raises:
        InvalidNameError: the name breaks those rules.
        UnsupportedRegionError: a Region has no SES.
        ValueError: the second Region is this one or in another partition, there is no identity or one twice, a policy
            is of none of them, one or the configuration set has a name that none can have, or a name or the second
            Region is a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        secondary_region: str,
        identities: Sequence[str],
        configuration_set_name: str | None = None,
        identity_policies: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(
            name=name,
            secondary_region=secondary_region,
            configuration_set_name=configuration_set_name,
            **{f"identities[{place}]": one for place, one in enumerate(identities)},
        )
        place, policies = Place.of(self), identity_policies or {}
        place.require_ses()
        _require_name(name)
        problem = _problem(place, regions.region(secondary_region), identities, policies) or (
            configuration_set_problem(configuration_set_name) if configuration_set_name else None
        )
        if problem:
            raise ValueError(problem)
        self.name = name
        self._identities = tuple(identities)
        self._arns = [
            f"arn:{place.partition}:ses:{region}:{place.account}:{one}"
            for region in (place.region, secondary_region)
            for one in (
                *(f"identity/{identity}" for identity in identities),
                *([f"configuration-set/{configuration_set_name}"] if configuration_set_name else []),
            )
        ]
        provider = SesProvider.of(self)
        alike = provider.resource(
            self,
            "RegionsAlike",
            type="Custom::SesRegionsAlike",
            properties={
                "Regions": [place.region, secondary_region],
                "Identities": list(identities),
                **({"ConfigurationSetName": configuration_set_name} if configuration_set_name else {}),
                **(
                    {"Policies": {one: list(names) for one, names in policies.items() if names}}
                    if any(policies.values())
                    else {}
                ),
            },
            actions=[
                "ses:GetEmailIdentity",
                *(["ses:GetConfigurationSet"] if configuration_set_name else []),
            ],
            resources=self._arns
            if sum(map(len, self._arns)) <= _ROOM
            else self._patterns(place, secondary_region),
        )
        self.resource = CfnResource(
            self,
            "Resource",
            type="AWS::SES::MultiRegionEndpoint",
            properties={"EndpointName": name, "Details": {"RouteDetails": [{"Region": secondary_region}]}},
        )
        self.resource.add_resource_dependency(alike)
        found = provider.resource(
            self,
            "Found",
            type="Custom::SesMultiRegionEndpoint",
            properties={"EndpointName": name},
            actions=["ses:GetMultiRegionEndpoint"],
            resources=f"arn:{place.partition}:ses:{place.region}:{place.account}:multi-region-endpoint/{name}",
        )
        found.add_resource_dependency(self.resource)
        self.endpoint_id: str = found.get_att("EndpointId").to_string()

    def _patterns(self, place: Place, secondary_region: str) -> list[str]:
        return [
            f"arn:{place.partition}:ses:{region}:{place.account}:{kind}/*"
            for region in (place.region, secondary_region)
            for kind in ("identity", "configuration-set")
        ]

    def grant_send(self, grantee: iam.IGrantable, *, from_addresses: Sequence[str] = ()) -> iam.Grant:
        """Let a role, user or function of this account send through the endpoint, and not past it.

        It grants the identities and the configuration set of both Regions: either may send.

        Args:
            grantee: who may send.
            from_addresses: From addresses they may use; `*` stands for any characters, `?` for one (default: every
                one of the identities).

        Raises:
            ValueError: a From address is a token or of none of the identities.
        """
        for one in from_addresses:
            require_known(from_addresses=one)
            problems = [from_address_problem(one, identity=identity) for identity in self._identities]
            if all(problems):
                raise ValueError(problems[0])
        conditions: dict[str, dict[str, str | list[str]]] = {
            "StringEquals": {"ses:MultiRegionEndpointId": self.endpoint_id}
        }
        if from_addresses:
            conditions["StringLike"] = {"ses:FromAddress": list(from_addresses)}
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ses:SendEmail", "ses:SendRawEmail"],
            resource_arns=self._arns,
            conditions=conditions,
        )


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise InvalidNameError(
            f"endpoint name {name!r} must have letters, digits, hyphens and underscores only, at most 64"
        )


def _problem(
    place: Place,
    secondary: regions.SesRegion,
    identities: Sequence[str],
    policies: Mapping[str, Sequence[str]],
) -> str | None:
    if secondary.name == place.region:
        return f"secondary_region is {secondary.name}, this very Region; name another one"
    if place.ses is not None and place.ses.partition != secondary.partition:
        return (
            f"secondary_region {secondary.name} is in {secondary.partition}, this one in {place.ses.partition}; "
            "credentials never reach both"
        )
    if not identities:
        return "identities is empty; give at least one domain or address"
    if len(set(identities)) < len(identities):
        return "identities has one twice; keep one"
    # In a policy some characters stand for other names too.
    if problem := next((one for name in identities if (one := identity_problem(name))), None):
        return problem
    if stranger := next((one for one in policies if one not in identities), None):
        return f"identity_policies has {stranger!r}, which is none of the identities; add it there or take it out here"
    return None
