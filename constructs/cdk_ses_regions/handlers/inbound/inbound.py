"""Lambda that turns each received mail into one JSON event on the `received` topic.

SES invokes it (LambdaAction, `Event`) after an S3Action of the same receipt rule has stored the mail.
Envelope and verdicts come from SES, content only from the stored mail. The raw mail is the truth and stays;
what could not be read of it is said in the event, marked on the object and counted. Failures of AWS are
raised: Lambda tries again, then keeps the invocation in the dead-letter queue. Publishing twice is possible;
the event's `id` is then the same.

Environment: `BUCKET`, `TOPIC_ARN`, `PREFIX` (default `mail/`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3
import headers
import message as mail
import metrics
import notice as notices
import received
from botocore.config import Config
from limits import DEFAULT, Limits
from message import Message
from notice import Notice
from problems import Problems
from room import encode
from storage import Storage, Stored

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

PUBLISHED = "published"
SKIPPED = "skipped"

# What SES writes to the bucket when a rule is created. Mail that came in by SMTP has a Received header.
_SETUP_FROM = "no-reply-aws@amazon.com"
_SETUP_SUBJECT = "Amazon SES Setup Notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the handler works with.

    Args:
        storage: the mail bucket.
        sns: client of the topic's Region.
        prefix: of the mail's keys, as in the receipt rule's S3Action.
        topic_arn: the `received` topic.
        region: the AWS Region the handler runs in.
        function: the Lambda function's name.
        limits: how much of a mail is looked at.
    """

    storage: Storage
    sns: SNSClient
    prefix: str
    topic_arn: str
    region: str
    function: str
    limits: Limits = DEFAULT


@functools.cache
def services() -> Services:
    """Return the services the environment names; made at the first mail, kept for the next."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
    region = os.environ["AWS_REGION"]
    client = cast("Any", boto3).client  # type stubs may be there for some services only
    return Services(
        storage=Storage(s3=client("s3", region_name=region, config=config), bucket=os.environ["BUCKET"]),
        sns=client("sns", region_name=region, config=config),
        prefix=os.environ.get("PREFIX", "mail/"),
        topic_arn=os.environ["TOPIC_ARN"],
        region=region,
        function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "inbound"),
    )


def handler(event: Mapping[str, Any], context: object) -> dict[str, list[str]]:
    """Handle SES's event, one record a mail.

    Args:
        event: https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
        context: Lambda's; unused.

    Returns:
        `{"outcomes": [...]}`, `published` or `skipped` for each record; SES does not look at it.

    Raises:
        ValueError: when the event is not one of SES's.
        botocore.exceptions.BotoCoreError: when S3 or SNS cannot be reached; ClientError when they refuse.
    """
    records = event.get("Records")
    if not records:
        raise ValueError("the event is not one of SES's: no list 'Records' in it")
    return {"outcomes": [receive(notices.from_record(record), services()) for record in records]}


def receive(notice: Notice, services: Services) -> str:
    """Read, publish and, where needed, mark one mail. Return `published` or `skipped`."""
    if notice.is_setup:
        return SKIPPED
    problems = Problems(services.limits.problems)
    stored = services.storage.describe(services.prefix + notice.message_id)
    content = bytearray()
    services.storage.read(stored, content, services.limits.header_block)
    if is_setup(content):
        return SKIPPED
    message = _read(stored, content, problems, services)
    text, attributes = _event(notice, stored, message, problems, services.region)
    services.sns.publish(TopicArn=services.topic_arn, Message=text, MessageAttributes=attributes)
    if not problems.complete:
        services.storage.mark_failed(stored)
    metrics.emit(
        {"Received": 1, "ParseFailed": 0 if problems.complete else 1, "Bytes": stored.size},
        region=services.region,
        function=services.function,
        properties={"MessageId": notice.message_id},
    )
    return PUBLISHED


def is_setup(content: bytearray) -> bool:
    """Whether a stored object is what SES writes when a receipt rule is created, and no mail."""
    if _SETUP_SUBJECT.encode() not in content[:2048]:
        return False
    own = mail.read_headers(content, problems=Problems())
    senders = headers.addresses(own.all("From"), problems=Problems())
    return (
        own.first("Subject") == _SETUP_SUBJECT
        and [sender.address for sender in senders] == [_SETUP_FROM]
        and not own.all("Received")
    )


def _read(stored: Stored, content: bytearray, problems: Problems, services: Services) -> Message | None:
    """Read the mail; failing that its headers, which `content` already holds; failing that nothing."""
    if stored.client_side_encrypted:
        problems.add("client_side_encrypted")
        return None
    limits = services.limits
    if stored.size > limits.message:
        problems.add("message_too_large", detail=f"{stored.size} bytes")
    head = bytes(content)
    try:
        services.storage.read(stored, content, limits.message)
    except MemoryError as error:  # anything else is S3's failure, and raised
        problems.add("failed", detail=_name(error))
        content.clear()
        content += head
    for read in (mail.read, _headers_only):
        try:
            return read(content, problems=problems, limits=limits)
        except Exception as error:  # a stranger's bytes must not stop the queue
            problems.add("failed", detail=_name(error))
            del content[limits.header_block :]
    return None


def _headers_only(content: bytearray, *, problems: Problems, limits: Limits) -> Message:
    return Message(headers=mail.read_headers(content, problems=problems, limits=limits))


def _event(
    notice: Notice, stored: Stored, message: Message | None, problems: Problems, region: str
) -> tuple[str, dict[str, Any]]:
    """Return the event as JSON and its message attributes; without the content when that cannot be told."""
    try:
        event = received.build(
            notice=notice, stored=stored, region=region, message=message, problems=problems
        )
        text = encode(event)
        if len(text.encode()) > received.MOST - received.ATTRIBUTES:
            raise OverflowError("the event is too large for SNS")
    except Exception as error:  # as above
        problems.add("failed", detail=_name(error))
        event = received.build(notice=notice, stored=stored, region=region, message=None, problems=problems)
        text = encode(event)
    return text, received.attributes(event)


def _name(error: BaseException) -> str:
    return type(error).__name__
