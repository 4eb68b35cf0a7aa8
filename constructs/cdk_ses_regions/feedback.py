"""The topic on which a Region tells of bounces and complaints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey, let_ses_use
from cdk_ses_regions.policies import allow_ses, ses_arn


class FeedbackTopic(Construct):
    """An encrypted SNS topic that SES may publish the notifications of the given identities to.

    Both policies that this takes are written: the topic's and the key's. When one goes missing later, bounces vanish.
    See https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html

    Args:
        topic_name: physical name of the topic.
        identities: domains and addresses of this Region whose notifications it takes.
        key: customer managed key (default: one of its own).

    Attributes:
        topic: the topic; subscribe to it.
        key: the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic_name: str,
        identities: Sequence[str],
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key if key is not None else EmailKey(self, "Key").key
        topic = sns.Topic(self, "Resource", topic_name=topic_name, master_key=self.key, enforce_ssl=True)
        self.topic = cast(sns.ITopic, topic)
        identity_arns = [ses_arn(scope, f"identity/{identity}") for identity in identities]
        topic.add_to_resource_policy(
            iam.PolicyStatement.from_json(
                allow_ses(
                    scope,
                    sid="SesFeedback",
                    actions=["sns:Publish"],
                    resource=topic.topic_arn,
                    source_arns=identity_arns,
                )
            )
        )
        let_ses_use(self.key, scope, sid="SesFeedback", source_arns=identity_arns)
