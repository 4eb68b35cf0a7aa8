"""The account in one Region: sandbox and the way out, quotas, paused sending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, unique

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.errors import LocalAwsError

SIMPLE = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}}
SUCCESS = "success@simulator.amazonses.com"
REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
DETAILS = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://local.example"}
Send = Callable[..., Any]


def v1(region: Region, source: str, *to: str) -> Any:
    return region.ses.send_email(
        Source=source, Destination={"ToAddresses": list(to)}, Message=SIMPLE["Simple"]
    )


def v2(region: Region, source: str, *to: str) -> Any:
    return region.sesv2.send_email(
        FromEmailAddress=source, Destination={"ToAddresses": list(to)}, Content=SIMPLE
    )


@pytest.fixture(scope="module")
def server() -> Iterator[LocalAws]:
    """A local AWS whose time and quotas nobody else needs, with every Region in the sandbox."""
    zones = {"Z0LOCAL00000000001": "local.example"}
    with LocalAws.start(REGIONS, hosted_zones=zones, sandbox=True) as local:
        yield local


@pytest.fixture
def fresh(server: LocalAws) -> LocalAws:
    """The same, as it was at the start."""
    server.reset()
    return server


@pytest.fixture
def sandbox(fresh: LocalAws) -> Region:
    return Region(fresh, "us-west-2")


@pytest.fixture
def production(fresh: LocalAws) -> Region:
    region = Region(fresh, "us-west-2")
    region.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=True)
    fresh.control.review("us-west-2", granted=True)
    return region


# What an account has at first


def test_the_account_of_the_tests_has_production_access(here: Region) -> None:
    account = here.sesv2.get_account()
    assert account["ProductionAccessEnabled"] is True
    assert (account["SendQuota"]["Max24HourSend"], account["SendQuota"]["MaxSendRate"]) == (50_000, 14)
    assert account["SendingEnabled"] is True
    assert account["EnforcementStatus"] == "HEALTHY"
    assert account["SuppressionAttributes"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert account["VdmAttributes"] == {"VdmEnabled": "DISABLED"}
    assert account["PricingAttributes"] == {"CurrentPlan": "ESSENTIALS"}


def test_settings_are_shown(sandbox: Region) -> None:
    sandbox.sesv2.put_account_vdm_attributes(
        VdmAttributes={"VdmEnabled": "ENABLED", "DashboardAttributes": {"EngagementMetrics": "ENABLED"}}
    )
    sandbox.sesv2.put_account_dedicated_ip_warmup_attributes(AutoWarmupEnabled=False)
    sandbox.sesv2.put_account_pricing_attributes(Plan="PRO")
    account = sandbox.sesv2.get_account()
    assert account["PricingAttributes"] == {"CurrentPlan": "PRO"}
    assert account["VdmAttributes"]["DashboardAttributes"] == {"EngagementMetrics": "ENABLED"}
    assert account["DedicatedIpAutoWarmupEnabled"] is False


# The sandbox


@pytest.mark.parametrize("send", [v1, v2])
def test_the_sandbox_refuses_recipients_that_are_not_verified(sandbox: Region, send: Send) -> None:
    domain, stranger = sandbox.verified_domain(), f"somebody@{a_domain()}"
    why = rf"MessageRejected.*failed the check in region US-WEST-2: {stranger}"
    with pytest.raises(ClientError, match=why):
        send(sandbox, f"news@{domain}", f"office@{domain}", stranger)
    assert sandbox.local.sent == ()


@pytest.mark.parametrize("send", [v1, v2])
def test_the_sandbox_takes_verified_recipients_and_the_simulator(sandbox: Region, send: Send) -> None:
    domain = sandbox.verified_domain()
    assert send(sandbox, f"news@{domain}", f"office@{domain}", SUCCESS)["MessageId"]


def test_the_sandbox_suppresses_nobody_on_request(sandbox: Region) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        sandbox.sesv2.put_suppressed_destination(EmailAddress="a@b.example", Reason="BOUNCE")
    assert sandbox.sesv2.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


def test_the_sandbox_sends_200_a_day_and_1_a_second(sandbox: Region) -> None:
    quota = sandbox.sesv2.get_account()["SendQuota"]
    assert (quota["Max24HourSend"], quota["MaxSendRate"]) == (200, 1)
    domain = sandbox.verified_domain()
    to = [f"{number}@{domain}" for number in range(50)]
    for _ in range(4):
        v2(sandbox, f"news@{domain}", *to)
        sandbox.local.control.forward(hours=0.1)
    with pytest.raises(ClientError, match=r"TooManyRequestsException.*Daily message quota exceeded"):
        v2(sandbox, f"news@{domain}", SUCCESS)
    with pytest.raises(ClientError, match=r"Throttling.*Daily message quota exceeded"):
        v1(sandbox, f"news@{domain}", SUCCESS)
    assert sandbox.ses.get_send_quota()["SentLast24Hours"] == 200
    sandbox.local.control.forward(hours=24)
    assert sandbox.ses.get_send_quota()["SentLast24Hours"] == 0
    assert v2(sandbox, f"news@{domain}", SUCCESS)["MessageId"]


# The way out


def test_production_access_is_asked_for_and_granted(sandbox: Region) -> None:
    elsewhere = Region(sandbox.local, "eu-west-1")
    sandbox.sesv2.put_account_details(
        **DETAILS,
        ContactLanguage="EN",
        UseCaseDescription="Receipts",
        AdditionalContactEmailAddresses=["office@local.example"],
        ProductionAccessEnabled=True,
    )
    account = sandbox.sesv2.get_account()
    assert account["ProductionAccessEnabled"] is False
    assert account["Details"]["ReviewDetails"]["Status"] == "PENDING"
    assert account["Details"]["ReviewDetails"]["CaseId"]
    assert account["Details"]["MailType"] == "TRANSACTIONAL"
    assert account["Details"]["AdditionalContactEmailAddresses"] == ["office@local.example"]
    with pytest.raises(ClientError, match="ConflictException"):
        sandbox.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=True)
    sandbox.local.control.review("us-west-2", granted=True)
    account = sandbox.sesv2.get_account()
    assert account["ProductionAccessEnabled"] is True
    assert account["Details"]["ReviewDetails"]["Status"] == "GRANTED"
    assert account["SendQuota"]["Max24HourSend"] == 50_000
    assert elsewhere.sesv2.get_account()["ProductionAccessEnabled"] is False
    domain = sandbox.verified_domain()
    assert v2(sandbox, f"news@{domain}", f"somebody@{a_domain()}")["MessageId"]
    sandbox.sesv2.put_suppressed_destination(EmailAddress="a@b.example", Reason="BOUNCE")


def test_production_access_is_denied_and_asked_for_again(sandbox: Region) -> None:
    sandbox.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=True)
    sandbox.local.control.review("us-west-2", granted=False)
    account = sandbox.sesv2.get_account()
    assert account["ProductionAccessEnabled"] is False
    assert account["Details"]["ReviewDetails"]["Status"] == "DENIED"
    sandbox.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=True)
    assert sandbox.sesv2.get_account()["Details"]["ReviewDetails"]["Status"] == "PENDING"


def test_nothing_is_reviewed_that_nobody_asked_for(sandbox: Region) -> None:
    sandbox.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=False)
    with pytest.raises(LocalAwsError, match="us-west-2"):
        sandbox.local.control.review("us-west-2", granted=True)
    assert sandbox.sesv2.get_account()["ProductionAccessEnabled"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"MailType": "SPAM"},
        {"WebsiteURL": "local.example"},
        {"WebsiteURL": f"https://{'a' * 1000}"},
        {"ContactLanguage": "DE"},
        {"UseCaseDescription": "a" * 5001},
        {"AdditionalContactEmailAddresses": [f"{number}@local.example" for number in range(5)]},
        {"AdditionalContactEmailAddresses": ["nobody"]},
    ],
)
def test_details_that_make_no_sense_are_refused(sandbox: Region, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        sandbox.sesv2.put_account_details(**{**DETAILS, **wrong}, ProductionAccessEnabled=True)
    assert "Details" not in sandbox.sesv2.get_account()


# Quotas


def test_a_quota_is_one_for_each_region(production: Region) -> None:
    production.local.control.set_quota("us-west-2", daily=3, rate=20)
    quota = production.ses.get_send_quota()
    assert (quota["Max24HourSend"], quota["MaxSendRate"]) == (3, 20)
    domain, elsewhere = production.verified_domain(), Region(production.local, "eu-west-1")
    v1(production, f"news@{domain}", SUCCESS)
    v2(production, f"news@{domain}", SUCCESS)
    assert production.ses.get_send_quota()["SentLast24Hours"] == 2
    # What is left is enough for one more mail, to however many.
    v1(production, f"news@{domain}", *[f"{number}@{domain}" for number in range(5)])
    with pytest.raises(ClientError, match="Daily message quota exceeded"):
        v1(production, f"news@{domain}", SUCCESS)
    assert elsewhere.ses.get_send_quota()["Max24HourSend"] == 200
    assert elsewhere.ses.get_send_quota()["SentLast24Hours"] == 0


def test_any_number_may_be_sent_with_a_quota_of_minus_one(production: Region) -> None:
    production.local.control.set_quota("us-west-2", daily=1)
    domain = production.verified_domain()
    v1(production, f"news@{domain}", SUCCESS)
    production.local.control.set_quota("us-west-2", daily=-1)
    assert v1(production, f"news@{domain}", SUCCESS)["MessageId"]


def test_the_sending_rate_is_in_recipients(production: Region) -> None:
    domain = production.verified_domain()
    production.local.control.set_quota("us-west-2", rate=0.01)
    v2(production, f"news@{domain}", f"a@{domain}", f"b@{domain}")
    with pytest.raises(ClientError, match=r"TooManyRequestsException.*Maximum sending rate exceeded"):
        v2(production, f"news@{domain}", SUCCESS)
    with pytest.raises(ClientError, match=r"Throttling.*Maximum sending rate exceeded"):
        v1(production, f"news@{domain}", SUCCESS)
    production.local.control.forward(hours=101 / 3600)
    with pytest.raises(ClientError, match="Maximum sending rate exceeded"):
        v1(production, f"news@{domain}", SUCCESS)
    production.local.control.forward(hours=101 / 3600)
    assert v1(production, f"news@{domain}", SUCCESS)["MessageId"]


def test_a_quota_is_positive(production: Region) -> None:
    with pytest.raises(LocalAwsError, match="positive"):
        production.local.control.set_quota("us-west-2", rate=0)


def test_statistics_count_what_became_of_the_mails(production: Region) -> None:
    domain = production.verified_domain()
    for to in ("success", "bounce", "bounce", "complaint"):
        v2(production, f"news@{domain}", f"{to}@simulator.amazonses.com")
    points = production.ses.get_send_statistics()["SendDataPoints"]
    sums = {
        field: sum(point[field] for point in points)
        for field in ("DeliveryAttempts", "Bounces", "Complaints", "Rejects")
    }
    assert sums == {"DeliveryAttempts": 4, "Bounces": 2, "Complaints": 1, "Rejects": 0}
    production.local.control.forward(hours=1)
    v2(production, f"news@{domain}", SUCCESS)
    assert len(production.ses.get_send_statistics()["SendDataPoints"]) == len(points) + 1


# Paused sending


@pytest.mark.parametrize("version", [1, 2])
def test_a_paused_account_sends_nothing(production: Region, version: int) -> None:
    domain = production.verified_domain()

    def enable(on: bool) -> None:
        if version == 1:
            production.ses.update_account_sending_enabled(Enabled=on)
        else:
            production.sesv2.put_account_sending_attributes(SendingEnabled=on)

    enable(False)
    with pytest.raises(ClientError, match="AccountSendingPausedException"):
        v1(production, f"news@{domain}", SUCCESS)
    with pytest.raises(ClientError, match=r"\(SendingPausedException\)"):
        v2(production, f"news@{domain}", SUCCESS)
    assert production.ses.get_account_sending_enabled()["Enabled"] is False
    assert production.sesv2.get_account()["SendingEnabled"] is False
    enable(True)
    assert v1(production, f"news@{domain}", SUCCESS)["MessageId"]
    assert v2(production, f"news@{domain}", SUCCESS)["MessageId"]


# The control plane


def test_the_control_plane_takes_one_request_a_second(production: Region) -> None:
    domain = production.verified_domain()
    production.local.control.limit_control_plane(True)
    outcomes = list[str]()

    def ask(_: int) -> str:
        try:
            production.ses.get_send_quota()
        except ClientError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        outcomes += pool.map(ask, range(16))
    refused = [outcome for outcome in outcomes if outcome]
    assert "" in outcomes
    assert refused
    assert all("(Throttling)" in outcome and "Rate exceeded" in outcome for outcome in refused)
    for _ in range(3):
        assert v1(production, f"news@{domain}", SUCCESS)["MessageId"]
    production.local.control.limit_control_plane(False)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [""] * 16


def test_the_account_is_found_again_after_a_restart(tmp_path: Path) -> None:
    def start() -> LocalAws:
        return LocalAws.start(["us-west-2"], state_dir=tmp_path, keep=True, persist=True, sandbox=True)

    local = start()
    try:
        region = Region(local, "us-west-2")
        region.sesv2.put_account_details(**DETAILS, ProductionAccessEnabled=True)
        local.control.review("us-west-2", granted=True)
        local.control.set_quota("us-west-2", daily=1000)
        region.sesv2.put_suppressed_destination(EmailAddress="a@b.example", Reason="BOUNCE")
        region.ses.create_configuration_set(ConfigurationSet={"Name": "one"})
        local.stop()
        local = start()
        region = Region(local, "us-west-2")
        account = region.sesv2.get_account()
        assert account["ProductionAccessEnabled"] is True
        assert account["SendQuota"]["Max24HourSend"] == 1000
        found = region.sesv2.get_suppressed_destination(EmailAddress="a@b.example")
        assert found["SuppressedDestination"]["Reason"] == "BOUNCE"
        assert region.sesv2.get_configuration_set(ConfigurationSetName="one")["ConfigurationSetName"] == "one"
    finally:
        local.stop()


# Service Quotas


def codes(region: Region) -> dict[str, float]:
    quotas = region.client("service-quotas").list_service_quotas(ServiceCode="ses")["Quotas"]
    return {quota["QuotaCode"]: quota["Value"] for quota in quotas}


def test_service_quotas_show_the_quotas_of_a_region(production: Region) -> None:
    quotas = production.client("service-quotas")
    assert codes(production) == {"L-804C8AE8": 50_000, "L-CDEF9B6B": 14}
    assert codes(Region(production.local, "eu-west-1")) == {"L-804C8AE8": 200, "L-CDEF9B6B": 1}
    quota = quotas.get_service_quota(ServiceCode="ses", QuotaCode="L-CDEF9B6B")["Quota"]
    assert (quota["Value"], quota["Adjustable"]) == (14, True)
    assert quota["QuotaArn"] == production.arn("servicequotas", "ses/L-CDEF9B6B")
    default = quotas.get_aws_default_service_quota(ServiceCode="ses", QuotaCode="L-CDEF9B6B")["Quota"]
    assert default["Value"] == 1
    for about in ({"ServiceCode": "sqs"}, {"ServiceCode": "ses", "QuotaCode": "L-00000000"}):
        with pytest.raises(ClientError, match="NoSuchResourceException"):
            quotas.list_service_quotas(**about)


def test_a_higher_quota_is_asked_for_and_set(production: Region) -> None:
    quotas, about = production.client("service-quotas"), {"ServiceCode": "ses", "QuotaCode": "L-CDEF9B6B"}
    with pytest.raises(ClientError, match="IllegalArgumentException"):
        quotas.request_service_quota_increase(**about, DesiredValue=14)
    asked = quotas.request_service_quota_increase(**about, DesiredValue=50)["RequestedQuota"]
    assert (asked["Status"], asked["DesiredValue"]) == ("PENDING", 50)
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        quotas.request_service_quota_increase(**about, DesiredValue=60)
    production.local.control.set_quota("us-west-2", rate=50)
    (found,) = quotas.list_requested_service_quota_change_history_by_quota(**about)["RequestedQuotas"]
    assert (found["Id"], found["Status"]) == (asked["Id"], "APPROVED")
    assert quotas.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"] == found
    assert codes(production)["L-CDEF9B6B"] == 50


def test_iam_guards_service_quotas(production: Region) -> None:
    iam, user = production.client("iam"), unique("user")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    nobody = Clients(
        production.local.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        nobody("service-quotas", "us-west-2").list_service_quotas(ServiceCode="ses")
