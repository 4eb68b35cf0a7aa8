"""CloudWatch metrics through the log, which costs no call and needs no permission.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence

NAMESPACE = "SesRegions"
LAG = "SuppressionLag"


def emit(
    values: Mapping[str, int | Sequence[float]],
    *,
    dimensions: Mapping[str, str],
    properties: Mapping[str, object] | None = None,
) -> None:
    """Write one line to standard output that CloudWatch Logs turns into metrics.

    Args:
        values: by metric name: a count, or the seconds of each `SuppressionLag`.
        dimensions: by name, `Region` and `Target`.
        properties: searchable in the log, and no dimension.
    """
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [
                        {"Name": name, "Unit": "Seconds" if name == LAG else "Count"} for name in values
                    ],
                }
            ],
        },
        **dimensions,
        **(properties or {}),
        **values,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
