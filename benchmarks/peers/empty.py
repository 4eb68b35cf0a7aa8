"""The least a CDK app can do: one empty stack a Region of the plan. `python empty.py PLAN`."""

import json
import sys
from pathlib import Path

import aws_cdk as cdk

plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
app = cdk.App()
for region in plan["regions"]:
    cdk.Stack(
        app,
        f"Empty-{region['name']}",
        env=cdk.Environment(account=plan["account"], region=region["name"]),
    )
app.synth()
