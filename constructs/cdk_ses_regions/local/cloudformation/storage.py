"""What CloudFormation asks of buckets and topics and ministack drops without a word.

Gaps: AWS::S3::Bucket loses encryption, lifecycle, ownership, access logs, replication and tags, and is deleted with
what is in it; AWS::SNS::Topic loses its key.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import s3, sns
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local.cloudformation.s3_xml import (
    encryption_xml,
    lifecycle_xml,
    logging_xml,
    ownership_xml,
    replication_xml,
    tagging_xml,
)

Properties = dict[str, Any]


def install() -> None:
    """Register what is missing with ministack's CloudFormation."""
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", encryption_xml, _put_encryption, s3._delete_bucket_encryption),
        ("LifecycleConfiguration", lifecycle_xml, s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
        ("LoggingConfiguration", logging_xml, s3._put_bucket_logging, _stop_logging),
        (
            "OwnershipControls",
            ownership_xml,
            s3._put_bucket_ownership_controls,
            s3._delete_bucket_ownership_controls,
        ),
        ("ReplicationConfiguration", replication_xml, _put_replication, s3._delete_bucket_replication),
        ("Tags", tagging_xml, s3._put_bucket_tagging, s3._delete_bucket_tagging),
    )
    handlers: Any = provisioners._RESOURCE_HANDLERS
    bucket = handlers["AWS::S3::Bucket"]
    bucket["delete"] = _refuse_to_delete_mail(bucket["delete"])
    topic = handlers["AWS::SNS::Topic"]
    topic["create"] = _keeping_key(topic["create"], properties_at=1)
    topic["update"] = _keeping_key(topic["update"], properties_at=2)


def _stop_logging(bucket: str) -> Any:
    return s3._put_bucket_logging(bucket, logging_xml({}))


def _put_replication(bucket: str, xml: bytes) -> Any:
    """Let a bucket be copied, or fail as S3 does: where neither it nor its copy has versions, say."""
    answer = s3._put_bucket_replication(bucket, xml)
    if answer[0] >= 400:
        raise ValueError(f"{bucket} cannot be replicated: {answer[2].decode()}")
    return answer


def _put_encryption(bucket: str, xml: bytes) -> Any:
    """Apply the encryption of a bucket, if it names a key: ministack has no AWS managed one to fall back on."""
    return s3._put_bucket_encryption(bucket, xml) if b"KMSMasterKeyID" in xml or b"AES256" in xml else None


def _refuse_to_delete_mail(delete: Callable[[str, Properties], None]) -> Callable[[str, Properties], None]:
    def refuse(physical_id: str, properties: Properties) -> None:
        if s3._buckets.get(physical_id, {}).get("objects") or s3._bucket_has_versions(physical_id):
            raise ValueError(
                f"The bucket you tried to delete is not empty (Service: S3, Status Code: 409): {physical_id}"
            )
        delete(physical_id, properties)

    return refuse


def _keeping_key(provision: Callable[..., Any], *, properties_at: int) -> Callable[..., Any]:
    """Wrap a create or update of a topic, so that the topic keeps its key."""

    def keep(*arguments: Any, **named: Any) -> Any:
        done = provision(*arguments, **named)
        attributes = sns._topics[done[0]]["attributes"]
        key = arguments[properties_at].get("KmsMasterKeyId")
        if key:
            attributes["KmsMasterKeyId"] = key
        else:
            attributes.pop("KmsMasterKeyId", None)
        return done

    return keep
