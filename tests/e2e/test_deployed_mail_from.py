"""MAIL FROM domains, deployed: shared and one a Region, several domains in two zones, and the bounces that move."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from email.mime.multipart import MIMEMultipart
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
import yaml

from cdk_ses_regions import config, regions
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.journey import RegionJourney
from cdk_ses_regions.local.smtp import reports
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "mail-from.yaml"
REGIONS = ("eu-west-1", "us-east-1")
COM, NET = "Z0123456789EXAMPLE01", "Z0123456789EXAMPLE02"
MAIL_FROM = {
    "example.com": "bounce.example.com",
    "news.example.com": "bounce.news.example.com",
    "example.net": "{region}.bounce.example.net",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    cdk = Cdk(aws, project=ROOT, config=file)
    write(file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def write(file: Path | None, **changes: Any) -> None:
    assert file is not None
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**data, **changes}), encoding="utf-8")


def journey(aws: LocalAws, deployment: Cdk, region: str) -> RegionJourney:
    assert deployment.config is not None
    return RegionJourney(aws, config.load(deployment.config), region)


def records(aws: LocalAws, zone: str) -> dict[tuple[str, str], list[str]]:
    sets = aws.client("route53", REGIONS[0]).list_resource_record_sets(HostedZoneId=zone)
    return {
        (one["Name"], one["Type"]): [value["Value"] for value in one["ResourceRecords"]]
        for one in sets["ResourceRecordSets"]
        if one["Type"] not in ("NS", "SOA")
    }


def bounce(aws: LocalAws, to: str, recipient: str) -> str:
    """Bounce a mail as a server elsewhere does, to where the MX leads; return the Region that took it."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], aws.dns_port
    [mx] = resolver.resolve(to.rpartition("@")[2], "MX")
    host = str(mx.exchange).rstrip(".")
    [region] = [one.name for one in regions.all_regions() if one.feedback == host]
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"], report["Subject"] = "MAILER-DAEMON@mx.elsewhere.example", "Undeliverable"
    fields = {"Final-Recipient": f"rfc822; {recipient}", "Action": "failed", "Status": "5.1.1"}
    report.attach(reports.delivery_status("mx.elsewhere.example", [fields]))
    report.attach(reports.original_headers(b"Subject: Hello\r\n\r\n"))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", aws.feedback_ports[region], timeout=60) as smtp:
        smtp.starttls(context=context)
        smtp.sendmail("", [to], report.as_bytes())
    return region


def bounced(aws: LocalAws, deployment: Cdk, region: str, domain: str, recipient: str) -> tuple[str, str]:
    """Send a mail that bounces; return its MAIL FROM domain and the Region that took the bounce and had it told."""
    here = journey(aws, deployment, region)
    with here.listening(here.outputs["FeedbackTopicArn"]) as wait_for:
        message_id = here.send(sender=f"hello@{domain}", recipient=recipient)
        [mail] = [one for one in aws.outbox if recipient in one.recipients]
        taken_by = bounce(aws, mail.envelope_sender, recipient)
        wait_for(lambda told: told.get("mail", {}).get("messageId") == message_id, "bounce")
    return mail.envelope_sender.rpartition("@")[2], taken_by


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("domain", MAIL_FROM)
def test_every_domain_is_verified_with_its_own_mail_from_domain(
    aws: LocalAws, deployment: Cdk, domain: str, region: str
) -> None:
    identity = aws.client("sesv2", region).get_email_identity(EmailIdentity=domain)
    assert (identity["VerifiedForSendingStatus"], identity["DkimAttributes"]["Status"]) == (True, "SUCCESS")
    assert identity["MailFromAttributes"] == {
        "MailFromDomain": MAIL_FROM[domain].format(region=region),
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": "REJECT_MESSAGE" if domain == "example.net" else "USE_DEFAULT_VALUE",
    }


