"""Receipt rule sets, rules and filters in version 1 of the API, with the targets that SES tries."""

from __future__ import annotations

import email
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, policy, unique

from cdk_ses_regions.local import LocalAws

PROBE = "mail/AMAZON_SES_SETUP_NOTIFICATION"
STOP = {"StopAction": {"Scope": "RuleSet"}}


@pytest.fixture
def rule_set(here: Region) -> str:
    name = unique("s")
    here.ses.create_receipt_rule_set(RuleSetName=name)
    return name


@pytest.fixture
def function(here: Region) -> Iterator[str]:
    """The ARN of a function that nobody may invoke yet."""
    name = unique("f")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = here.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", "def handler(event, context): pass")
    yield here.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    here.client("lambda").delete_function(FunctionName=name)


def s3_action(bucket: str, **more: str) -> dict[str, Any]:
    return {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": "mail/", **more}}


def lambda_action(function: str) -> dict[str, Any]:
    return {"LambdaAction": {"FunctionArn": function, "InvocationType": "Event"}}


def sns_action(topic: str) -> dict[str, Any]:
    return {"SNSAction": {"TopicArn": topic, "Encoding": "UTF-8"}}


def create(region: Region, rule_set: str, *actions: dict[str, Any], name: str = "rule", **more: Any) -> None:
    rule = {"Name": name, "Enabled": True, "Actions": list(actions)}
    region.ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule, **more)


def update(region: Region, rule_set: str, *actions: dict[str, Any], name: str = "rule") -> None:
    rule = {"Name": name, "Enabled": True, "Actions": list(actions)}
    region.ses.update_receipt_rule(RuleSetName=rule_set, Rule=rule)


def names(region: Region, rule_set: str) -> list[str]:
    return [rule["Name"] for rule in region.ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]]


