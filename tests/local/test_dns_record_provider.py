"""The provider's DNS record, carried out against Route 53: written, changed, given back, and nobody else's touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from deployed import Stack, a_role
from dns_record import DnsRecord
from patience import Patience
from provider_fakes import FakeClock
from region import ZONE, Region, a_domain, policy, unique

OTHER_ACCOUNT = "222222222222"
SPF = '"v=spf1 include:amazonses.com ~all"'
THEIRS = '"v=spf1 include:example.net -all"'

Make = Callable[..., DnsRecord]


@pytest.fixture
def make(here: Region, monkeypatch: pytest.MonkeyPatch) -> Make:
    """The resource, as a function in the Region runs it: with a new object for each request."""
    for name, value in here.local.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", here.name)
    config = Config(retries={"total_max_attempts": 1})

    def make(seconds: float = 20, **more: Any) -> DnsRecord:
        return DnsRecord(boto3.client("route53", config=config), Patience(seconds=seconds, **more))

    return make


@pytest.fixture(scope="session")
def stack_id(local: Any) -> str:
    """A stack that has no record."""
    stack = Stack(Region(local, "us-west-2"), unique("records"))
    stack.deploy({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}})
    [found] = stack.region.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    return str(found["StackId"])


@pytest.fixture
def wanted(stack_id: str) -> dict[str, Any]:
    """The SPF record of a domain that nobody else has."""
    return {
        "HostedZoneId": ZONE,
        "Name": f"bounce.{a_domain()}.",
        "Type": "TXT",
        "TTL": "300",
        "Values": [SPF],
        "Adopt": "false",
        "Stack": stack_id,
    }


def found(region: Region, record: dict[str, Any]) -> dict[str, Any] | None:
    sets = region.client("route53").list_resource_record_sets(
        HostedZoneId=record["HostedZoneId"], StartRecordName=record["Name"], StartRecordType=record["Type"]
    )["ResourceRecordSets"]
    return next(
        (one for one in sets if one["Name"] == record["Name"] and one["Type"] == record["Type"]), None
    )


def values(region: Region, record: dict[str, Any]) -> list[str]:
    one = found(region, record)
    return [] if one is None else [value["Value"] for value in one["ResourceRecords"]]


def put(region: Region, record: dict[str, Any], *theirs: str, ttl: int = 60) -> None:
    one = {"Name": record["Name"], "Type": record["Type"], "TTL": ttl}
    one["ResourceRecords"] = [{"Value": value} for value in theirs]
    region.client("route53").change_resource_record_sets(
        HostedZoneId=ZONE, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": one}]}
    )


def test_a_record_is_written_changed_and_taken_away(here: Region, make: Make, wanted: dict[str, Any]) -> None:
    physical_id, _ = make().create(wanted)
    assert values(here, wanted) == [SPF]
    new = {**wanted, "Values": [SPF, '"more"'], "TTL": "60"}
    assert make().update(physical_id, old=wanted, new=new)[0] == physical_id
    assert (values(here, wanted), (found(here, wanted) or {})["TTL"]) == ([SPF, '"more"'], 60)
    make().delete(physical_id, new)
    assert found(here, wanted) is None
    make().delete(physical_id, new)  # a second time does no harm


def test_a_create_that_is_carried_out_twice_succeeds(make: Make, wanted: dict[str, Any]) -> None:
    first, second = (make().create(wanted) for _ in range(2))
    assert first == second


def test_another_record_is_refused_told_and_left_alone(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    put(here, wanted, THEIRS)
    resource = make()
    with pytest.raises(RuntimeError, match=r"TXT in zone Z0LOCAL\d+ is there already and says .*example.net"):
        resource.create(wanted)
    # CloudFormation then deletes what the create would have made.
    make().delete(resource.physical_id(wanted), wanted)
    assert values(here, wanted) == [THEIRS]


def test_a_record_taken_over_comes_back_with_its_ttl(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    put(here, wanted, THEIRS, '"other"', ttl=77)
    adopting = {**wanted, "Adopt": "true"}
    physical_id, _ = make().create(adopting)
    assert values(here, wanted) == [SPF]
    new = {**adopting, "Values": ['"v=spf1 -all"']}
    assert make().update(physical_id, old=adopting, new=new)[0] == physical_id
    make().delete(physical_id, new)
    assert (values(here, wanted), (found(here, wanted) or {})["TTL"]) == ([THEIRS, '"other"'], 77)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("TXT", '"v=DKIM1; p=abcd"', '"v=DKIM1; " "p=abcd"'),
        ("MX", "10 feedback-smtp.us-east-1.amazonses.com", "10 Feedback-SMTP.us-east-1.amazonses.com."),
        ("CNAME", "token.dkim.amazonses.com", "token.dkim.amazonses.com."),
    ],
)
def test_an_equal_record_that_was_there_stays_as_it_was(
    here: Region, make: Make, wanted: dict[str, Any], kind: str, ours: str, theirs: str
) -> None:
    adopting = {**wanted, "Type": kind, "Values": [ours], "Adopt": "true"}
    put(here, adopting, theirs, ttl=77)
    before = found(here, adopting)
    physical_id, _ = make().create(adopting)
    assert found(here, adopting) == before
    make().delete(physical_id, adopting)
    assert found(here, adopting) == before


def test_adoption_without_a_record_makes_one_that_goes_again(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    adopting = {**wanted, "Adopt": "true"}
    physical_id, _ = make().create(adopting)
    make().delete(physical_id, adopting)
    assert found(here, wanted) is None


def test_what_somebody_changed_since_stays(here: Region, make: Make, wanted: dict[str, Any]) -> None:
    physical_id, _ = make().create(wanted)
    put(here, wanted, THEIRS)
    make().delete(physical_id, wanted)
    assert values(here, wanted) == [THEIRS]


def test_a_rollback_writes_the_old_values_and_keeps_the_memory(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    put(here, wanted, THEIRS)
    adopting = {**wanted, "Adopt": "true"}
    new = {**adopting, "Values": ['"v=spf1 -all"']}
    physical_id, _ = make().create(adopting)
    make().update(physical_id, old=adopting, new=new)
    assert make().update(physical_id, old=new, new=adopting)[0] == physical_id
    assert values(here, wanted) == [SPF]
    make().delete(physical_id, adopting)
    assert values(here, wanted) == [THEIRS]


def test_another_name_is_another_record_and_the_old_one_goes_by_its_own_delete(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    new = {**wanted, "Name": f"other.{wanted['Name']}"}
    physical_id, _ = make().create(wanted)
    new_id, _ = make().update(physical_id, old=wanted, new=new)
    assert new_id != physical_id
    make().delete(physical_id, wanted)
    assert (values(here, wanted), values(here, new)) == ([], [SPF])


def test_a_create_that_never_answered_gives_nothing_of_others_away(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    adopting = {**wanted, "Adopt": "true"}
    put(here, wanted, SPF)
    make().delete("an-id-that-cloudformation-made-up", adopting)
    assert values(here, wanted) == [SPF]
    make().delete("an-id-that-cloudformation-made-up", wanted)
    assert values(here, wanted) == []


def test_a_routing_policy_is_refused_even_with_adoption(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    one = {"Name": wanted["Name"], "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": THEIRS}]}
    one |= {"SetIdentifier": "half", "Weight": 1}
    change = {"Action": "CREATE", "ResourceRecordSet": one}
    here.client("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": [change]})
    resource, adopting = make(), {**wanted, "Adopt": "true"}
    with pytest.raises(RuntimeError, match="is an alias or has a routing policy"):
        resource.create(adopting)
    make().delete(resource.physical_id(adopting), adopting)
    assert values(here, wanted) == [THEIRS]


def test_what_is_too_long_to_be_remembered_is_refused_before_anything_changes(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    long = [f'"{unique("x")}{unique("x")}{unique("x")}"' for _ in range(60)]
    put(here, wanted, *long)
    resource, adopting = make(), {**wanted, "Adopt": "true"}
    with pytest.raises(RuntimeError, match="too long to be remembered"):
        resource.create(adopting)
    make().delete(resource.physical_id(adopting), adopting)
    assert values(here, wanted) == long


def test_an_old_dkim_key_of_2048_bits_is_remembered(here: Region, make: Make, wanted: dict[str, Any]) -> None:
    key = "".join(unique("x")[2:] for _ in range(33))  # 396 characters of no pattern, as base64 has
    put(here, wanted, f'"v=DKIM1; p={key[:240]}" "{key[240:]}"')
    before, adopting = found(here, wanted), {**wanted, "Adopt": "true"}
    physical_id, _ = make().create(adopting)
    make().delete(physical_id, adopting)
    assert found(here, wanted) == before


def test_a_zone_that_is_gone_needs_no_delete(make: Make, wanted: dict[str, Any]) -> None:
    gone = {**wanted, "HostedZoneId": "Z0GONE0000000000001"}
    make().delete(f"dns-record/{gone['HostedZoneId']}/{gone['Name']}/TXT/", gone)


@pytest.mark.parametrize("code", ["Throttling", "PriorRequestNotComplete"])
def test_a_busy_route_53_is_waited_for(here: Region, make: Make, wanted: dict[str, Any], code: str) -> None:
    clock = FakeClock()
    resource = make(seconds=60, sleep=clock.sleep, clock=clock)
    left = [1, 1]

    def busy(**_: Any) -> Any:
        if left and left.pop():
            error = {"Error": {"Code": code, "Message": "Rate exceeded"}, "ResponseMetadata": {}}
            return type("Answer", (), {"status_code": 400, "headers": {}})(), error
        return None

    resource._route53.meta.events.register("before-call.route53.ChangeResourceRecordSets", busy)
    resource.create(wanted)
    assert (clock.slept, values(here, wanted)) == ([1, 2], [SPF])


def test_a_record_that_the_stack_has_as_cloudformations_own_is_refused(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    stack = Stack(here, unique("records"))
    properties = {"HostedZoneId": ZONE, "Name": wanted["Name"], "Type": "TXT", "TTL": "300"}
    record = {"Type": "AWS::Route53::RecordSet", "Properties": {**properties, "ResourceRecords": [SPF]}}
    assert stack.deploy({"Record": record}) == "CREATE_COMPLETE"
    [found_stack] = here.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    resource, adopting = make(), {**wanted, "Adopt": "true", "Stack": found_stack["StackId"]}
    with pytest.raises(RuntimeError, match="is written by this very stack without role and adoption"):
        resource.create(adopting)
    make().delete(resource.physical_id(adopting), adopting)
    assert values(here, wanted) == [SPF]


def test_a_zone_of_another_account_is_written_by_its_role(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    def there(service: str) -> Any:
        return boto3.client(  # pyright: ignore[reportCallIssue]
            service, aws_access_key_id=OTHER_ACCOUNT, aws_secret_access_key="test", region_name=here.name
        )

    zone = there("route53").create_hosted_zone(Name="example.test", CallerReference=unique("zone"))
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    trust = {"Effect": "Allow", "Principal": {"AWS": here.local.account}, "Action": "sts:AssumeRole"}
    name = unique("dns")
    role = there("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    may = {
        "Effect": "Allow",
        "Action": ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"],
        "Resource": f"arn:aws:route53:::hostedzone/{zone_id}",
    }
    there("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(may))

    record = {**wanted, "HostedZoneId": zone_id, "Name": "bounce.example.test.", "RoleArn": role}
    with pytest.raises(ClientError, match="NoSuchHostedZone"):
        make().create({key: value for key, value in record.items() if key != "RoleArn"})
    physical_id, _ = make().create(record)
    sets = there("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert [one["Name"] for one in sets if one["Type"] == "TXT"] == ["bounce.example.test."]
    make().delete(physical_id, record)
    sets = there("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert {one["Type"] for one in sets} == {"NS", "SOA"}


def test_a_role_that_does_not_let_us_in_fails_and_leaves_nothing_to_delete(
    here: Region, make: Make, wanted: dict[str, Any]
) -> None:
    clock = FakeClock()
    resource = make(seconds=120, sleep=clock.sleep, clock=clock)
    record = {**wanted, "RoleArn": a_role(here)}
    with pytest.raises(ClientError, match="AccessDenied"):
        resource.create(record)
    resource.delete(resource.physical_id(record), record)
