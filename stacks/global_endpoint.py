"""The stack with the global endpoint, in the first of its two Regions."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from cdk_ses_regions.config import Settings
from cdk_ses_regions.config.global_endpoint import GlobalEndpoint as Section
from cdk_ses_regions.global_endpoint import GlobalEndpoint


class GlobalEndpointStack(Stack):
    """The endpoint, and its name and id as outputs.

    Deploy it after the stacks of both Regions: they have what it needs.
    """

    def __init__(self, scope: Construct, settings: Settings, section: Section) -> None:
        names = settings.names
        primary, secondary = section.regions
        super().__init__(
            scope,
            names.global_endpoint_stack,
            env=Environment(account=settings.account, region=primary),
            description=f"Global endpoint of Amazon SES in {primary} and {secondary}",
            tags=settings.tags,
            termination_protection=settings.termination_protection,
        )
        owners = (*settings.domains, *settings.addresses)
        self.endpoint = GlobalEndpoint(
            self,
            "GlobalEndpoint",
            name=names.global_endpoint(secondary),
            secondary_region=secondary,
            identities=[one.name for one in owners],
            configuration_set_name=None if settings.configuration_set is None else names.configuration_set,
            identity_policies={
                one.name: [names.sender_policy(sender.name) for sender in one.senders] for one in owners
            },
        )
        CfnOutput(self, "EndpointId", value=self.endpoint.endpoint_id)
        CfnOutput(self, "EndpointName", value=self.endpoint.name)