def keys(region: Region, bucket: str) -> list[str]:
    return [one["Key"] for one in region.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def refused(region: Region, rule_set: str, code: str, *actions: dict[str, Any], because: str) -> None:
    with pytest.raises(ClientError, match=because) as raised:
        create(region, rule_set, *actions)
    assert raised.value.response.get("Error", {}).get("Code") == code
    assert names(region, rule_set) == []


# The order of rules


def test_a_rule_goes_after_the_one_it_names_and_else_to_the_top(here: Region, rule_set: str) -> None:
    create(here, rule_set, STOP, name="a")
    create(here, rule_set, STOP, name="b", After="a")
    create(here, rule_set, STOP, name="between", After="a")
    create(here, rule_set, STOP, name="top")
    assert names(here, rule_set) == ["top", "a", "between", "b"]


def test_a_rule_moves_and_keeps_its_place_when_it_is_updated(here: Region, rule_set: str) -> None:
    for name in ("c", "b", "a"):
        create(here, rule_set, STOP, name=name)
    update(here, rule_set, {"AddHeaderAction": {"HeaderName": "X-A", "HeaderValue": "1"}}, name="b")
    assert names(here, rule_set) == ["a", "b", "c"]
    answer = here.ses.describe_receipt_rule(RuleSetName=rule_set, RuleName="b")
    assert "AddHeaderAction" in answer["Rule"]["Actions"][0]
    here.ses.set_receipt_rule_position(RuleSetName=rule_set, RuleName="a", After="b")
    assert names(here, rule_set) == ["b", "a", "c"]
    here.ses.set_receipt_rule_position(RuleSetName=rule_set, RuleName="c")
    assert names(here, rule_set) == ["c", "b", "a"]


def test_a_rule_set_is_reordered_when_every_rule_is_named(here: Region, rule_set: str) -> None:
    for name in ("c", "b", "a"):
        create(here, rule_set, STOP, name=name)
    here.ses.reorder_receipt_rule_set(RuleSetName=rule_set, RuleNames=["b", "c", "a"])
    assert names(here, rule_set) == ["b", "c", "a"]
    with pytest.raises(ClientError):
        here.ses.reorder_receipt_rule_set(RuleSetName=rule_set, RuleNames=["b", "c"])


def test_a_rule_that_is_not_there_is_neither_moved_nor_updated_nor_followed(
    here: Region, rule_set: str
) -> None:
    create(here, rule_set, STOP, name="a")
    missing = here.ses.exceptions.RuleDoesNotExistException
    with pytest.raises(missing):
        update(here, rule_set, STOP, name="x")
    with pytest.raises(missing):
        here.ses.set_receipt_rule_position(RuleSetName=rule_set, RuleName="a", After="x")
    with pytest.raises(missing):
        create(here, rule_set, STOP, name="b", After="x")
    with pytest.raises(here.ses.exceptions.RuleSetDoesNotExistException):
        update(here, "x", STOP, name="a")


def test_a_rule_does_not_come_after_itself(here: Region, rule_set: str) -> None:
    create(here, rule_set, STOP, name="b")
    create(here, rule_set, STOP, name="a")
    with pytest.raises(ClientError, match="after itself"):
        here.ses.set_receipt_rule_position(RuleSetName=rule_set, RuleName="b", After="b")
    assert names(here, rule_set) == ["a", "b"]


def test_a_rule_is_described_as_it_was_created(here: Region, rule_set: str) -> None:
    header = {"AddHeaderAction": {"HeaderName": "X-Seen", "HeaderValue": "yes"}}
    rule = {
        "Name": "all",
        "Enabled": True,
        "TlsPolicy": "Require",
        "Recipients": [".example.com", "example.com"],
        "Actions": [header, STOP],
        "ScanEnabled": True,
    }
    here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
    assert here.ses.describe_receipt_rule(RuleSetName=rule_set, RuleName="all")["Rule"] == rule


def test_an_action_is_exactly_one_action(here: Region, rule_set: str) -> None:
    refused(here, rule_set, "InvalidParameterValue", {**STOP, **sns_action("x")}, because="Exactly one")


# Rule sets


def test_the_active_rule_set_cannot_be_deleted_and_is_active_in_its_region_only(
    here: Region, there: Region, rule_set: str
) -> None:
    there.ses.set_active_receipt_rule_set()
    before = here.ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    here.ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    try:
        assert here.ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == rule_set
        assert "Metadata" not in there.ses.describe_active_receipt_rule_set()
        with pytest.raises(here.ses.exceptions.CannotDeleteException):
            here.ses.delete_receipt_rule_set(RuleSetName=rule_set)
    finally:
        here.ses.set_active_receipt_rule_set(**({"RuleSetName": before} if before else {}))
    here.ses.delete_receipt_rule_set(RuleSetName=rule_set)


def test_a_clone_has_the_same_rules_and_changes_alone(here: Region, rule_set: str) -> None:
    create(here, rule_set, STOP, name="a")
    clone = unique("s")
    here.ses.clone_receipt_rule_set(RuleSetName=clone, OriginalRuleSetName=rule_set)
    here.ses.delete_receipt_rule(RuleSetName=clone, RuleName="a")
    assert (names(here, rule_set), names(here, clone)) == (["a"], [])
    with pytest.raises(here.ses.exceptions.AlreadyExistsException):
        here.ses.clone_receipt_rule_set(RuleSetName=clone, OriginalRuleSetName=rule_set)


def test_a_rule_set_that_is_not_there_does_not_become_active(here: Region) -> None:
    with pytest.raises(here.ses.exceptions.RuleSetDoesNotExistException):
        here.ses.set_active_receipt_rule_set(RuleSetName=unique("s"))


# Filters


def test_a_filter_is_created_listed_and_deleted_in_its_region(here: Region, there: Region) -> None:
    name = unique("filter")
    settings = {"Name": name, "IpFilter": {"Policy": "Block", "Cidr": "10.0.0.0/8"}}
    here.ses.create_receipt_filter(Filter=settings)
    assert settings in here.ses.list_receipt_filters()["Filters"]
    assert settings not in there.ses.list_receipt_filters()["Filters"]
    with pytest.raises(here.ses.exceptions.AlreadyExistsException):
        here.ses.create_receipt_filter(Filter=settings)
    here.ses.delete_receipt_filter(FilterName=name)
    assert settings not in here.ses.list_receipt_filters()["Filters"]


def test_a_filter_of_no_network_is_refused(here: Region) -> None:
    with pytest.raises(ClientError, match="Invalid CIDR"):
        here.ses.create_receipt_filter(
            Filter={"Name": unique("filter"), "IpFilter": {"Policy": "Block", "Cidr": "everyone"}}
        )


# Buckets


def test_a_bucket_open_to_the_rule_is_accepted_and_gets_the_setup_notification(
    here: Region, rule_set: str
) -> None:
    arn = here.rule_arn(rule_set)
    bucket = here.bucket(arn, key=here.key(arn))
    create(here, rule_set, s3_action(bucket))
    stored = here.client("s3").get_object(Bucket=bucket, Key=PROBE)
    assert stored["ServerSideEncryption"] == "aws:kms"
    mail = email.message_from_bytes(stored["Body"].read())
    assert mail["From"] == "Amazon Web Services <no-reply-aws@amazon.com>"
    assert mail["Subject"] == "Amazon SES Setup Notification"
    assert mail["Received"] is None


def test_an_update_is_tried_like_a_new_rule(here: Region, rule_set: str) -> None:
    closed, opened = here.bucket(), here.bucket(here.rule_arn(rule_set))
    create(here, rule_set, STOP)
    with pytest.raises(here.ses.exceptions.InvalidS3ConfigurationException):
        update(here, rule_set, s3_action(closed))
    rule = here.ses.describe_receipt_rule(RuleSetName=rule_set, RuleName="rule")["Rule"]
    assert rule["Actions"] == [STOP]
    update(here, rule_set, s3_action(opened))
    assert keys(here, opened) == [PROBE]


def test_a_bucket_that_is_missing_or_closed_to_the_rule_is_refused(here: Region, rule_set: str) -> None:
    arn, code = here.rule_arn(rule_set), "InvalidS3Configuration"
    closed, other = here.bucket(), here.bucket(here.rule_arn("another-set"))
    locked = here.bucket(arn, key=here.key())
    refused(here, rule_set, code, s3_action(unique("nowhere")), because="Could not write to bucket")
    refused(here, rule_set, code, s3_action(closed), because="the policy of bucket")
    refused(here, rule_set, code, s3_action(other), because="the policy of bucket")
    refused(here, rule_set, code, s3_action(locked), because="the policy of key")
    assert keys(here, closed) == keys(here, other) == keys(here, locked) == []


def test_a_bucket_in_another_region_is_accepted_if_ses_receives_there(
    here: Region, there: Region, rule_set: str
) -> None:
    arn = here.rule_arn(rule_set)
    bucket = there.bucket(arn, key=there.key(arn))
    create(here, rule_set, s3_action(bucket))
    assert keys(there, bucket) == [PROBE]


def test_a_bucket_where_ses_does_not_receive_needs_a_role_that_ses_may_assume_and_that_may_write(
    local: LocalAws, here: Region, rule_set: str
) -> None:
    arn, code, elsewhere = here.rule_arn(rule_set), "InvalidS3Configuration", Region(local, "eu-central-2")
    bucket = elsewhere.bucket(arn)
    refused(here, rule_set, code, s3_action(bucket), because="needs IamRoleArn")
    writes = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/mail/*"}

    def action_by_role(source: str, *, may_write: bool) -> dict[str, Any]:
        trust = here.grant(source, "sts:AssumeRole", "*")
        del trust["Resource"]
        iam, name = here.client("iam"), unique("role")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        if may_write:
            iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=policy(writes))
        return s3_action(bucket, IamRoleArn=role)

    missing = s3_action(bucket, IamRoleArn=f"arn:aws:iam::{local.account}:role/missing")
    refused(here, rule_set, code, missing, because="Could not assume")
    of_another = action_by_role(here.rule_arn("another-set"), may_write=True)
    refused(here, rule_set, code, of_another, because="Could not assume")
    refused(here, rule_set, code, action_by_role(arn, may_write=False), because="not allowed s3:PutObject")
    create(here, rule_set, action_by_role(arn, may_write=True))
    assert keys(elsewhere, bucket) == [PROBE]


def test_a_key_of_the_action_must_be_open_to_the_rule_and_in_its_region(
    here: Region, there: Region, rule_set: str
) -> None:
    arn = here.rule_arn(rule_set)
    bucket = here.bucket(arn)
    closed, far, opened = here.key(), there.key(arn), here.key(arn)
    code = "InvalidS3Configuration"
    refused(here, rule_set, code, s3_action(bucket, KmsKeyArn=closed), because="the policy of key")
    refused(here, rule_set, code, s3_action(bucket, KmsKeyArn=far), because="us-west-2|not found|exist")
    create(here, rule_set, s3_action(bucket, KmsKeyArn=opened))


# Topics and functions


def test_a_topic_must_be_there_in_the_same_region_and_open_to_the_rule(
    here: Region, there: Region, rule_set: str
) -> None:
    arn, code = here.rule_arn(rule_set), "InvalidSnsTopic"
    refused(here, rule_set, code, sns_action(here.arn("sns", "nowhere")), because="does not exist")
    refused(here, rule_set, code, sns_action(there.topic(arn)), because="is not in us-west-2")
    refused(here, rule_set, code, sns_action(here.topic()), because="the policy of topic")
    locked = here.topic(arn, key=here.key())
    refused(here, rule_set, code, sns_action(locked), because="the policy of key")
    create(here, rule_set, sns_action(here.topic(arn, key=here.key(arn))))


def test_the_topic_that_hears_of_an_action_is_tried_too(here: Region, rule_set: str) -> None:
    bucket = here.bucket(here.rule_arn(rule_set))
    action = s3_action(bucket, TopicArn=here.topic())
    refused(here, rule_set, "InvalidSnsTopic", action, because="the policy of topic")
    assert keys(here, bucket) == []


def test_a_function_must_be_there_in_the_same_region_and_let_ses_invoke_it_for_the_rule(
    here: Region, there: Region, rule_set: str, function: str
) -> None:
    code, client = "InvalidLambdaFunction", here.client("lambda")
    refused(here, rule_set, code, lambda_action(function + "-missing"), because="not found|does not exist")
    far = function.replace(here.name, there.name)
    refused(here, rule_set, code, lambda_action(far), because="is not in us-west-2")
    refused(here, rule_set, code, lambda_action(function), because="the permissions of function")
    for statement, source in (("other", here.rule_arn("another-set")), ("right", here.rule_arn(rule_set))):
        client.add_permission(
            FunctionName=function,
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal="ses.amazonaws.com",
            SourceAccount=here.local.account,
            SourceArn=source,
        )
        if statement == "other":
            refused(here, rule_set, code, lambda_action(function), because="the permissions of function")
    create(here, rule_set, lambda_action(function))
