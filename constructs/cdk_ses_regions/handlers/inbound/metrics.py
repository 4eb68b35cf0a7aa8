"""CloudWatch metrics through the log, which costs no call and needs no permission.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

NAMESPACE = "SesRegions"
_UNITS = {"Bytes": "Bytes"}


def emit(
    values: Mapping[str, int], *, region: str, function: str, properties: Mapping[str, str] | None = None
) -> None:
    """Write one line to standard output that CloudWatch Logs turns into metrics.

    Args:
        values: by metric name; counts, but for `Bytes`.
        region: dimension `Region`.
        function: dimension `Function`.
        properties: searchable in the log and no dimension, such as message id and rule.
    """
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Region", "Function"]],
                    "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values],
                }
            ],
        },
        "Region": region,
        "Function": function,
        **(properties or {}),
        **values,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
