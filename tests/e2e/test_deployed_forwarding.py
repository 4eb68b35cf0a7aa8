"""What examples/forwarding.yaml does with mail, in two Regions: forwarded, told, invoked, dropped, and never lost."""

from __future__ import annotations

import email
import email.policy
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "forwarding.yaml"
VIRGINIA, IRELAND = REGIONS = ("us-east-1", "eu-west-1")
STRANGER = "ann@elsewhere.example"
PATIENCE_SECONDS = 60
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
# Keeps what it is invoked with in its own log; the mail's subject is found there.
TICKETS = """
def handler(event, context):
    import boto3, json, os
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="tickets")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
"""


def policy(principal: str, action: str, resource: str | None = None) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action}
    if resource is not None:
        statement["Resource"] = resource
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


def queue(aws: LocalAws, region: str, name: str, *, open_to: str | None = None) -> tuple[str, str]:
    """Make a queue of the user's; return its URL and ARN."""
    sqs = aws.client("sqs", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if open_to is not None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(open_to, "sqs:SendMessage", arn)})
    return url, arn


@pytest.fixture(scope="module")
def configured(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, and what the user has in each Region: a function, and a rule of the event bus with a queue."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", TICKETS)
    iam = aws.client("iam", VIRGINIA)
    role = iam.create_role(
        RoleName="tickets", AssumeRolePolicyDocument=policy("lambda.amazonaws.com", "sts:AssumeRole")
    )["Role"]["Arn"]
    may = {
        "Effect": "Allow",
        "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"],
        "Resource": "arn:aws:sqs:*:*:tickets",
    }
    iam.put_role_policy(
        RoleName="tickets",
        PolicyName="send",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )
    for region in REGIONS:
        queue(aws, region, "tickets")
        aws.client("lambda", region).create_function(
            FunctionName="tickets",
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Timeout=20,
            Code={"ZipFile": archive.getvalue()},
        )
        _, arn = queue(aws, region, "bridge", open_to="events.amazonaws.com")
        events = aws.client("events", region)
        pattern = {"source": ["cdk-ses-regions"], "detail-type": ["Received mail"]}
        events.put_rule(Name="mail", EventPattern=json.dumps(pattern))
        events.put_targets(Rule="mail", Targets=[{"Id": "queue", "Arn": arn}])
    path = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    text = EXAMPLE.read_text(encoding="utf-8").replace("111111111111", aws.account)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, configured: Path) -> Cdk:
    cdk = Cdk(aws, project=ROOT, config=configured)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


@pytest.fixture
def journeys(aws: LocalAws, configured: Path, deployment: Cdk) -> dict[str, RegionJourney]:
    settings = config.load(configured)
    return {region: RegionJourney(aws, settings, region) for region in REGIONS}


@pytest.fixture(params=REGIONS)
def journey(request: pytest.FixtureRequest, journeys: dict[str, RegionJourney]) -> RegionJourney:
    return journeys[request.param]


