"""Alarms of one Region, their topic and who may publish to it, and the metric of the sending quota."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from templates import ACCOUNT, REGION, Deployment, of_type, only, properties, template_of, warnings
from test_policies import decide

from cdk_ses_regions import Monitoring, MonitoringOptions, Names, Subscribers, Thresholds, WatchedFunction

CLOUDWATCH = "cloudwatch.amazonaws.com"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:email-alarms"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:email-quota-used"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:reads"

WRONG_ALARMS = {
    "another account's alarm": {"source": ALARM.replace(ACCOUNT, "999999999999")},
    "another account": {
        "source": ALARM.replace(ACCOUNT, "999999999999"),
        "account": "999999999999",
    },
    "an account that lies about the alarm": {"account": "999999999999"},
    "another Region's alarm": {"source": ALARM.replace(REGION, "eu-west-1")},
    "another deployment's alarm": {"source": ALARM.replace("email-", "shop-")},
    "no source at all": {"source": None, "account": None},
    "another service": {"service": "ses.amazonaws.com"},
    "no TLS": {"tls": False},
}


def monitoring(stack: cdk.Stack, **arguments: Any) -> Monitoring:
    return Monitoring(stack, "Watch", names=Names("email"), key=kms.Key(stack, "Key"), **arguments)


def everything(stack: cdk.Stack, **options: Any) -> Monitoring:
    return monitoring(
        stack,
        options=MonitoringOptions(**options),
        configuration_set_name="email-sending",
        rule_set_name="email-received",
        functions=[WatchedFunction(name="inbound", arn=FUNCTION, timeout_seconds=60)],
        queues={"work": QUEUE},
        dead_letter_queues={"received": DEAD},
    )


def alarms(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The alarms by name, without the prefix."""
    found = of_type(template_of(stack), "AWS::CloudWatch::Alarm").values()
    return {one["Properties"]["AlarmName"].removeprefix("email-"): one["Properties"] for one in found}


def about(alarm: dict[str, Any]) -> tuple[Any, ...]:
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    return (alarm["Namespace"], alarm["MetricName"], dimensions, alarm["Statistic"], alarm["Threshold"])


def test_each_alarm_is_on_its_metric_from_its_threshold_on(stack: cdk.Stack) -> None:
    watched = everything(stack)
    found = alarms(stack)
    reads, work = {"FunctionName": "reads"}, {"QueueName": "work"}
    rules = {"RuleSetName": "email-received"}
    expected = {
        "bounce-rate-warning": ("AWS/SES", "Reputation.BounceRate", {}, "Maximum", 0.025),
        "bounce-rate-critical": ("AWS/SES", "Reputation.BounceRate", {}, "Maximum", 0.05),
        "complaint-rate-warning": ("AWS/SES", "Reputation.ComplaintRate", {}, "Maximum", 0.0005),
        "complaint-rate-critical": ("AWS/SES", "Reputation.ComplaintRate", {}, "Maximum", 0.001),
        "quota-used": ("SesRegions", "QuotaUsed", {"Region": REGION}, "Maximum", 0.8),
        "rules-failing": ("AWS/SES", "PublishFailure", rules, "Sum", 1),
        "rules-expired": ("AWS/SES", "PublishExpired", rules, "Sum", 1),
        "queue-age-work": ("AWS/SQS", "ApproximateAgeOfOldestMessage", work, "Maximum", 1800),
        "dead-letters-received": (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": "dead"},
            "Maximum",
            1,
        ),
        "errors-inbound": ("AWS/Lambda", "Errors", reads, "Sum", 1),
        "duration-inbound": ("AWS/Lambda", "Duration", reads, "Maximum", 48_000),
    }
    assert {name: about(found[name]) for name in expected} == expected
    assert set(found) - set(expected) == {"errors-quota", "duration-quota"}
    assert watched.alarm_names == [f"email-{name}" for name in found]
    for alarm in found.values():
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert stack.resolve(alarm["AlarmActions"]) == [stack.resolve(watched.topic.topic_arn)]


def test_a_time_without_values_means_what_the_metric_means(stack: cdk.Stack) -> None:
    everything(stack)
    found = {name: alarm["TreatMissingData"] for name, alarm in alarms(stack).items()}
    kept = {name for name, missing in found.items() if missing == "ignore"}
    assert kept == {name for name in found if "-rate-" in name}
    assert {name for name, missing in found.items() if missing == "missing"} == {"quota-used"}
    assert set(found.values()) == {"ignore", "missing", "notBreaching"}


