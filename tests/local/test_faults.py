"""What is broken on purpose is broken for everybody who asks from outside, and whole again after `clear`."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from typing import Any

import boto3
import dns.message
import dns.query
import dns.rcode
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from region import ZONE, Region, unique

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.control import RefusedError


@pytest.fixture(scope="module")
def server() -> Iterator[LocalAws]:
    with LocalAws.start(["us-west-2", "eu-west-1"], hosted_zones={ZONE: "local.example"}) as local:
        yield local


@pytest.fixture
def broken(server: LocalAws) -> Iterator[LocalAws]:
    yield server
    server.control.clear_faults()


@pytest.fixture
def here(broken: LocalAws) -> Region:
    return Region(broken, "us-west-2")


@pytest.fixture
def there(broken: LocalAws) -> Region:
    return Region(broken, "eu-west-1")


def impatient(local: LocalAws, service: str, region: str) -> Any:
    """Return a client that waits a second for an answer and asks once."""
    variables = local.exports()
    return boto3.client(
        service,  # pyright: ignore[reportCallIssue]
        region_name=region,
        endpoint_url=local.endpoint_url,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(read_timeout=1, retries={"total_max_attempts": 1}),
    )


def receiving(here: Region) -> tuple[str, str, str]:
    """Return domain, bucket and topic of an active rule set that stores its mail under a key, and tells."""
    domain, name = here.verified_domain(), unique("rules")
    source = here.rule_arn(name)
    key = here.key(source)
    bucket, topic = here.bucket(source, key=key), here.topic(source)
    here.ses.create_receipt_rule_set(RuleSetName=name)
    actions = [{"S3Action": {"BucketName": bucket}}, {"SNSAction": {"TopicArn": topic, "Encoding": "UTF-8"}}]
    rule = {"Name": "store", "Enabled": True, "Recipients": [domain], "Actions": actions}
    here.ses.create_receipt_rule(RuleSetName=name, Rule=rule)
    here.ses.set_active_receipt_rule_set(RuleSetName=name)
    return domain, bucket, topic


def receive(here: Region, domain: str) -> list[tuple[str, str, str]]:
    """Send a mail in; return action, result and reason of each step of its route."""
    message_id = here.local.deliver(
        here.name, sender="jane@example.net", recipients=[f"a@{domain}"], raw=b"Subject: A\r\n\r\nHello\r\n"
    )
    [received] = [one for one in here.local.received if one.message_id == message_id]
    return [(step.action, step.result, step.reason) for step in received.steps]


def test_a_region_that_is_down_hangs_up_and_the_others_serve(here: Region, there: Region) -> None:
    here.local.control.fault("down", here.name)
    with pytest.raises(ConnectionClosedError):
        impatient(here.local, "sns", here.name).list_topics()
    with pytest.raises(ConnectionClosedError):
        impatient(here.local, "sesv2", here.name).list_email_identities()
    assert there.client("sns").list_topics()["Topics"] == []
    here.local.control.clear_faults()
    assert here.client("sns").list_topics()["Topics"] == []


def test_the_doors_of_a_region_that_is_down_refuse_connections_and_open_again(
    here: Region, there: Region
) -> None:
    local = here.local
    doors = [local.inbound_ports, local.submission_ports, local.feedback_ports]
    here.local.control.fault("down", here.name)
    for ports in doors:
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP("127.0.0.1", ports[here.name], timeout=10)
        with smtplib.SMTP("127.0.0.1", ports[there.name], timeout=10) as smtp:
            assert smtp.noop()[0] == 250
    here.local.control.clear_faults()
    for ports in doors:
        with smtplib.SMTP("127.0.0.1", ports[here.name], timeout=10) as smtp:
            assert smtp.noop()[0] == 250


def test_a_slow_region_keeps_the_impatient_waiting(here: Region, there: Region) -> None:
    here.local.control.fault("slow", here.name, seconds=30)
    with pytest.raises(ReadTimeoutError):
        impatient(here.local, "sns", here.name).list_topics()
    assert impatient(here.local, "sns", there.name).list_topics()["Topics"] == []


def test_a_slow_regions_doors_keep_the_impatient_waiting(here: Region, there: Region) -> None:
    here.local.control.fault("slow", here.name, seconds=30)
    ports = here.local.inbound_ports
    with smtplib.SMTP("127.0.0.1", ports[there.name], timeout=10) as smtp:
        smtp.ehlo_or_helo_if_needed()
        smtp.mail("jane@example.net")
        assert smtp.rcpt("a@example.net")[0] == 550
    smtp = smtplib.SMTP("127.0.0.1", ports[here.name], timeout=10)
    smtp.ehlo_or_helo_if_needed()
    assert smtp.sock is not None
    smtp.sock.settimeout(1)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        smtp.sendmail("jane@example.net", ["a@example.net"], b"Hello")
    smtp.close()


def test_ses_of_a_throttled_region_answers_rate_exceeded_and_other_services_do_not(
    here: Region, there: Region
) -> None:
    here.local.control.fault("throttled", here.name)
    with pytest.raises(ClientError, match=r"\(Throttling\).*Rate exceeded"):
        impatient(here.local, "ses", here.name).list_identities()
    with pytest.raises(ClientError, match=r"\(ThrottlingException\).*Rate exceeded"):
        impatient(here.local, "sesv2", here.name).list_email_identities()
    here.client("sns").list_topics()
    there.ses.list_identities()


def test_dns_that_fails_answers_servfail(here: Region) -> None:
    question = dns.message.make_query("local.example", "SOA")
    port = here.local.dns_port
    for ask in (dns.query.udp, dns.query.tcp):
        assert ask(question, "127.0.0.1", port=port, timeout=10).rcode() is dns.rcode.NOERROR
        here.local.control.fault("dns")
        assert ask(question, "127.0.0.1", port=port, timeout=10).rcode() is dns.rcode.SERVFAIL
        here.local.control.clear_faults()


def test_ses_loses_its_bucket_and_gets_it_back(here: Region) -> None:
    domain, bucket, _ = receiving(here)
    before = json.loads(here.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    stored = receive(here, domain)[0]
    assert stored[:2] == ("S3", "done")

    found = here.local.control.fault("bucket-policy", here.name)

    assert ("bucket-policy", here.name, bucket) in found.broken
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        here.client("s3").get_bucket_policy(Bucket=bucket)
    action, result, reason = receive(here, domain)[0]
    assert (action, result) == ("S3", "failed")
    assert bucket in reason
    assert here.local.control.clear_faults().broken == ()
    assert json.loads(here.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]) == before
    assert receive(here, domain)[0][1] == "done"


def test_a_key_is_disabled_and_enabled_again(here: Region) -> None:
    domain, bucket, _ = receiving(here)
    rules = here.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    key = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]

    def state() -> str:
        return here.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]

    here.local.control.fault("key", here.name)
    assert state() == "Disabled"
    assert receive(here, domain)[0][1] == "failed"
    here.local.control.fault("key", here.name)  # twice is once
    here.local.control.clear_faults()
    assert state() == "Enabled"
    assert receive(here, domain)[0][1] == "done"


def test_ses_drops_a_topic_whose_policy_is_removed_and_forwards_by_email(here: Region) -> None:
    domain = here.verified_domain()
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    for kind in ("Bounce", "Complaint"):
        here.ses.set_identity_notification_topic(Identity=domain, NotificationType=kind, SnsTopic=topic)
    here.ses.set_identity_feedback_forwarding_enabled(Identity=domain, ForwardingEnabled=False)
    before = here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]

    here.local.control.fault("topic-policy", here.name)

    policy = here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    assert "ses.amazonaws.com" in before
    assert "ses.amazonaws.com" not in policy
    here.ses.send_email(
        Source=f"a@{domain}",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Message={"Subject": {"Data": "A"}, "Body": {"Text": {"Data": "B"}}},
    )
    attributes = here.ses.get_identity_notification_attributes(Identities=[domain])
    now = attributes["NotificationAttributes"][domain]
    assert "BounceTopic" not in now
    assert now["ForwardingEnabled"]
    here.local.control.clear_faults()
    assert here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"] == before


def test_nothing_is_broken_where_ses_uses_nothing(there: Region) -> None:
    with pytest.raises(RefusedError, match="SES uses nothing in eu-west-1 that 'key' breaks"):
        there.local.control.fault("key", "eu-west-1")
    assert there.local.control.faults().broken == ()


def test_faults_add_up_and_clear_repairs_all(here: Region) -> None:
    control = here.local.control
    control.fault("throttled", "us-west-2")
    control.fault("slow", "eu-west-1", seconds=0.5)
    found = control.fault("dns")
    assert (found.throttled, dict(found.slow), found.dns_fails) == (("us-west-2",), {"eu-west-1": 0.5}, True)
    assert control.faults() == found
    cleared = control.clear_faults()
    assert (cleared.throttled, dict(cleared.slow), cleared.dns_fails) == ((), {}, False)


@pytest.mark.parametrize(
    ("kind", "region", "seconds", "why"),
    [
        ("gone", "us-west-2", None, "kind is 'gone', should be one of down, slow,"),
        ("down", "us-east-1", None, r"region 'us-east-1' is none of those up here \(us-west-2, eu-west-1\)"),
        ("down", None, None, "region None is none of those"),
        ("slow", "us-west-2", None, "seconds is None, should be a number"),
        ("slow", "us-west-2", -1.0, "seconds is -1, should be between 0 and 600"),
    ],
)
def test_what_makes_no_sense_is_refused_and_says_why(
    broken: LocalAws, kind: Any, region: str | None, seconds: float | None, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        broken.control.fault(kind, region, seconds=seconds)
    assert broken.control.faults().down == ()
