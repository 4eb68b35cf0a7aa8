"""Tells CloudWatch how much of its daily sending quota a Region has used: SES itself publishes no such metric.

The metric goes through the log, which costs no call and needs no permission.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

NAMESPACE = "SesRegions"
METRIC = "QuotaUsed"
_UNLIMITED = -1


def handler(event: object, context: object) -> None:
    """Ask SES, and write one line that CloudWatch Logs turns into the metric."""
    quota = _ses().get_account()["SendQuota"]
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Region"]],
                    "Metrics": [{"Name": METRIC, "Unit": "None"}],
                }
            ],
        },
        "Region": os.environ["AWS_REGION"],
        METRIC: used(sent=quota["SentLast24Hours"], most=quota["Max24HourSend"]),
        "SentLast24Hours": quota["SentLast24Hours"],
        "Max24HourSend": quota["Max24HourSend"],
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def used(*, sent: float, most: float) -> float:
    """Return the share of the quota that is used; 1 where nothing may be sent, 0 where all may."""
    if most == _UNLIMITED:
        return 0.0
    return sent / most if most else 1.0


@cache
def _ses() -> Any:
    # SES takes one such request a second of all who ask, deployments among them.
    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client("sesv2", config=config)  # pyright: ignore[reportUnknownMemberType]
