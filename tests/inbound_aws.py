"""What the inbound handler uses of AWS, in memory, at the level of botocore's clients."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any, cast

import inbound
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from handling import Targets
from inbound import Services
from limits import DEFAULT, Limits
from once import Once
from steps import Publish, Step, Steps
from storage import Storage

BUCKET = "email-mail-us-east-1"
TOPIC_ARN = "arn:aws:sns:us-east-1:111111111111:email-received"
MESSAGE_ID = "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"
RULE = "example.com-support"
KEY = f"mail/{RULE}/{MESSAGE_ID}"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:111111111111:function:tickets"


def refusal(operation: str, code: str = "SlowDown") -> ClientError:
    """Return what botocore raises when a service refuses."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class FakeS3:
    """One bucket. `refuse` maps an operation to the errors its next calls raise."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.refuse: dict[str, list[Exception]] = {}
        self.calls: list[str] = []
        self.ranges: list[str] = []
        self.version_id: str | None = None

    def _call(self, operation: str, key: str) -> None:
        self.calls.append(operation)
        if errors := self.refuse.get(operation):
            raise errors.pop(0)
        if key not in self.objects:
            raise refusal(operation, "NoSuchKey")

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == BUCKET
        self._call("HeadObject", Key)
        return {"ContentLength": len(self.objects[Key]), **self._described(Key)}

    def _described(self, key: str) -> dict[str, Any]:
        etag = hashlib.md5(self.objects[key]).hexdigest()
        found: dict[str, Any] = {"ETag": f'"{etag}"', "Metadata": self.metadata.get(key, {})}
        return found | ({"VersionId": self.version_id} if self.version_id else {})

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Range: str,  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert Bucket == BUCKET
        self._call("GetObject", Key)
        self.ranges.append(Range)
        data, found = self.objects[Key], self._described(Key)
        if IfMatch not in (None, found["ETag"]):
            raise refusal("GetObject", "PreconditionFailed")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        if int(first) >= len(data):
            raise refusal("GetObject", "InvalidRange")
        piece = data[int(first) : int(last) + 1]
        return {
            "Body": StreamingBody(cast("Any", io.BytesIO(piece)), len(piece)),
            "ContentLength": len(piece),
            "ContentRange": f"bytes {first}-{int(first) + len(piece) - 1}/{len(data)}",
            **found,
        }

    def get_object_tagging(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == BUCKET
        self._call("GetObjectTagging", Key)
        return {"TagSet": [{"Key": key, "Value": value} for key, value in self.tags.get(Key, {}).items()]}

    def put_object_tagging(self, *, Bucket: str, Key: str, Tagging: dict[str, Any]) -> None:  # noqa: N803
        assert Bucket == BUCKET
        self._call("PutObjectTagging", Key)
        self.tags[Key] = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}


class FakeSns:
    """A topic that refuses what SNS refuses: over 256 KB, text that is no UTF-8, or that SQS cannot carry."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.attributes: list[dict[str, dict[str, str]]] = []
        self.refuse: list[Exception] = []

    def publish(
        self,
        *,
        TopicArn: str,  # noqa: N803
        Message: str,  # noqa: N803
        MessageAttributes: dict[str, dict[str, str]],  # noqa: N803
    ) -> dict[str, str]:
        assert TopicArn == TOPIC_ARN
        if self.refuse:
            raise self.refuse.pop(0)
        total = len(Message.encode()) + sum(
            len(name.encode()) + len(value["DataType"]) + len(value["StringValue"].encode())
            for name, value in MessageAttributes.items()
        )
        assert total <= 256 * 1024
        assert len(MessageAttributes) <= 10
        assert all(value["StringValue"] for value in MessageAttributes.values())
        assert not {"\ufffe", "\uffff"} & set(Message)
        self.published.append(json.loads(Message))
        self.attributes.append(MessageAttributes)
        return {"MessageId": "m"}


