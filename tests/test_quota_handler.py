"""The function that tells how much of the sending quota is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import quota
from botocore.exceptions import ClientError
from botocore.stub import Stubber


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    client = boto3.client(
        "sesv2", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    monkeypatch.setattr(quota, "_ses", lambda: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer(sent: float, most: float) -> dict[str, Any]:
    return {"SendQuota": {"Max24HourSend": most, "MaxSendRate": 14.0, "SentLast24Hours": sent}}


def test_a_line_of_the_log_has_the_metric(ses: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    ses.add_response("get_account", answer(sent=40_000, most=50_000))
    quota.handler({}, None)
    line = json.loads(capsys.readouterr().out)
    assert line["QuotaUsed"] == 0.8
    assert line["Region"] == "eu-west-1"
    assert (line["SentLast24Hours"], line["Max24HourSend"]) == (40_000, 50_000)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "SesRegions",
        "Dimensions": [["Region"]],
        "Metrics": [{"Name": "QuotaUsed", "Unit": "None"}],
    }
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("sent", "most", "used"),
    [
        pytest.param(0, 200, 0, id="nothing sent"),
        pytest.param(250, 200, 1.25, id="more sent than there is now, since the quota was lowered"),
        pytest.param(1_000_000, -1, 0, id="an account without a limit"),
        pytest.param(0, 0, 1, id="an account that may send nothing"),
    ],
)
def test_the_share_that_is_used(sent: float, most: float, used: float) -> None:
    assert quota.used(sent=sent, most=most) == used


def test_when_ses_does_not_answer_the_function_fails(
    ses: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    ses.add_client_error("get_account", "AccessDeniedException", http_status_code=403)
    with pytest.raises(ClientError):
        quota.handler({}, None)
    assert capsys.readouterr().out == ""
