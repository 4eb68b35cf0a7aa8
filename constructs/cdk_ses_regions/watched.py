"""What is watched of all that one Region gets."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_ses_regions.monitoring import Monitoring, MonitoringOptions, WatchedFunction
from cdk_ses_regions.naming import Names
from cdk_ses_regions.receiving import Receiving
from cdk_ses_regions.sending import Sending
from cdk_ses_regions.subscriptions import TopicSubscriptions
from cdk_ses_regions.suppression_sync import SuppressionSync


def watch(
    scope: Construct,
    construct_id: str,
    *,
    names: Names,
    key: kms.IKey,
    options: MonitoringOptions,
    sending: Sending | None,
    receiving: Receiving | None,
    suppression_sync: SuppressionSync | None,
    subscriptions: Mapping[str, TopicSubscriptions],
    log_retention_days: int,
) -> Monitoring:
    """Define the alarms on the functions and queues of one Region's bundle; subscriptions are by their owner."""
    functions = {} if receiving is None else dict(receiving.functions)
    queues: dict[str, str] = {}
    dead_letters: dict[str, str | None] = {}
    if receiving is not None:
        queues["mail"] = receiving.mail_queue_arn
        dead_letters["mail"] = receiving.dead_letter_queue_arn
    if suppression_sync is not None:
        functions |= suppression_sync.functions
        queues["suppression"] = suppression_sync.queue_arn
        queues |= {f"to-{target}": arn for target, arn in suppression_sync.target_queue_arns.items()}
        dead_letters["suppression"] = suppression_sync.dead_letter_queue_arn
    for owner, one in subscriptions.items():
        dead_letters[f"feedback-{owner}".rstrip("-")] = one.dead_letter_queue_arn
    if sending is not None:
        for name, one in sending.subscriptions.items():
            dead_letters[f"events-{name}"] = one.dead_letter_queue_arn
    return Monitoring(
        scope,
        construct_id,
        names=names,
        key=key,
        options=options,
        configuration_set_name=None if sending is None else sending.configuration_set.name,
        rule_set_name=None if receiving is None else receiving.rule_set_name,
        functions=[
            WatchedFunction(name=name, arn=one.arn, timeout_seconds=one.timeout_seconds)
            for name, one in functions.items()
        ],
        queues=queues,
        dead_letter_queues={name: arn for name, arn in dead_letters.items() if arn is not None},
        syncs_suppressions=suppression_sync is not None,
        log_retention_days=log_retention_days,
    )