class FakeSes:
    """SES API v2: keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.refuse: list[Exception] = []

    def send_email(self, **arguments: Any) -> dict[str, str]:
        if self.refuse:
            raise self.refuse.pop(0)
        self.sent.append(arguments)
        return {"MessageId": "m"}

    @property
    def raw(self) -> list[bytes]:
        """The mails that were sent."""
        return [sent["Content"]["Raw"]["Data"] for sent in self.sent]


class FakeEvents:
    """An event bus that refuses what EventBridge refuses: entries over 256 KB."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.failed: list[str] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        [entry] = Entries
        assert sum(len(value.encode()) for value in entry.values()) <= 256 * 1024
        if self.failed:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.failed.pop(0)}]}
        self.entries.append(entry)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}


class FakeLambda:
    """Lambda: keeps what was invoked; refuses an asynchronous payload over 256 KB."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert InvocationType == "Event"
        assert len(Payload) <= 256 * 1024
        self.invoked.append((FunctionName, json.loads(Payload)))
        return {"StatusCode": 202}


class Inbox:
    """The handler's surroundings: a bucket, a topic, and SES's word on a mail."""

    def __init__(
        self,
        *steps: Step,
        limits: Limits = DEFAULT,
        once: Once | None = None,
        region: str = "us-east-1",
    ) -> None:
        self.s3 = FakeS3()
        self.sns = FakeSns()
        self.ses = FakeSes()
        self.events = FakeEvents()
        self.functions = FakeLambda()
        clients: Mapping[str, Any] = {"sesv2": self.ses, "events": self.events, "lambda": self.functions}
        known = Steps(rules={RULE: steps or (Publish(),)})
        self.services = Services(
            storage=Storage(s3=cast("Any", self.s3), bucket=BUCKET),
            prefix="mail/",
            steps=known,
            targets=Targets(
                client=clients.__getitem__,
                sns=cast("Any", self.sns),
                topic_arn=TOPIC_ARN,
                functions=(FUNCTION_ARN,),
                senders=known.senders,
                once=once or Once(),
            ),
            region=region,
            function="email-inbound",
            limits=limits,
        )

    def receive(self, **told: Any) -> None:
        """Let the function handle the stored mail; see `notification` for what SES may say of it."""
        assert inbound.receive(notification(**told), self.services) == inbound.HANDLED

    def store(self, raw: bytes, *, message_id: str = MESSAGE_ID) -> None:
        """Put a mail where SES's S3Action puts it."""
        self.s3.objects[f"mail/{RULE}/{message_id}"] = raw


class Context:
    """Lambda's context."""

    def __init__(self, milliseconds: int = 60_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def message(name: str, body: str) -> dict[str, Any]:
    """Return a message of a queue as Lambda gets it."""
    return {"messageId": name, "body": body, "eventSource": "aws:sqs"}


def notification(
    *,
    message_id: str = MESSAGE_ID,
    sender: str = "jane@example.net",
    recipients: tuple[str, ...] = ("support@example.com",),
    destination: tuple[str, ...] | None = None,
    rule: str = RULE,
    without: tuple[str, ...] = (),
    dmarc_policy: str | None = None,
    **verdicts: str,
) -> str:
    """Return what SES publishes when an S3Action has stored a mail.

    Args:
        without: verdicts that SES does not give.
        verdicts: their statuses (default: PASS).
    """
    statuses = {"spam": "PASS", "virus": "PASS", "spf": "PASS", "dkim": "PASS", "dmarc": "PASS"} | verdicts
    receipt: dict[str, Any] = {
        f"{name}Verdict": {"status": status} for name, status in statuses.items() if name not in without
    }
    receipt |= {} if dmarc_policy is None else {"dmarcPolicy": dmarc_policy}
    receipt |= {
        "timestamp": "2026-11-30T10:15:00.123Z",
        "processingTimeMillis": 574,
        "recipients": list(recipients),
        "action": {
            "type": "S3",
            "topicArn": "arn:aws:sns:us-east-1:111111111111:email-stored",
            "bucketName": BUCKET,
            "objectKeyPrefix": f"mail/{rule}/",
            "objectKey": f"mail/{rule}/{message_id}",
        },
    }
    mail = {
        "timestamp": "2026-11-30T10:15:00.000Z",
        "source": sender,
        "messageId": message_id,
        "destination": list(destination or recipients),
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": "not to be trusted"}],
        "commonHeaders": {"subject": "not to be trusted"},
    }
    return json.dumps({"notificationType": "Received", "mail": mail, "receipt": receipt})
