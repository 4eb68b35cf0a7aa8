"""Event destinations of configuration sets: what they are told, and when SES may not tell them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, policy, unique

from cdk_ses_regions.local import LocalAws

SIMPLE = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}}
EVERYTHING = ["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY"]


@pytest.fixture
def domain(here: Region) -> str:
    return here.verified_domain()


@pytest.fixture
def name(here: Region) -> str:
    name = unique("set")
    here.sesv2.create_configuration_set(ConfigurationSetName=name)
    return name


def send(here: Region, domain: str, name: str, to: str, **more: Any) -> str:
    answer = here.sesv2.send_email(
        FromEmailAddress=f"News <news@{domain}>",
        Destination={"ToAddresses": [f"{to}@simulator.amazonses.com"]},
        Content=more.pop("content", SIMPLE),
        ConfigurationSetName=name,
        **more,
    )
    return answer["MessageId"]


def add(here: Region, name: str, destination: dict[str, Any], *kinds: str, enabled: bool = True) -> None:
    here.sesv2.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName=unique("to"),
        EventDestination={"Enabled": enabled, "MatchingEventTypes": list(kinds) or EVERYTHING, **destination},
    )


def topic_of(here: Region, name: str, *kinds: str, enabled: bool = True) -> str:
    """Return the URL of a queue that hears a topic that the configuration set publishes to."""
    source = here.arn("ses", f"configuration-set/{name}")
    topic = here.topic(source, key=here.key(source))
    add(here, name, {"SnsDestination": {"TopicArn": topic}}, *kinds, enabled=enabled)
    return here.queue_on(topic)


def of(kind: str) -> Any:
    return lambda event: event["eventType"] == kind


# Topics


@pytest.mark.parametrize(
    ("to", "kind", "field"),
    [
        ("success", "Send", "send"),
        ("success", "Delivery", "delivery"),
        ("bounce", "Bounce", "bounce"),
        ("complaint", "Complaint", "complaint"),
    ],
)
def test_a_topic_hears_the_event_with_headers_and_tags(
    here: Region, domain: str, name: str, to: str, kind: str, field: str
) -> None:
    queue = topic_of(here, name)
    tags = [{"Name": "campaign", "Value": "spring"}]
    message_id = send(here, domain, name, to, EmailTags=tags)
    event = here.heard(queue, of(kind))
    mail = event["mail"]
    assert set(event) == {"eventType", "mail", field}
    assert mail["messageId"] == message_id
    assert mail["source"] == f"News <news@{domain}>"
    assert mail["sourceArn"] == here.arn("ses", f"identity/{domain}")
    assert mail["sendingAccountId"] == here.local.account
    assert mail["commonHeaders"]["from"] == [f"News <news@{domain}>"]
    assert mail["commonHeaders"]["messageId"] == message_id
    assert {"name": "Subject", "value": "Hello"} in mail["headers"]
    assert mail["tags"]["campaign"] == ["spring"]
    assert mail["tags"]["ses:configuration-set"] == [name]
    assert mail["tags"]["ses:from-domain"] == [domain]
    assert mail["tags"]["ses:caller-identity"] == ["deployer"]
    assert mail["tags"]["ses:source-ip"] == ["127.0.0.1"]
    assert ("ses:outgoing-ip" in mail["tags"]) is (kind == "Delivery")


def test_a_send_has_nothing_to_say(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, "SEND")
    send(here, domain, name, "success")
    assert here.heard(queue)["send"] == {}
    assert here.silence(queue)


def test_only_the_kinds_that_match_are_told(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, "BOUNCE")
    send(here, domain, name, "success")
    assert here.silence(queue)
    send(here, domain, name, "bounce")
    assert here.heard(queue)["eventType"] == "Bounce"


def test_a_destination_that_is_off_hears_nothing(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, enabled=False)
    send(here, domain, name, "bounce")
    assert here.silence(queue)


def test_a_virus_is_told_of(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, "REJECT")
    virus = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    content = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": virus}}}}
    send(here, domain, name, "success", content=content)
    assert here.heard(queue)["reject"] == {"reason": "Bad content"}


def test_missing_data_of_a_template_is_told_of(here: Region, domain: str, name: str) -> None:
    queue, template = topic_of(here, name, "RENDERING_FAILURE"), unique("template")
    here.sesv2.create_email_template(
        TemplateName=template, TemplateContent={"Subject": "Hello {{name}}", "Text": "Hello"}
    )
    content = {"Template": {"TemplateName": template, "TemplateData": "{}"}}
    send(here, domain, name, "success", content=content)
    event = here.heard(queue)
    assert event["eventType"] == "Rendering Failure"
    assert event["failure"]["templateName"] == template
    assert "name" in event["failure"]["errorMessage"]


def test_an_identity_has_a_default_set(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, "SEND")
    here.sesv2.put_email_identity_configuration_set_attributes(
        EmailIdentity=domain, ConfigurationSetName=name
    )
    assert here.sesv2.get_email_identity(EmailIdentity=domain)["ConfigurationSetName"] == name
    here.sesv2.send_email(
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Content=SIMPLE,
    )
    assert here.heard(queue)["mail"]["tags"]["ses:configuration-set"] == [name]


def test_a_topic_closed_later_hears_nothing_and_stays(here: Region, domain: str, name: str) -> None:
    queue = topic_of(here, name, "BOUNCE")
    found = here.sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)
    (destination,) = found["EventDestinations"]
    here.open_topic(destination["SnsDestination"]["TopicArn"])
    message_id = send(here, domain, name, "bounce")
    assert here.silence(queue)
    (told,) = [one for one in here.local.control.feedback(message_id) if one.channel == "event destination"]
    assert told.target == f"{name}/{destination['Name']}"
    assert told.dropped
    found = here.sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)
    assert found["EventDestinations"] == [destination]


def test_a_topic_that_is_not_there_is_refused(here: Region, there: Region, name: str) -> None:
    fifo = here.client("sns").create_topic(Name=f"{unique('t')}.fifo", Attributes={"FifoTopic": "true"})
    topics = {here.arn("sns", unique("t")): "not found", there.topic(): "is not a standard topic"}
    topics[fifo["TopicArn"]] = "is not a standard topic"
    for topic, why in topics.items():
        with pytest.raises(ClientError, match=f"BadRequestException.*{why}"):
            add(here, name, {"SnsDestination": {"TopicArn": topic}})


def test_a_topic_may_be_opened_after_it_was_named(here: Region, domain: str, name: str) -> None:
    topic = here.topic()
    add(here, name, {"SnsDestination": {"TopicArn": topic}}, "BOUNCE")
    here.open_topic(topic, here.arn("ses", f"configuration-set/{name}"))
    queue = here.queue_on(topic)
    send(here, domain, name, "bounce")
    assert here.heard(queue)["eventType"] == "Bounce"


# The event bus


@pytest.mark.parametrize(
    ("to", "kind", "detail_type"),
    [
        ("success", "Send", "Email Sent"),
        ("success", "Delivery", "Email Delivered"),
        ("bounce", "Bounce", "Email Bounced"),
        ("complaint", "Complaint", "Email Complaint Received"),
    ],
)
def test_the_event_bus_hears_it(
    here: Region, domain: str, name: str, to: str, kind: str, detail_type: str
) -> None:
    events, sqs, rule = here.client("events"), here.client("sqs"), unique("rule")
    queue = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(allow)})
    pattern = {
        "source": ["aws.ses"],
        "detail-type": [detail_type],
        "detail": {"mail": {"tags": {"ses:configuration-set": [name]}}},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    add(here, name, {"EventBridgeDestination": {"EventBusArn": here.arn("events", "event-bus/default")}})
    message_id = send(here, domain, name, to)
    event = here.heard(queue)
    assert (event["source"], event["account"]) == ("aws.ses", here.local.account)
    assert event["region"] == here.name
    assert event["resources"] == [here.arn("ses", f"identity/{domain}")]
    assert event["detail"]["eventType"] == kind
    assert event["detail"]["mail"]["messageId"] == message_id


def test_another_event_bus_is_refused(here: Region, name: str) -> None:
    bus = here.client("events").create_event_bus(Name=unique("bus"))["EventBusArn"]
    with pytest.raises(ClientError, match="default event bus"):
        add(here, name, {"EventBridgeDestination": {"EventBusArn": bus}})


# Metrics


def sum_of(here: Region, metric: str, **dimensions: str) -> float:
    now = datetime.now(UTC)
    answer = here.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SES",
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in answer["Datapoints"])


def dimension(name: str, source: str, default: str) -> dict[str, str]:
    return {"DimensionName": name, "DimensionValueSource": source, "DefaultDimensionValue": default}


def test_metrics_have_values_from_tags_headers_and_defaults(here: Region, domain: str, name: str) -> None:
    by_tag = [dimension("campaign", "MESSAGE_TAG", "none")]
    by_header = [dimension("X-Team", "EMAIL_HEADER", "nobody")]
    by_link = [dimension("link", "LINK_TAG", unique("nowhere"))]
    by_own = [dimension("ses:configuration-set", "MESSAGE_TAG", "x")]
    for dimensions in (by_tag, by_header, by_link, by_own):
        add(here, name, {"CloudWatchDestination": {"DimensionConfigurations": dimensions}})
    campaign, team = unique("c"), unique("team")
    headers = {"Simple": {**SIMPLE["Simple"], "Headers": [{"Name": "X-Team", "Value": team}]}}
    tags = [{"Name": "campaign", "Value": campaign}]
    send(here, domain, name, "bounce", EmailTags=tags, content=headers)
    assert sum_of(here, "Send", campaign=campaign) == 1
    assert sum_of(here, "Bounce", campaign=campaign) == 1
    assert sum_of(here, "Delivery", campaign=campaign) == 0
    assert sum_of(here, "Bounce", **{"X-Team": team}) == 1
    assert sum_of(here, "Bounce", link=by_link[0]["DefaultDimensionValue"]) == 1
    assert sum_of(here, "Bounce", **{"ses:configuration-set": "x"}) == 0
    assert sum_of(here, "Bounce", **{"ses:configuration-set": name}) == 1


def test_the_account_has_metrics_by_itself(here: Region, domain: str) -> None:
    before = sum_of(here, "Complaint")
    here.ses.send_email(
        Source=f"news@{domain}",
        Destination={"ToAddresses": ["complaint@simulator.amazonses.com"]},
        Message=SIMPLE["Simple"],
    )
    assert sum_of(here, "Complaint") == before + 1


def test_reputation_is_the_share_of_bounces(local: LocalAws, there: Region) -> None:
    here, nowhere = Region(local, "us-east-1"), a_domain()
    domain, name = here.verified_domain(), unique("set")
    here.sesv2.create_configuration_set(
        ConfigurationSetName=name, ReputationOptions={"ReputationMetricsEnabled": True}
    )
    # Its mail comes to a Region that knows nobody of the domain: a hard bounce.
    here.publish(nowhere, "MX", f"10 inbound-smtp.{there.name}.amazonaws.com")
    for to in (f"somebody@{a_domain()}", f"nobody@{nowhere}", "bounce@simulator.amazonses.com"):
        here.sesv2.send_email(
            FromEmailAddress=f"news@{domain}",
            Destination={"ToAddresses": [to]},
            Content=SIMPLE,
            ConfigurationSetName=name,
        )
    found = here.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SES",
        MetricName="Reputation.BounceRate",
        Dimensions=[{"Name": "ses:configuration-set", "Value": name}],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    # One of two: what the simulator does is no matter of reputation.
    assert max(point["Maximum"] for point in found["Datapoints"]) == 0.5


# Firehose


def a_role(here: Region, trusted: str, action: str, stream: str) -> str:
    iam, name = here.client("iam"), unique("role")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": here.local.account, "AWS:SourceArn": trusted},
        },
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": action, "Resource": stream}
    iam.put_role_policy(RoleName=name, PolicyName="put", PolicyDocument=policy(may))
    return role


@pytest.fixture
def bucket(here: Region) -> str:
    return here.bucket()


@pytest.fixture
def stream(here: Region, bucket: str) -> str:
    answer = here.client("firehose").create_delivery_stream(
        DeliveryStreamName=unique("stream"),
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{here.local.account}:role/firehose",
            "BucketARN": f"arn:aws:s3:::{bucket}",
        },
    )
    return answer["DeliveryStreamARN"]


def test_a_stream_brings_events_to_its_bucket(
    here: Region, domain: str, name: str, bucket: str, stream: str
) -> None:
    source = here.arn("ses", f"configuration-set/{name}")
    role = a_role(here, source, "firehose:PutRecordBatch", stream)
    add(
        here,
        name,
        {"KinesisFirehoseDestination": {"IamRoleArn": role, "DeliveryStreamArn": stream}},
        "BOUNCE",
    )
    message_id = send(here, domain, name, "bounce")
    s3 = here.client("s3")
    (stored,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    data = s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()
    assert data.endswith(b"\n")
    event = json.loads(data)
    assert (event["eventType"], event["mail"]["messageId"]) == ("Bounce", message_id)


@pytest.mark.parametrize(
    ("trusted", "action", "why"),
    [
        ("another", "firehose:PutRecordBatch", "Could not assume IAM role"),
        ("", "firehose:PutRecord", "is not allowed firehose:PutRecordBatch"),
    ],
)
def test_a_role_that_does_not_do_is_refused(
    here: Region, name: str, stream: str, trusted: str, action: str, why: str
) -> None:
    role = a_role(here, here.arn("ses", f"configuration-set/{trusted or name}"), action, stream)
    with pytest.raises(ClientError, match=why):
        add(here, name, {"KinesisFirehoseDestination": {"IamRoleArn": role, "DeliveryStreamArn": stream}})
