"""Buckets, topics, keys, queues and functions from templates: all that a template asks for is really there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import Resources, Stack, a_function, a_role
from region import Region, unique

FAILS = "def handler(event, context):\n    print('it began')\n    raise ValueError('no such mail')\n"


@pytest.fixture
def stack(here: Region) -> Iterator[Stack]:
    stack = Stack(here, unique("stack"))
    yield stack
    if stack.status():
        stack.delete()


def a_key() -> dict[str, Any]:
    everything = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    statements = {"Version": "2012-10-17", "Statement": [everything]}
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": statements, "EnableKeyRotation": True}}


def a_bucket(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}


@pytest.fixture
def name() -> str:
    return unique("bucket")


def encrypted(name: str) -> Resources:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    rule = {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    return {
        "Key": a_key(),
        "Bucket": a_bucket(name, BucketEncryption={"ServerSideEncryptionConfiguration": [rule]}),
    }


def test_a_bucket_has_its_encryption_and_uses_it(here: Region, stack: Stack, name: str) -> None:
    assert stack.deploy(encrypted(name)) == "CREATE_COMPLETE"
    s3, key = here.client("s3"), stack.physical_id("Key")
    found = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert found[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert found[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith(key)
    assert found[0]["BucketKeyEnabled"]
    s3.put_object(Bucket=name, Key="mail/1", Body=b"Hello")
    stored = s3.head_object(Bucket=name, Key="mail/1")
    assert stored["ServerSideEncryption"] == "aws:kms"
    assert stored["SSEKMSKeyId"].endswith(key)
    s3.delete_object(Bucket=name, Key="mail/1")


def test_a_bucket_has_its_lifecycle(here: Region, stack: Stack, name: str) -> None:
    rules = [
        {"Id": "expire", "Status": "Enabled", "Prefix": "mail/", "ExpirationInDays": 30},
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {
            "Id": "versions",
            "Status": "Disabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 10}],
        },
    ]
    assert (
        stack.deploy({"Bucket": a_bucket(name, LifecycleConfiguration={"Rules": rules})}) == "CREATE_COMPLETE"
    )
    found = here.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert [(rule["ID"], rule["Status"]) for rule in found] == [
        ("expire", "Enabled"),
        ("parts", "Enabled"),
        ("versions", "Disabled"),
    ]
    assert found[0]["Expiration"] == {"Days": 30}
    assert found[0]["Filter"] == {"Prefix": "mail/"}
    assert found[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert found[2]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert found[2]["Transitions"] == [{"Days": 10, "StorageClass": "GLACIER"}]


def test_a_lifecycle_that_would_get_lost_is_refused(stack: Stack, name: str) -> None:
    rule = {
        "Id": "tagged",
        "Status": "Enabled",
        "ExpirationInDays": 1,
        "TagFilters": [{"Key": "a", "Value": "b"}],
    }
    assert (
        stack.deploy({"Bucket": a_bucket(name, LifecycleConfiguration={"Rules": [rule]})})
        == "ROLLBACK_COMPLETE"
    )
    assert "no TagFilters in a lifecycle rule" in stack.reasons()


def test_a_lifecycle_changes_and_goes_with_its_property(here: Region, stack: Stack, name: str) -> None:
    rule = {"Id": "expire", "Status": "Enabled", "ExpirationInDays": 30}
    stack.deploy({"Bucket": a_bucket(name, LifecycleConfiguration={"Rules": [rule]})})
    longer = {"Rules": [{**rule, "ExpirationInDays": 60}]}
    assert stack.deploy({"Bucket": a_bucket(name, LifecycleConfiguration=longer)}) == "UPDATE_COMPLETE"
    found = here.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert found[0]["Expiration"] == {"Days": 60}
    assert stack.deploy({"Bucket": a_bucket(name)}) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        here.client("s3").get_bucket_lifecycle_configuration(Bucket=name)


def test_a_bucket_has_its_ownership_tags_and_public_access_block(
    here: Region, stack: Stack, name: str
) -> None:
    blocked = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    bucket = a_bucket(
        name,
        OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        Tags=[{"Key": "team", "Value": "mail & more"}],
        PublicAccessBlockConfiguration=blocked,
    )
    assert stack.deploy({"Bucket": bucket}) == "CREATE_COMPLETE"
    s3 = here.client("s3")
    ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "ObjectWriter"}]
    assert {"Key": "team", "Value": "mail & more"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == blocked


def test_a_bucket_has_its_access_logs_until_the_template_drops_them(
    here: Region, stack: Stack, name: str
) -> None:
    target = {"DestinationBucketName": "logs-of-all", "LogFilePrefix": "mail/"}
    assert stack.deploy({"Bucket": a_bucket(name, LoggingConfiguration=target)}) == "CREATE_COMPLETE"
    s3 = here.client("s3")
    logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
    assert logging == {"TargetBucket": "logs-of-all", "TargetPrefix": "mail/"}
    assert stack.deploy({"Bucket": a_bucket(name)}) == "UPDATE_COMPLETE"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=name)


def test_a_bucket_is_copied_until_the_template_drops_it(here: Region, stack: Stack, name: str) -> None:
    s3, copies = here.client("s3"), f"{name}-copies"
    rule = {
        "Id": "mail",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "mail/"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{copies}",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": f"arn:aws:kms:{here.name}:111111111111:key/1"},
        },
    }
    told = {"Role": "arn:aws:iam::111111111111:role/copy", "Rules": [rule]}
    versions = {"VersioningConfiguration": {"Status": "Enabled"}}
    s3.create_bucket(Bucket=copies, CreateBucketConfiguration={"LocationConstraint": here.name})
    bucket = a_bucket(f"{name}-early", ReplicationConfiguration=told, **versions)
    assert stack.deploy({"Bucket": bucket}) != "CREATE_COMPLETE"
    assert "Destination bucket must have versioning enabled" in stack.reasons()
    stack.delete()
    s3.put_bucket_versioning(Bucket=copies, VersioningConfiguration={"Status": "Enabled"})
    bucket = a_bucket(name, ReplicationConfiguration=told, **versions)
    assert stack.deploy({"Bucket": bucket}) == "CREATE_COMPLETE", stack.reasons()
    found = s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"]
    [kept] = found["Rules"]
    assert (found["Role"], {**kept, "Id": kept["ID"]}) == (told["Role"], {**rule, "ID": "mail"})
    s3.put_object(Bucket=name, Key="mail/1", Body=b"Hello")
    s3.put_object(Bucket=name, Key="other/1", Body=b"Hello")
    s3.delete_object(Bucket=name, Key="mail/1")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=copies)["Contents"]] == ["mail/1"]
    assert stack.deploy({"Bucket": a_bucket(name, **versions)}) == "UPDATE_COMPLETE"
    with pytest.raises(s3.exceptions.ClientError, match="ReplicationConfigurationNotFound"):
        s3.get_bucket_replication(Bucket=name)


def test_a_bucket_has_its_policy(here: Region, stack: Stack, name: str) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [deny]}
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document},
    }
    assert stack.deploy({"Bucket": a_bucket(name), "Policy": policy}) == "CREATE_COMPLETE"
    assert json.loads(here.client("s3").get_bucket_policy(Bucket=name)["Policy"]) == document


def test_a_bucket_with_mail_in_it_is_not_deleted(here: Region, stack: Stack, name: str) -> None:
    stack.deploy({"Bucket": a_bucket(name)})
    s3 = here.client("s3")
    s3.put_object(Bucket=name, Key="mail/1", Body=b"Hello")
    assert stack.delete() == "DELETE_FAILED"
    assert "not empty" in stack.reasons()
    assert s3.get_object(Bucket=name, Key="mail/1")["Body"].read() == b"Hello"
    s3.delete_object(Bucket=name, Key="mail/1")
    assert stack.delete() == ""


def test_a_bucket_with_versions_of_deleted_mail_is_not_deleted(here: Region, stack: Stack, name: str) -> None:
    stack.deploy({"Bucket": a_bucket(name, VersioningConfiguration={"Status": "Enabled"})})
    s3 = here.client("s3")
    s3.put_object(Bucket=name, Key="mail/1", Body=b"Hello")
    s3.delete_object(Bucket=name, Key="mail/1")
    assert stack.delete() == "DELETE_FAILED"
    versions = s3.list_object_versions(Bucket=name)
    for version in (*versions["Versions"], *versions["DeleteMarkers"]):
        s3.delete_object(Bucket=name, Key="mail/1", VersionId=version["VersionId"])
    assert stack.delete() == ""


def test_what_is_to_be_retained_outlives_its_stack(here: Region, stack: Stack, name: str) -> None:
    resources = encrypted(name)
    for resource in resources.values():
        resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    stack.deploy(resources)
    key = stack.physical_id("Key")
    here.client("s3").put_object(Bucket=name, Key="mail/1", Body=b"Hello")
    assert stack.delete() == ""
    assert here.client("s3").get_object(Bucket=name, Key="mail/1")["Body"].read() == b"Hello"
    assert here.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_key_rotates_and_is_scheduled_for_deletion_with_its_stack(here: Region, stack: Stack) -> None:
    stack.deploy({"Key": a_key()})
    kms, key = here.client("kms"), stack.physical_id("Key")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    stack.delete()
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def a_topic(**properties: Any) -> Resources:
    return {"Key": a_key(), "Topic": {"Type": "AWS::SNS::Topic", "Properties": properties}}


def test_a_topic_has_its_key_until_the_template_drops_it(here: Region, stack: Stack) -> None:
    def key_of_topic() -> str:
        attributes = here.client("sns").get_topic_attributes(TopicArn=stack.physical_id("Topic"))
        return attributes["Attributes"].get("KmsMasterKeyId", "")

    topic = unique("topic")
    stack.deploy(a_topic(TopicName=topic, KmsMasterKeyId={"Fn::GetAtt": ["Key", "Arn"]}))
    assert key_of_topic().endswith(stack.physical_id("Key"))
    assert stack.deploy(a_topic(TopicName=topic)) == "UPDATE_COMPLETE"
    assert key_of_topic() == ""


def test_a_topic_has_its_policy(here: Region, stack: Stack) -> None:
    publish = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Topic"},
    }
    document = {"Version": "2012-10-17", "Statement": [publish]}
    policy = {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": document},
    }
    stack.deploy({**a_topic(), "Policy": policy})
    topic = stack.physical_id("Topic")
    found = json.loads(here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert found["Statement"] == [{**publish, "Resource": topic}]


def functions(here: Region, **properties: Any) -> Resources:
    """Return a function that fails, its dead-letter queue and its log group."""
    return {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": a_role(here, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}),
                "Code": {"ZipFile": FAILS},
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
                **properties,
            },
        },
    }


def received(here: Region, url: str) -> dict[str, Any]:
    """Return the first message of a queue; Lambda tries an event three times before it gives up."""
    for _ in range(3):
        got = here.client("sqs").receive_message(
            QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"]
        )
        for message in got.get("Messages", ()):
            return message
    raise AssertionError("nothing came")


def test_an_event_that_a_function_fails_on_thrice_is_in_its_dead_letter_queue_as_it_was(
    here: Region, stack: Stack
) -> None:
    assert stack.deploy(functions(here)) == "CREATE_COMPLETE"
    event = {"Records": [{"ses": {"mail": {"messageId": "1"}}}]}
    here.client("lambda").invoke(
        FunctionName=stack.physical_id("Function"), InvocationType="Event", Payload=json.dumps(event)
    )
    message = received(here, stack.physical_id("Queue"))
    assert json.loads(message["Body"]) == event
    reason = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert reason["ErrorCode"] == "200"
    assert reason["ErrorMessage"] == "no such mail"


def test_a_function_logs_to_the_group_of_its_template(here: Region, stack: Stack) -> None:
    stack.deploy(functions(here))
    logs, group = here.client("logs"), stack.physical_id("Logs")
    [about] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert about["retentionInDays"] == 7
    here.client("lambda").invoke(FunctionName=stack.physical_id("Function"), Payload=b"{}")
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert any("it began" in line for line in lines)


def test_a_dead_letter_queue_is_taken_away_with_its_property(here: Region, stack: Stack) -> None:
    first = functions(here)
    stack.deploy(first)
    function = {**first["Function"], "Properties": {**first["Function"]["Properties"]}}
    del function["Properties"]["DeadLetterConfig"]
    assert stack.deploy({**first, "Function": function}) == "UPDATE_COMPLETE"
    found = here.client("lambda").get_function_configuration(FunctionName=stack.physical_id("Function"))
    assert "DeadLetterConfig" not in found


def test_a_dead_letter_queue_of_another_region_is_refused(here: Region, stack: Stack) -> None:
    there = {"TargetArn": here.arn("sqs", "queue").replace(here.name, "eu-west-1")}
    assert stack.deploy(functions(here, DeadLetterConfig=there)) == "ROLLBACK_COMPLETE"
    assert "dead letter queue" in stack.reasons()


def test_a_function_that_works_answers_its_caller(here: Region) -> None:
    answer = here.client("lambda").invoke(FunctionName=a_function(here), Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}


def test_a_failed_stack_leaves_nothing(here: Region, stack: Stack, name: str) -> None:
    taken = unique("taken")
    here.client("route53").change_resource_record_sets(
        HostedZoneId="Z0LOCAL00000000001",
        ChangeBatch={
            "Changes": [
                {
                    "Action": "CREATE",
                    "ResourceRecordSet": {
                        "Name": f"{taken}.local.example",
                        "Type": "MX",
                        "TTL": 300,
                        "ResourceRecords": [{"Value": "10 mail.example.com"}],
                    },
                }
            ]
        },
    )
    record = {
        "Type": "AWS::Route53::RecordSet",
        "DependsOn": ["Bucket"],
        "Properties": {
            "HostedZoneId": "Z0LOCAL00000000001",
            "Name": f"{taken}.local.example",
            "Type": "MX",
            "TTL": "300",
            "ResourceRecords": ["10 other.example.com"],
        },
    }
    assert stack.deploy({"Bucket": a_bucket(name), "Record": record}) == "ROLLBACK_COMPLETE"
    assert "already exists" in stack.reasons()
    with pytest.raises(ClientError, match="404"):
        here.client("s3").head_bucket(Bucket=name)
