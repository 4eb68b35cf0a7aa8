"""What SES may do with a key, a bucket, a topic or a function, as policy statements.

Every grant names the account and the SES resource on whose behalf SES acts, so that nobody else's rule or identity
can use it (the confused deputy). The ARNs are built from literal names: a policy can then exist before the rule it
names.
Rests on the SES developer guide, "Giving permissions to Amazon SES for email receiving" and "Receiving Amazon SES
notifications using Amazon SNS".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from constructs import Construct

from cdk_ses_regions.place import Place

Statement = dict[str, Any]

SES = "ses.amazonaws.com"


def ses_arn(scope: Construct, resource: str) -> str:
    """Return the ARN of a SES resource in the account and Region of the scope's stack, `identity/example.com` say."""
    place = Place.of(scope)
    return f"arn:{place.partition}:ses:{place.region}:{place.account}:{resource}"


def rule_arns(scope: Construct, rule_set_name: str, rule_name: str = "*") -> str:
    """Return the ARN of a receipt rule (default: the pattern of all receipt rules of one rule set)."""
    return ses_arn(scope, f"receipt-rule-set/{rule_set_name}:receipt-rule/{rule_name}")


def allow_ses(
    scope: Construct, *, sid: str, actions: Sequence[str], resource: str, source_arns: Sequence[str]
) -> Statement:
    """Return the statement that lets SES act on `resource` for the given SES resources of this account only."""
    return allow_service(
        scope, service=SES, sid=sid, actions=actions, resource=resource, source_arns=source_arns
    )


def allow_service(
    scope: Construct,
    *,
    service: str,
    sid: str,
    actions: Sequence[str],
    resource: str,
    source_arns: Sequence[str],
) -> Statement:
    """Return the statement that lets an AWS service act on `resource` for what this account has in it only."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(actions),
        "Resource": resource,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Place.of(scope).account},
            "ArnLike": {"aws:SourceArn": list(source_arns)},
        },
    }


def allow_topics(*, sid: str, queue_arn: str, topic_arns: Sequence[str]) -> Statement:
    """Return the statement that lets topics send to a queue.

    It names no `aws:SourceAccount`: SNS is not documented to say it, and the ARN of a topic has the account in it.
    See https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topic_arns)}},
    }


def deny_insecure_transport(*, actions: str, resource: str) -> Statement:
    """Return the statement that refuses whoever comes without TLS."""
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
