"""The topic on which a Region tells of bounces and complaints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey, let_ses_use
from cdk_ses_regions.naming import Names
from cdk_ses_regions.policies import allow_ses, ses_arn

ByEmail = Literal["email"]
"""Feedback by email instead of topics: SES forwards bounces and complaints to the sender of the mail."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """How an identity of a bundle tells of bounces, complaints and deliveries on topics.

    Topics are named without the prefix of the physical names: `feedback` is called `email-feedback`. Identities that
    name the same topic share it.

    Args:
        bounce_topic: topic for bounces (default "feedback").
        complaint_topic: topic for complaints (default "feedback").
        delivery_topic: topic for deliveries (default: they are not told).
        include_headers: original headers in each notification (default True).
        email_forwarding: bounces and complaints by email as well (default False).
    """

    bounce_topic: str = "feedback"
    complaint_topic: str = "feedback"
    delivery_topic: str | None = None
    include_headers: bool = True
    email_forwarding: bool = False

    @property
    def topics(self) -> list[str]:
        """The topics, each once."""
        return list(
            dict.fromkeys(
                name for name in (self.bounce_topic, self.complaint_topic, self.delivery_topic) if name
            )
        )


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
        self.topic = topic_for_ses(
            self,
            topic_name=topic_name,
            key=self.key,
            sid="SesFeedback",
            source_arns=[ses_arn(scope, f"identity/{identity}") for identity in identities],
        )


def topic_for_ses(
    scope: Construct, *, topic_name: str, key: kms.IKey, sid: str, source_arns: Sequence[str]
) -> sns.ITopic:
    """Define the topic of `scope`, to which SES may publish for the given SES resources, and let SES use the key."""
    topic = sns.Topic(scope, "Resource", topic_name=topic_name, master_key=key, enforce_ssl=True)
    topic.add_to_resource_policy(
        iam.PolicyStatement.from_json(
            allow_ses(
                scope, sid=sid, actions=["sns:Publish"], resource=topic.topic_arn, source_arns=source_arns
            )
        )
    )
    let_ses_use(key, scope, sid=sid, source_arns=source_arns)
    return cast(sns.ITopic, topic)


def feedback_topics(
    scope: Construct, told: Mapping[str, Feedback | ByEmail], *, names: Names, key: kms.IKey
) -> dict[str, sns.ITopic]:
    """Define each topic that identities tell on, open to those that do; the topics by their short names."""
    identities: dict[str, list[str]] = {}
    for identity, feedback in told.items():
        for name in [] if feedback == "email" else feedback.topics:
            identities.setdefault(name, []).append(identity)
    return {
        name: FeedbackTopic(
            scope,
            "Feedback" if name == "feedback" else f"Feedback {name}",
            topic_name=names.topic(name),
            identities=those,
            key=key,
        ).topic
        for name, those in identities.items()
    }
