"""A queue that takes what topics tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.policies import allow_topics, deny_insecure_transport


def queue_of_topics(
    scope: Construct,
    construct_id: str,
    *,
    policy_id: str,
    sid: str,
    topic_arns: Sequence[str],
    properties: Mapping[str, object],
) -> tuple[CfnResource, CfnResource]:
    """Define an encrypted queue that the topics may fill, and nobody without TLS; return it and its policy.

    See https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html

    Args:
        scope: the construct they belong to.
        construct_id: id of the queue there.
        policy_id: id of the policy there.
        sid: names the statement.
        topic_arns: the topics.
        properties: the queue's own, as CloudFormation has them.
    """
    # SQS's own key: with a customer key, SNS would have to be let in to that as well.
    queue = CfnResource(
        scope,
        construct_id,
        type="AWS::SQS::Queue",
        properties={"SqsManagedSseEnabled": True, **properties},
    )
    arn = queue.get_att("Arn").to_string()
    statements = [
        allow_topics(sid=sid, queue_arn=arn, topic_arns=topic_arns),
        deny_insecure_transport(actions="sqs:*", resource=arn),
    ]
    policy = CfnResource(
        scope,
        policy_id,
        type="AWS::SQS::QueuePolicy",
        properties={
            "Queues": [{"Ref": queue.logical_id}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    )
    return queue, policy