def mail_to(recipient: str, subject: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann <{STRANGER}>", recipient, subject
    mail["Message-ID"] = f"<{uuid.uuid4()}@elsewhere.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("The text of the mail.\n")
    mail.add_attachment(bytes(range(256)) * 300, maintype="application", subtype="pdf", filename="a.pdf")
    return mail


def deliver(
    journey: RegionJourney, mail: EmailMessage | bytes, *recipients: str, sender: str = STRANGER
) -> str:
    """Send a mail in; return SES's message id."""
    raw = mail if isinstance(mail, bytes) else bytes(mail).replace(b"\n", b"\r\n")
    return journey.local.deliver(journey.region, sender=sender, recipients=recipients, raw=raw)


def wait_for(what: Callable[[], Any], step: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{step}: nothing in {PATIENCE_SECONDS} seconds")


def forwarded(journey: RegionJourney, subject: str) -> list[Any]:
    """The mails that left, of which this is the subject, prefix or not."""
    return [
        sent
        for sent in journey.local.outbox
        if str(sent.message()["Subject"]).removeprefix("[desk] ") == subject
    ]


def tags(journey: RegionJourney, rule: str, message_id: str) -> dict[str, str]:
    bucket, key = journey.outputs["MailBucketName"], f"mail/example.com-{rule}/{message_id}"
    found = journey.client("s3").get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def taken(journey: RegionJourney, name: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for a message of a queue of the user's."""
    sqs = journey.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def look() -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            if fits(body):
                return body
        return None

    return wait_for(look, f"queue {name}")


def subject() -> str:
    return f"Invoice {uuid.uuid4()}"


def test_a_mail_is_forwarded_and_told_of(journey: RegionJourney) -> None:
    name = subject()
    mail = mail_to("support+order-7@example.com", name, DKIM_Signature="v=1; b=abc", X_SES_MESSAGE_TAGS="a=b")
    raw = bytes(mail).replace(b"\n", b"\r\n")
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as told:
        message_id = deliver(journey, raw, "support+order-7@example.com")
        event = told(lambda event: event["message_id"] == message_id, "the mail is told")
    assert event["rule"] == "example.com-desk"
    assert event["s3"]["key"] == f"mail/example.com-desk/{message_id}"
    [sent] = wait_for(lambda: forwarded(journey, name), "forwarded")
    assert (sent.identity, sent.region) == ("example.com", journey.region)
    assert set(sent.recipients) == {"jane@example.net", "joe@example.net"}
    got = email.message_from_bytes(sent.raw(), policy=email.policy.default)
    [author] = got["From"].addresses
    assert (author.display_name, author.addr_spec) == ("Ann via example.com", "forwarder@example.com")
    assert [one.addr_spec for one in got["Reply-To"].addresses] == [STRANGER]
    assert got["Subject"] == f"[desk] {name}"
    assert (got["X-Queue"], got["X-Original-To"]) == ("desk", "support+order-7@example.com")
    assert got["X-Loop"] == "forwarder@example.com"
    assert got["X-SES-MESSAGE-TAGS"] is None
    assert b"b=abc" not in sent.raw()
    assert sent.raw().partition(b"\r\n\r\n")[2] == raw.partition(b"\r\n\r\n")[2]


def test_two_recipients_are_forwarded_apart_and_nobody_gets_it_twice(
    journeys: dict[str, RegionJourney],
) -> None:
    here, name = journeys[VIRGINIA], subject()
    deliver(here, mail_to("sales@example.com", name), "sales@example.com", "support@example.com")
    sent = wait_for(lambda: (found := forwarded(here, name))[1:] and found, "forwarded")
    assert sorted(sorted(one.recipients) for one in sent) == [["jane@example.net"], ["joe@example.net"]]


def test_a_mail_that_comes_by_two_regions_is_forwarded_once(journeys: dict[str, RegionJourney]) -> None:
    name = subject()
    raw = bytes(mail_to("sales@example.com", name)).replace(b"\n", b"\r\n")
    ids = {region: deliver(journeys[region], raw, "sales@example.com") for region in REGIONS}
    sentinel = subject()
    for journey in journeys.values():
        with journey.listening(journey.outputs["ReceivedTopicArn"]) as told:
            last = deliver(
                journey, mail_to("sales@example.com", f"{sentinel} {journey.region}"), "sales@example.com"
            )
            told(lambda event, last=last: event["message_id"] == last, "the mail after it is told")
    wait_for(lambda: all(_queue_is_empty(journey) for journey in journeys.values()), "all handled")
    assert len(forwarded(journeys[VIRGINIA], name)) == 1
    for region, message_id in ids.items():
        key = f"mail/example.com-desk/{message_id}"
        bucket = journeys[region].outputs["MailBucketName"]
        assert journeys[region].client("s3").head_object(Bucket=bucket, Key=key)
    dynamodb = journeys[VIRGINIA].client("dynamodb")
    states = [item["state"]["S"] for item in dynamodb.scan(TableName="mail-handled")["Items"]]
    assert states
    assert set(states) == {"done"}


def _queue_is_empty(journey: RegionJourney, output: str = "MailQueueArn") -> bool:
    return not sum(_counts(journey, output))


def _counts(journey: RegionJourney, output: str) -> tuple[int, int]:
    """How many messages of a queue wait, and how many are being handled."""
    sqs = journey.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=_url(journey, output), AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def _url(journey: RegionJourney, output: str) -> str:
    name = journey.outputs[output].rpartition(":")[2]
    return journey.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def test_spam_is_dropped_and_kept(journeys: dict[str, RegionJourney]) -> None:
    here, name = journeys[VIRGINIA], subject()
    spam = mail_to("sales@example.com", name)
    spam.clear_content()
    spam.set_content(GTUBE)
    message_id = deliver(here, spam, "sales@example.com")
    wait_for(lambda: _queue_is_empty(here), "handled")
    assert forwarded(here, name) == []
    bucket = here.outputs["MailBucketName"]
    assert here.client("s3").head_object(Bucket=bucket, Key=f"mail/example.com-desk/{message_id}")


def test_a_mail_that_was_forwarded_does_not_come_round_again(journeys: dict[str, RegionJourney]) -> None:
    here, name = journeys[IRELAND], subject()
    deliver(here, mail_to("sales@example.com", name), "sales@example.com")
    [sent] = wait_for(lambda: forwarded(here, name), "forwarded")
    back = deliver(here, sent.raw(), "sales@example.com", sender="joe@example.net")
    wait_for(lambda: tags(here, "desk", back), "tagged")
    assert tags(here, "desk", back) == {"ses-regions:forward": "own_mail"}
    assert len(forwarded(here, name)) == 1


@pytest.mark.parametrize(
    ("headers", "sender", "reason"),
    [
        ({}, "", "null_sender"),
        ({"Auto_Submitted": "auto-replied"}, STRANGER, "auto_submitted"),
        ({"List_Id": "<list.elsewhere.example>"}, STRANGER, "list"),
    ],
)
def test_what_could_loop_is_not_forwarded(
    journeys: dict[str, RegionJourney], headers: dict[str, str], sender: str, reason: str
) -> None:
    here, name = journeys[VIRGINIA], subject()
    message_id = deliver(
        here, mail_to("sales@example.com", name, **headers), "sales@example.com", sender=sender
    )
    wait_for(lambda: tags(here, "desk", message_id), "tagged")
    assert tags(here, "desk", message_id) == {"ses-regions:forward": reason}
    assert forwarded(here, name) == []


def test_the_rest_is_told_to_event_bridge_and_newsletters_are_forwarded(journey: RegionJourney) -> None:
    name = subject()
    message_id = deliver(
        journey,
        mail_to("anybody@example.com", name, List_Id="<news.elsewhere.example>"),
        "anybody@example.com",
    )
    told = taken(journey, "bridge", lambda body: body["detail"]["message_id"] == message_id)
    assert told["source"] == "cdk-ses-regions"
    assert told["detail"]["common_headers"]["subject"] == name
    [sent] = wait_for(lambda: forwarded(journey, name), "forwarded")
    assert sent.recipients == ("office@example.net",)


def test_mail_that_is_kept_back_is_told_and_not_forwarded(journeys: dict[str, RegionJourney]) -> None:
    here, name = journeys[VIRGINIA], subject()
    message_id = deliver(here, mail_to("noreply@example.com", name), "noreply@example.com")
    taken(here, "bridge", lambda body: body["detail"]["message_id"] == message_id)
    wait_for(lambda: _queue_is_empty(here), "handled")
    assert forwarded(here, name) == []
    assert tags(here, "rest", message_id) == {}


def test_a_function_gets_the_event(journey: RegionJourney) -> None:
    message_id = deliver(journey, mail_to("tickets@example.com", subject()), "tickets@example.com")
    event = taken(journey, "tickets", lambda body: body["message_id"] == message_id)
    assert event["rule"] == "example.com-tickets"
    assert event["envelope"]["recipients"] == ["tickets@example.com"]


def test_what_cannot_be_handled_waits_and_is_handled_when_it_is_moved_back(
    journeys: dict[str, RegionJourney],
) -> None:
    here, name = journeys[IRELAND], subject()
    sqs, ses = here.client("sqs"), here.client("sesv2")
    queue_url, dead_letters = _url(here, "MailQueueArn"), _url(here, "DeadLetterQueueArn")
    # Nobody waits six minutes for the next try.
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": "1"})
    ses.put_account_sending_attributes(SendingEnabled=False)
    with here.listening(here.outputs["ReceivedTopicArn"]) as told:
        message_id = deliver(here, mail_to("sales@example.com", name), "sales@example.com")
        wait_for(lambda: _counts(here, "DeadLetterQueueArn")[0] == 1, "in the dead-letter queue")
        assert forwarded(here, name) == []
        ses.put_account_sending_attributes(SendingEnabled=True)
        [message] = sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=5)["Messages"]
        assert json.loads(message["Body"])["mail"]["messageId"] == message_id
        # What StartMessageMoveTask does, which the local AWS has not.
        sqs.send_message(QueueUrl=queue_url, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
        told(lambda event: event["message_id"] == message_id, "the mail is told")
    assert len(forwarded(here, name)) == 1
    assert _queue_is_empty(here, "DeadLetterQueueArn")


def test_one_mail_that_cannot_be_handled_holds_up_no_other(journeys: dict[str, RegionJourney]) -> None:
    here, name = journeys[IRELAND], subject()
    sqs = here.client("sqs")
    sqs.send_message(QueueUrl=_url(here, "MailQueueArn"), MessageBody='{"mail": {"messageId": "lost"}}')
    deliver(here, mail_to("sales@example.com", name), "sales@example.com")
    assert wait_for(lambda: forwarded(here, name), "forwarded")
    wait_for(lambda: _counts(here, "DeadLetterQueueArn")[0] == 1, "in the dead-letter queue")


def test_the_topic_of_stored_mail_is_ses_s_alone(journeys: dict[str, RegionJourney]) -> None:
    here = journeys[VIRGINIA]
    arn = here.outputs["ReceivedTopicArn"].replace("mail-received", "mail-stored")
    attributes = here.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    allowed = [one for one in json.loads(attributes["Policy"])["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allowed] == [{"Service": "ses.amazonaws.com"}]
    assert attributes["KmsMasterKeyId"] == here.outputs["KeyArn"]


def test_destroying_takes_all_but_the_mail(aws: LocalAws, deployment: Cdk) -> None:
    deployment.destroy()
    assert aws.client("dynamodb", VIRGINIA).list_tables()["TableNames"] == []
    for region in REGIONS:
        assert aws.client("lambda", region).list_event_source_mappings()["EventSourceMappings"] == []
        topics = aws.client("sns", region).list_topics()["Topics"]
        assert [one for one in topics if "mail-" in one["TopicArn"]] == []
