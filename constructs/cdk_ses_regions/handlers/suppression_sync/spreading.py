"""Splits what SES told in this Region into one message an address and target Region.

Each target has a queue of its own, here: one that is down, or slow, holds up no other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from suppression import Suppression, suppressions

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_BATCH = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html


class NotSentError(Exception):
    """SQS refused part of a batch; all of it is sent again with the notification, which does no harm."""


def spread(
    notification: str, *, sqs: SQSClient, queue_urls: Sequence[str], reasons: Collection[str]
) -> list[Suppression]:
    """Send what a notification gives reason for to every queue, and return it.

    Raises:
        ValueError: the notification is no JSON, or not one of SES's; KeyError likewise.
        NotSentError: a queue did not take all.
    """
    found = [one for one in suppressions(json.loads(notification)) if one.reason in reasons]
    for first in range(0, len(found), _BATCH):
        for queue_url in queue_urls:
            answer = sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": one.message()}
                    for number, one in enumerate(found[first : first + _BATCH])
                ],
            )
            if failed := answer.get("Failed"):
                raise NotSentError(f"{len(failed)} messages to {queue_url}: {failed[0].get('Code')}")
    return found
