"""What changes after the first deployment: one Region alone, another's rule set, and the end of it all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.journey import RegionJourney
from tests.e2e.conftest import EXAMPLE, ROOT

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")


def write(path: Path, **changes: object) -> Path:
    """Write the example with another domain and the changes."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("example.com", "example.org")
    path.write_text(yaml.safe_dump({**yaml.safe_load(text), **changes}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def other() -> Iterator[LocalAws]:
    """A local AWS of its own: these tests end with everything destroyed."""
    with LocalAws.start(REGIONS, hosted_zones={"Z0123456789EXAMPLE01": "example.org"}) as local:
        yield local


@pytest.fixture(scope="module")
def other_cdk(other: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    path = write(tmp_path_factory.mktemp("configuration") / "ses-regions.yaml")
    cdk = Cdk(other, project=ROOT, config=path)
    cdk.bootstrap()
    return cdk


def active(local: LocalAws, region: str) -> str:
    answer = local.client("ses", region).describe_active_receipt_rule_set()
    return answer.get("Metadata", {}).get("Name", "")


def test_someone_elses_active_rule_set_stops_the_deployment_and_stays_active(
    other: LocalAws, other_cdk: Cdk
) -> None:
    ses = other.client("ses", "us-west-2")
    ses.create_receipt_rule_set(RuleSetName="somebody-elses")
    ses.set_active_receipt_rule_set(RuleSetName="somebody-elses")
    with pytest.raises(LocalAwsError, match="somebody-elses' is active in this Region"):
        other_cdk.deploy("Email-shared-dns", "Email-us-west-2")
    assert active(other, "us-west-2") == "somebody-elses"


def test_it_is_taken_over_when_the_configuration_says_so(other: LocalAws, other_cdk: Cdk) -> None:
    other.client("cloudformation", "us-west-2").delete_stack(StackName="Email-us-west-2")
    assert other_cdk.config is not None
    write(other_cdk.config, receiving={"take_over": True})
    other_cdk.deploy()
    assert [active(other, region) for region in REGIONS] == ["email-received"] * 3


def test_one_region_changes_and_is_deployed_alone(other: LocalAws, other_cdk: Cdk) -> None:
    assert other_cdk.config is not None
    write(other_cdk.config, receiving={"take_over": True, "retention_days": 30})
    output = other_cdk.deploy("Email-eu-west-1")
    settings = config.load(other_cdk.config)
    days = {}
    for region in REGIONS:
        journey = RegionJourney(other, settings, region)
        bucket = journey.outputs["MailBucketName"]
        [rule] = journey.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        days[region] = rule.get("Expiration", {}).get("Days")
    assert days == {"us-east-1": None, "us-west-2": None, "eu-west-1": 30}
    assert "Email-us-west-2: deploying" not in output


def test_destroying_gives_back_what_was_active_and_leaves_only_mail_and_keys(
    other: LocalAws, other_cdk: Cdk
) -> None:
    assert other_cdk.config is not None
    settings = config.load(other_cdk.config)
    journeys = [RegionJourney(other, settings, region) for region in REGIONS]
    kept = {journey.outputs["MailBucketName"] for journey in journeys}
    keys = [(journey, journey.outputs["KeyArn"]) for journey in journeys]

    other_cdk.destroy()

    assert [active(other, region) for region in REGIONS] == ["", "somebody-elses", ""]
    zone = other.client("route53", "us-east-1").list_resource_record_sets(HostedZoneId="Z0123456789EXAMPLE01")
    assert {record["Type"] for record in zone["ResourceRecordSets"]} <= {"NS", "SOA"}
    for region in REGIONS:
        assert stacks(other, region) == ["CDKToolkit"]
        assert other.client("sesv2", region).list_email_identities()["EmailIdentities"] == []
        assert other.client("sns", region).list_topics()["Topics"] == []
        assert other.client("lambda", region).list_functions()["Functions"] == []
        assert other.client("sqs", region).list_queues().get("QueueUrls", []) == []
    buckets = {bucket["Name"] for bucket in other.client("s3", "us-east-1").list_buckets()["Buckets"]}
    assert {name for name in buckets if not name.startswith("cdk-")} == kept
    for journey, key in keys:
        assert journey.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def stacks(local: LocalAws, region: str) -> list[str]:
    summaries = local.client("cloudformation", region).list_stacks()["StackSummaries"]
    return [stack["StackName"] for stack in summaries if stack["StackStatus"] != "DELETE_COMPLETE"]


def test_empty_buckets_and_their_keys_go_too_when_the_configuration_says_so(
    other: LocalAws, other_cdk: Cdk
) -> None:
    assert other_cdk.config is not None
    write(other_cdk.config, receiving={"on_removal": "destroy"})
    other_cdk.deploy("Email-eu-west-1")
    journey = RegionJourney(other, config.load(other_cdk.config), "eu-west-1")
    bucket, key = journey.outputs["MailBucketName"], journey.outputs["KeyArn"]

    other_cdk.destroy("Email-eu-west-1")

    buckets = {one["Name"] for one in other.client("s3", "us-east-1").list_buckets()["Buckets"]}
    assert bucket not in buckets
    assert journey.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
