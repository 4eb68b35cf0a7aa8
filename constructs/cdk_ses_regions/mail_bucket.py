"""The bucket that received mail is stored in."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_ses_regions.encryption import EmailKey, let_ses_use
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import allow_ses, rule_arns

MAIL_PREFIX = "mail/"
"""Where in the bucket SES may write; the rest of it is the user's."""


class MailBucket(Construct):
    """A private, encrypted bucket that the rules of one receipt rule set may store mail in, below `mail/`.

    The mail is encrypted by S3 with the customer key (default SSE-KMS), so that any client with access can read it.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html

    Args:
        rule_set_name: physical name of the rule set; it need not exist yet.
        key: customer managed key (default: one of its own).
        retention: how long mail is kept (default: for ever).
        removal_policy: what becomes of the bucket, and of a key of its own, with the stack (default: it stays, unless
            the deployment that creates it fails).

    Attributes:
        bucket: the bucket.
        key: the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        key: kms.IKey | None = None,
        retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
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
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="received-mail",
                    prefix=MAIL_PREFIX,
                    expiration=retention,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )
        self.bucket: s3.IBucket = bucket
        source_arns = [rule_arns(scope, rule_set_name)]
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