def test_a_subdomain_has_its_records_in_the_zone_of_its_parent(aws: LocalAws, deployment: Cdk) -> None:
    found = records(aws, COM)
    kinds = [name for name, kind in found if kind == "CNAME"]
    assert len([name for name in kinds if name.endswith("._domainkey.example.com.")]) == 6
    assert len([name for name in kinds if name.endswith("._domainkey.news.example.com.")]) == 6
    assert found["bounce.news.example.com.", "MX"] == ["10 feedback-smtp.us-east-1.amazonses.com"]


def test_each_region_has_a_name_of_its_own_where_the_configuration_says_so(
    aws: LocalAws, deployment: Cdk
) -> None:
    assert {key: values for key, values in records(aws, NET).items() if key[1] == "MX"} == {
        (f"{region}.bounce.example.net.", "MX"): [f"10 feedback-smtp.{region}.amazonses.com"]
        for region in REGIONS
    }


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("domain", MAIL_FROM)
def test_a_bounce_is_told_in_the_region_that_sent_whichever_takes_it(
    aws: LocalAws, deployment: Cdk, domain: str, region: str
) -> None:
    recipient = f"gone-{region}-{domain}@elsewhere.example"
    taken_by = region if domain == "example.net" else "us-east-1"
    assert bounced(aws, deployment, region, domain, recipient) == (
        MAIL_FROM[domain].format(region=region),
        taken_by,
    )


def test_without_its_mx_a_domain_that_rejects_sends_nothing(aws: LocalAws, deployment: Cdk) -> None:
    route53, name = aws.client("route53", "eu-west-1"), "eu-west-1.bounce.example.net."
    [mx] = [
        one
        for one in route53.list_resource_record_sets(HostedZoneId=NET)["ResourceRecordSets"]
        if (one["Name"], one["Type"]) == (name, "MX")
    ]

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": mx}]}
        route53.change_resource_record_sets(HostedZoneId=NET, ChangeBatch=batch)

    change("DELETE")
    here = journey(aws, deployment, "eu-west-1")
    with pytest.raises(aws.client("sesv2", "eu-west-1").exceptions.MailFromDomainNotVerifiedException):
        here.send(sender="hello@example.net", recipient="jane@elsewhere.example")
    assert here.send(sender="hello@example.com", recipient="jane@elsewhere.example")
    change("CREATE")
    assert here.send(sender="hello@example.net", recipient="jane@elsewhere.example")


def test_moving_the_bounces_changes_the_shared_mx_and_nothing_else(aws: LocalAws, deployment: Cdk) -> None:
    before = {zone: records(aws, zone) for zone in (COM, NET)}
    write(deployment.config, mail_from_region="eu-west-1")
    deployment.deploy("Mail-shared-dns", "--exclusively")
    after = {zone: records(aws, zone) for zone in (COM, NET)}
    moved = {key for key in before[COM] if after[COM][key] != before[COM][key]}
    assert moved == {("bounce.example.com.", "MX"), ("bounce.news.example.com.", "MX")}
    assert {*map(tuple, (after[COM][key] for key in moved))} == {
        ("10 feedback-smtp.eu-west-1.amazonses.com",)
    }
    assert (after[COM].keys(), after[NET]) == (before[COM].keys(), before[NET])
    assert bounced(aws, deployment, "us-east-1", "example.com", "moved@elsewhere.example") == (
        "bounce.example.com",
        "eu-west-1",
    )


def test_records_that_cloudformation_has_written_are_not_adopted_and_stay(
    aws: LocalAws, deployment: Cdk
) -> None:
    before = records(aws, COM)
    domains = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["domains"]
    domains[0]["adopt"] = True
    write(deployment.config, mail_from_region="eu-west-1", domains=domains)
    with pytest.raises(LocalAwsError, match="is written by this very stack without role and adoption"):
        deployment.deploy("Mail-shared-dns", "--exclusively")
    assert records(aws, COM) == before
    write(deployment.config, mail_from_region="eu-west-1")


def test_destroying_leaves_no_record(aws: LocalAws, deployment: Cdk) -> None:
    deployment.destroy()
    assert (records(aws, COM), records(aws, NET)) == ({}, {})