def test_thresholds_are_what_is_asked_for(stack: cdk.Stack) -> None:
    everything(
        stack,
        bounce_rate=Thresholds(warning=0.01, critical=0.02),
        complaint_rate=Thresholds(warning=0.0001, critical=0.0002),
        quota_used=0.5,
        queue_age=cdk.Duration.minutes(2),
    )
    found = {name: alarm["Threshold"] for name, alarm in alarms(stack).items()}
    assert found["bounce-rate-warning"] == 0.01
    assert found["bounce-rate-critical"] == 0.02
    assert found["complaint-rate-warning"] == 0.0001
    assert found["complaint-rate-critical"] == 0.0002
    assert found["quota-used"] == 0.5
    assert found["queue-age-work"] == 120


def test_without_anything_to_watch_there_are_rates_quota_and_its_own_function(stack: cdk.Stack) -> None:
    watched = monitoring(stack)
    assert list(alarms(stack)) == [
        "bounce-rate-warning",
        "bounce-rate-critical",
        "complaint-rate-warning",
        "complaint-rate-critical",
        "quota-used",
        "errors-quota",
        "duration-quota",
    ]
    assert watched.subscriptions is None
    assert watched.column.rule_set_name is None


def test_subscribers_hear_of_the_alarms_and_what_they_do_not_get_is_watched(stack: cdk.Stack) -> None:
    watched = everything(stack, subscribers=Subscribers(emails=["a@example.com"], queues=["pager"]))
    found = of_type(template_of(stack), "AWS::SNS::Subscription").values()
    topic = stack.resolve(watched.topic.topic_arn)
    assert {one["Properties"]["Protocol"] for one in found} == {"email", "sqs"}
    assert all(one["Properties"]["TopicArn"] == topic for one in found)
    assert watched.subscriptions is not None
    assert "dead-letters-alarms" in alarms(stack)


def test_subscribers_by_email_alone_have_no_queue_to_watch(stack: cdk.Stack) -> None:
    everything(stack, subscribers=Subscribers(emails=["a@example.com"]))
    assert "dead-letters-alarms" not in alarms(stack)


def test_queues_and_functions_of_the_stack_are_known_by_their_names_when_it_is_deployed(
    stack: cdk.Stack,
) -> None:
    queue = cdk.CfnResource(stack, "Queue", type="AWS::SQS::Queue")
    monitoring(stack, queues={"work": queue.get_att("Arn").to_string()})
    [dimension] = alarms(stack)["queue-age-work"]["Dimensions"]
    assert dimension["Value"] == {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Queue", "Arn"]}]}]}


def test_account_and_region_may_be_known_only_when_the_stack_is_deployed(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Anywhere")
    monitoring(stack)
    [dimension] = alarms(stack)["quota-used"]["Dimensions"]
    assert dimension == {"Name": "Region", "Value": {"Ref": "AWS::Region"}}
    deployed = Deployment(template_of(stack))
    assert decide(topic_policy(deployed), "sns:Publish", TOPIC, source=ALARM, service=CLOUDWATCH) == "Allow"


def test_the_quota_is_asked_for_every_five_minutes(stack: cdk.Stack) -> None:
    monitoring(stack)
    template = template_of(stack)
    rule, function = (
        properties(template, "AWS::Events::Rule"),
        only(template, "AWS::Lambda::Function"),
    )
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    assert function["Properties"]["Handler"] == "quota.handler"
    [target] = rule["Targets"]
    assert list(target["Arn"]) == ["Fn::GetAtt"]
    permission = properties(template, "AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["FunctionName"] == target["Arn"]
    [schedule] = of_type(template, "AWS::Events::Rule")
    assert permission["SourceArn"] == {"Fn::GetAtt": [schedule, "Arn"]}


def test_the_function_may_ask_for_the_quota_and_write_its_log_and_nothing_else(stack: cdk.Stack) -> None:
    monitoring(stack)
    role = properties(template_of(stack), "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    [log_group] = of_type(template_of(stack), "AWS::Logs::LogGroup")
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log_group, "Arn"]}),
        ("ses:GetAccount", "*"),
    ]


@pytest.fixture
def deployed(stack: cdk.Stack) -> Deployment:
    everything(stack)
    return Deployment(template_of(stack))


def topic_policy(deployed: Deployment) -> dict[str, Any]:
    return deployed.resolve(properties(deployed.template, "AWS::SNS::TopicPolicy")["PolicyDocument"])


