"""Runs a CDK app and counts its calls over jsii: `python probe.py REPORT APP [ARGUMENT ...]`.

It wraps the one private method of jsii through which every call to Node goes, so it measures, and is never measured.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from jsii._kernel.providers import process


def _name(request: Any) -> str:
    """Return what a request does, `create aws-cdk-lib.aws_kms.Key` say."""
    kind = type(request).__name__.removesuffix("Request").lower()
    member = next((value for name in ("property", "method") if (value := getattr(request, name, None))), "")
    on = next((value for name in ("fqn", "name") if (value := getattr(request, name, None))), "")
    if reference := getattr(request, "objref", None):
        on = str(getattr(reference, "ref", reference)).rpartition("@")[0]
    return " ".join(word for word in (kind, ".".join(part for part in (on, member) if part)) if word)


def main() -> None:
    report, app = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    found: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    send: Any = process._NodeProcess.send  # pyright: ignore[reportPrivateUsage]

    def counted(self: Any, request: Any, response_type: Any) -> Any:
        start = time.perf_counter()
        try:
            return send(self, request, response_type)
        finally:
            one = found[_name(request)]
            one[0] += 1
            one[1] += time.perf_counter() - start

    process._NodeProcess.send = counted  # pyright: ignore[reportPrivateUsage]
    sys.path[0] = str(Path(app).parent.resolve())
    start = time.perf_counter()
    runpy.run_path(app, run_name="__main__")
    Path(report).write_text(
        json.dumps({"seconds": time.perf_counter() - start, "calls": found}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
