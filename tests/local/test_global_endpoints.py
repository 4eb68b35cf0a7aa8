"""Global endpoints: made in one Region, and mail that goes out through both, signed with SigV4A and held to IAM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, policy, unique

from cdk_ses_regions.local.clients import Clients

CONTENT = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}}
Endpoint = dict[str, Any]


def routes(*regions: str) -> dict[str, Any]:
    return {"RoutesDetails": [{"Region": region} for region in regions]}


def ready(region: Region, name: str) -> Endpoint:
    for _ in range(100):
        found = region.sesv2.get_multi_region_endpoint(EndpointName=name)
        if found["Status"] == "READY":
            return found
        time.sleep(0.1)
    raise AssertionError(name)


@pytest.fixture
def endpoint(here: Region, there: Region) -> Iterator[Endpoint]:
    name = unique("endpoint")
    here.sesv2.create_multi_region_endpoint(EndpointName=name, Details=routes(there.name))
    yield ready(here, name)
    here.sesv2.delete_multi_region_endpoint(EndpointName=name)


@pytest.fixture
def domain(here: Region, there: Region) -> str:
    """A domain that is verified in both Regions."""
    return there.verified_domain(here.verified_domain(a_domain()))


def send(
    ses: Any, endpoint: Endpoint, domain: str, to: str = "someone@elsewhere.example", **more: Any
) -> str:
    return ses.send_email(
        EndpointId=endpoint["EndpointId"],
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": [to]},
        Content=CONTENT,
        **more,
    )["MessageId"]


def left_from(region: Region, message_id: str) -> str:
    [mail] = [mail for mail in region.local.sent if mail.message_id == message_id]
    return mail.region


def test_an_endpoint_takes_a_moment_to_be_ready_and_is_not_deleted_before(
    here: Region, there: Region
) -> None:
    name = unique("endpoint")
    made = here.sesv2.create_multi_region_endpoint(EndpointName=name, Details=routes(there.name))
    assert made["Status"] == "CREATING"
    with pytest.raises(here.sesv2.exceptions.ConcurrentModificationException):
        here.sesv2.delete_multi_region_endpoint(EndpointName=name)
    found = ready(here, name)
    assert found["EndpointId"] == made["EndpointId"]
    assert [one["Region"] for one in found["Routes"]] == [here.name, there.name]
    listed = here.sesv2.list_multi_region_endpoints()["MultiRegionEndpoints"]
    assert [one["Regions"] for one in listed if one["EndpointName"] == name] == [[here.name, there.name]]
    here.sesv2.delete_multi_region_endpoint(EndpointName=name)
    with pytest.raises(here.sesv2.exceptions.NotFoundException):
        here.sesv2.get_multi_region_endpoint(EndpointName=name)


def test_an_endpoint_is_known_in_its_first_region_only(there: Region, endpoint: Endpoint) -> None:
    with pytest.raises(there.sesv2.exceptions.NotFoundException):
        there.sesv2.get_multi_region_endpoint(EndpointName=endpoint["EndpointName"])


@pytest.mark.parametrize("regions", [(), ("us-west-2",), ("eu-wst-1",), ("eu-west-1", "us-east-1")], ids=repr)
def test_an_endpoint_has_one_other_region_that_has_ses(here: Region, regions: tuple[str, ...]) -> None:
    assert here.name == "us-west-2"
    with pytest.raises(here.sesv2.exceptions.BadRequestException, match="Exactly one secondary region"):
        here.sesv2.create_multi_region_endpoint(EndpointName=unique("endpoint"), Details=routes(*regions))


def test_a_name_is_taken_once(here: Region, there: Region, endpoint: Endpoint) -> None:
    with pytest.raises(here.sesv2.exceptions.AlreadyExistsException):
        here.sesv2.create_multi_region_endpoint(
            EndpointName=endpoint["EndpointName"], Details=routes(there.name)
        )


def test_mail_goes_out_through_both_regions(
    here: Region, there: Region, endpoint: Endpoint, domain: str
) -> None:
    sent = [send(here.sesv2, endpoint, domain, f"{number}@elsewhere.example") for number in range(12)]
    assert {left_from(here, one) for one in sent} == {here.name, there.name}


def test_what_one_region_lacks_only_the_mail_that_goes_through_it_misses(
    here: Region, endpoint: Endpoint
) -> None:
    alone = here.verified_domain()
    results: set[str] = set()
    for number in range(12):
        try:
            results.add(left_from(here, send(here.sesv2, endpoint, alone, f"{number}@elsewhere.example")))
        except here.sesv2.exceptions.MessageRejected as error:
            results.add(str(error).partition("check in region ")[2].partition(":")[0])
    assert results == {"us-west-2", "EU-WEST-1"}


def test_an_endpoint_that_is_none_takes_no_mail(here: Region, domain: str) -> None:
    with pytest.raises(here.sesv2.exceptions.NotFoundException, match=r"abcdef12\.g3h"):
        send(here.sesv2, {"EndpointId": "abcdef12.g3h"}, domain)


def test_a_signature_with_another_secret_is_refused(here: Region, endpoint: Endpoint, domain: str) -> None:
    key = here.client("iam").create_access_key(UserName="deployer")["AccessKey"]
    try:
        liar = Clients(here.local.endpoint_url, access_key_id=key["AccessKeyId"], secret_access_key="x" * 40)
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            send(liar("sesv2", here.name), endpoint, domain)
    finally:
        here.client("iam").delete_access_key(UserName="deployer", AccessKeyId=key["AccessKeyId"])


def test_iam_holds_a_sender_to_the_endpoint_and_the_identity_of_either_region(
    here: Region, there: Region, endpoint: Endpoint, domain: str
) -> None:
    iam, name = here.client("iam"), unique("mailer")
    iam.create_user(UserName=name)
    statement = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": [region.arn("ses", f"identity/{domain}") for region in (here, there)],
        "Condition": {"StringEquals": {"ses:MultiRegionEndpointId": endpoint["EndpointId"]}},
    }
    iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=policy(statement))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    clients = Clients(
        here.local.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    ses = clients("sesv2", here.name)
    for number in range(6):
        assert send(ses, endpoint, domain, f"{number}@elsewhere.example")
    with pytest.raises(ClientError, match="AccessDenied"):
        ses.send_email(
            FromEmailAddress=f"news@{domain}",
            Destination={"ToAddresses": ["someone@elsewhere.example"]},
            Content=CONTENT,
        )
    with pytest.raises(ClientError, match="AccessDenied"):
        ses.get_multi_region_endpoint(EndpointName=endpoint["EndpointName"])
    statement["Resource"] = [here.arn("ses", f"identity/{domain}")]
    iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=policy(statement))
    results: set[str] = set()
    for number in range(12):
        try:
            results.add(left_from(here, send(ses, endpoint, domain, f"again-{number}@elsewhere.example")))
        except ClientError as error:
            results.add(error.response.get("Error", {}).get("Code", ""))
    assert results == {here.name, "AccessDeniedException"}
