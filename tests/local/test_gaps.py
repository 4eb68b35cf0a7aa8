"""Why each extension of ministack is there: what AWS does and ministack by itself does not.

Each check runs against both. When ministack has learned something, the test says which code can go.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from deployed import Resources, Stack, a_function, a_role
from region import Region, a_domain, policy, unique

import cdk_ses_regions.local
from cdk_ses_regions.local import LocalAws, process
from cdk_ses_regions.local.clients import Clients

STOP = {"StopAction": {"Scope": "RuleSet"}}


class Plain:
    """ministack with the settings of the local AWS and without its extensions."""

    account = "000000000000"

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        iam, name = Clients(endpoint_url)("iam", "us-east-1"), "deployer"
        iam.create_user(UserName=name)
        everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.put_user_policy(UserName=name, PolicyName="Everything", PolicyDocument=everything)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._user = Clients(
            endpoint_url, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        )

    def client(self, service: str, region: str) -> Any:
        return self._user(service, region)


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    port = process.free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=process.server_environment(port, Path(folder), None),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield Plain(f"http://127.0.0.1:{port}")
        finally:
            process.end(server.pid)


def _wait(endpoint_url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{endpoint_url}/_ministack/health", timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def refuses(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError:
        return True
    return False


def deployed(here: Region, kind: str, logical_id: str = "It", **properties: Any) -> Stack:
    """Return a stack with one resource."""
    stack = Stack(here, unique("stack"))
    resources: Resources = {logical_id: {"Type": kind, "Properties": properties}}
    assert stack.deploy(resources) == "CREATE_COMPLETE", stack.reasons()
    return stack


def bucket(here: Region, **properties: Any) -> str:
    return deployed(here, "AWS::S3::Bucket", BucketName=unique("bucket"), **properties).physical_id("It")


def an_identity(here: Region) -> str:
    name = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=name)
    return name


def is_plain(here: Region) -> bool:
    local: Any = here.local
    return isinstance(local, Plain)


def a_sender(here: Region) -> str:
    """Return an address that may send: ministack by itself verifies every domain at once."""
    domain = an_identity(here) if is_plain(here) else here.verified_domain()
    return f"news@{domain}"


def send(here: Region, source: str, to: str, **more: Any) -> str:
    return here.sesv2.send_email(
        FromEmailAddress=source,
        Destination={"ToAddresses": [f"{to}@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        **more,
    )["MessageId"]


def a_configuration_set(here: Region) -> str:
    name = unique("set")
    here.sesv2.create_configuration_set(ConfigurationSetName=name)
    return name


def a_rule_set(here: Region) -> str:
    name = unique("s")
    here.ses.create_receipt_rule_set(RuleSetName=name)
    return name


def a_rule(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"Name": name, "Enabled": True, "Actions": list(actions) or [STOP]}


# auth.py


def denying_insecure_transport_lets_us_in(here: Region) -> bool:
    name, s3 = here.bucket(), here.client("s3")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=name, Policy=policy(deny))
    return not refuses(lambda: s3.put_object(Bucket=name, Key="a", Body=b""))


# condition_keys.py


def a_callers_role(here: Region, *, trusts: dict[str, Any], may: dict[str, Any]) -> str:
    iam, name = here.client("iam"), unique("role")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": here.local.account},
        "Action": "sts:AssumeRole",
        **trusts,
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy({"Effect": "Allow", **may}))
    return str(role)


def as_role(here: Region, role: str, service: str, *, by: Any = None) -> Any:
    answer = (by or here.client("sts")).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    return boto3.client(  # pyright: ignore[reportCallIssue]
        service,  # pyright: ignore[reportArgumentType]
        endpoint_url=here.local.endpoint_url,
        region_name=here.name,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )


def a_role_that_assumes_another_is_known_by_its_name(here: Region) -> bool:
    first = a_callers_role(here, trusts={}, may={"Action": "sts:AssumeRole", "Resource": "*"})
    known = {"Condition": {"ArnEquals": {"aws:PrincipalArn": first}}}
    second = a_callers_role(here, trusts=known, may={"Action": "sts:GetCallerIdentity", "Resource": "*"})
    return not refuses(lambda: as_role(here, second, "sts", by=as_role(here, first, "sts")))


def a_role_writes_only_the_records_that_it_may(here: Region) -> bool:
    zone = here.client("route53").create_hosted_zone(Name="zone.example", CallerReference=unique("zone"))
    names = {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["ours.zone.example"]}
    may = {
        "Action": "route53:ChangeResourceRecordSets",
        "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": names},
    }
    writer = as_role(here, a_callers_role(here, trusts={}, may=may), "route53")
    record = {"Name": "theirs.zone.example", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    return refuses(
        lambda: writer.change_resource_record_sets(HostedZoneId=zone["HostedZone"]["Id"], ChangeBatch=changes)
    )


# web/mount.py


def people_can_look_at_it(here: Region) -> bool:
    return any(is_page(f"{here.local.endpoint_url}{path}") for path in ("/_ses", "/", "/_ministack", "/ui"))


def is_page(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.headers.get_content_type() == "text/html"
    except urllib.error.HTTPError:
        return False


def another_sites_page_cannot_change_it(here: Region) -> bool:
    request = urllib.request.Request(
        f"{here.local.endpoint_url}/_ministack/config",
        data=b"{}",
        headers={"Content-Type": "text/plain", "Origin": "https://elsewhere.example"},
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        return error.code == 403
    return False


# cloudformation/storage.py


def a_bucket_has_its_encryption(here: Region) -> bool:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": here.key()}
    rules = [{"ServerSideEncryptionByDefault": default}]
    name = bucket(here, BucketEncryption={"ServerSideEncryptionConfiguration": rules})
    found = here.client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    return found["Rules"][0]["ApplyServerSideEncryptionByDefault"] == default


def a_bucket_has_its_lifecycle(here: Region) -> bool:
    rules = [{"Status": "Enabled", "ExpirationInDays": 1}]
    name = bucket(here, LifecycleConfiguration={"Rules": rules})
    return not refuses(lambda: here.client("s3").get_bucket_lifecycle_configuration(Bucket=name))


def a_bucket_has_its_copies(here: Region) -> bool:
    s3, copies = here.client("s3"), bucket(here, VersioningConfiguration={"Status": "Enabled"})
    rule = {"Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}}
    rule |= {
        "Destination": {"Bucket": f"arn:aws:s3:::{copies}"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    told = {"Role": f"arn:aws:iam::{here.local.account}:role/copy", "Rules": [rule]}
    name = bucket(here, VersioningConfiguration={"Status": "Enabled"}, ReplicationConfiguration=told)
    return not refuses(lambda: s3.get_bucket_replication(Bucket=name))


def a_bucket_has_its_ownership(here: Region) -> bool:
    rules = [{"ObjectOwnership": "ObjectWriter"}]  # BucketOwnerEnforced is what a bucket is born with
    name = bucket(here, OwnershipControls={"Rules": rules})
    return here.client("s3").get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == rules


def a_bucket_has_its_tags(here: Region) -> bool:
    name = bucket(here, Tags=[{"Key": "team", "Value": "mail"}])
    return not refuses(lambda: here.client("s3").get_bucket_tagging(Bucket=name))


def a_bucket_with_objects_is_not_deleted(here: Region) -> bool:
    stack = deployed(here, "AWS::S3::Bucket", BucketName=unique("bucket"))
    here.client("s3").put_object(Bucket=stack.physical_id("It"), Key="a", Body=b"")
    return stack.delete() == "DELETE_FAILED"


def a_topic_has_its_key(here: Region) -> bool:
    topic = deployed(here, "AWS::SNS::Topic", KmsMasterKeyId=here.key()).physical_id("It")
    return "KmsMasterKeyId" in here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]


# cloudformation/dead_letters.py


def a_function_has_its_dead_letter_queue(here: Region) -> bool:
    here.client("sqs").create_queue(QueueName="dead-letters")
    function = deployed(
        here,
        "AWS::Lambda::Function",
        Runtime="python3.13",
        Handler="index.handler",
        Role=a_role(here, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}),
        Code={"ZipFile": "def handler(event, context): pass"},
        DeadLetterConfig={"TargetArn": here.arn("sqs", "dead-letters")},
    ).physical_id("It")
    return "DeadLetterConfig" in here.client("lambda").get_function_configuration(FunctionName=function)


# cloudformation/ses.py


def there_are_receipt_rules_in_templates(here: Region) -> bool:
    stack = Stack(here, unique("stack"))
    resources: Resources = {"It": {"Type": "AWS::SES::ReceiptRuleSet", "Properties": {}}}
    return not refuses(lambda: stack.deploy(resources)) and stack.status() == "CREATE_COMPLETE"


def an_identity_has_its_dkim_records_as_attributes(here: Region) -> bool:
    stack, name = Stack(here, unique("stack")), {"Fn::GetAtt": ["It", "DkimDNSTokenName1"]}
    resources: Resources = {
        "It": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": a_domain()}},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": name}},
    }
    return not refuses(lambda: stack.deploy(resources)) and stack.status() == "CREATE_COMPLETE"


# identities/verification.py


def a_new_identity_is_pending(here: Region) -> bool:
    answer = here.sesv2.get_email_identity(EmailIdentity=an_identity(here))
    return answer["VerifiedForSendingStatus"] is False


def dkim_tokens_differ_by_region(here: Region) -> bool:
    name, tokens = a_domain(), list[list[str]]()
    for region in (here, Region(here.local, "eu-west-1")):
        answer = region.sesv2.create_email_identity(EmailIdentity=name)
        tokens.append(answer["DkimAttributes"]["Tokens"])
    return tokens[0] != tokens[1]


def version_1_waits_for_records(here: Region) -> bool:
    name = a_domain()
    here.ses.verify_domain_identity(Domain=name)
    found = here.ses.get_identity_verification_attributes(Identities=[name])["VerificationAttributes"]
    return found[name]["VerificationStatus"] == "Pending"


def an_address_is_pending_until_it_is_confirmed(here: Region) -> bool:
    name = f"{unique('a')}@elsewhere.example"
    here.sesv2.create_email_identity(EmailIdentity=name)
    return here.sesv2.get_email_identity(EmailIdentity=name)["VerifiedForSendingStatus"] is False


# identities/dkim.py, identities/deed.py


def a_key_has_the_length_that_was_asked_for(here: Region) -> bool:
    name = a_domain()
    here.sesv2.create_email_identity(
        EmailIdentity=name, DkimSigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"}
    )
    found = here.sesv2.get_email_identity(EmailIdentity=name)["DkimAttributes"]
    return found.get("CurrentSigningKeyLength") == "RSA_1024_BIT"


def a_replica_names_its_parent(here: Region) -> bool:
    name = a_domain()
    here.sesv2.create_email_identity(
        EmailIdentity=name, DkimSigningAttributes={"DomainSigningAttributesOrigin": "AWS_SES_EU_WEST_1"}
    )
    found = here.sesv2.get_email_identity(EmailIdentity=name)["DkimAttributes"]
    return found.get("SigningAttributesOrigin") == "AWS_SES_EU_WEST_1"


# identities/identity_policies.py


def a_policy_of(here: Region, name: str) -> str:
    arn = here.arn("ses", f"identity/{name}")
    return policy({"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": arn})


def an_identity_has_policies(here: Region) -> bool:
    name = an_identity(here)
    return not refuses(
        lambda: here.sesv2.create_email_identity_policy(
            EmailIdentity=name, PolicyName="one", Policy=a_policy_of(here, name)
        )
    )


def an_identity_has_policies_in_version_1(here: Region) -> bool:
    name = an_identity(here)
    return not refuses(
        lambda: here.ses.put_identity_policy(Identity=name, PolicyName="one", Policy=a_policy_of(here, name))
    )


# identities/identities_v1.py


def an_unknown_identity_has_no_topic(here: Region) -> bool:
    return refuses(
        lambda: here.ses.set_identity_notification_topic(Identity=a_domain(), NotificationType="Bounce")
    )


def a_topic_closed_to_ses_is_refused(here: Region) -> bool:
    name, topic = an_identity(here), here.topic()
    return refuses(
        lambda: here.ses.set_identity_notification_topic(
            Identity=name, NotificationType="Bounce", SnsTopic=topic
        )
    )


def notification_settings_are_read_back(here: Region) -> bool:
    asked = [an_identity(here)]
    return not refuses(lambda: here.ses.get_identity_notification_attributes(Identities=asked))


def both_versions_know_the_same_identities(here: Region) -> bool:
    return an_identity(here) in here.ses.list_identities()["Identities"]


# identities/identities_v2.py


def an_identity_is_created_once(here: Region) -> bool:
    name = an_identity(here)
    return refuses(lambda: here.sesv2.create_email_identity(EmailIdentity=name))


def a_mail_from_domain_is_set(here: Region) -> bool:
    name = an_identity(here)
    return not refuses(
        lambda: here.sesv2.put_email_identity_mail_from_attributes(
            EmailIdentity=name, MailFromDomain=f"bounce.{name}"
        )
    )


# receiving/receipt_rules.py


def a_bucket_closed_to_ses_is_refused(here: Region) -> bool:
    rule_set, action = a_rule_set(here), {"S3Action": {"BucketName": here.bucket()}}
    return refuses(lambda: here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=a_rule("one", action)))


def a_rule_is_changed(here: Region) -> bool:
    rule_set = a_rule_set(here)
    here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=a_rule("one"))
    return not refuses(lambda: here.ses.update_receipt_rule(RuleSetName=rule_set, Rule=a_rule("one")))


def a_rule_is_moved(here: Region) -> bool:
    rule_set = a_rule_set(here)
    here.ses.create_receipt_rule(RuleSetName=rule_set, Rule=a_rule("one"))
    return not refuses(lambda: here.ses.set_receipt_rule_position(RuleSetName=rule_set, RuleName="one"))


def there_are_receipt_filters(here: Region) -> bool:
    return not refuses(here.ses.list_receipt_filters)


# receiving/bouncing.py


def a_received_mail_can_be_bounced(here: Region) -> bool:
    """None was received; but the call is known."""
    recipients = [{"Recipient": "a@local.example", "BounceType": "DoesNotExist"}]
    try:
        here.ses.send_bounce(
            OriginalMessageId="none", BounceSender="b@local.example", BouncedRecipientInfoList=recipients
        )
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Code")) == "MessageRejected"
    return False


# receiving/bouncing.py


def an_application_may_bounce_a_mail(here: Region) -> bool:
    try:
        here.ses.send_bounce(
            OriginalMessageId="unknown",
            BounceSender=a_sender(here),
            BouncedRecipientInfoList=[{"Recipient": "a@local.example", "BounceType": "DoesNotExist"}],
        )
    except ClientError as error:
        return error.response.get("Error", {}).get("Code") == "MessageRejected"
    return False


# feedback/notifications.py


def version_2_tells_of_a_bounce(here: Region) -> bool:
    source, topic = a_sender(here), str(here.client("sns").create_topic(Name=unique("t"))["TopicArn"])
    domain = source.rpartition("@")[2]
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)
    queue = here.queue_on(topic)
    send(here, source, "bounce")
    return not here.silence(queue)


# feedback/destinations.py


def an_event_destination_is_told(here: Region) -> bool:
    name, topic = (
        a_configuration_set(here),
        str(here.client("sns").create_topic(Name=unique("t"))["TopicArn"]),
    )
    here.sesv2.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName="topic",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE"],
            "SnsDestination": {"TopicArn": topic},
        },
    )
    queue = here.queue_on(topic)
    send(here, a_sender(here), "bounce", ConfigurationSetName=name)
    return not here.silence(queue)


# feedback/forwarding.py


def a_bounce_is_forwarded(here: Region) -> bool:
    source = a_sender(here)
    send(here, source, "bounce")
    if not is_plain(here):
        return any(mail.recipients == (source,) for mail in here.local.outbox)
    with urllib.request.urlopen(f"{here.local.endpoint_url}/_ministack/ses/messages", timeout=5) as answer:
        return b"Delivery Status Notification" in answer.read()


# feedback/metrics.py


def ses_publishes_metrics(here: Region) -> bool:
    send(here, a_sender(here), "success")
    return bool(here.client("cloudwatch").list_metrics(Namespace="AWS/SES")["Metrics"])


# alarms.py


def an_alarm_hears_of_what_a_service_publishes(here: Region) -> bool:
    function, name = a_function(here, "def handler(event, context):\n    raise OSError\n"), unique("alarm")
    cloudwatch = here.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function.rpartition(":")[2]}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    here.client("lambda").invoke(FunctionName=function)
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm["StateValue"] == "ALARM"


# embedded_metrics.py


def what_a_function_logs_becomes_a_metric(here: Region) -> bool:
    metric = unique("m")
    directive = {"Namespace": "Gaps", "Dimensions": [[]], "Metrics": [{"Name": metric}]}
    line = json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, metric: 1})
    function = a_function(here, f"def handler(event, context):\n    print({line!r})\n")
    here.client("lambda").invoke(FunctionName=function)
    found = here.client("cloudwatch").list_metrics(Namespace="Gaps", MetricName=metric)
    return bool(found["Metrics"])


# feedback/configuration_sets.py


def version_1_sees_the_sets_of_version_2(here: Region) -> bool:
    name = a_configuration_set(here)
    return not refuses(lambda: here.ses.describe_configuration_set(ConfigurationSetName=name))


def a_destination_that_is_not_there_is_refused(here: Region) -> bool:
    name, topic = a_configuration_set(here), here.arn("sns", unique("t"))
    return refuses(
        lambda: here.sesv2.create_configuration_set_event_destination(
            ConfigurationSetName=name,
            EventDestinationName="topic",
            EventDestination={
                "Enabled": True,
                "MatchingEventTypes": ["BOUNCE"],
                "SnsDestination": {"TopicArn": topic},
            },
        )
    )


# account/account.py


def sending_is_paused(here: Region) -> bool:
    # In a Region of its own, because it stops all others who send there.
    elsewhere = Region(here.local, "eu-west-1")
    source = a_sender(elsewhere)
    if refuses(lambda: elsewhere.ses.update_account_sending_enabled(Enabled=False)):
        return False
    try:
        return refuses(lambda: send(elsewhere, source, "success"))
    finally:
        elsewhere.ses.update_account_sending_enabled(Enabled=True)


# account/quotas.py


def what_is_sent_counts_recipients(here: Region) -> bool:
    domain, before = a_sender(here).rpartition("@")[2], here.ses.get_send_quota()["SentLast24Hours"]
    here.sesv2.send_email(
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": [f"success+{number}@simulator.amazonses.com" for number in range(3)]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    return here.ses.get_send_quota()["SentLast24Hours"] >= before + 3


# account/statistics.py


def bounces_are_counted(here: Region) -> bool:
    send(here, a_sender(here), "bounce")
    return any(point["Bounces"] for point in here.ses.get_send_statistics()["SendDataPoints"])


# account/production_access.py


def an_account_does_not_fall_back_into_the_sandbox(here: Region) -> bool:
    details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://local.example"}
    here.sesv2.put_account_details(**details, ProductionAccessEnabled=False)
    return here.sesv2.get_account()["ProductionAccessEnabled"]


# account/suppression.py


def an_address_is_suppressed(here: Region) -> bool:
    address = f"{unique('a')}@local.example"
    return not refuses(lambda: here.sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE"))


# account/service_quotas.py


def there_are_service_quotas(here: Region) -> bool:
    return not refuses(lambda: here.client("service-quotas").list_service_quotas(ServiceCode="ses"))


# outbound/sending.py


def a_mail_has_at_most_fifty_recipients(here: Region) -> bool:
    source, to = a_sender(here), [f"success+{number}@simulator.amazonses.com" for number in range(51)]
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    return refuses(lambda: here.ses.send_email(Source=source, Destination={"ToAddresses": to}, Message=body))


def a_message_id_has_no_domain(here: Region) -> bool:
    source, to = a_sender(here), {"ToAddresses": ["success@simulator.amazonses.com"]}
    body = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    return "@" not in here.ses.send_email(Source=source, Destination=to, Message=body)["MessageId"]


# outbound/sent.py


def a_raw_mail_of_version_2_goes_to_whom_it_says(here: Region) -> bool:
    raw = f"From: {a_sender(here)}\r\nTo: nobody\r\n\r\nHello\r\n".encode()
    return refuses(lambda: here.sesv2.send_email(Content={"Raw": {"Data": raw}}))


# outbound/sending_rights.py


def a_right_to_send_as_one_identity_is_enough(here: Region) -> bool:
    source, iam, user = a_sender(here), here.client("iam"), unique("user")
    identity = here.arn("ses", f"identity/{source.rpartition('@')[2]}")
    iam.create_user(UserName=user)
    may = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": identity}
    iam.put_user_policy(UserName=user, PolicyName="send", PolicyDocument=policy(may))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sender = Clients(
        here.local.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    return not refuses(
        lambda: sender("sesv2", here.name).send_email(
            FromEmailAddress=source,
            Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        )
    )


# batch_rights.py


def whoever_may_send_a_message_may_send_ten_at_once(here: Region) -> bool:
    sqs, iam, user = here.client("sqs"), here.client("iam"), unique("user")
    queue = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    iam.create_user(UserName=user)
    may = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": here.arn("sqs", queue.rpartition("/")[2]),
    }
    iam.put_user_policy(UserName=user, PolicyName="send", PolicyDocument=policy(may))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sender = Clients(
        here.local.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    entries = [{"Id": str(number), "MessageBody": "hello"} for number in range(10)]
    return not refuses(lambda: sender("sqs", here.name).send_message_batch(QueueUrl=queue, Entries=entries))


# access_keys.py


def a_user_has_two_access_keys_at_most(here: Region) -> bool:
    iam, user = here.client("iam"), unique("user")
    iam.create_user(UserName=user)
    for _ in range(2):
        iam.create_access_key(UserName=user)
    return refuses(lambda: iam.create_access_key(UserName=user))


# secrets_rotation.py


def there_are_global_endpoints(here: Region) -> bool:
    details = {"RoutesDetails": [{"Region": "eu-west-1"}]}
    try:
        here.client("sesv2").create_multi_region_endpoint(EndpointName=unique("endpoint"), Details=details)
    except ClientError:
        return False
    return True


def there_are_dedicated_ip_pools_in_templates(here: Region) -> bool:
    name = unique("pool")
    pool = {"Type": "AWS::SES::DedicatedIpPool", "Properties": {"PoolName": name, "ScalingMode": "STANDARD"}}
    try:
        Stack(here, unique("stack")).deploy({"Pool": pool})
    except ClientError:
        return False
    return name in here.client("sesv2").list_dedicated_ip_pools()["DedicatedIpPools"]


def a_secret(here: Region) -> str:
    return str(here.client("secretsmanager").create_secret(Name=unique("secret"), SecretString="old")["ARN"])


def a_rotation_function(here: Region, secret: str, *, allowed: bool = True) -> str:
    """Return a function that answers each step with a new value and makes it the current one."""
    code = """
