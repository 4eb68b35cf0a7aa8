"""The bucket for received mail: private, encrypted, kept, and open to the rules of one rule set below `mail/`."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template
from templates import Deployment, name_of, of_type, only, properties, template_of, warnings

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
