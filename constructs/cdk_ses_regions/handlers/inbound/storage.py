"""The mail bucket: where the raw mail is read from, and marked when it could not be read whole."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from limits import MIB

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef, TagTypeDef

TAG = "ses-regions:parse"
FAILED = "failed"
_EMPTY = frozenset({"InvalidRange", "416"})  # there is no first byte of an empty object
_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
# Metadata the S3 encryption client leaves on an object (S3Action.KmsKeyArn): its bytes are ciphertext.
_ENCRYPTED = frozenset({"x-amz-key-v2", "x-amz-key", "x-amz-cek-alg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored mail, as S3 describes it.

    Args:
        bucket: its bucket.
        key: its key.
        size: bytes.
        etag: without quotes.
        version_id: None when the bucket keeps no versions.
        client_side_encrypted: whether its bytes are ciphertext.
    """

    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None
    client_side_encrypted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Reads and marks mail.

    Whatever S3 refuses is raised, as botocore does: that is no mail's doing, and worth another try.

    Args:
        s3: client of the bucket's Region.
        bucket: name of the mail bucket.
    """

    s3: S3Client
    bucket: str

    def open(self, key: str, content: bytearray, stop: int) -> Stored:
        """Fill `content` with the first bytes of the mail stored under `key`, at most `stop`; return what it is.

        One call for both, since most mails are read whole by it.
        """
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key, Range=f"bytes=0-{stop - 1}")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _EMPTY:
                raise
            head = self.s3.head_object(Bucket=self.bucket, Key=key)
            return self._stored(key, head["ContentLength"], head)
        with closing(found["Body"]) as body:
            content += body.read()
        whole = found.get("ContentRange", "").rpartition("/")[2]  # "bytes 0-99/1234"
        return self._stored(key, int(whole) if whole.isdigit() else len(content), found)

    def _stored(self, key: str, size: int, found: GetObjectOutputTypeDef | HeadObjectOutputTypeDef) -> Stored:
        return Stored(
            bucket=self.bucket,
            key=key,
            size=size,
            etag=found["ETag"].strip('"'),
            version_id=found.get("VersionId"),
            client_side_encrypted=not _ENCRYPTED.isdisjoint(
                name.lower() for name in found.get("Metadata", {})
            ),
        )

    def read(self, stored: Stored, content: bytearray, stop: int) -> None:
        """Append to `content`, the mail's first bytes, those up to `stop`.

        In pieces, so that the mail is never twice in memory; the object must still be the one described.
        """
        stop = min(stop, stored.size)
        if len(content) >= stop:
            return
        found = self.s3.get_object(
            Bucket=stored.bucket,
            Key=stored.key,
            Range=f"bytes={len(content)}-{stop - 1}",
            IfMatch=f'"{stored.etag}"',
        )
        with closing(found["Body"]) as body:  # a StreamingBody entered itself is the bare connection
            for piece in body.iter_chunks(MIB):
                content += piece

    def mark(self, stored: Stored, tag: str, value: str) -> None:
        """Tag the mail; its other tags stay. A mail gone by now is let be."""
        try:
            tags = self.s3.get_object_tagging(Bucket=stored.bucket, Key=stored.key)["TagSet"]
            kept: list[TagTypeDef] = [one for one in tags if one["Key"] != tag]
            if len(kept) >= 10:  # S3 allows no more; the metric and the event still tell
                return
            self.s3.put_object_tagging(
                Bucket=stored.bucket,
                Key=stored.key,
                Tagging={"TagSet": [*kept, {"Key": tag, "Value": value}]},
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise
