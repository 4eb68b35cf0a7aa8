"""A global endpoint: made when both Regions are alike, known by its id, and sending while one of them is down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.errors import LocalAwsError
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "global-endpoint.yaml"
FIRST, SECOND, THIRD = REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
STACK, NAME = "Global-global-endpoint", "global-with-eu-west-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    cdk = Cdk(aws, project=ROOT, config=file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def stack(aws: LocalAws) -> dict[str, Any]:
    return aws.client("cloudformation", FIRST).describe_stacks(StackName=STACK)["Stacks"][0]


def endpoint_id(aws: LocalAws) -> str:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack(aws)["Outputs"]}
    assert outputs["EndpointName"] == NAME
    return outputs["EndpointId"]


def send(aws: LocalAws, recipient: str) -> str:
    """Send through the endpoint; return the Region that the mail left from."""
    message_id = aws.client("sesv2", FIRST).send_email(
        EndpointId=endpoint_id(aws),
        FromEmailAddress="news@example.com",
        ConfigurationSetName="global-sending",
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )["MessageId"]
    [mail] = [mail for mail in aws.outbox if mail.message_id == message_id]
    return mail.region


def test_the_endpoint_is_ready_and_its_id_is_an_output(aws: LocalAws, deployment: Cdk) -> None:
    found = aws.client("sesv2", FIRST).get_multi_region_endpoint(EndpointName=NAME)
    assert found["Status"] == "READY"
    assert found["EndpointId"] == endpoint_id(aws)
    assert [one["Region"] for one in found["Routes"]] == [FIRST, SECOND]
    assert aws.client("sesv2", SECOND).list_multi_region_endpoints()["MultiRegionEndpoints"] == []


def test_mail_goes_out_through_both_regions_and_no_third(aws: LocalAws, deployment: Cdk) -> None:
    assert {send(aws, f"customer-{number}@far.example") for number in range(12)} == {FIRST, SECOND}


@pytest.mark.parametrize(("down", "other"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_while_one_region_is_down_all_mail_goes_out_through_the_other(
    aws: LocalAws, deployment: Cdk, down: str, other: str
) -> None:
    through = endpoint_id(aws)
    aws.control.fault("down", down)
    try:
        for number in range(4):
            aws.client("sesv2", other).send_email(
                EndpointId=through,
                FromEmailAddress="news@example.com",
                Destination={"ToAddresses": [f"{down}-{number}@far.example"]},
                Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
            )
    finally:
        aws.control.clear_faults()
    sent = [mail for mail in aws.outbox if mail.recipients[0].startswith(down)]
    assert [mail.region for mail in sent] == [other] * 4


def test_while_both_regions_are_down_no_mail_is_taken(aws: LocalAws, deployment: Cdk) -> None:
    through, sent = endpoint_id(aws), len(aws.sent)
    for region in (FIRST, SECOND):
        aws.control.fault("down", region)
    try:
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            aws.client("sesv2", THIRD).send_email(
                EndpointId=through,
                FromEmailAddress="news@example.com",
                Destination={"ToAddresses": ["nobody@far.example"]},
                Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
            )
    finally:
        aws.control.clear_faults()
    assert len(aws.sent) == sent


def test_regions_that_are_no_longer_alike_stop_a_change_and_the_endpoint_stays(
    aws: LocalAws, deployment: Cdk
) -> None:
    assert deployment.config is not None
    before, ses = endpoint_id(aws), aws.client("sesv2", SECOND)
    policy = ses.get_email_identity_policies(EmailIdentity="example.com")["Policies"]["global-agency"]
    ses.delete_email_identity_policy(EmailIdentity="example.com", PolicyName="global-agency")
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    data["addresses"] = ["alerts@example.org"]
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(LocalAwsError, match=r"eu-west-1 has no policy global-agency of example\.com"):
        deployment.deploy(STACK)
    assert stack(aws)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert endpoint_id(aws) == before

    ses.create_email_identity_policy(
        EmailIdentity="example.com", PolicyName="global-agency", Policy=json.dumps(json.loads(policy))
    )
    deployment.deploy(STACK)
    assert endpoint_id(aws) == before


def test_another_second_region_is_another_endpoint(aws: LocalAws, deployment: Cdk) -> None:
    assert deployment.config is not None
    data = yaml.safe_load(deployment.config.read_text(encoding="utf-8"))
    data["global_endpoint"]["regions"] = [FIRST, THIRD]
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")
    deployment.deploy(STACK)
    [found] = aws.client("sesv2", FIRST).list_multi_region_endpoints()["MultiRegionEndpoints"]
    assert (found["EndpointName"], found["Regions"]) == ("global-with-eu-central-1", [FIRST, THIRD])
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack(aws)["Outputs"]}
    assert outputs["EndpointId"] == found["EndpointId"]


def test_destroying_takes_the_endpoint_too(aws: LocalAws, deployment: Cdk) -> None:
    deployment.destroy()
    for region in REGIONS:
        ses = aws.client("sesv2", region)
        assert ses.list_multi_region_endpoints()["MultiRegionEndpoints"] == []
        assert ses.list_email_identities()["EmailIdentities"] == []
