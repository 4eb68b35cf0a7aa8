"""The bucket that received mail is stored in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey, let_ses_use
from cdk_ses_regions.mail_replication import MailReplication, replicate
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import allow_ses, rule_arns

MAIL_PREFIX = "mail/"
"""Where in the bucket SES may write; the rest of it is the user's."""
ACCESS_LOGS_DAYS = 90
"""How long access logs are kept."""


def prefix_of(rule_name: str) -> str:
    """Return below which prefix a rule stores its mail: it says whose steps the mail takes."""
    return f"{MAIL_PREFIX}{rule_name}/"


class MailBucket(Construct):
    """A private, encrypted bucket that the rules of one receipt rule set may store mail in, below `mail/`.

    The mail is encrypted by S3 with the customer key (default SSE-KMS), so that any client with access can read it.
    Nobody owns an object but the bucket's account, nothing can be public, and who comes without TLS is refused.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html

    Args:
        rule_set_name: physical name of the rule set; it need not exist yet.
        rule_names: the rules of the set that may store mail (default: all).
        key: customer managed key (default: one of its own).
        retention: how long mail is kept (default: for ever).
        archive_after: when mail moves to Glacier Instant Retrieval, from which it is read as before (default: never).
        versioned: keep mail that is deleted or overwritten for `deleted_retention` (default False).
        deleted_retention: how long, when `versioned` (default 30 days); mail that `retention` deletes is kept as long.
        access_logs: log requests to a second bucket, which keeps each log for 90 days (default False).
        replicate_to: where S3 copies all mail to, when `versioned` (default: nowhere).
        removal_policy: what becomes of the bucket, and of a key of its own, with the stack (default: it stays, unless
            the deployment that creates it fails).

    Attributes:
        bucket: the bucket.
        key: the key.
        access_log_bucket: the bucket with the access logs, or None.

    Raises:
        ValueError: mail would be deleted before it is archived, or something needs `versioned`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        rule_names: Sequence[str] | None = None,
        key: kms.IKey | None = None,
        retention: Duration | None = None,
        archive_after: Duration | None = None,
        versioned: bool = False,
        deleted_retention: Duration | None = None,
        access_logs: bool = False,
        replicate_to: MailReplication | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        if (
            retention is not None
            and archive_after is not None
            and archive_after.to_days() >= retention.to_days()
        ):
            raise ValueError(
                f"archive_after is {archive_after.to_days()} days and retention {retention.to_days()}: mail would be "
                "deleted before it is archived; give a shorter archive_after"
            )
        if deleted_retention is not None and not versioned:
            raise ValueError(
                "deleted_retention is for a versioned bucket; give versioned=True, or leave it out"
            )
        if replicate_to is not None and not versioned:
            raise ValueError("replicate_to is for a versioned bucket; give versioned=True, or leave it out")
        self.key = key if key is not None else EmailKey(self, "Key", removal_policy=removal_policy).key
        bucket = s3.Bucket(
            self,
            "Resource",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=versioned or None,
            lifecycle_rules=_lifecycle(
                retention, archive_after, (deleted_retention or Duration.days(30)) if versioned else None
            ),
            removal_policy=removal_policy,
        )
        self.bucket: s3.IBucket = bucket
        self.access_log_bucket = self._log_accesses(bucket, removal_policy) if access_logs else None
        names = ["*"] if rule_names is None else rule_names
        source_arns = [rule_arns(scope, rule_set_name, name) for name in names]
        bucket.add_to_resource_policy(
            iam.PolicyStatement.from_json(
                allow_ses(
                    scope,
                    sid="SesReceiving",
                    actions=["s3:PutObject"],
                    resource=f"arn:{Place.of(scope).partition}:s3:::{bucket.bucket_name}/{MAIL_PREFIX}*",
                    source_arns=source_arns,
                )
            )
        )
        let_ses_use(self.key, scope, sid="SesReceiving", source_arns=source_arns)
        if replicate_to is not None:
            replicate(self, bucket=bucket, key=self.key, to=replicate_to, prefix=MAIL_PREFIX)

    def _log_accesses(self, bucket: s3.Bucket, removal_policy: RemovalPolicy) -> s3.IBucket:
        """Define the bucket of the access logs, which S3 alone may write, for this bucket."""
        # S3's own encryption: its log delivery knows no customer key.
        logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="access-logs",
                    expiration=Duration.days(ACCESS_LOGS_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )
        # CDK's own way depends on a feature flag of the user's app: without it, an ACL, which this bucket has none of.
        logs.add_to_resource_policy(
            iam.PolicyStatement.from_json(
                {
                    "Sid": "AccessLogs",
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"{logs.bucket_arn}/{MAIL_PREFIX}*",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": Place.of(self).account},
                        "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
                    },
                }
            )
        )
        cast(s3.CfnBucket, bucket.node.default_child).add_property_override(
            "LoggingConfiguration", {"DestinationBucketName": logs.bucket_name, "LogFilePrefix": MAIL_PREFIX}
        )
        return cast(s3.IBucket, logs)


def _lifecycle(
    retention: Duration | None, archive_after: Duration | None, deleted_retention: Duration | None
) -> list[s3.LifecycleRule]:
    """Return how mail ages; `deleted_retention` is None for a bucket without versions."""
    archive = (
        None
        if archive_after is None
        else [
            s3.Transition(
                storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transition_after=archive_after
            )
        ]
    )
    mail = s3.LifecycleRule(
        id="received-mail",
        prefix=MAIL_PREFIX,
        expiration=retention,
        transitions=archive,
        noncurrent_version_expiration=deleted_retention,
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )
    if deleted_retention is None:
        return [mail]
    # S3 takes this beside no number of days: what is left of a deleted mail when its last version is gone.
    markers = s3.LifecycleRule(id="deleted-mail", prefix=MAIL_PREFIX, expired_object_delete_marker=True)
    return [mail, markers]
