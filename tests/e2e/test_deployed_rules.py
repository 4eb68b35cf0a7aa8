"""The rules of examples/receiving.yaml in two Regions: each action, recipients, filters, the mail bucket."""

from __future__ import annotations

import base64
import contextlib
import email
import io
import json
import re
import smtplib
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "receiving.yaml"
VIRGINIA, IRELAND = REGIONS = ("us-east-1", "eu-west-1")
CALGARY, ARCHIVE = "ca-west-1", "example-mail-calgary"
FRANKFURT, COPIES = "eu-central-1", "example-mail-copies"
STRANGER = "jane@elsewhere.example"
PATIENCE_SECONDS = 30
GATE = """
def handler(event, context):
    subject = event["Records"][0]["ses"]["mail"]["commonHeaders"].get("subject", "")
    return {"disposition": "STOP_RULE_SET" if "no entry" in subject else "CONTINUE"}
"""

# A rule set that is there already takes the rules of a second deployment.
SECOND = """
name: second
regions: [us-east-1]
domains:
  - name: example.net
    hosted_zone_id: Z0123456789EXAMPLE02
    receiving:
      rules: [{name: a}, {name: b}]
receiving: {rule_set: theirs, after: first, versioning: true, on_removal: destroy}
"""


@pytest.fixture(scope="module")
def here() -> Iterator[LocalAws]:
    zones = {**config.load(EXAMPLE).hosted_zones, "Z0123456789EXAMPLE02": "example.net"}
    with LocalAws.start(REGIONS, hosted_zones=zones) as local:
        yield local


def allow(principal: str, action: str, resource: str | None = None) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action}
    if resource is not None:
        statement["Resource"] = resource
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def configured(here: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, and what the user has in each Region: a function, a topic with a queue; and a bucket far away."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", GATE)
    role = here.client("iam", VIRGINIA).create_role(
        RoleName="mail-gate", AssumeRolePolicyDocument=allow("lambda.amazonaws.com", "sts:AssumeRole")
    )["Role"]["Arn"]
    for region in REGIONS:
        here.client("lambda", region).create_function(
            FunctionName="mail-gate",
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Timeout=20,
            Code={"ZipFile": archive.getvalue()},
        )
        sqs, sns = here.client("sqs", region), here.client("sns", region)
        url = sqs.create_queue(QueueName="tickets")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": allow("sns.amazonaws.com", "sqs:SendMessage", arn)}
        )
        topic = sns.create_topic(Name="tickets")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    here.client("s3", CALGARY).create_bucket(
        Bucket=ARCHIVE, CreateBucketConfiguration={"LocationConstraint": CALGARY}
    )
    s3 = here.client("s3", FRANKFURT)
    s3.create_bucket(Bucket=COPIES, CreateBucketConfiguration={"LocationConstraint": FRANKFURT})
    s3.put_bucket_versioning(Bucket=COPIES, VersioningConfiguration={"Status": "Enabled"})
    path = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    text = EXAMPLE.read_text(encoding="utf-8").replace("111111111111", here.account)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def deploy(here: LocalAws, configured: Path) -> Cdk:
    cdk = Cdk(here, project=ROOT, config=configured)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


@pytest.fixture
def journeys(here: LocalAws, configured: Path, deploy: Cdk) -> dict[str, RegionJourney]:
    settings = config.load(configured)
    return {region: RegionJourney(here, settings, region) for region in REGIONS}


@pytest.fixture(params=REGIONS)
def journey(request: pytest.FixtureRequest, journeys: dict[str, RegionJourney]) -> RegionJourney:
    return journeys[request.param]


