"""The bucket for received mail: private, encrypted, kept, and open to the rules of one rule set below `mail/`."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template
from templates import Deployment, name_of, of_type, only, properties, template_of, warnings

from cdk_ses_regions import MailReplication
from cdk_ses_regions.mail_bucket import MailBucket


def test_it_is_encrypted_with_a_customer_key(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received")
    template = template_of(stack)
    [rule] = properties(template, "AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": {"Fn::GetAtt": [name_of(template, "AWS::KMS::Key"), "Arn"]},
        },
    }


def test_nothing_in_it_can_be_public(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received")
    bucket = properties(template_of(stack), "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_mail_is_kept_for_ever_unless_a_retention_is_given(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received")
    [rule] = properties(template_of(stack), "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_a_retention_deletes_mail_and_nothing_else_of_the_bucket(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received", retention=cdk.Duration.days(90))
    [rule] = properties(template_of(stack), "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90
    assert rule["Prefix"] == "mail/"


@pytest.mark.parametrize(
    ("policy", "expected"), [(cdk.RemovalPolicy.RETAIN, "Retain"), (cdk.RemovalPolicy.DESTROY, "Delete")]
)
def test_bucket_and_key_share_their_fate(stack: cdk.Stack, policy: cdk.RemovalPolicy, expected: str) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received", removal_policy=policy)
    template = template_of(stack)
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        assert only(template, kind)["DeletionPolicy"] == expected
        assert only(template, kind)["UpdateReplacePolicy"] == expected


def test_mail_outlives_its_stack_by_default_but_not_a_creation_that_failed(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received")
    template = template_of(stack)
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        assert only(template, kind)["DeletionPolicy"] == "RetainExceptOnCreate"
        assert only(template, kind)["UpdateReplacePolicy"] == "Retain"


def test_the_policy_names_a_rule_set_that_need_not_exist(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received")
    template = template_of(stack)
    policy = Deployment(template).resolve(properties(template, "AWS::S3::BucketPolicy")["PolicyDocument"])
    [allow] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert allow == {
        "Sid": "SesReceiving",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name_of(template, 'AWS::S3::Bucket').lower()}/mail/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "111111111111"},
            "ArnLike": {
                "aws:SourceArn": [
                    "arn:aws:ses:us-west-2:111111111111:receipt-rule-set/email-received:receipt-rule/*"
                ]
            },
        },
    }
    assert of_type(template, "AWS::SES::ReceiptRuleSet") == {}


def test_a_key_made_elsewhere_gives_a_warning(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Theirs", "arn:aws:kms:us-west-2:111111111111:key/1234")
    MailBucket(stack, "Mail", rule_set_name="email-received", key=key)
    assert len(warnings(stack)) == 1
    assert of_type(template_of(stack), "AWS::KMS::Key") == {}


def test_a_role_of_the_user_can_be_let_read_it_with_its_key(stack: cdk.Stack) -> None:
    mail = MailBucket(stack, "Mail", rule_set_name="email-received")
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    mail.bucket.grant_read(reader, "mail/*")
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like({"Action": Match.array_with(["s3:GetObject*"]), "Effect": "Allow"}),
                        Match.object_like({"Action": Match.array_with(["kms:Decrypt"]), "Effect": "Allow"}),
                    ]
                )
            }
        },
    )


def rules_of(stack: cdk.Stack) -> dict[str, dict[str, object]]:
    bucket = properties(template_of(stack), "AWS::S3::Bucket")
    return {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}


def test_archived_mail_can_be_read_at_once(stack: cdk.Stack) -> None:
    MailBucket(
        stack,
        "Mail",
        rule_set_name="email-received",
        archive_after=cdk.Duration.days(30),
        retention=cdk.Duration.days(31),
    )
    [rule] = rules_of(stack).values()
    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 30}]
    assert rule["ExpirationInDays"] == 31


@pytest.mark.parametrize(("given", "days"), [(None, 30), (cdk.Duration.days(7), 7)])
def test_a_bucket_with_versions_keeps_what_is_deleted_for_a_while(
    stack: cdk.Stack, given: cdk.Duration | None, days: int
) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received", versioned=True, deleted_retention=given)
    bucket = properties(template_of(stack), "AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = rules_of(stack)
    assert rules["received-mail"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
    assert rules["deleted-mail"]["ExpiredObjectDeleteMarker"] is True
    assert rules["deleted-mail"]["Prefix"] == "mail/"


def test_access_logs_go_to_a_bucket_that_only_s3_writes_for_this_bucket(stack: cdk.Stack) -> None:
    mail = MailBucket(stack, "Mail", rule_set_name="email-received", access_logs=True)
    assert mail.access_log_bucket is not None
    template = template_of(stack)
    buckets = of_type(template, "AWS::S3::Bucket")
    [logs] = [name for name in buckets if "AccessLogs" in name]
    [mails] = [name for name in buckets if name != logs]
    assert buckets[mails]["Properties"]["LoggingConfiguration"] == {
        "DestinationBucketName": {"Ref": logs},
        "LogFilePrefix": "mail/",
    }
    about = buckets[logs]["Properties"]
    assert set(about["PublicAccessBlockConfiguration"].values()) == {True}
    assert about["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [rule] = about["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90
    [policy] = [
        Deployment(template).resolve(one["Properties"]["PolicyDocument"])
        for one in of_type(template, "AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == {"Ref": logs}
    ]
    deny, allow = policy["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow == {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{logs.lower()}/mail/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "111111111111"},
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{mails.lower()}"},
        },
    }


def test_without_asking_there_are_neither_versions_nor_logs(stack: cdk.Stack) -> None:
    assert MailBucket(stack, "Mail", rule_set_name="email-received").access_log_bucket is None
    bucket = properties(template_of(stack), "AWS::S3::Bucket")
    assert not {"VersioningConfiguration", "LoggingConfiguration"} & set(bucket)


def test_it_can_be_open_to_some_rules_of_a_set_only(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="theirs", rule_names=["a", "b"])
    template = template_of(stack)
    arns = [
        f"arn:aws:ses:us-west-2:111111111111:receipt-rule-set/theirs:receipt-rule/{name}" for name in "ab"
    ]
    for policy in (
        properties(template, "AWS::S3::BucketPolicy")["PolicyDocument"],
        properties(template, "AWS::KMS::Key")["KeyPolicy"],
    ):
        [allow] = [one for one in policy["Statement"] if one.get("Sid") == "SesReceiving"]
        assert allow["Condition"]["ArnLike"]["aws:SourceArn"] == arns


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"archive_after": cdk.Duration.days(30), "retention": cdk.Duration.days(30)},
            "archive_after is 30 days and retention 30",
        ),
        ({"deleted_retention": cdk.Duration.days(1)}, "give versioned=True"),
    ],
    ids=["archived after it is gone", "no versions"],
)
def test_what_contradicts_itself_is_refused(
    stack: cdk.Stack, options: dict[str, cdk.Duration], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        MailBucket(stack, "Mail", rule_set_name="email-received", **options)  # pyright: ignore[reportCallIssue]


COPIES = MailReplication(bucket="copies", key_arn="arn:aws:kms:eu-central-1:111111111111:key/1")


def test_mail_is_copied_by_a_role_that_may_do_nothing_else(stack: cdk.Stack) -> None:
    MailBucket(stack, "Mail", rule_set_name="email-received", versioned=True, replicate_to=COPIES)
    template = template_of(stack)
    bucket = name_of(template, "AWS::S3::Bucket")
    configuration = properties(template, "AWS::S3::Bucket")["ReplicationConfiguration"]
    assert configuration["Role"] == {"Fn::GetAtt": [name_of(template, "AWS::IAM::Role"), "Arn"]}
    [rule] = configuration["Rules"]
    assert rule["Filter"] == {"Prefix": "mail/"}
    assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
    assert rule["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    deployment = Deployment(template, region="us-west-2")
    assert deployment.resolve(rule["Destination"]) == {
        "Bucket": "arn:aws:s3:::copies",
        "EncryptionConfiguration": {"ReplicaKmsKeyID": COPIES.key_arn},
    }
    policy = properties(template, "AWS::IAM::Policy")["PolicyDocument"]
    may = [(one["Action"], one["Resource"]) for one in deployment.resolve(policy)["Statement"]]
    mail = deployment.arn(bucket)
    assert may == [
        (["s3:GetReplicationConfiguration", "s3:ListBucket"], mail),
        (
            ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            f"{mail}/mail/*",
        ),
        (["s3:ReplicateObject", "s3:ReplicateTags"], "arn:aws:s3:::copies/mail/*"),
        (["kms:Decrypt"], deployment.arn(name_of(template, "AWS::KMS::Key"))),
        (["kms:Encrypt"], COPIES.key_arn),
    ]


def test_nothing_is_copied_without_versions(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="replicate_to is for a versioned bucket"):
        MailBucket(stack, "Mail", rule_set_name="email-received", replicate_to=COPIES)
