"""The stack that owns the SMTP credentials of all Regions."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from cdk_ses_regions.config import Settings
from cdk_ses_regions.config.smtp import Smtp
from cdk_ses_regions.smtp_credentials import SmtpCredentials


class SmtpStack(Stack):
    """The IAM user, its secret and the rotation, in the primary Region; what they are called as outputs.

    The secret's replicas need the key of each Region: deploy it after the regional stacks.
    """

    def __init__(self, scope: Construct, settings: Settings, smtp: Smtp) -> None:
        names = settings.names
        super().__init__(
            scope,
            names.smtp_stack,
            env=Environment(account=settings.account, region=settings.primary_region),
            description="SMTP credentials for all SES Regions",
            tags=settings.tags,
            termination_protection=settings.termination_protection,
        )
        credentials = SmtpCredentials(
            self,
            "Smtp",
            regions=settings.regions,
            identities=[one.name for one in (*settings.domains, *settings.addresses)],
            key_alias=names.key_alias,
            user_name=names.smtp_user,
            secret_name=names.smtp_secret,
            configuration_set_name=None if settings.configuration_set is None else names.configuration_set,
            rotation_days=smtp.rotation_days,
        )
        outputs = {
            "SecretArn": credentials.secret_arn,
            "SecretName": credentials.secret_name,
            "UserName": credentials.user_name,
            **{f"SmtpEndpoint{_pascal(name)}": host for name, host in credentials.endpoints.items()},
        }
        if credentials.regions_without_smtp:
            outputs["RegionsWithoutSmtp"] = ", ".join(credentials.regions_without_smtp)
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _pascal(region: str) -> str:
    """us-east-1 -> UsEast1."""
    return "".join(part.capitalize() for part in region.split("-"))
