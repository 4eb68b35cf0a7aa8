"""Copies of received mail in a bucket of another Region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from aws_cdk import CfnResource
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import Statement

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms


@dataclass(frozen=True, kw_only=True)
class MailReplication:
    """Where S3 copies mail to.

    Args:
        bucket: name of a bucket of this account, in another Region as a rule; it is there already, and versioned.
        key_arn: the key for the copies, in the Region of that bucket. Those who may use it read them without the
            Region that the mail came to.
    """

    bucket: str
    key_arn: str


def replicate(
    scope: Construct, *, bucket: s3.Bucket, key: kms.IKey, to: MailReplication, prefix: str
) -> None:
    """Let S3 copy what is stored below `prefix`, by a role that may do nothing else.

    What is deleted here stays there: the copy has a lifecycle of its own.
    See https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
    """
    place = Place.of(scope)
    copies = f"arn:{place.partition}:s3:::{to.bucket}"
    role = CfnResource(
        scope,
        "ReplicationRole",
        type="AWS::IAM::Role",
        properties={
            "Description": "Lets S3 copy received mail to another bucket",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "s3.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
        },
    )
    # Not in the role: the bucket names the role, and this the bucket.
    CfnResource(
        scope,
        "ReplicationPolicy",
        type="AWS::IAM::Policy",
        properties={
            "PolicyName": "Replication",
            "Roles": [role.ref],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    _allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], bucket.bucket_arn),
                    _allow(
                        [
                            "s3:GetObjectVersionAcl",
                            "s3:GetObjectVersionForReplication",
                            "s3:GetObjectVersionTagging",
                        ],
                        f"{bucket.bucket_arn}/{prefix}*",
                    ),
                    _allow(["s3:ReplicateObject", "s3:ReplicateTags"], f"{copies}/{prefix}*"),
                    _allow(["kms:Decrypt"], key.key_arn),
                    _allow(["kms:Encrypt"], to.key_arn),
                ],
            },
        },
    )
    cast(s3.CfnBucket, bucket.node.default_child).add_property_override(
        "ReplicationConfiguration",
        {
            "Role": role.get_att("Arn"),
            "Rules": [
                {
                    "Id": "received-mail",
                    "Status": "Enabled",
                    "Priority": 1,
                    "Filter": {"Prefix": prefix},
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                    "Destination": {
                        "Bucket": copies,
                        "EncryptionConfiguration": {"ReplicaKmsKeyID": to.key_arn},
                    },
                }
            ],
        },
    )


def _allow(actions: list[str], on: str) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": on}
