"""Whoever may send, delete or hide a message of a queue may do it with ten at once.

Gap: ministack asks for `sqs:SendMessageBatch` and the like, which are no actions of IAM: a right policy fails.
Rests on the SQS developer guide, "Amazon SQS batch actions"
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

_BATCHES = ("sqs:SendMessageBatch", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch")


def install() -> None:
    """Put our answer before ministack's."""
    action_of_request = iam_actions.extract_iam_action

    def extract_iam_action(*arguments: Any) -> str | None:
        action = action_of_request(*arguments)
        return action.removesuffix("Batch") if action in _BATCHES else action

    iam_actions.extract_iam_action = extract_iam_action
