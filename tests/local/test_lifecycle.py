"""The local AWS as processes, ports, folders and keys: what is there while it is up, and that nothing is left."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from deployed import a_function
from region import ZONE, Region, a_domain, policy, unique

from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.local import LocalAws, LocalAwsError
from cdk_ses_regions.local.clients import Clients

# Starts a local AWS, tells where it is, and waits to be killed.
PARENT = """
import signal, sys, time
from pathlib import Path
from cdk_ses_regions.local import LocalAws
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
with LocalAws.start(["us-east-1"], state_dir=Path(sys.argv[1]) if sys.argv[1:] else None) as local:
    print(local.endpoint_url, flush=True)
    time.sleep(600)
"""


def processes(folder: Path) -> dict[int, int]:
    """Return the processes that were started with a temporary folder inside the folder, with their groups."""
    found: dict[int, int] = {}
    for about in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (about / "environ").read_bytes():
                found[int(about.name)] = os.getpgid(int(about.name))
        except (OSError, ProcessLookupError):
            continue
    return found


def listening(pids: set[int]) -> set[str]:
    """Return the addresses on which processes listen, TCP and UDP, as the kernel writes them."""
    sockets = set[str]()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(str(descriptor.readlink()))
            except OSError:
                continue
    found = set[str]()
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == state and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1])
    return found


def answers(endpoint_url: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", urlsplit(endpoint_url).port or 0), timeout=5):
            return True
    except OSError:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of a local AWS too: nothing may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def is_gone(endpoint_url: str, temporary: Path) -> bool:
    return not answers(endpoint_url) and not processes(temporary) and not list(temporary.iterdir())


def test_stop_leaves_nothing(temporary: Path) -> None:
    with LocalAws.start(["us-east-1"]) as local:
        assert local.client("sns", "us-east-1").list_topics()["Topics"] == []
        # A function that has run has a process and a folder of its own.
        region = Region(local, "us-east-1")
        region.client("lambda").invoke(FunctionName=a_function(region), Payload=b"{}")
        assert len(processes(temporary)) > 1
        assert list(temporary.iterdir())
    assert is_gone(local.endpoint_url, temporary)


def test_stop_ends_a_function_that_hangs(temporary: Path) -> None:
    with LocalAws.start(["us-east-1"]) as local:
        region = Region(local, "us-east-1")
        before = len(processes(temporary))
        function = a_function(region, "import time\ndef handler(event, context):\n    time.sleep(600)\n")
        region.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
        assert eventually(lambda: len(processes(temporary)) > before)
    assert is_gone(local.endpoint_url, temporary)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_process_that_started_it_ends_by(
    temporary: Path, tmp_path: Path, number: signal.Signals
) -> None:
    state = tmp_path / "state"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(state)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        endpoint_url = parent.stdout.readline().strip()
    assert answers(endpoint_url)
    parent.send_signal(number)
    parent.wait()
    assert eventually(lambda: is_gone(endpoint_url, temporary))
    with pytest.raises(LocalAwsError, match="no local AWS is up"):
        LocalAws.find(state)


def test_no_folder_is_left_when_the_process_that_named_none_is_killed(temporary: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        endpoint_url = parent.stdout.readline().strip()
    assert answers(endpoint_url)
    parent.kill()
    parent.wait()
    assert eventually(lambda: is_gone(endpoint_url, temporary))


def test_no_folder_is_left_of_one_that_cannot_start(temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(LocalAwsError, match=f"{port} is already in use"):
            LocalAws.start(["us-east-1"], port=port)
    assert not list(temporary.iterdir())


def test_a_region_without_ses_starts_nothing(temporary: Path) -> None:
    with pytest.raises(UnsupportedRegionError, match="mars-north-1"):
        LocalAws.start(["us-east-1", "mars-north-1"])
    assert not list(temporary.iterdir())


def test_a_file_is_no_folder_for_its_state(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalAwsError, match="file cannot be the folder for log and state: File exists"):
        LocalAws.start(["us-east-1"], state_dir=tmp_path / "file")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_process_ends_while_it_starts(
    temporary: Path, tmp_path: Path, number: signal.Signals
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "state")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert eventually(lambda: len(set(processes(temporary)) - {parent.pid}) > 0)
    parent.send_signal(number)
    parent.wait()
    assert eventually(lambda: not processes(temporary) and not list(temporary.iterdir()))


def test_what_a_killed_server_left_is_cleared_away(temporary: Path, tmp_path: Path) -> None:
    local = LocalAws.start(["us-east-1"], state_dir=tmp_path / "state", keep=True)
    region = Region(local, "us-east-1")
    region.client("lambda").invoke(FunctionName=a_function(region), Payload=b"{}")
    [server] = set(processes(temporary).values())
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    assert eventually(lambda: not processes(temporary))  # the function's process ends with it
    assert list(temporary.iterdir())
    with pytest.raises(LocalAwsError, match="no local AWS is up"):
        LocalAws.find(tmp_path / "state")
    assert is_gone(local.endpoint_url, temporary)


def test_ctrl_c_at_the_server_leaves_nothing(temporary: Path, tmp_path: Path) -> None:
    with LocalAws.start(["us-east-1"], state_dir=tmp_path / "state") as local:
        [server] = set(processes(temporary).values())
        os.killpg(server, signal.SIGINT)
        assert eventually(lambda: is_gone(local.endpoint_url, temporary))
        assert not (tmp_path / "state" / "ready.json").exists()


def test_it_listens_on_loopback_only(temporary: Path) -> None:
    with LocalAws.start(["us-east-1", "eu-west-1"]) as local:
        addresses = listening(set(processes(temporary)))
    ports = {urlsplit(local.endpoint_url).port, *local.inbound_ports.values()}
    assert {f"0100007F:{port:04X}" for port in ports} <= addresses
    assert {address.partition(":")[0] for address in addresses} == {"0100007F"}


def test_two_can_be_up_at_once(local: LocalAws) -> None:
    with LocalAws.start(["us-east-1"]) as other:
        assert other.endpoint_url != local.endpoint_url
        other.client("sns", "us-east-1").create_topic(Name="here")
        topics = local.client("sns", "us-east-1").list_topics()["Topics"]
        assert not any(topic["TopicArn"].endswith(":here") for topic in topics)


def test_the_user_who_deploys_is_not_root(local: LocalAws) -> None:
    arn = local.client("sts", "us-east-1").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{local.account}:user/deployer"
    assert local.root_client("sts", "us-east-1").get_caller_identity()["Arn"].endswith(":root")


def test_a_policy_that_denies_binds_the_user_who_deploys(local: LocalAws) -> None:
    region = Region(local, "us-east-1")
    bucket = region.bucket()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    region.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy(deny))
    with pytest.raises(ClientError, match="AccessDenied"):
        region.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")


def test_refusing_insecure_transport_does_not_lock_a_bucket(local: LocalAws) -> None:
    region = Region(local, "us-east-1")
    bucket = region.bucket()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    region.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy(deny))
    region.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")


def test_a_user_without_policies_may_do_nothing(local: LocalAws) -> None:
    iam, name = local.client("iam", "us-east-1"), unique("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    nobody = Clients(
        local.endpoint_url, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )
    for service, ask in (
        ("ses", "list_identities"),
        ("sesv2", "list_email_identities"),
        ("route53", "list_hosted_zones"),
        ("s3", "list_buckets"),
    ):
        with pytest.raises(ClientError, match=r"AccessDenied"):
            getattr(nobody(service, "us-east-1"), ask)()


def test_a_request_without_a_signature_is_refused(local: LocalAws) -> None:
    request = urllib.request.Request(
        local.endpoint_url,
        data=b"Action=ListIdentities&Version=2010-12-01",
        headers={"Host": "email.us-east-1"},
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=10)


def test_an_unknown_key_is_refused(local: LocalAws) -> None:
    unknown = Clients(local.endpoint_url, access_key_id="AKIAUNKNOWN000000000")
    with pytest.raises(ClientError):
        unknown("sns", "us-east-1").list_topics()


def test_a_wrong_secret_is_refused(local: LocalAws) -> None:
    key = local.exports()["AWS_ACCESS_KEY_ID"]
    forged = Clients(local.endpoint_url, access_key_id=key, secret_access_key="wrong")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        forged("sns", "us-east-1").list_topics()


def test_the_hosted_zone_has_the_id_that_was_asked_for(local: LocalAws) -> None:
    zone = local.client("route53", "us-east-1").get_hosted_zone(Id=ZONE)["HostedZone"]
    assert (zone["Id"], zone["Name"]) == (f"/hostedzone/{ZONE}", "local.example.")


def test_the_environment_cannot_reach_a_real_account(
    local: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    environment = local.environment()
    assert environment["AWS_ENDPOINT_URL"] == local.endpoint_url
    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert {environment[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")} == {os.devnull}


def test_the_doors_offer_starttls_and_each_region_its_own(local: LocalAws) -> None:
    assert set(local.inbound_ports) == set(local.regions)
    for region, port in local.inbound_ports.items():
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            _, banner = smtp.ehlo()
            assert f"inbound-smtp.{region}".encode() in banner
            assert smtp.has_extn("starttls")


def test_mail_to_nobody_is_refused_at_the_door(local: LocalAws) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        local.deliver("eu-west-1", sender="a@example.net", recipients=[f"a@{a_domain()}"], raw=b"\n")


def test_mail_goes_where_its_mx_leads(local: LocalAws) -> None:
    there = Region(local, "eu-west-1")
    domain = there.verified_domain()
    there.publish(domain, "MX", "10 inbound-smtp.eu-west-1.amazonaws.com")
    rule_set = unique("s")
    there.ses.create_receipt_rule_set(RuleSetName=rule_set)
    there.ses.create_receipt_rule(
        RuleSetName=rule_set,
        Rule={
            "Name": "all",
            "Enabled": True,
            "Recipients": [domain],
            "Actions": [{"StopAction": {"Scope": "RuleSet"}}],
        },
    )
    there.ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Bcc"] = "Jane <jane@example.net>", f"a@{domain}", f"b@{domain}"
    mail["Subject"] = "Grüße"
    mail.set_content("Hello.")
    try:
        [message_id] = local.deliver(mail)
    finally:
        there.ses.set_active_receipt_rule_set()
    [received] = [one for one in local.received if one.message_id == message_id]
    assert received.region == "eu-west-1"
    assert received.sender == "jane@example.net"
    assert received.recipients == (f"a@{domain}", f"b@{domain}")
    assert received.subject == "Grüße"
    assert [(step.rule, step.action) for step in received.steps] == [("all", "Stop")]
    assert received.message()["Bcc"] is None
    assert mail["Bcc"] == f"b@{domain}"  # the sender's own copy is as it was


def test_mail_for_a_domain_without_a_door_cannot_be_delivered(local: LocalAws) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "jane@example.net", f"a@{a_domain()}"
    with pytest.raises(LocalAwsError, match="has no MX of it that leads to a door here"):
        local.deliver(mail)


def test_a_domain_is_verified_in_all_regions_with_one_call(local: LocalAws) -> None:
    domain = a_domain()
    local.verify(domain)
    for region in local.regions:
        identity = local.client("sesv2", region).get_email_identity(EmailIdentity=domain)
        assert identity["VerifiedForSendingStatus"]
    with pytest.raises(LocalAwsError, match=r"nowhere.example is in none of the hosted zones"):
        local.verify("nowhere.example")


def test_reset_empties_everything_and_keeps_ports_keys_and_zones() -> None:
    with LocalAws.start(["us-east-1", "eu-west-1"], hosted_zones={ZONE: "local.example"}) as local:
        names = furnish(local)
        region = Region(local, "eu-west-1")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            local.deliver("eu-west-1", sender="a@example.net", recipients=["a@example.net"], raw=b"\n")
        region.sesv2.put_suppressed_destination(EmailAddress="a@example.net", Reason="BOUNCE")
        region.ses.verify_email_identity(EmailAddress="a@example.net")
        assert local.sent
        local.control.fault("dns")
        local.control.forward(hours=1)
        before = local.exports(), local.inbound_ports, local.dns_port

        local.reset()

        assert (local.exports(), local.inbound_ports, local.dns_port) == before
        assert region.sesv2.list_email_identities()["EmailIdentities"] == []
        assert region.ses.list_receipt_rule_sets()["RuleSets"] == []
        assert region.ses.list_receipt_filters()["Filters"] == []
        assert region.sesv2.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
        assert region.client("s3").list_buckets()["Buckets"] == []
        assert region.client("lambda").list_functions()["Functions"] == []
        assert local.control.sent() == local.control.received() == local.control.feedback() == ()
        assert not local.control.faults().dns_fails
        assert abs(local.control.now() - datetime.now(UTC)) < timedelta(minutes=30)
        [zone] = region.client("route53").list_hosted_zones()["HostedZones"]
        assert zone["Id"] == f"/hostedzone/{ZONE}"
        found = furnish(local)  # and all of it works again
        assert set(found) == set(names)


def test_a_second_start_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with LocalAws.start(["us-east-1"], state_dir=tmp_path / "state") as local:
        with pytest.raises(LocalAwsError, match=f"is up already on {local.endpoint_url}"):
            LocalAws.start(["us-east-1"], state_dir=tmp_path / "state")
        assert local.client("sns", "us-east-1").list_topics()["Topics"] == []


def test_one_that_is_kept_is_found_and_ended_by_others(tmp_path: Path) -> None:
    with LocalAws.start(["us-east-1"], state_dir=tmp_path, keep=True) as local:
        local.client("sns", "us-east-1").create_topic(Name="kept")
    found = LocalAws.find(tmp_path)
    assert found.exports() == local.exports()
    [topic] = found.client("sns", "us-east-1").list_topics()["Topics"]
    assert topic["TopicArn"].endswith(":kept")
    found.stop()
    assert not answers(local.endpoint_url)


def test_its_keys_are_for_its_owner_only(tmp_path: Path) -> None:
    with LocalAws.start(["us-east-1"], state_dir=tmp_path):
        assert (tmp_path / "ready.json").stat().st_mode & 0o077 == 0


def test_a_state_folder_that_was_given_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("of somebody else", encoding="utf-8")
    with LocalAws.start(["us-east-1"], state_dir=tmp_path):
        pass
    assert (tmp_path / "mine").exists()
    assert (tmp_path / "server.log").exists()


def test_a_folder_of_a_server_that_died_is_used_again(tmp_path: Path) -> None:
    dead = LocalAws.start(["us-east-1"], state_dir=tmp_path, keep=True)
    ready = (tmp_path / "ready.json").read_text(encoding="utf-8")
    dead.stop()
    (tmp_path / "ready.json").write_text(ready, encoding="utf-8")
    with LocalAws.start(["us-east-1"], state_dir=tmp_path) as local:
        assert local.client("sns", "us-east-1").list_topics()["Topics"] == []


def test_one_that_cannot_start_tells_the_end_of_its_log(temporary: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(LocalAwsError, match=r"did not start; its log ends:\n.*\w") as failed:
            LocalAws.start(["us-east-1"], state_dir=tmp_path / "state", port=port)
    assert f"{port} is already in use" in str(failed.value)
    assert not processes(temporary)
    assert not list(temporary.iterdir())


def furnish(local: LocalAws) -> dict[str, str]:
    """Put something into every service that matters; return the names."""
    region = Region(local, "eu-west-1")
    name = a_domain()
    source = region.rule_arn("kept")
    region.client("sesv2").create_email_identity(EmailIdentity=name)
    key = region.key(source)
    bucket, topic = region.bucket(source, key=key), region.topic(source, key=key)
    region.client("s3").put_object(Bucket=bucket, Key="mail/1", Body=b"Hello")
    region.client("ses").create_receipt_rule_set(RuleSetName="kept")
    stop = {"Name": "one", "Enabled": True, "Actions": [{"StopAction": {"Scope": "RuleSet"}}]}
    region.client("ses").create_receipt_rule(RuleSetName="kept", Rule=stop)
    region.client("ses").set_active_receipt_rule_set(RuleSetName="kept")
    region.client("ses").create_receipt_filter(
        Filter={"Name": "kept", "IpFilter": {"Policy": "Block", "Cidr": "192.0.2.0/24"}}
    )
    for record, target in region.dkim_records(name):
        region.publish(record, "CNAME", target)
    return {"identity": name, "bucket": bucket, "topic": topic, "key": key, "function": a_function(region)}


def found_again(local: LocalAws, names: dict[str, str]) -> dict[str, Any]:
    region = Region(local, "eu-west-1")
    ses, s3 = region.client("ses"), region.client("s3")
    [zone] = region.client("route53").list_hosted_zones()["HostedZones"]
    return {
        "zone": zone["Id"],
        "verified": region.client("sesv2").get_email_identity(EmailIdentity=names["identity"])[
            "VerifiedForSendingStatus"
        ],
        "active": ses.describe_active_receipt_rule_set()["Metadata"]["Name"],
        "rules": [rule["Name"] for rule in ses.describe_receipt_rule_set(RuleSetName="kept")["Rules"]],
        "filters": [one["Name"] for one in ses.list_receipt_filters()["Filters"]],
        "object": s3.get_object(Bucket=names["bucket"], Key="mail/1")["Body"].read(),
        "policy": SES_MAY in s3.get_bucket_policy(Bucket=names["bucket"])["Policy"],
        "encryption": s3.get_bucket_encryption(Bucket=names["bucket"])["ServerSideEncryptionConfiguration"][
            "Rules"
        ][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        "region": s3.get_bucket_location(Bucket=names["bucket"])["LocationConstraint"],
        "topic": region.client("sns").get_topic_attributes(TopicArn=names["topic"])["Attributes"][
            "KmsMasterKeyId"
        ],
        "key": region.client("kms").describe_key(KeyId=names["key"])["KeyMetadata"]["KeyState"],
        "function": region.client("lambda")
        .invoke(FunctionName=names["function"], Payload=b'"x"')["Payload"]
        .read(),
        "user": region.client("sts").get_caller_identity()["Arn"].rpartition("/")[2],
    }


SES_MAY = "ses.amazonaws.com"


def start_persisted(folder: Path) -> LocalAws:
    return LocalAws.start(
        ["eu-west-1"], hosted_zones={ZONE: "local.example"}, state_dir=folder, keep=True, persist=True
    )


def test_what_is_persisted_is_there_after_it_was_down(tmp_path: Path) -> None:
    local = start_persisted(tmp_path)
    try:
        names = furnish(local)
        before = found_again(local, names)
        assert before["verified"]
        local.stop()
        local = start_persisted(tmp_path)
        assert found_again(local, names) == before
        local.reset()
        assert Region(local, "eu-west-1").client("sesv2").list_email_identities()["EmailIdentities"] == []
        assert Region(local, "eu-west-1").client("s3").list_buckets()["Buckets"] == []
    finally:
        local.stop()


def test_what_is_broken_on_purpose_is_repaired_after_it_was_down(tmp_path: Path) -> None:
    local = start_persisted(tmp_path)
    try:
        there = Region(local, "eu-west-1")
        source = there.rule_arn("kept")
        key = there.key(source)
        bucket, topic = there.bucket(source, key=key), there.topic(source)
        actions = [{"S3Action": {"BucketName": bucket, "TopicArn": topic}}]
        there.ses.create_receipt_rule_set(RuleSetName="kept")
        there.ses.create_receipt_rule(
            RuleSetName="kept", Rule={"Name": "one", "Enabled": True, "Actions": actions}
        )
        there.ses.set_active_receipt_rule_set(RuleSetName="kept")
        before = what_breaks(there, key, bucket, topic)
        for kind in ("bucket-policy", "key", "topic-policy"):
            local.control.fault(kind, "eu-west-1")
        broken = local.control.faults().broken
        assert [kind for kind, _, _ in broken] == ["bucket-policy", "key", "topic-policy"]
        local.stop()
        local = start_persisted(tmp_path)
        assert local.control.faults().broken == broken
        local.control.clear_faults()
        assert what_breaks(Region(local, "eu-west-1"), key, bucket, topic) == before
    finally:
        local.stop()


def what_breaks(here: Region, key: str, bucket: str, topic: str) -> tuple[str, str, str]:
    return (
        here.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"],
        here.client("s3").get_bucket_policy(Bucket=bucket)["Policy"],
        here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"],
    )


def test_time_that_was_moved_forward_stays_so_with_what_happened_in_it(tmp_path: Path) -> None:
    local = start_persisted(tmp_path)
    try:
        moved = local.control.forward(hours=30)
        local.stop()
        local = start_persisted(tmp_path)
        assert local.control.now() >= moved
        local.reset()
        assert local.control.now() < moved
    finally:
        local.stop()
