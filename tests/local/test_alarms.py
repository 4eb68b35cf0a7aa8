"""Alarms on the local AWS: what sets them off, and whom they may tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployed import a_function
from region import Region, policy, unique

NAMESPACE = "Tests"


def an_alarm(here: Region, metric: str, **properties: Any) -> str:
    name = unique("alarm")
    here.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": NAMESPACE,
            "MetricName": metric,
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **properties,
        }
    )
    return name


def state(here: Region, alarm: str) -> str:
    [found] = here.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return str(found["StateValue"])


def put(here: Region, metric: str, value: float, **dimensions: str) -> None:
    listed = [{"Name": key, "Value": one} for key, one in dimensions.items()]
    data = {"MetricName": metric, "Value": value, "Dimensions": listed}
    here.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[data])


def a_topic(here: Region, *, open_to: str | None) -> str:
    """The ARN of a topic whose policy lets CloudWatch in for alarms of this name, or for none."""
    sns = here.client("sns")
    topic = str(sns.create_topic(Name=unique("t"))["TopicArn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnLike": {"aws:SourceArn": here.arn("cloudwatch", f"alarm:{open_to}")}},
    }
    document = policy(statement) if open_to else policy({**statement, "Effect": "Deny"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    return topic


@pytest.mark.parametrize(
    ("missing", "begins_as"),
    [
        ("notBreaching", "OK"),
        ("breaching", "ALARM"),
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
    ],
)
def test_an_alarm_without_values_is_what_it_takes_them_for(
    here: Region, missing: str, begins_as: str
) -> None:
    assert state(here, an_alarm(here, unique("m"), TreatMissingData=missing)) == begins_as


def test_an_alarm_is_about_its_own_dimensions(here: Region) -> None:
    metric = unique("m")
    ours = an_alarm(here, metric, Dimensions=[{"Name": "Queue", "Value": "ours"}])
    whole = an_alarm(here, metric)
    put(here, metric, 5, Queue="theirs")
    assert (state(here, ours), state(here, whole)) == ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA")
    put(here, metric, 0, Queue="ours")
    assert state(here, ours) == "OK"
    put(here, metric, 1, Queue="ours")
    assert state(here, ours) == "ALARM"


def test_what_a_function_logs_as_a_metric_sets_off_an_alarm(here: Region) -> None:
    metric = unique("m")
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Shop"], []],
        "Metrics": [{"Name": metric}, {"Name": "Other", "Unit": "Count"}],
    }
    line = {"_aws": {"CloudWatchMetrics": [directive]}, "Shop": "first", metric: [0, 3], "Other": 1}
    wrong = {
        "_aws": {"CloudWatchMetrics": [{**directive, "Dimensions": [["Nothing"]]}]},
        metric: 9,
        "Other": 1,
    }
    lines = [json.dumps(wrong), '{"_aws": 7}', '"_aws"', json.dumps(line)]
    code = "def handler(event, context):\n" + "".join(f"    print({one!r})\n" for one in lines)
    of_shop = an_alarm(here, metric, Dimensions=[{"Name": "Shop", "Value": "first"}], Threshold=3)
    whole = an_alarm(here, metric, Threshold=4)
    answer = here.client("lambda").invoke(FunctionName=a_function(here, code))
    assert "FunctionError" not in answer
    assert (state(here, of_shop), state(here, whole)) == ("ALARM", "OK")


def test_an_alarm_tells_a_topic_that_lets_it(here: Region) -> None:
    metric, name = unique("m"), unique("alarm")
    topic = a_topic(here, open_to=name)
    queue = here.queue_on(topic)
    an_alarm(here, metric, AlarmName=name, AlarmActions=[topic])
    put(here, metric, 1)
    assert here.heard(queue)["AlarmName"] == name


def refuse_insecure_transport(here: Region, queue: str) -> None:
    sqs = here.client("sqs")
    document = json.loads(
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    )
    insecure = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    both = policy(*document["Statement"], insecure)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": both})


def a_key(here: Region, *, open_to: str) -> str:
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{here.local.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    alarms = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": here.local.account},
            "ArnLike": {"aws:SourceArn": [here.arn("cloudwatch", f"alarm:{open_to}")]},
        },
    }
    kms = here.client("kms")
    return str(kms.create_key(Policy=policy(owner, alarms))["KeyMetadata"]["Arn"])


def test_an_alarm_tells_an_encrypted_topic_whose_key_lets_it(here: Region) -> None:
    metric, name = unique("m"), unique("alarm")
    opened, closed = (a_topic(here, open_to=name) for _ in range(2))
    for topic, user in ((opened, name), (closed, "other-*")):
        key = a_key(here, open_to=user)
        here.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key
        )
    heard, silent = here.queue_on(opened), here.queue_on(closed)
    refuse_insecure_transport(here, heard)
    an_alarm(here, metric, AlarmName=name, AlarmActions=[closed, opened])
    put(here, metric, 1)
    assert here.heard(heard)["AlarmName"] == name
    assert here.silence(silent)


def test_an_alarm_tells_no_topic_that_is_closed_to_it(here: Region) -> None:
    metric, name = unique("m"), unique("alarm")
    closed, for_others, opened = (
        a_topic(here, open_to=None),
        a_topic(here, open_to=f"{name}-2"),
        a_topic(here, open_to=name),
    )
    heard = here.queue_on(opened)
    silent = [here.queue_on(topic) for topic in (closed, for_others)]
    an_alarm(here, metric, AlarmName=name, AlarmActions=[closed, for_others, opened])
    put(here, metric, 1)
    assert here.heard(heard)["AlarmName"] == name  # told last
    assert all(here.silence(queue) for queue in silent)