import boto3

def handler(event, context):
    secrets, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        secrets.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"]
        )
    if event["Step"] == "finishSecret":
        stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        [current] = [version for version, labels in stages.items() if "AWSCURRENT" in labels]
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
"""
    may = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": secret}
    function = a_function(here, code, may)
    if allowed:
        here.client("lambda").add_permission(
            FunctionName=function,
            StatementId="rotate",
            Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
            SourceArn=secret,
        )
    return function


def comes_to_say(here: Region, secret: str, text: str) -> bool:
    secrets, until = here.client("secretsmanager"), time.monotonic() + 20
    while time.monotonic() < until:
        if secrets.get_secret_value(SecretId=secret)["SecretString"] == text:
            return True
        if is_plain(here):
            return False
        time.sleep(0.05)
    return False


def a_rotation_invokes_the_function(here: Region) -> bool:
    secret = a_secret(here)
    here.client("secretsmanager").rotate_secret(
        SecretId=secret, RotationLambdaARN=a_rotation_function(here, secret)
    )
    return comes_to_say(here, secret, "new")


def a_rotation_comes_when_its_day_has(here: Region) -> bool:
    secret, secrets = a_secret(here), here.client("secretsmanager")
    secrets.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=a_rotation_function(here, secret),
        RotationRules={"AutomaticallyAfterDays": 1},
        RotateImmediately=False,
    )
    if is_plain(here):
        return "NextRotationDate" in secrets.describe_secret(SecretId=secret)
    here.local.control.forward(25)
    return comes_to_say(here, secret, "new")


def a_function_that_does_not_let_secrets_manager_in_is_refused(here: Region) -> bool:
    secret = a_secret(here)
    function = a_rotation_function(here, secret, allowed=False)
    return refuses(
        lambda: here.client("secretsmanager").rotate_secret(SecretId=secret, RotationLambdaARN=function)
    )


def a_replica_needs_a_key_of_its_region(here: Region) -> bool:
    secret = a_secret(here)
    regions = [{"Region": "eu-west-1", "KmsKeyId": "alias/not-there"}]
    return refuses(
        lambda: here.client("secretsmanager").replicate_secret_to_regions(
            SecretId=secret, AddReplicaRegions=regions
        )
    )


# cloudformation/secrets.py


def there_are_rotation_schedules_in_templates(here: Region) -> bool:
    secret = a_secret(here)
    stack = Stack(here, unique("stack"))
    schedule = {
        "SecretId": secret,
        "RotationLambdaARN": a_rotation_function(here, secret),
        "RotationRules": {"AutomaticallyAfterDays": 7},
    }
    try:
        status = stack.deploy(
            {"It": {"Type": "AWS::SecretsManager::RotationSchedule", "Properties": schedule}}
        )
    except ClientError:
        return False
    return status == "CREATE_COMPLETE" and comes_to_say(here, secret, "new")


def a_secret_in_a_template_is_known_by_its_arn(here: Region) -> bool:
    made = deployed(here, "AWS::SecretsManager::Secret", Name=unique("secret"), SecretString="x")
    return made.physical_id("It").startswith("arn:")


def a_secret_in_a_template_may_have_no_value(here: Region) -> bool:
    name = unique("secret")
    deployed(here, "AWS::SecretsManager::Secret", Name=name)
    return refuses(lambda: here.client("secretsmanager").get_secret_value(SecretId=name))


def a_secret_that_is_there_is_not_taken_over(here: Region) -> bool:
    name = unique("secret")
    here.client("secretsmanager").create_secret(Name=name, SecretString="theirs")
    properties = {"Name": name, "SecretString": "ours"}
    stack = Stack(here, unique("stack"))
    status = stack.deploy({"It": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}})
    return status != "CREATE_COMPLETE"


def a_replica_goes_when_its_region_is_taken_out(here: Region) -> bool:
    there, name = Region(here.local, "eu-west-1"), unique("secret")
    properties = {"Name": name, "SecretString": "x", "ReplicaRegions": [{"Region": there.name}]}
    stack = deployed(here, "AWS::SecretsManager::Secret", **properties)
    assert there.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "x"
    del properties["ReplicaRegions"]
    assert "UPDATE_COMPLETE" in stack.deploy(
        {"It": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}}
    )
    return refuses(lambda: there.client("secretsmanager").get_secret_value(SecretId=name))


# tag_rights.py


def whoever_may_tag_one_identity_may(here: Region) -> bool:
    name, iam, user = a_domain(), here.client("iam"), unique("user")
    here.sesv2.create_email_identity(EmailIdentity=name)
    iam.create_user(UserName=user)
    may = {
        "Effect": "Allow",
        "Action": ["ses:TagResource", "ses:ListTagsForResource", "ses:UntagResource"],
        "Resource": here.arn("ses", f"identity/{name}"),
    }
    iam.put_user_policy(UserName=user, PolicyName="tag", PolicyDocument=policy(may))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    tagger = Clients(
        here.local.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )("sesv2", here.name)
    arn = may["Resource"]
    return not (
        refuses(lambda: tagger.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}]))
        or refuses(lambda: tagger.list_tags_for_resource(ResourceArn=arn))
        or refuses(lambda: tagger.untag_resource(ResourceArn=arn, TagKeys=["a"]))
    )


GAPS: list[tuple[str, Callable[[Region], bool]]] = [
    ("alarms.py", an_alarm_hears_of_what_a_service_publishes),
    ("embedded_metrics.py", what_a_function_logs_becomes_a_metric),
    ("auth.py", denying_insecure_transport_lets_us_in),
    ("batch_rights.py", whoever_may_send_a_message_may_send_ten_at_once),
    ("tag_rights.py", whoever_may_tag_one_identity_may),
    ("condition_keys.py: _role_of", a_role_that_assumes_another_is_known_by_its_name),
    ("condition_keys.py: _records_of", a_role_writes_only_the_records_that_it_may),
    ("web/mount.py: the pages", people_can_look_at_it),
    ("web/mount.py: _CLOSED", another_sites_page_cannot_change_it),
    ("cloudformation/storage.py: BucketEncryption", a_bucket_has_its_encryption),
    ("cloudformation/storage.py: LifecycleConfiguration", a_bucket_has_its_lifecycle),
    ("cloudformation/storage.py: OwnershipControls", a_bucket_has_its_ownership),
    ("cloudformation/storage.py: ReplicationConfiguration", a_bucket_has_its_copies),
    ("cloudformation/storage.py: Tags", a_bucket_has_its_tags),
    ("cloudformation/storage.py: _refuse_to_delete_mail", a_bucket_with_objects_is_not_deleted),
    ("cloudformation/storage.py: _keeping_key", a_topic_has_its_key),
    ("cloudformation/dead_letters.py: _keeping_queue", a_function_has_its_dead_letter_queue),
    ("cloudformation/ses.py: the receipt types", there_are_receipt_rules_in_templates),
    ("cloudformation/ses.py: _attributes", an_identity_has_its_dkim_records_as_attributes),
    ("identities/verification.py: refresh", a_new_identity_is_pending),
    ("identities/verification_v1.py: _verify_domain", version_1_waits_for_records),
    ("identities/address_verification.py", an_address_is_pending_until_it_is_confirmed),
    ("identities/dkim.py: tokens", dkim_tokens_differ_by_region),
    ("identities/dkim.py: lengths", a_key_has_the_length_that_was_asked_for),
    ("identities/deed.py", a_replica_names_its_parent),
    ("identities/identity_policies.py", an_identity_has_policies),
    ("identities/policies_v1.py", an_identity_has_policies_in_version_1),
    ("identities/identities_v1.py: the check for unknown identities", an_unknown_identity_has_no_topic),
    ("identities/identities_v1.py: require_topic", a_topic_closed_to_ses_is_refused),
    ("identities/identities_v1.py: _get_notifications", notification_settings_are_read_back),
    ("identities/verification.py: _know_the_same_identities", both_versions_know_the_same_identities),
    ("identities/identities_v2.py: the check in _create", an_identity_is_created_once),
    ("identities/identities_v2.py: _put_mail_from", a_mail_from_domain_is_set),
    ("receiving/receipt_rules.py: _try_targets", a_bucket_closed_to_ses_is_refused),
    ("receiving/receipt_rules.py: _update", a_rule_is_changed),
    ("receiving/receipt_rules.py: _set_position", a_rule_is_moved),
    ("receiving/receipt_rules.py: the filters", there_are_receipt_filters),
    ("receiving/bouncing.py", a_received_mail_can_be_bounced),
    ("receiving/bouncing.py", an_application_may_bounce_a_mail),
    ("feedback/feedback.py and feedback/notifications.py", version_2_tells_of_a_bounce),
    ("feedback/destinations.py", an_event_destination_is_told),
    ("feedback/forwarding.py", a_bounce_is_forwarded),
    ("feedback/metrics.py", ses_publishes_metrics),
    ("feedback/configuration_sets_v1.py", version_1_sees_the_sets_of_version_2),
    ("feedback/configuration_sets.py: _refuse_destination", a_destination_that_is_not_there_is_refused),
    ("account/account.py", sending_is_paused),
    ("account/quotas.py", what_is_sent_counts_recipients),
    ("account/statistics.py", bounces_are_counted),
    ("account/production_access.py", an_account_does_not_fall_back_into_the_sandbox),
    ("account/suppression.py", an_address_is_suppressed),
    ("account/service_quotas.py", there_are_service_quotas),
    ("outbound/checks.py and outbound/sending.py", a_mail_has_at_most_fifty_recipients),
    ("outbound/message_ids.py", a_message_id_has_no_domain),
    ("outbound/sent.py: read_v2", a_raw_mail_of_version_2_goes_to_whom_it_says),
    ("outbound/sending_rights.py", a_right_to_send_as_one_identity_is_enough),
    ("outbound/global_endpoints.py", there_are_global_endpoints),
    ("cloudformation/sending.py", there_are_dedicated_ip_pools_in_templates),
    ("access_keys.py", a_user_has_two_access_keys_at_most),
    ("secrets_rotation.py: _rotate", a_rotation_invokes_the_function),
    ("secrets_rotation.py: _keep_time", a_rotation_comes_when_its_day_has),
    ("secrets_rotation.py: _may_invoke", a_function_that_does_not_let_secrets_manager_in_is_refused),
    ("secrets_rotation.py: _with_keys", a_replica_needs_a_key_of_its_region),
    ("cloudformation/secrets.py: the schedule", there_are_rotation_schedules_in_templates),
    ("cloudformation/secrets.py: _name", a_secret_in_a_template_is_known_by_its_arn),
    ("cloudformation/secrets.py: an empty secret", a_secret_in_a_template_may_have_no_value),
    ("cloudformation/secrets.py: the check in make", a_secret_that_is_there_is_not_taken_over),
    ("cloudformation/secrets.py: change", a_replica_goes_when_its_region_is_taken_out),
]
both = pytest.mark.parametrize(
    ("extension", "as_on_aws"), [pytest.param(*gap, id=gap[1].__name__) for gap in GAPS]
)


@both
def test_the_local_aws_has_no_gap(
    local: LocalAws, extension: str, as_on_aws: Callable[[Region], bool]
) -> None:
    assert as_on_aws(Region(local, "us-west-2")), extension


@both
def test_ministack_still_has_the_gap(plain: Any, extension: str, as_on_aws: Callable[[Region], bool]) -> None:
    try:
        closed = as_on_aws(Region(plain, "us-west-2"))
    except BotoCoreError:  # an answer that boto3 cannot read
        closed = False
    assert not closed, f"gap closed: delete {extension}"


def test_every_extension_that_fills_a_gap_has_a_check() -> None:
    room = Path(cdk_ses_regions.local.__file__).parent
    fill = {
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        if re.search("^Gap: ", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "", re.M)
    }
    checked = " ".join(extension for extension, _ in GAPS)
    assert len(fill) > 20
    assert {module for module in fill if module not in checked} == set()
