"""Mail goes by SMTP into the doors; S3, KMS, SNS, SQS and Lambda of the local AWS show what became of it."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import smtplib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from office import DOMAIN, RAW, SENDER, Office, header, lambda_action, s3_action
from waiting import eventually

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.receiving.received import EICAR, GTUBE
from cdk_ses_regions.local.smtp.door import MESSAGE_MOST
from cdk_ses_regions.local.smtp.inbound import InboundDoors

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
STOP = {"StopAction": {"Scope": "RuleSet"}}


@pytest.fixture(scope="session")
def verified(local: LocalAws) -> None:
    """Verify the domain in every Region, the way a user does: with its DKIM records in Route 53."""
    route53 = local.root_client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name=DOMAIN, CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
    for region in REGIONS:
        ses = local.root_client("sesv2", region)
        attributes = ses.create_email_identity(EmailIdentity=DOMAIN)["DkimAttributes"]
        target = attributes.get("SigningHostedZone") or "dkim.amazonses.com"
        changes = [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": f"{token}._domainkey.{DOMAIN}",
                    "Type": "CNAME",
                    "TTL": 300,
                    "ResourceRecords": [{"Value": f"{token}.{target}"}],
                },
            }
            for token in attributes["Tokens"]
        ]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        assert ses.get_email_identity(EmailIdentity=DOMAIN)["VerifiedForSendingStatus"]


@pytest.fixture
def offices(local: LocalAws, verified: None) -> Iterator[dict[str, Office]]:
    """Give each Region an active rule set of its own, empty."""
    made: dict[str, Office] = {}
    for region in REGIONS:
        office = Office(local=local, region=region, rule_set=f"s-{uuid.uuid4().hex[:12]}")
        office.client("ses").create_receipt_rule_set(RuleSetName=office.rule_set)
        office.client("ses").set_active_receipt_rule_set(RuleSetName=office.rule_set)
        made[region] = office
    yield made
    for office in made.values():
        office.client("ses").set_active_receipt_rule_set()
        office.client("ses").delete_receipt_rule_set(RuleSetName=office.rule_set)
        for undo in office.undo:
            undo()


@pytest.fixture
def office(offices: dict[str, Office]) -> Office:
    return offices["us-west-2"]


def test_a_mail_is_stored_encrypted_under_the_buckets_key(office: Office) -> None:
    key = office.key()
    bucket = office.bucket(key=key)
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "done")], office.reason(message_id)
    got = office.client("s3").get_object(Bucket=bucket, Key=f"mail/{message_id}")
    assert got["ServerSideEncryption"] == "aws:kms"
    assert got["SSEKMSKeyId"] == key
    assert got["Body"].read().endswith(RAW)


def test_a_bucket_may_be_in_another_receiving_region(offices: dict[str, Office]) -> None:
    here, there = offices["us-west-2"], offices["eu-west-1"]
    there.rule_set, own = here.rule_set, there.rule_set  # for whose rules the bucket is open
    bucket = there.bucket()
    policy = there.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    there.client("s3").put_bucket_policy(
        Bucket=bucket, Policy=policy.replace(f"ses:{there.region}", f"ses:{here.region}")
    )
    there.rule_set = own
    here.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    message_id = here.send()
    assert here.steps(message_id) == [("r", "S3", "done")], here.reason(message_id)
    assert there.stored(bucket, f"mail/{message_id}").endswith(RAW)


def test_the_stored_mail_begins_with_the_headers_ses_adds(office: Office) -> None:
    bucket = office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    message_id = office.send(f"a@{DOMAIN}")
    stored = email.message_from_bytes(
        office.stored(bucket, f"mail/{message_id}"), policy=email.policy.default
    )
    assert stored.keys()[:2] == ["Return-Path", "Received"]
    assert stored["Return-Path"] == f"<{SENDER}>"
    assert f"by inbound-smtp.us-west-2.amazonaws.com with SMTP id {message_id}" in stored["Received"]
    assert stored["X-SES-Spam-Verdict"] == stored["X-SES-Virus-Verdict"] == "PASS"
    assert stored["Authentication-Results"]
    assert stored["Subject"] == "Hello"


def test_eight_bit_mail_arrives_to_the_byte(office: Office) -> None:
    bucket = office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    raw = b"Subject: caf\xc3\xa9 \xe9\r\n\r\n.leading dot\r\n\x80\xff\xfe bytes\r\n"
    assert office.stored(bucket, f"mail/{office.send(raw=raw)}").endswith(b"\r\n" + raw)


def test_an_unknown_recipient_is_refused_and_the_known_one_gets_the_mail(office: Office) -> None:
    bucket = office.bucket()
    office.rules({"Name": "r", "Recipients": [f"known@{DOMAIN}"], "Actions": [s3_action(bucket)]})
    assert office.rcpt(f"unknown@{DOMAIN}") == (
        550,
        "5.1.1 Requested action not taken: mailbox unavailable",
    )
    with smtplib.SMTP("127.0.0.1", office.port, timeout=60) as smtp:
        refused = smtp.sendmail(SENDER, [f"unknown@{DOMAIN}", f"Known+label@{DOMAIN}"], RAW)
    assert list(refused) == [f"unknown@{DOMAIN}"]
    assert office.local.received[-1].recipients == (f"Known+label@{DOMAIN}",)


def test_a_domain_that_is_not_verified_is_refused_though_a_rule_takes_everyone(office: Office) -> None:
    office.rules({"Name": "all", "Recipients": [], "Actions": [header("X-A", "1")]})
    assert office.rcpt(f"a@{DOMAIN}")[0] == 250
    assert office.rcpt(f"a@sub.{DOMAIN}")[0] == 250
    assert office.rcpt("a@stranger.example")[0] == 550


def test_without_an_active_rule_set_everyone_is_refused(office: Office) -> None:
    office.rules({"Name": "all", "Recipients": [], "Actions": [header("X-A", "1")]})
    office.client("ses").set_active_receipt_rule_set()
    assert office.rcpt(f"a@{DOMAIN}")[0] == 550


def test_a_region_judges_by_its_own_rule_set(offices: dict[str, Office]) -> None:
    offices["us-east-1"].rules({"Name": "r", "Actions": [header("X-A", "1")]})
    assert offices["us-east-1"].rcpt(f"a@{DOMAIN}")[0] == 250
    assert offices["eu-west-1"].rcpt(f"a@{DOMAIN}")[0] == 550


def test_subdomain_rules_take_subdomains_and_not_the_parent(office: Office) -> None:
    office.rules({"Name": "below", "Recipients": [f".{DOMAIN}"], "Actions": [header("X-A", "1")]})
    assert office.rcpt(f"a@{DOMAIN}")[0] == 550
    assert office.rcpt(f"a@one.{DOMAIN}")[0] == 250
    assert office.rcpt(f"a@two.one.{DOMAIN}")[0] == 250


def test_a_disabled_rule_takes_nobody(office: Office) -> None:
    office.rules({"Name": "off", "Enabled": False, "Actions": [header("X-A", "1")]})
    assert office.rcpt(f"a@{DOMAIN}")[0] == 550


def test_a_rule_that_requires_tls_refuses_a_plain_session_and_takes_an_encrypted_one(office: Office) -> None:
    office.rules({"Name": "tls", "TlsPolicy": "Require", "Actions": [header("X-A", "1")]})
    assert office.rcpt(f"a@{DOMAIN}")[0] == 530
    message_id = office.send(tls=True)
    route = office.received(message_id)
    assert route.tls
    assert [step.result for step in route.steps] == ["done"]


def test_the_function_gets_sess_event_for_the_recipients_its_rule_takes(office: Office) -> None:
    function, url = office.function()
    office.rules({"Name": "r", "Recipients": [f"a@{DOMAIN}"], "Actions": [lambda_action(function)]})
    office.rules({"Name": "z", "Recipients": [f"b@{DOMAIN}"], "Actions": [header("X-A", "1")]})
    message_id = office.send(f"a@{DOMAIN}", f"b@{DOMAIN}")
    ses = office.heard(url)["Records"][0]["ses"]
    assert ses["mail"]["messageId"] == message_id
    assert ses["mail"]["destination"] == [f"a@{DOMAIN}", f"b@{DOMAIN}"]
    assert ses["receipt"]["recipients"] == [f"a@{DOMAIN}"]
    assert ses["receipt"]["action"] == {
        "type": "Lambda",
        "functionArn": function,
        "invocationType": "Event",
    }


@pytest.mark.parametrize(
    ("disposition", "ran"),
    [
        (
            "STOP_RULE",
            [("r", "Lambda", "done"), ("r", "AddHeader", "skipped"), ("next", "AddHeader", "done")],
        ),
        ("STOP_RULE_SET", [("r", "Lambda", "done")]),
        ("CONTINUE", [("r", "Lambda", "done"), ("r", "AddHeader", "done"), ("next", "AddHeader", "done")]),
        ("", [("r", "Lambda", "done"), ("r", "AddHeader", "done"), ("next", "AddHeader", "done")]),
    ],
)
def test_a_function_that_is_waited_for_decides_how_the_rules_go_on(
    office: Office, disposition: str, ran: list[tuple[str, str, str]]
) -> None:
    function, _ = office.function(disposition=disposition)
    office.rules(
        {"Name": "r", "Actions": [lambda_action(function, "RequestResponse"), header("X-A", "1")]},
        {"Name": "next", "Actions": [header("X-B", "1")]},
    )
    message_id = office.send()
    assert office.steps(message_id) == ran, office.reason(message_id)


@pytest.mark.parametrize("encoding", ["UTF-8", "Base64"])
def test_a_topic_gets_the_notice_with_the_mail_in_it(office: Office, encoding: str) -> None:
    topic, url = office.topic()
    office.rules({"Name": "r", "Actions": [{"SNSAction": {"TopicArn": topic, "Encoding": encoding}}]})
    message_id = office.send()
    notice = office.heard(url, lambda body: body.get("notificationType") == "Received")
    assert notice["mail"]["messageId"] == message_id
    assert notice["receipt"]["action"] == {"type": "SNS", "topicArn": topic, "encoding": encoding}
    content = notice["content"].encode()
    if encoding == "Base64":
        content = base64.b64decode(content)
    assert content.startswith(b"Return-Path: ")
    assert content.endswith(RAW)


def test_a_mail_too_large_for_sns_is_bounced_and_still_stored(office: Office) -> None:
    topic, _ = office.topic()
    bucket = office.bucket()
    office.rules(
        {"Name": "r", "Actions": [{"SNSAction": {"TopicArn": topic}}, s3_action(bucket)]},
    )
    message_id = office.send(raw=RAW + b"0123456789\r\n" * 13_000)
    assert office.steps(message_id) == [("r", "SNS", "bounced"), ("r", "S3", "done")]
    (bounce,) = eventually(lambda: office.bounces(message_id))
    assert bounce.recipients == (SENDER,)


def test_the_s3_action_announces_the_object_on_its_topic(office: Office) -> None:
    topic, url = office.topic()
    bucket = office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket, TopicArn=topic)]})
    message_id = office.send()
    notice = office.heard(url, lambda body: body.get("notificationType") == "Received")
    assert notice["receipt"]["action"] == {
        "type": "S3",
        "topicArn": topic,
        "bucketName": bucket,
        "objectKeyPrefix": "mail/",
        "objectKey": f"mail/{message_id}",
    }
    assert "content" not in notice


def test_a_missing_bucket_policy_is_a_recorded_failure_and_other_rules_go_on(office: Office) -> None:
    closed, opened = office.bucket(), office.bucket()
    office.rules(
        {"Name": "closed", "Actions": [s3_action(closed), header("X-A", "1")]},
        {"Name": "open", "Actions": [s3_action(opened)]},
    )
    office.client("s3").delete_bucket_policy(Bucket=closed)
    message_id = office.send()
    assert office.steps(message_id) == [
        ("closed", "S3", "failed"),
        ("closed", "AddHeader", "skipped"),
        ("open", "S3", "done"),
    ]
    assert f"the policy of bucket {closed} does not let ses.amazonaws.com s3:PutObject" in office.reason(
        message_id
    )
    assert office.client("s3").list_objects_v2(Bucket=closed, Prefix=f"mail/{message_id}")["KeyCount"] == 0


def test_a_bucket_open_to_another_rule_set_only_stays_closed(office: Office) -> None:
    bucket = office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    policy = office.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    office.client("s3").put_bucket_policy(
        Bucket=bucket, Policy=policy.replace(office.rule_set, "someone-elses")
    )
    assert office.steps(office.send()) == [("r", "S3", "failed")]


def test_a_key_closed_to_ses_is_a_recorded_failure(office: Office) -> None:
    key = office.key()
    bucket = office.bucket(key=key)
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    office.client("kms").disable_key(KeyId=key)
    assert "Disabled" in office.reason(office.send())
    office.client("kms").enable_key(KeyId=key)
    root = {"Effect": "Allow", "Principal": {"AWS": office.local.account}, "Action": "kms:*", "Resource": "*"}
    office.client("kms").put_key_policy(
        KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [root]})
    )
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "failed")]
    assert "kms:GenerateDataKey" in office.reason(message_id)


def test_a_function_and_a_topic_closed_to_ses_are_recorded_failures(office: Office) -> None:
    function, _ = office.function()
    topic, _ = office.topic()
    office.rules(
        {"Name": "f", "Actions": [lambda_action(function)]},
        {"Name": "t", "Actions": [{"SNSAction": {"TopicArn": topic}}]},
    )
    office.client("lambda").remove_permission(FunctionName=function, StatementId="ses")
    policy = office.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    office.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy.replace(office.rule_set, "other")
    )
    message_id = office.send()
    assert office.steps(message_id) == [("f", "Lambda", "failed"), ("t", "SNS", "failed")]
    assert "lambda:InvokeFunction" in office.reason(message_id)
    assert "sns:Publish" in office.reason(message_id)


def test_client_side_encryption_stores_what_only_the_key_opens(office: Office) -> None:
    key, bucket = office.key(), office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket, KmsKeyArn=key)]})
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "done")], office.reason(message_id)
    got = office.client("s3").get_object(Bucket=bucket, Key=f"mail/{message_id}")
    sealed, metadata = got["Body"].read(), got["Metadata"]
    assert RAW not in sealed
    context = json.loads(metadata["x-amz-matdesc"])
    assert context == {
        "aws:ses:message-id": message_id,
        "aws:ses:rule-name": "r",
        "aws:ses:source-account": office.local.account,
        "kms_cmk_id": key,
    }
    wrapped = base64.b64decode(metadata["x-amz-key-v2"])
    kms = office.client("kms")
    with pytest.raises(kms.exceptions.ClientError):
        kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={**context, "aws:ses:rule-name": "other"})
    plain = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"]
    mail = AESGCM(plain).decrypt(base64.b64decode(metadata["x-amz-iv"]), sealed, None)
    assert mail.endswith(RAW)
    assert metadata["x-amz-unencrypted-content-length"] == str(len(mail))
    assert (metadata["x-amz-cek-alg"], metadata["x-amz-tag-len"]) == ("AES/GCM/NoPadding", "128")


def test_a_role_stores_where_ses_does_not_receive_and_decides_alone(office: Office) -> None:
    bucket = f"far-{uuid.uuid4().hex[:12]}"
    place = {"LocationConstraint": "eu-central-2"}
    office.local.client("s3", "eu-central-2").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    trust = {**office.grant, "Action": "sts:AssumeRole"}
    may = [("s3:PutObject", f"arn:aws:s3:::{bucket}/mail/*")]
    iam, role = office.client("iam"), uuid.uuid4().hex[:12]
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="store", PolicyDocument=document(*allowed(may)))
    office.rules({"Name": "r", "Actions": [s3_action(bucket, IamRoleArn=arn)]})
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "done")], office.reason(message_id)
    assert office.stored(bucket, f"mail/{message_id}").endswith(RAW)
    iam.delete_role_policy(RoleName=role, PolicyName="store")
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "failed")]
    assert "is not allowed s3:PutObject" in office.reason(message_id)


def test_with_a_role_topic_and_key_are_the_roles_matter_too(office: Office) -> None:
    bucket, key, (topic, url) = office.bucket(), office.key(open_to_ses=False), office.topic()
    trust = {**office.grant, "Action": "sts:AssumeRole"}
    may = [
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/*"),
        ("kms:GenerateDataKey*", key),
        ("kms:Encrypt", key),
        ("sns:Publish", topic),
    ]
    office.client("s3").put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
            ]
        },
    )
    iam, role = office.client("iam"), uuid.uuid4().hex[:12]
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    action = s3_action(bucket, IamRoleArn=arn, KmsKeyArn=key, TopicArn=topic)
    ses = office.client("ses")
    for count, missing in enumerate(["s3:PutObject", "kms:GenerateDataKey", "kms:Encrypt", "sns:Publish"]):
        iam.put_role_policy(
            RoleName=role,
            PolicyName="store",
            PolicyDocument=document(*allowed(may[:count] or [("a:b", "*")])),
        )
        with pytest.raises(ses.exceptions.ClientError, match=f"is not allowed {missing}"):
            office.rules({"Name": "r", "Actions": [action]})
    iam.put_role_policy(RoleName=role, PolicyName="store", PolicyDocument=document(*allowed(may)))
    office.rules({"Name": "r", "Actions": [action]})
    message_id = office.send()
    assert office.steps(message_id) == [("r", "S3", "done")], office.reason(message_id)
    told = office.heard(url, lambda body: body.get("mail", {}).get("messageId") == message_id)
    assert told["receipt"]["action"]["objectKey"] == f"mail/{message_id}"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allowed(may: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in may]


def test_an_added_header_is_in_what_follows_and_not_in_what_came_before(office: Office) -> None:
    bucket = office.bucket()
    office.rules(
        {
            "Name": "r",
            "Actions": [s3_action(bucket, "before/"), header("X-Mark", "one"), s3_action(bucket, "after/")],
        },
        {"Name": "next", "Actions": [s3_action(bucket, "next/")]},
    )
    message_id = office.send()
    marks = [
        email.message_from_bytes(office.stored(bucket, f"{prefix}/{message_id}"))["X-Mark"]
        for prefix in ("before", "after", "next")
    ]
    assert marks == [None, "one", "one"]


def test_a_bounce_action_answers_the_sender_and_tells_its_topic(office: Office) -> None:
    topic, url = office.topic()
    action = {
        "SmtpReplyCode": "550",
        "StatusCode": "5.1.1",
        "Message": "Nobody here",
        "Sender": f"mailer@{DOMAIN}",
        "TopicArn": topic,
    }
    office.rules({"Name": "r", "Actions": [{"BounceAction": action}]})
    message_id = office.send()
    assert office.steps(message_id) == [("r", "Bounce", "done")], office.reason(message_id)
    (bounce,) = eventually(lambda: office.bounces(message_id))
    assert (bounce.source, bounce.recipients) == (f"mailer@{DOMAIN}", (SENDER,))
    assert bounce.envelope_sender == ""
    report = email.message_from_bytes(bounce.raw(), policy=email.policy.default)
    assert report.get_content_type() == "multipart/report"
    assert [part.get_content_type() for part in report.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    status = list(report.iter_parts())[1].as_string()
    assert f"Final-Recipient: rfc822; a@{DOMAIN}" in status
    assert "Status: 5.1.1" in status
    notice = office.heard(url, lambda body: body.get("notificationType") == "Received")
    assert notice["receipt"]["action"]["type"] == "Bounce"
    assert notice["receipt"]["action"]["statusCode"] == "5.1.1"


def test_a_mail_from_nobody_is_never_bounced(office: Office) -> None:
    action = {"SmtpReplyCode": "550", "Message": "Nobody here", "Sender": f"mailer@{DOMAIN}"}
    office.rules({"Name": "r", "Actions": [{"BounceAction": action}]})
    message_id = office.send(sender="")
    assert office.steps(message_id) == [("r", "Bounce", "done")]
    assert "never answered" in office.reason(message_id)
    assert not office.bounces(message_id)


def test_a_stop_action_ends_the_rule_set(office: Office) -> None:
    office.rules(
        {"Name": "r", "Actions": [header("X-A", "1"), STOP]},
        {"Name": "next", "Actions": [header("X-B", "1")]},
    )
    assert office.steps(office.send()) == [("r", "AddHeader", "done"), ("r", "Stop", "done")]


def test_the_test_patterns_get_their_verdicts_only_where_the_rule_scans(office: Office) -> None:
    bucket = office.bucket()
    office.rules(
        {"Name": "scans", "Actions": [s3_action(bucket, "scanned/")]},
        {"Name": "trusts", "ScanEnabled": False, "Actions": [s3_action(bucket, "trusted/")]},
    )
    message_id = office.send(raw=RAW + GTUBE + b"\r\n" + EICAR + b"\r\n")
    verdicts = {
        prefix: (stored["X-SES-Spam-Verdict"], stored["X-SES-Virus-Verdict"])
        for prefix in ("scanned", "trusted")
        for stored in [email.message_from_bytes(office.stored(bucket, f"{prefix}/{message_id}"))]
    }
    assert verdicts == {"scanned": ("FAIL", "FAIL"), "trusted": ("DISABLED", "DISABLED")}


def test_a_mail_to_fifty_recipients_is_one_mail(office: Office) -> None:
    bucket = office.bucket()
    office.rules({"Name": "r", "Actions": [s3_action(bucket)]})
    recipients = [f"user{number}@{DOMAIN}" for number in range(50)]
    message_id = office.send(*recipients)
    route = office.received(message_id)
    assert list(route.recipients) == recipients
    assert [step.result for step in route.steps] == ["done"]


def test_a_mail_over_forty_megabytes_is_refused(office: Office) -> None:
    office.rules({"Name": "r", "Actions": [header("X-A", "1")]})
    with smtplib.SMTP("127.0.0.1", office.port, timeout=60) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["size"] == str(MESSAGE_MOST)
        assert smtp.mail(SENDER, [f"SIZE={MESSAGE_MOST + 1}"])[0] == 552


def test_three_regions_take_mail_at_the_same_time(offices: dict[str, Office]) -> None:
    buckets: dict[str, str] = {}
    for region, office in offices.items():
        buckets[region] = office.bucket(key=office.key())
        office.rules({"Name": "r", "Actions": [s3_action(buckets[region])]})
    with ThreadPoolExecutor(9) as pool:
        sent = [
            (region, pool.submit(office.send, raw=RAW + region.encode() + b"\r\n"))
            for _ in range(4)
            for region, office in offices.items()
        ]
        ids = [(region, future.result()) for region, future in sent]
    assert len({message_id for _, message_id in ids}) == 12
    for region, message_id in ids:
        stored = offices[region].stored(buckets[region], f"mail/{message_id}")
        assert stored.endswith(region.encode() + b"\r\n")
        assert f"by inbound-smtp.{region}.amazonaws.com".encode() in stored


def test_the_local_aws_has_such_doors_of_its_own(local: LocalAws, offices: dict[str, Office]) -> None:
    office = offices["eu-west-1"]
    bucket = office.bucket(key=office.key())
    office.rules({"Name": "r", "TlsPolicy": "Require", "Actions": [s3_action(bucket)]})
    message_id = local.deliver("eu-west-1", sender=SENDER, recipients=[f"a@{DOMAIN}"], raw=RAW)
    assert office.stored(bucket, f"mail/{message_id}").endswith(RAW)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        local.deliver("us-east-1", sender=SENDER, recipients=[f"a@{DOMAIN}"], raw=RAW)


def test_a_blocked_address_is_refused_unless_another_filter_allows_it(office: Office) -> None:
    office.rules({"Name": "r", "Actions": [header("X-A", "1")]})
    ses = office.client("ses")
    names = {"Block": "127.0.0.0/8", "Allow": "127.0.0.1"}
    assert office.rcpt(f"a@{DOMAIN}")[0] == 250
    try:
        for policy, cidr in names.items():
            ses.create_receipt_filter(Filter={"Name": policy, "IpFilter": {"Policy": policy, "Cidr": cidr}})
            with smtplib.SMTP("127.0.0.1", office.port, timeout=60) as smtp:
                smtp.ehlo()
                assert smtp.mail(SENDER)[0] == (550 if policy == "Block" else 250)
    finally:
        for name in names:
            ses.delete_receipt_filter(FilterName=name)


class Gone:
    """SES that cannot be asked."""

    def active_rules(self, region: str) -> Any:
        raise ConnectionError(f"no SES in {region}")

    def filters(self, region: str) -> tuple[Any, ...]:
        return ()

    def verified(self, region: str, identities: tuple[str, ...]) -> bool:
        raise ConnectionError(f"no SES in {region}")


def doors_of(*regions: str) -> InboundDoors:
    def connect(service: str, region: str) -> Any:
        raise ConnectionError(f"no {service} in {region}")

    return InboundDoors(regions=regions, directory=Gone(), connect=connect, send_bounce=lambda _: None)


@pytest.fixture
def two() -> Iterator[InboundDoors]:
    doors = doors_of("us-east-1", "us-west-2")
    doors.start()
    yield doors
    doors.stop()


def test_a_door_whose_ses_is_gone_says_try_again_later(two: InboundDoors) -> None:
    with smtplib.SMTP("127.0.0.1", two.ports["us-east-1"], timeout=60) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        assert smtp.rcpt(f"a@{DOMAIN}")[0] == 451


def test_closing_the_doors_hangs_up_on_who_is_there(two: InboundDoors) -> None:
    ports = two.ports
    assert two.start() == ports
    with smtplib.SMTP("127.0.0.1", ports["us-east-1"], timeout=60) as smtp:
        smtp.ehlo()
        two.stop()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.noop()
    assert two.ports == {}
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", ports["us-west-2"], timeout=5)


def test_a_suspended_door_refuses_connections_and_opens_again_on_the_same_port(two: InboundDoors) -> None:
    down, up = two.ports["us-east-1"], two.ports["us-west-2"]
    with smtplib.SMTP("127.0.0.1", down, timeout=60) as smtp:
        smtp.ehlo()
        two.suspend("us-east-1")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.noop()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", down, timeout=5)
    with smtplib.SMTP("127.0.0.1", up, timeout=60) as smtp:
        assert smtp.ehlo()[0] == 250
    two.suspend("us-east-1")
    two.suspend("eu-west-1")
    for _ in range(2):
        two.resume("us-east-1")
    with smtplib.SMTP("127.0.0.1", down, timeout=60) as smtp:
        assert smtp.ehlo()[0] == 250


def test_a_region_where_ses_does_not_receive_gets_no_door() -> None:
    doors = doors_of("us-east-1", "eu-central-2")
    try:
        assert set(doors.start()) == {"us-east-1"}
    finally:
        doors.stop()
