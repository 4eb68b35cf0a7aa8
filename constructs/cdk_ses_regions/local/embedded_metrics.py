"""Metrics in the logs of functions: lines in the embedded metric format become metrics.

Gap: ministack keeps the lines and makes no metrics of them.
Rests on the CloudWatch user guide, "Specification: Embedded metric format"
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ministack.services import cloudwatch, lambda_svc


def install() -> None:
    """Read what functions log."""
    emit = lambda_svc._emit_lambda_logs

    def emit_and_publish(
        func: dict[str, Any], request_id: str, log_text: str, *rest: Any, **named: Any
    ) -> None:
        emit(func, request_id, log_text, *rest, **named)
        for line in (log_text or "").splitlines():
            _publish(line)

    lambda_svc._emit_lambda_logs = emit_and_publish


def _publish(line: str) -> None:
    """Publish the metrics of a line; one that is wrong has none, as on AWS."""
    if '"_aws"' not in line:
        return
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        for arguments in list(_metrics(json.loads(line))):
            cloudwatch.record_metric(*arguments)


def _metrics(entry: dict[str, Any]) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    for directive in entry["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(entry[name]) for name in names}
            for metric in directive["Metrics"]:
                values = entry[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield (
                        directive["Namespace"],
                        metric["Name"],
                        float(value),
                        metric.get("Unit", "None"),
                        dimensions,
                    )