def key_policy(deployed: Deployment) -> tuple[dict[str, Any], str]:
    [name] = of_type(deployed.template, "AWS::KMS::Key")
    policy = deployed.resolve(properties(deployed.template, "AWS::KMS::Key")["KeyPolicy"])
    # What IAM policies of the account may do is another table's.
    policy["Statement"] = [one for one in policy["Statement"] if "AWS" not in one["Principal"]]
    return policy, deployed.arn(name)


def test_the_topic_is_encrypted_with_the_key(deployed: Deployment) -> None:
    topic = properties(deployed.template, "AWS::SNS::Topic")
    [key] = of_type(deployed.template, "AWS::KMS::Key")
    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}


def test_the_alarms_may_publish(deployed: Deployment) -> None:
    policy = topic_policy(deployed)
    for name in ("quota-used", "bounce-rate-critical", "errors-inbound"):
        source = ALARM.replace("quota-used", name)
        assert decide(policy, "sns:Publish", TOPIC, source=source, service=CLOUDWATCH) == "Allow"


@pytest.mark.parametrize("change", WRONG_ALARMS.values(), ids=list(WRONG_ALARMS))
def test_nobody_else_may_publish(deployed: Deployment, change: dict[str, Any]) -> None:
    asked = {"source": ALARM, "service": CLOUDWATCH, **change}
    assert decide(topic_policy(deployed), "sns:Publish", TOPIC, **asked) != "Allow"


@pytest.mark.parametrize("action", ["sns:Subscribe", "sns:SetTopicAttributes", "sns:DeleteTopic"])
def test_the_alarms_may_only_publish(deployed: Deployment, action: str) -> None:
    policy = topic_policy(deployed)
    assert decide(policy, action, TOPIC, source=ALARM, service=CLOUDWATCH) == "ImplicitDeny"


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair"])
def test_the_alarms_may_encrypt(deployed: Deployment, action: str) -> None:
    policy, key = key_policy(deployed)
    assert decide(policy, action, key, source=ALARM, service=CLOUDWATCH) == "Allow"


@pytest.mark.parametrize(
    "change",
    [change for name, change in WRONG_ALARMS.items() if name != "no TLS"],
    ids=[name for name in WRONG_ALARMS if name != "no TLS"],
)
def test_nobody_else_may_encrypt(deployed: Deployment, change: dict[str, Any]) -> None:
    policy, key = key_policy(deployed)
    asked = {"source": ALARM, "service": CLOUDWATCH, **change}
    assert decide(policy, "kms:GenerateDataKey", key, **asked) != "Allow"


@pytest.mark.parametrize("action", ["kms:Encrypt", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"])
def test_the_alarms_may_do_nothing_else_with_the_key(deployed: Deployment, action: str) -> None:
    policy, key = key_policy(deployed)
    assert decide(policy, action, key, source=ALARM, service=CLOUDWATCH) == "ImplicitDeny"


def test_a_key_made_elsewhere_is_warned_of(stack: cdk.Stack) -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    key = kms.Key.from_key_arn(stack, "Theirs", arn)
    Monitoring(stack, "Watch", names=Names("email"), key=key)
    assert any("must let cloudwatch.amazonaws.com use kms:Decrypt" in one for one in warnings(stack))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"bounce_rate": Thresholds(warning=0.05, critical=0.05)},
            "bounce_rate has warning 0.05 and critical 0.05",
        ),
        ({"bounce_rate": Thresholds(warning=0, critical=0.05)}, "bounce_rate has warning 0 "),
        (
            {"complaint_rate": Thresholds(warning=0.1, critical=5)},
            "complaint_rate has warning 0.1 and critical 5",
        ),
        ({"quota_used": 80}, "quota_used 80 is no share"),
        ({"queue_age": cdk.Duration.seconds(59)}, "queue_age is 59 seconds"),
    ],
)
def test_a_threshold_that_does_not_serve_is_refused(
    stack: cdk.Stack, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        monitoring(stack, options=MonitoringOptions(**options))


READS = WatchedFunction(name="reads", arn=FUNCTION, timeout_seconds=60)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"functions": [READS, READS]}, "function reads is given twice"),
        ({"functions": [WatchedFunction(name="quota", arn=FUNCTION, timeout_seconds=60)]}, "'quota'"),
        ({"dead_letter_queues": {"alarms": DEAD}}, "'alarms' are those of the monitoring itself"),
        ({"queues": {"my work": QUEUE}}, "name 'my work' must have ASCII characters only"),
        ({"queues": {"": QUEUE}}, "name '' must have ASCII characters only"),
    ],
)
def test_a_name_that_does_not_serve_is_refused(
    stack: cdk.Stack, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        monitoring(stack, **arguments)
