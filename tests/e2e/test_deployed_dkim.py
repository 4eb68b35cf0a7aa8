"""Keys that Regions share, deployed: a domain replicated from one Region, and one that brings its own key."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "dkim.yaml"
HERE, THERE = REGIONS = ("eu-west-1", "eu-central-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def private_key() -> str:
    """The private key, as the secret has it."""
    return base64.b64encode(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def configuration() -> dict[str, Any]:
    """The example with a public key whose private half this test has."""
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    data["domains"][1]["dkim"]["public_key"] = base64.b64encode(public).decode()
    return data


def write(deployment: Cdk, data: dict[str, Any]) -> None:
    assert deployment.config is not None
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    for region in REGIONS:
        aws.client("secretsmanager", region).create_secret(Name="mail/dkim", SecretString=private_key)
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    cdk = Cdk(aws, project=ROOT, config=file)
    write(cdk, configuration())
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def identity(aws: LocalAws, region: str, domain: str) -> dict[str, Any]:
    return aws.client("sesv2", region).get_email_identity(EmailIdentity=domain)


def records(aws: LocalAws, zone_id: str) -> list[tuple[str, str]]:
    found = aws.client("route53", HERE).list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return [(one["Name"], one["Type"]) for one in found if one["Type"] not in ("NS", "SOA")]


def selector_of_a_mail(aws: LocalAws, region: str, domain: str) -> str:
    """Send a mail and return the selector of its signature."""
    aws.client("sesv2", region).send_email(
        FromEmailAddress=f"hello@{domain}",
        Destination={"ToAddresses": ["jane@elsewhere.example"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    tags = "".join(aws.outbox[-1].message()["DKIM-Signature"].split()).split(";")
    return next(tag.removeprefix("s=") for tag in tags if tag.startswith("s="))


def test_the_other_region_signs_with_the_key_of_the_first(aws: LocalAws, deployment: Cdk) -> None:
    parent, replica = (identity(aws, region, "example.com") for region in REGIONS)
    assert (parent["VerifiedForSendingStatus"], replica["VerifiedForSendingStatus"]) == (True, True)
    assert replica["DkimAttributes"]["SigningAttributesOrigin"] == "AWS_SES_EU_WEST_1"
    assert replica["DkimAttributes"]["Tokens"] == parent["DkimAttributes"]["Tokens"]
    assert replica["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    assert selector_of_a_mail(aws, THERE, "example.com") == selector_of_a_mail(aws, HERE, "example.com")


def test_the_zone_has_the_records_of_one_region(aws: LocalAws, deployment: Cdk) -> None:
    kinds = [kind for _, kind in records(aws, "Z0123456789EXAMPLE01")]
    assert sorted(kinds) == ["CNAME", "CNAME", "CNAME", "MX", "TXT"]


def test_one_own_key_and_one_record_serve_both_regions(aws: LocalAws, deployment: Cdk) -> None:
    assert records(aws, "Z0123456789EXAMPLE02") == [("mail2026._domainkey.example.net.", "TXT")]
    for region in REGIONS:
        found = identity(aws, region, "example.net")
        assert (found["VerifiedForSendingStatus"], found["DkimAttributes"]["Status"]) == (True, "SUCCESS")
        assert selector_of_a_mail(aws, region, "example.net") == "mail2026"


def test_feedback_of_a_replica_is_told_in_its_region(aws: LocalAws, deployment: Cdk) -> None:
    told = aws.client("ses", THERE).get_identity_notification_attributes(Identities=["example.com"])
    topic = told["NotificationAttributes"]["example.com"]["BounceTopic"]
    assert topic == f"arn:aws:sns:{THERE}:{aws.account}:mail-feedback"


def test_the_private_key_is_in_no_template_and_no_event(
    aws: LocalAws, deployment: Cdk, private_key: str
) -> None:
    for region in REGIONS:
        cloudformation = aws.client("cloudformation", region)
        for stack in cloudformation.describe_stacks()["Stacks"]:
            name = stack["StackName"]
            template = cloudformation.get_template(StackName=name)["TemplateBody"]
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            said = json.dumps([template, stack, events], default=str)
            assert private_key[:60] not in said


def test_the_export_has_each_record_once(aws: LocalAws, deployment: Cdk) -> None:
    command = [str(Path(sys.executable).with_name("ses-regions")), "dns", "export", "--format", "json"]
    done = subprocess.run(
        [*command, "--config", str(deployment.config)],
        env=aws.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    zones = json.loads(done.stdout)["domains"]
    assert [len(zone["records"]) for zone in zones] == [5, 1]


def test_a_domain_with_keys_of_its_own_is_not_made_a_replica_and_stays_as_it_is(
    aws: LocalAws, deployment: Cdk
) -> None:
    data = configuration()
    before = identity(aws, THERE, "example.net")["DkimAttributes"]
    data["domains"][1]["dkim"] = "deterministic"
    write(deployment, data)
    with pytest.raises(
        LocalAwsError, match="is an identity of this Region already, with a DKIM key of its own"
    ):
        deployment.deploy("Mail-eu-central-1")
    assert identity(aws, THERE, "example.net")["DkimAttributes"] == before
    write(deployment, configuration())


def test_everything_goes_replicas_first(aws: LocalAws, deployment: Cdk) -> None:
    deployment.destroy()
    for region in REGIONS:
        assert aws.client("sesv2", region).list_email_identities()["EmailIdentities"] == []
    assert records(aws, "Z0123456789EXAMPLE01") == []
