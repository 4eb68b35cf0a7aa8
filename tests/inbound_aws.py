"""S3 and SNS as far as the inbound handler uses them, in memory, at the level of botocore's clients."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, cast

from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from inbound import Services
from limits import DEFAULT, Limits
from storage import Storage

BUCKET = "email-mail-us-east-1"
TOPIC_ARN = "arn:aws:sns:us-east-1:111111111111:email-received"
MESSAGE_ID = "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"
KEY = f"mail/{MESSAGE_ID}"


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
        data = self.objects[Key]
        found: dict[str, Any] = {
            "ContentLength": len(data),
            "ETag": f'"{hashlib.md5(data).hexdigest()}"',
            "Metadata": self.metadata.get(Key, {}),
        }
        return found | ({"VersionId": self.version_id} if self.version_id else {})

    def get_object(self, *, Bucket: str, Key: str, Range: str, IfMatch: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == BUCKET
        self._call("GetObject", Key)
        self.ranges.append(Range)
        data = self.objects[Key]
        if IfMatch != f'"{hashlib.md5(data).hexdigest()}"':
            raise refusal("GetObject", "PreconditionFailed")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        piece = data[int(first) : int(last) + 1]
        return {"Body": StreamingBody(cast("Any", io.BytesIO(piece)), len(piece))}

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


class Inbox:
    """The handler's surroundings: a bucket, a topic, and SES's word on a mail."""

    def __init__(self, *, limits: Limits = DEFAULT) -> None:
        self.s3 = FakeS3()
        self.sns = FakeSns()
        self.services = Services(
            storage=Storage(s3=cast("Any", self.s3), bucket=BUCKET),
            sns=cast("Any", self.sns),
            prefix="mail/",
            topic_arn=TOPIC_ARN,
            region="us-east-1",
            function="email-inbound",
            limits=limits,
        )

    def store(self, raw: bytes, *, message_id: str = MESSAGE_ID) -> None:
        """Put a mail where SES's S3Action puts it."""
        self.s3.objects[f"mail/{message_id}"] = raw


def record(
    *,
    message_id: str = MESSAGE_ID,
    sender: str = "jane@example.net",
    recipients: tuple[str, ...] = ("support@example.com",),
    destination: tuple[str, ...] | None = None,
    **verdicts: str,
) -> dict[str, Any]:
    """Return one record of the event SES invokes a Lambda with."""
    statuses = {"spam": "PASS", "virus": "PASS", "spf": "PASS", "dkim": "PASS", "dmarc": "PASS"} | verdicts
    receipt: dict[str, Any] = {f"{name}Verdict": {"status": status} for name, status in statuses.items()}
    receipt |= {
        "timestamp": "2026-11-30T10:15:00.123Z",
        "processingTimeMillis": 574,
        "recipients": list(recipients),
        "action": {
            "type": "Lambda",
            "functionArn": "arn:aws:lambda:us-east-1:111111111111:function:email-inbound",
            "invocationType": "Event",
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
    return {"eventSource": "aws:ses", "eventVersion": "1.0", "ses": {"mail": mail, "receipt": receipt}}
