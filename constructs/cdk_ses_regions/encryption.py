"""The customer key of a Region: what SES stores and publishes there is encrypted with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Annotations, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_ses_regions.policies import SES, allow_service

_GIVEN = "_cdk_ses_regions_sids"


class EmailKey(Construct):
    """A customer managed KMS key with yearly rotation that SES can be let in to.

    SES cannot use AWS managed keys: a topic with `alias/aws/sns` loses bounces without a word.
    See https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html

    Args:
        removal_policy: what becomes of the key with its stack (default: it stays, since mail without its key
            is lost, unless the deployment that creates it fails).

    Attributes:
        key: the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Resource",
            description="Encrypts received mail and SES notifications",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        # CDK's classes and interfaces call some parameters differently, which type checkers mind.
        self.key = cast(kms.IKey, key)


def let_ses_use(key: kms.IKey, scope: Construct, *, sid: str, source_arns: Sequence[str]) -> None:
    """Add to the key's policy that SES may encrypt for the given SES resources; see `let_service_use`."""
    let_service_use(key, scope, service=SES, sid=sid, source_arns=source_arns)


def let_service_use(
    key: kms.IKey, scope: Construct, *, service: str, sid: str, source_arns: Sequence[str]
) -> None:
    """Add to the key's policy that an AWS service may encrypt for the given resources.

    A key made elsewhere keeps its policy; a warning then says what it must allow.
    """
    statement = allow_service(
        scope,
        service=service,
        sid=_unique(key, sid),
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resource="*",
        source_arns=source_arns,
    )
    added = key.add_to_resource_policy(iam.PolicyStatement.from_json(statement), allow_no_op=True)
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2(
            "cdk-ses-regions:key-policy",
            f"the key was made elsewhere: its policy must let {service} use kms:Decrypt and kms:GenerateDataKey*, "
            f"or {'SES' if service == SES else 'it'} drops what it should store and publish",
        )


def _unique(key: kms.IKey, sid: str) -> str:
    """Return a statement id that the key's policy does not have yet: `SesFeedback`, then `SesFeedback2`."""
    if not isinstance(key, kms.Key):  # made elsewhere: nothing is added
        return sid
    given: list[str] = getattr(key, _GIVEN, [])
    setattr(key, _GIVEN, [*given, sid])
    return f"{sid}{given.count(sid) + 1}" if sid in given else sid
