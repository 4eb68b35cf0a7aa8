"""Zones that CloudFormation cannot write: one of another account, and one whose records are there already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.errors import LocalAwsError
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "dns-role.yaml"
REGIONS = ("eu-west-1", "us-east-1")
DNS_ACCOUNT = "222222222222"
OURS = "Z0123456789EXAMPLE02"

Values = dict[tuple[str, str], tuple[int, list[str]]]
BEFORE: Values = {
    ("_dmarc.example.net.", "TXT"): (3600, ['"v=DMARC1; p=none; rua=mailto:old@example.net"']),
    ("eu-west-1.bounce.example.net.", "MX"): (60, ["10 feedback-smtp.eu-west-1.amazonses.com"]),
    ("www.example.net.", "CNAME"): (60, ["example.net"]),
}
THEIRS = ("_dmarc.example.com.", "TXT", '"v=DMARC1; p=none"')


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones={OURS: "example.net"}) as local:
        yield local


@pytest.fixture(scope="module")
def dns_account(aws: LocalAws) -> Clients:
    """Root of the account that has the zone of example.com."""
    return Clients(aws.endpoint_url, access_key_id=DNS_ACCOUNT)


@pytest.fixture(scope="module")
def zone_id(dns_account: Clients) -> str:
    route53 = dns_account("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="mail")["HostedZone"]
    return zone["Id"].rpartition("/")[2]


@pytest.fixture(scope="module")
def role_arn(aws: LocalAws, dns_account: Clients, zone_id: str) -> str:
    """The role of the page about DNS, as the stack of the page makes it."""
    page = (ROOT / "docs" / "dns.md").read_text(encoding="utf-8")
    template = re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)[0]
    template = template.replace("111111111111", aws.account).replace("Z0123456789EXAMPLE01", zone_id)
    cloudformation = dns_account("cloudformation", "us-east-1")
    cloudformation.create_stack(StackName="Dns", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="Dns", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return dns_account("iam", "us-east-1").get_role(RoleName="mail-dns")["Role"]["Arn"]


@pytest.fixture(scope="module")
def before(aws: LocalAws) -> Values:
    """What is in our zone before anything is deployed."""
    for (name, kind), (ttl, values) in BEFORE.items():
        put(aws.client("route53", "us-east-1"), OURS, name, kind, *values, ttl=ttl)
    return BEFORE


@pytest.fixture(scope="module")
def deployment(
    aws: LocalAws, zone_id: str, role_arn: str, before: Values, tmp_path_factory: pytest.TempPathFactory
) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    cdk = Cdk(aws, project=ROOT, config=file)
    write(file, zone_id)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def write(file: Path, zone_id: str, **changes: Any) -> None:
    """Write the example with the zone as Route 53 called it; its first domain without DMARC, with the changes."""
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8").replace("Z0123456789EXAMPLE01", zone_id))
    del data["domains"][0]["dmarc"]
    data["domains"][0] |= changes
    file.write_text(yaml.safe_dump(data), encoding="utf-8")


def put(route53: Any, zone: str, name: str, kind: str, *values: str, ttl: int = 60) -> None:
    record = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": one} for one in values]}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def records(route53: Any, zone: str) -> Values:
    """All records of a zone but those of the zone itself."""
    return {
        (one["Name"], one["Type"]): (one["TTL"], [value["Value"] for value in one["ResourceRecords"]])
        for one in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if one["Type"] not in ("NS", "SOA")
    }


def identity(aws: LocalAws, region: str, domain: str) -> dict[str, Any]:
    return aws.client("sesv2", region).get_email_identity(EmailIdentity=domain)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("domain", ["example.com", "example.net"])
def test_the_domain_is_verified_in_each_region(
    aws: LocalAws, deployment: Cdk, region: str, domain: str
) -> None:
    found = identity(aws, region, domain)
    assert (found["VerifiedForSendingStatus"], found["DkimAttributes"]["Status"]) == (True, "SUCCESS")
    assert found["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"


def test_the_zone_of_the_other_account_has_every_record_of_its_domain(
    aws: LocalAws, dns_account: Clients, zone_id: str, deployment: Cdk
) -> None:
    found = records(dns_account("route53", "us-east-1"), zone_id)
    tokens = {
        (f"{token}._domainkey.example.com.", "CNAME")
        for region in REGIONS
        for token in identity(aws, region, "example.com")["DkimAttributes"]["Tokens"]
    }
    shared = {("bounce.example.com.", "MX"), ("bounce.example.com.", "TXT")}
    assert len(tokens) == 6
    assert set(found) == tokens | shared


def test_the_account_of_the_mail_cannot_touch_that_zone_by_itself(
    aws: LocalAws, zone_id: str, role_arn: str, deployment: Cdk
) -> None:
    route53 = aws.client("route53", "us-east-1")
    with pytest.raises(route53.exceptions.NoSuchHostedZone):
        route53.list_resource_record_sets(HostedZoneId=zone_id)
    sts = aws.client("sts", "us-east-1")
    with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role_arn, RoleSessionName="deployer")


def test_what_was_there_is_replaced_and_the_rest_stays(aws: LocalAws, deployment: Cdk) -> None:
    found = records(aws.client("route53", "us-east-1"), OURS)
    assert found["_dmarc.example.net.", "TXT"] == (300, ['"v=DMARC1; p=quarantine"'])
    for key in (("eu-west-1.bounce.example.net.", "MX"), ("www.example.net.", "CNAME")):
        assert found[key] == BEFORE[key]


def test_bounces_move_by_a_change_of_one_record_through_the_role(
    aws: LocalAws, dns_account: Clients, zone_id: str, deployment: Cdk
) -> None:
    assert deployment.config is not None
    route53 = dns_account("route53", "us-east-1")
    first = records(route53, zone_id)
    data = yaml.safe_load(deployment.config.read_text(encoding="utf-8"))
    deployment.config.write_text(yaml.safe_dump({**data, "mail_from_region": "us-east-1"}), encoding="utf-8")
    deployment.deploy("Mail-shared-dns")
    second = records(route53, zone_id)
    assert {key for key in first | second if first.get(key) != second.get(key)} == {
        ("bounce.example.com.", "MX")
    }
    assert second["bounce.example.com.", "MX"][1] == ["10 feedback-smtp.us-east-1.amazonses.com"]


def test_a_record_of_somebody_else_stops_the_deployment_and_stays(
    dns_account: Clients, zone_id: str, deployment: Cdk
) -> None:
    assert deployment.config is not None
    route53 = dns_account("route53", "us-east-1")
    put(route53, zone_id, *THEIRS)
    first = records(route53, zone_id)
    write(deployment.config, zone_id, dmarc={"policy": "reject"})
    with pytest.raises(
        LocalAwsError, match=r"record _dmarc\.example\.com TXT in zone \w+ is there already and"
    ):
        deployment.deploy("Mail-shared-dns", "--exclusively")
    assert records(route53, zone_id) == first
    write(deployment.config, zone_id)


def test_destroying_takes_away_ours_and_gives_back_what_was_there(
    aws: LocalAws, dns_account: Clients, zone_id: str, deployment: Cdk
) -> None:
    deployment.destroy()
    assert records(aws.client("route53", "us-east-1"), OURS) == BEFORE
    assert set(records(dns_account("route53", "us-east-1"), zone_id)) == {THEIRS[:2]}
