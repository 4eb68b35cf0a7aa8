"""Whether SES may store a mail as an S3 action says: by itself, or by the role that the action names.

With a role, that role and nothing else decides: on the bucket, on the keys and on the topic. Rests on the SES API v1
reference, `S3Action`.
"""

# pyright: standard
# ministack has no types.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from cdk_ses_regions.local.ses.roles import require_role
from cdk_ses_regions.local.ses.targets import Connect, Permissions


def require(properties: Mapping[str, Any], key: str, *, permissions: Permissions, connect: Connect) -> None:
    """Make sure that a mail may be stored.

    Args:
        properties: of the S3 action.
        key: of the object.
        permissions: of the rule.
        connect: gives the clients that look.

    Raises:
        NotPermittedError: SES or the role may not, or the action needs a role.
        botocore.exceptions.ClientError: bucket or key is not there.
    """
    bucket, key_arn = properties["BucketName"], properties.get("KmsKeyArn")
    if not properties.get("IamRoleArn"):
        permissions.require_bucket(bucket, key)
        if key_arn:
            permissions.require_key(key_arn, ["kms:GenerateDataKey"], permissions.region)
        return
    connect("s3", permissions.region).head_bucket(Bucket=bucket)
    _by_role(
        properties,
        "s3:PutObject",
        f"arn:{permissions.rule_arn.split(':')[1]}:s3:::{bucket}/{key}",
        permissions,
    )
    if key_arn:
        connect("kms", permissions.region).describe_key(KeyId=key_arn)
        _by_role(properties, "kms:GenerateDataKey", key_arn, permissions)
    if bucket_key := _bucket_key(bucket, permissions, connect):
        for action in ("kms:Encrypt", "kms:GenerateDataKey"):
            _by_role(properties, action, bucket_key, permissions)


def require_topic(properties: Mapping[str, Any], topic: str, *, permissions: Permissions) -> None:
    """Make sure that an action may tell its topic.

    Raises:
        NotPermittedError: SES or the role may not.
        botocore.exceptions.ClientError: there is no such topic.
    """
    if properties.get("IamRoleArn"):
        _by_role(properties, "sns:Publish", topic, permissions)
    else:
        permissions.require_topic(topic)


def _by_role(properties: Mapping[str, Any], action: str, resource: str, permissions: Permissions) -> None:
    with request_scope(permissions.account, permissions.region):
        require_role(properties["IamRoleArn"], action, resource, permissions.rule_arn)


def _bucket_key(bucket: str, permissions: Permissions, connect: Connect) -> str:
    """Return the ARN of the customer key that a bucket encrypts with; empty for none."""
    s3 = connect("s3", permissions.region)
    try:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return ""
    named = [one.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for one in rules]
    if not any(named):
        return ""
    home = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    [key] = [one for one in named if one]
    return connect("kms", home).describe_key(KeyId=key)["KeyMetadata"]["Arn"]
