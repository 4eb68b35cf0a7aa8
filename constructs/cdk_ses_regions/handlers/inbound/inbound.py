"""Lambda that takes each received mail through the steps of its receipt rule: publish, drop, forward, invoke.

A rule's S3Action stores the mail and tells of it on a topic; a queue takes that and feeds this function. Envelope and
verdicts come from SES, content only from the stored mail. The raw mail is the truth and stays; what could not be read
of it is said in the event, marked on the object and counted. Failures of AWS make the message come again, alone, and
end in the dead-letter queue; a stranger's bytes never do.

Environment: `BUCKET`, `TOPIC_ARN`, `PREFIX` (default `mail/`), `FUNCTION_0` and so on (ARNs that `invoke` may name),
`TABLE` and `TABLE_REGION` (when each mail is to be handled once). The steps are in `steps.json`, beside this code.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import boto3
import handling
import headers
import message as mail
import metrics
import notice as notices
import once
import received
import steps
import storage as stores
from botocore.config import Config
from handling import Mail, Targets
from limits import DEFAULT, Limits
from message import Message
from notice import Notice
from once import Once
from problems import Problems
from room import encode
from steps import Steps
from storage import Storage, Stored

HANDLED = "handled"
SKIPPED = "skipped"

_RESERVE_MILLISECONDS = 20_000
"""A mail is not begun with less time left: it comes again, instead of being cut off halfway."""

# What SES writes to the bucket when a rule is created. Mail that came in by SMTP has a Received header.
_SETUP_FROM = "no-reply-aws@amazon.com"
_SETUP_SUBJECT = "Amazon SES Setup Notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the handler works with.

    Args:
        storage: the mail bucket.
        prefix: of the mail's keys, before the rule's name.
        steps: what to do with the mail of each rule.
        targets: where the steps reach out to.
        region: the AWS Region the handler runs in.
        function: the Lambda function's name.
        limits: how much of a mail is looked at.
    """

    storage: Storage
    prefix: str
    steps: Steps
    targets: Targets
    region: str
    function: str
    limits: Limits = DEFAULT


@functools.cache
def services() -> Services:
    """Return the services the environment names; made at the first mail, kept for the next."""
    known = steps.load()
    region = os.environ["AWS_REGION"]
    table = os.environ.get("TABLE", "")
    return Services(
        storage=Storage(s3=_client("s3"), bucket=os.environ["BUCKET"]),
        prefix=os.environ.get("PREFIX", "mail/"),
        steps=known,
        targets=Targets(
            client=_client,
            sns=_client("sns"),
            topic_arn=os.environ["TOPIC_ARN"],
            functions=tuple(
                itertools.takewhile(bool, (os.environ.get(f"FUNCTION_{n}", "") for n in itertools.count()))
            ),
            senders=known.senders,
            once=Once(dynamodb=_table_client(os.environ["TABLE_REGION"]), table=table) if table else Once(),
        ),
        region=region,
        function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "inbound"),
    )


@functools.cache
def _client(service: str) -> Any:
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
    client = cast("Any", boto3).client  # type stubs may be there for some services only
    return client(service, region_name=os.environ["AWS_REGION"], config=config)


def _table_client(region: str) -> Any:
    """Return the client of the table, which may be far away; mail must not wait long for a Region that is down."""
    config = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
    return cast("Any", boto3).client("dynamodb", region_name=region, config=config)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Handle a batch of messages of the queue, one a mail.

    Args:
        event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        context: Lambda's; says how much time is left.

    Returns:
        `{"batchItemFailures": [...]}`: the messages that have to come again. One that failed leaves the others be.

    Raises:
        ValueError: the event is not one of a queue's.
    """
    records = event.get("Records")
    if not records:
        raise ValueError("the event is not one of a queue's: no list 'Records' in it")
    failures: list[dict[str, str]] = []
    for record in records:
        try:
            if context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS:
                raise TimeoutError("too little time is left; the message comes again")
            receive(record["body"], services())
        except Exception:  # whatever one message does must not take the others with it
            failures.append({"itemIdentifier": record["messageId"]})
            sys.stderr.write(f"message {record['messageId']} failed\n{traceback.format_exc()}")
    return {"batchItemFailures": failures}


def receive(notification: str, services: Services) -> str:
    """Take one mail through its steps. Return `handled` or `skipped`.

    Args:
        notification: what SES published when it had stored the mail.
        services: what to work with.

    Raises:
        ValueError: the notification is none, or its rule is not known.
        botocore.exceptions.BotoCoreError: AWS cannot be reached; ClientError when it refuses.
    """
    notice = notices.from_notification(notification, bucket=services.storage.bucket, prefix=services.prefix)
    if notice is None or notice.is_setup:
        return SKIPPED
    todo = services.steps.of(notice.rule)
    problems = Problems(services.limits.problems)
    content = bytearray()
    stored = services.storage.open(notice.key, content, services.limits.header_block)
    if is_setup(content):
        return SKIPPED
    message = _read(stored, content, problems, services)
    own = message and message.headers
    received_mail = Mail(
        notice=notice,
        stored=stored,
        content=content,
        message=message,
        problems=problems,
        fingerprint=once.fingerprint(content, own, notice),
        event=functools.partial(_event, notice, stored, message, problems, services.region),
    )
    marked = _mark(stored, problems, services.storage)  # before the steps: one of them may fail for ever
    done = handling.run(todo, received_mail, services.targets, services.storage)
    if not marked:
        _mark(stored, problems, services.storage)
    metrics.emit(
        {"Received": 1, "ParseFailed": 0 if problems.complete else 1, "Bytes": stored.size, **done},
        region=services.region,
        function=services.function,
        properties={"MessageId": notice.message_id, "Rule": notice.rule},
    )
    return HANDLED


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


def _mark(stored: Stored, problems: Problems, storage: Storage) -> bool:
    """Tag a mail that could not be read whole; return whether it is one."""
    if problems.complete:
        return False
    storage.mark(stored, stores.TAG, stores.FAILED)
    return True


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
