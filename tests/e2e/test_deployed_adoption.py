"""Identities that were there before: taken over by a deployment, and left as they were found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "adopt.yaml"
HERE, THERE = REGIONS = ("eu-west-1", "eu-central-1")
ZONE = "Z0123456789EXAMPLE01"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


def identity(aws: LocalAws, region: str, name: str) -> dict[str, Any]:
    return aws.client("sesv2", region).get_email_identity(EmailIdentity=name)


def notifications(aws: LocalAws, region: str, name: str) -> dict[str, Any]:
    answer = aws.client("ses", region).get_identity_notification_attributes(Identities=[name])
    return answer["NotificationAttributes"][name]


def settings(aws: LocalAws, region: str, name: str) -> dict[str, Any]:
    """Everything at an identity that a deployment could change."""
    found = identity(aws, region, name)
    return {
        "mail_from": found["MailFromAttributes"].get("MailFromDomain"),
        "on_mx_failure": found["MailFromAttributes"].get("BehaviorOnMxFailure"),
        "set": found.get("ConfigurationSetName"),
        "tokens": found["DkimAttributes"].get("Tokens"),
        "signing": found["DkimAttributes"].get("SigningEnabled"),
        "tags": found["Tags"],
        "notifications": notifications(aws, region, name),
    }


def records(aws: LocalAws) -> set[tuple[str, str, tuple[str, ...]]]:
    found = aws.client("route53", HERE).list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    return {
        (one["Name"], one["Type"], tuple(value["Value"] for value in one["ResourceRecords"]))
        for one in found
        if one["Type"] not in ("NS", "SOA")
    }


@pytest.fixture(scope="module")
def theirs(aws: LocalAws) -> dict[tuple[str, str], dict[str, Any]]:
    """What somebody made by hand, in both Regions, and what it was like: the domain and a topic that hears of it."""
    for region in REGIONS:
        aws.verify("example.com", region)
        topic = aws.client("sns", region).create_topic(Name="their-bounces")["TopicArn"]
        ses, sesv2 = aws.client("ses", region), aws.client("sesv2", region)
        sesv2.create_configuration_set(ConfigurationSetName="theirs")
        sesv2.put_email_identity_configuration_set_attributes(
            EmailIdentity="example.com", ConfigurationSetName="theirs"
        )
        sesv2.put_email_identity_mail_from_attributes(
            EmailIdentity="example.com",
            MailFromDomain="old-bounce.example.com",
            BehaviorOnMxFailure="REJECT_MESSAGE",
        )
        arn = f"arn:aws:ses:{region}:{aws.account}:identity/example.com"
        sesv2.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "shop"}])
        for kind in ("Bounce", "Complaint"):
            ses.set_identity_notification_topic(Identity="example.com", NotificationType=kind, SnsTopic=topic)
        ses.set_identity_feedback_forwarding_enabled(Identity="example.com", ForwardingEnabled=False)
    aws.verify("example.net", HERE)
    return {
        (region, name): settings(aws, region, name)
        for region, name in ((HERE, "example.com"), (THERE, "example.com"), (HERE, "example.net"))
    }


@pytest.fixture(scope="module")
def before(aws: LocalAws, theirs: object) -> set[tuple[str, str, tuple[str, ...]]]:
    return records(aws)


@pytest.fixture(scope="module")
def deployment(
    aws: LocalAws, theirs: object, before: object, tmp_path_factory: pytest.TempPathFactory
) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    cdk = Cdk(aws, project=ROOT, config=file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def test_the_keys_of_a_domain_stay_and_its_settings_are_those_of_the_configuration(
    aws: LocalAws, deployment: Cdk, theirs: dict[tuple[str, str], dict[str, Any]]
) -> None:
    for region in REGIONS:
        now = settings(aws, region, "example.com")
        assert now["tokens"] == theirs[region, "example.com"]["tokens"]
        assert (now["mail_from"], now["on_mx_failure"], now["set"]) == (
            "bounce.example.com",
            "USE_DEFAULT_VALUE",
            "mail-sending",
        )
        assert now["notifications"]["BounceTopic"].endswith(":mail-feedback")
        assert {"Key": "team", "Value": "shop"} in now["tags"]


def test_the_records_are_those_that_were_there_and_what_was_missing(
    aws: LocalAws, deployment: Cdk, before: set[tuple[str, str, tuple[str, ...]]]
) -> None:
    added = records(aws) - before
    assert before <= records(aws)
    assert {(name, kind) for name, kind, _ in added} == {
        ("bounce.example.com.", "MX"),
        ("bounce.example.com.", "TXT"),
        ("_dmarc.example.com.", "TXT"),
    }


def test_a_domain_of_one_region_lends_its_keys_to_the_other(aws: LocalAws, deployment: Cdk) -> None:
    parent, replica = (identity(aws, region, "example.net")["DkimAttributes"] for region in REGIONS)
    assert replica["SigningAttributesOrigin"] == "AWS_SES_EU_WEST_1"
    assert replica["Tokens"] == parent["Tokens"]


def test_mail_flows_and_a_bounce_is_told_on_our_topic(aws: LocalAws, deployment: Cdk) -> None:
    assert deployment.config is not None
    for region in REGIONS:
        journey = RegionJourney(aws, config.load(deployment.config), region)
        with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
            sent = journey.send(sender="shop@example.com", recipient="bounce@simulator.amazonses.com")
            note = wait_for(lambda note, sent=sent: note.get("mail", {}).get("messageId") == sent, "bounce")
        assert note["notificationType"] == "Bounce"


def test_an_identity_that_a_stack_holds_is_not_taken_over_by_another(
    aws: LocalAws, deployment: Cdk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("other") / "ses-regions.yaml"
    file.write_text(
        f"name: other\nregions: [{HERE}]\ndomains:\n  - name: example.com\n    adopt: true\n",
        encoding="utf-8",
    )
    was = settings(aws, HERE, "example.com")
    with pytest.raises(LocalAwsError, match=r"example\.com is held by stack Mail-eu-west-1 already"):
        Cdk(aws, project=ROOT, config=file).deploy()
    assert settings(aws, HERE, "example.com") == was


def test_taking_adopt_out_fails_and_changes_nothing(aws: LocalAws, deployment: Cdk) -> None:
    """And with it CloudFormation's own identity is not given one that is there already."""
    assert deployment.config is not None
    text = deployment.config.read_text(encoding="utf-8")
    was = settings(aws, HERE, "example.com")
    deployment.config.write_text(text.replace("    adopt: true\n", "", 1), encoding="utf-8")
    with pytest.raises(LocalAwsError, match="already exist"):
        deployment.deploy(f"Mail-{HERE}")
    deployment.config.write_text(text, encoding="utf-8")
    assert settings(aws, HERE, "example.com") == was


def test_destroying_leaves_what_was_there_as_it_was_and_takes_the_rest(
    aws: LocalAws,
    deployment: Cdk,
    theirs: dict[tuple[str, str], dict[str, Any]],
    before: set[tuple[str, str, tuple[str, ...]]],
) -> None:
    deployment.destroy()
    for (region, name), was in theirs.items():
        assert settings(aws, region, name) == was
    assert records(aws) == before
    there = aws.client("sesv2", THERE).list_email_identities()["EmailIdentities"]
    assert [one["IdentityName"] for one in there] == ["example.com"]
    assert "alerts@example.org" not in {
        one["IdentityName"] for one in aws.client("sesv2", HERE).list_email_identities()["EmailIdentities"]
    }