def send(journey: RegionJourney, recipient: str, subject: str = "Hello") -> str:
    """Send a mail in from outside; SES's message id."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = STRANGER, recipient, subject
    mail["Message-ID"] = f"<{uuid.uuid4()}@elsewhere.example>"
    mail.set_content("The text of the mail.\n")
    return journey.local.deliver(journey.region, sender=STRANGER, recipients=[recipient], raw=bytes(mail))


def steps(journey: RegionJourney, message_id: str) -> list[str]:
    """What the rules did: rule and action, with the result if it is not done."""
    [route] = [one for one in journey.local.received if one.message_id == message_id]
    return [
        f"{step.rule.removeprefix('example.com-')} {step.action}"
        + ("" if step.result == "done" else f" {step.result}: {step.reason}")
        for step in route.steps
    ]


def opened() -> Callable[..., bytes]:
    """The function on the page of receiving that opens a mail which SES encrypted."""
    page = (ROOT / "docs" / "receiving.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^    def opened\(.*?\n\n", page, re.M | re.S)
    names: dict[str, Any] = {"base64": base64, "json": json, "AESGCM": AESGCM}
    exec(textwrap.dedent(code), names)
    return names["opened"]


def stored(journey: RegionJourney, key: str, bucket: str = "") -> dict[str, Any]:
    bucket = bucket or journey.outputs["MailBucketName"]
    return journey.client("s3").get_object(Bucket=bucket, Key=key)


def refusal(journey: RegionJourney, recipient: str) -> tuple[int, str]:
    """What the door says to a recipient, without TLS."""
    with smtplib.SMTP("127.0.0.1", journey.local.inbound_ports[journey.region], timeout=60) as smtp:
        smtp.ehlo()
        code, text = smtp.mail(STRANGER)
        if code == 250:
            code, text = smtp.rcpt(recipient)
        return code, text.decode()


def test_a_plus_label_belongs_to_its_address_and_a_header_is_in_what_is_stored_and_told(
    journey: RegionJourney,
) -> None:
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as wait:
        sent = send(journey, "support+order-7@example.com")
        assert steps(journey, sent) == [
            "gate Lambda",
            "support AddHeader",
            "support S3",
            "support Stop",
        ]
        event = wait(lambda told: told["message_id"] == sent, "the mail is told")
    assert {"name": "X-Queue", "value": "support"} in event["headers"]
    mail = email.message_from_bytes(stored(journey, f"mail/example.com-support/{sent}")["Body"].read())
    assert mail["X-Queue"] == "support"


def test_the_function_that_is_waited_for_stops_what_it_does_not_like(journey: RegionJourney) -> None:
    sent = send(journey, "anybody@example.com", subject="no entry")
    assert steps(journey, sent) == ["gate Lambda"]


def test_everything_else_of_the_domain_is_caught_stored_and_told(journey: RegionJourney) -> None:
    sent = send(journey, "anybody@example.com")
    assert steps(journey, sent) == ["gate Lambda", "rest S3"]
    assert stored(journey, f"mail/example.com-rest/{sent}")["ServerSideEncryption"] == "aws:kms"


def test_a_rule_that_is_not_in_force_takes_nothing(journey: RegionJourney) -> None:
    sent = send(journey, "office@example.com")
    assert steps(journey, sent) == ["gate Lambda", "rest S3"]


def test_a_mail_that_ses_encrypted_is_opened_with_the_regions_key_alone(journey: RegionJourney) -> None:
    sent = send(journey, "secret@example.com")
    assert steps(journey, sent) == ["gate Lambda", "secret S3", "secret Stop"]
    found = stored(journey, f"mail/secret/{sent}")
    assert b"The text of the mail." not in found["Body"].read()
    assert json.loads(found["Metadata"]["x-amz-matdesc"])["kms_cmk_id"] == journey.outputs["KeyArn"]
    bucket, s3, kms = journey.outputs["MailBucketName"], journey.client("s3"), journey.client("kms")
    assert b"The text of the mail." in opened()(s3, kms, bucket, f"mail/secret/{sent}")


def test_the_whole_mail_comes_to_the_topic(journey: RegionJourney) -> None:
    sent = send(journey, "tickets@example.com")
    assert steps(journey, sent) == ["gate Lambda", "tickets SNS", "tickets Stop"]
    sqs, deadline = journey.client("sqs"), time.monotonic() + PATIENCE_SECONDS
    url = sqs.get_queue_url(QueueName="tickets")["QueueUrl"]
    contents: list[bytes] = []
    while not contents and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            with contextlib.suppress(ValueError):  # SES's probe of the topic is no JSON
                told = json.loads(message["Body"])
                if told["mail"]["messageId"] == sent:
                    contents.append(base64.b64decode(told["content"]))
    [content] = contents
    assert b"The text of the mail." in content


def test_a_mailbox_that_is_gone_answers_so(journey: RegionJourney) -> None:
    sent = send(journey, "old@example.com")
    assert steps(journey, sent) == ["gate Lambda", "gone Bounce", "gone Stop"]
    deadline, bounces = time.monotonic() + PATIENCE_SECONDS, list[str]()
    while not bounces and time.monotonic() < deadline:
        bounces = [
            mail.raw().decode()
            for mail in journey.local.sent
            if mail.via == "SES" and f"bounce-{sent}@".encode() in mail.raw()
        ]
    [bounce] = bounces
    assert "550 5.1.1 Mailbox does not exist" in bounce
    assert "postmaster@example.com" in bounce
    assert "Final-Recipient: rfc822; old@example.com" in bounce


def test_subdomains_have_rules_of_their_own_in_each_region(journeys: dict[str, RegionJourney]) -> None:
    virginia, ireland = journeys[VIRGINIA], journeys[IRELAND]
    sent = send(virginia, "jack@deep.sub.example.com")
    assert steps(virginia, sent) == ["gate Lambda", "subdomains S3"]
    assert b"The text of the mail." in stored(virginia, f"virginia/{sent}", ARCHIVE)["Body"].read()
    sent = send(ireland, "jack@deep.sub.example.com")
    assert steps(ireland, sent) == ["gate Lambda", "rest-of-subdomains S3"]


def test_a_rule_can_ask_for_tls_and_other_domains_are_refused(journey: RegionJourney) -> None:
    assert refusal(journey, "support@example.com")[0] == 530
    assert refusal(journey, "anybody@example.com")[0] == 250
    assert refusal(journey, "anybody@example.org")[0] == 550


def test_the_mx_names_the_regions_in_their_written_order(here: LocalAws, deploy: Cdk) -> None:
    zone = next(iter(config.load(EXAMPLE).hosted_zones))
    records = here.client("route53", VIRGINIA).list_resource_record_sets(HostedZoneId=zone)[
        "ResourceRecordSets"
    ]
    [mx] = [one for one in records if one["Type"] == "MX"]
    assert [one["Value"] for one in mx["ResourceRecords"]] == [
        f"10 inbound-smtp.{VIRGINIA}.amazonaws.com",
        f"20 inbound-smtp.{IRELAND}.amazonaws.com",
    ]


def test_the_mail_bucket_ages_keeps_versions_and_logs_as_it_was_told(journey: RegionJourney) -> None:
    s3, bucket = journey.client("s3"), journey.outputs["MailBucketName"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = {one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    archive, expire = {VIRGINIA: (90, 365), IRELAND: (30, 90)}[journey.region]
    mail = rules["received-mail"]
    assert (mail["Transitions"][0]["Days"], mail["Transitions"][0]["StorageClass"]) == (archive, "GLACIER_IR")
    assert mail["Expiration"]["Days"] == expire
    assert mail["NoncurrentVersionExpiration"]["NoncurrentDays"] == 14
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert logging == {"TargetBucket": journey.outputs["AccessLogBucketName"], "TargetPrefix": "mail/"}


def test_every_mail_is_copied_and_stays_when_it_is_deleted(
    here: LocalAws, journeys: dict[str, RegionJourney]
) -> None:
    copies = here.client("s3", FRANKFURT)
    for journey in journeys.values():
        key = f"mail/example.com-rest/{send(journey, 'anybody@example.com')}"
        mail = stored(journey, key)
        assert mail["ReplicationStatus"] == "COMPLETED"
        journey.client("s3").delete_object(Bucket=journey.outputs["MailBucketName"], Key=key)
        copy = copies.get_object(Bucket=COPIES, Key=key)
        assert (copy["Body"].read(), copy["ReplicationStatus"]) == (mail["Body"].read(), "REPLICA")


def test_a_deleted_mail_can_be_brought_back(journey: RegionJourney) -> None:
    sent = send(journey, "anybody@example.com")
    s3, bucket, key = journey.client("s3"), journey.outputs["MailBucketName"], f"mail/example.com-rest/{sent}"
    s3.delete_object(Bucket=bucket, Key=key)
    versions = s3.list_object_versions(Bucket=bucket, Prefix=key)
    [marker], [version] = versions["DeleteMarkers"], versions["Versions"]
    s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    assert stored(journey, key)["VersionId"] == version["VersionId"]


def test_rules_in_a_rule_set_that_was_there_leave_the_rest_of_it_alone(
    here: LocalAws, journeys: dict[str, RegionJourney], tmp_path: Path
) -> None:
    ses, s3 = here.client("ses", VIRGINIA), here.client("s3", VIRGINIA)
    ses.create_receipt_rule_set(RuleSetName="theirs")
    for name in ("last", "first"):  # each goes on top
        ses.create_receipt_rule(RuleSetName="theirs", Rule={"Name": name, "Enabled": False, "Actions": []})
    path = tmp_path / "second.yaml"
    path.write_text(SECOND, encoding="utf-8")
    second = Cdk(here, project=ROOT, config=path)
    second.deploy()
    theirs = [one["Name"] for one in ses.describe_receipt_rule_set(RuleSetName="theirs")["Rules"]]
    assert theirs == ["first", "example.net-a", "example.net-b", "last"]
    assert journeys[VIRGINIA].active_rule_set() == "mail-received"

    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    other = RegionJourney(here, config.load(path), VIRGINIA)
    sent = send(other, "anybody@example.net")
    assert steps(other, sent) == ["example.net-a S3", "example.net-b S3"]
    bucket = other.outputs["MailBucketName"]
    for one in s3.list_object_versions(Bucket=bucket)["Versions"]:
        if one["Key"].endswith(f"/{sent}"):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    second.destroy()
    left = ses.describe_receipt_rule_set(RuleSetName="theirs")["Rules"]
    assert [one["Name"] for one in left] == ["first", "last"]
    assert other.active_rule_set() == "theirs"
    assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    ses.set_active_receipt_rule_set(RuleSetName="mail-received")


def test_a_blocked_address_is_refused_unless_it_is_allowed_and_a_rule_that_goes_takes_nothing(
    configured: Path, journeys: dict[str, RegionJourney], deploy: Cdk
) -> None:
    """Last: it changes what the tests above look at."""
    text = configured.read_text(encoding="utf-8")
    changed = yaml.safe_load(text)
    changed["receiving"]["filters"] = {"block": ["127.0.0.0/8"]}
    changed["overrides"][IRELAND]["receiving"]["filters"] = {"block": ["127.0.0.0/8"], "allow": ["127.0.0.1"]}
    rules = changed["domains"][0]["receiving"]["rules"]
    changed["domains"][0]["receiving"]["rules"] = [one for one in rules if one["name"] != "gate"]
    configured.write_text(yaml.safe_dump(changed), encoding="utf-8")
    deploy.deploy()
    blocked, allowed = journeys[VIRGINIA], journeys[IRELAND]
    assert refusal(blocked, "anybody@example.com") == (
        550,
        "5.7.1 Client host is blocked by a receipt filter",
    )
    assert steps(allowed, send(allowed, "anybody@example.com")) == ["rest S3"]
    names = [one["Name"] for one in blocked.client("ses").list_receipt_filters()["Filters"]]
    assert names == ["mail-block-127-0-0-0-8"]
