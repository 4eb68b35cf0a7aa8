"""Finished templates, emitted again with nothing but `CfnResource`. `python plain_cfn.py PLAN ASSEMBLY`.

The resources are read back from an assembly, so it says what emitting them takes, at the least, one call for each; no
CDK module but the core is loaded, which also stages the functions' code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk

plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
assembly = Path(sys.argv[2])


def stage(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Stage the functions' code; return the `Code` of a function by what its handler begins with."""
    found: dict[str, dict[str, Any]] = {}
    for name in ("provider", "inbound"):
        staging = cdk.AssetStaging(
            stack,
            f"{name}Code",
            source_path=plan[name],
            exclude=["**/__pycache__", "**/__pycache__/**", "*.pyc"],
        )
        where = stack.synthesizer.add_file_asset(
            source_hash=staging.asset_hash,
            file_name=staging.relative_staged_path(stack),
            packaging=cdk.FileAssetPackaging.ZIP_DIRECTORY,
        )
        found[Path(plan[name]).name] = {"S3Bucket": where.bucket_name, "S3Key": where.object_key}
    return found


def emit(app: cdk.App, region: str, name: str) -> cdk.Stack:
    template = json.loads((assembly / f"{name}.template.json").read_text(encoding="utf-8"))
    stack = cdk.Stack(
        app, name, env=cdk.Environment(account=plan["account"], region=region), tags=plan["tags"]
    )
    code = stage(stack) if "AWS::Lambda::Function" in str(template) else {}
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::CDK::Metadata":
            continue
        if resource["Type"] == "AWS::Lambda::Function":
            properties["Code"] = code[properties["Handler"].partition(".")[0]]
        defined = cdk.CfnResource(stack, logical_id, type=resource["Type"], properties=properties)
        for key in ("DependsOn", "DeletionPolicy", "UpdateReplacePolicy"):
            if key in resource:
                defined.add_override(key, resource[key])
    for output, told in template.get("Outputs", {}).items():
        cdk.CfnOutput(stack, output, value=cdk.Token.as_string(told["Value"]))
    return stack


app = cdk.App()
shared = emit(app, plan["primary_region"], "Email-shared-dns")
for region in plan["regions"]:
    emit(app, region["name"], f"Email-{region['name']}").add_stack_dependency(shared)
app.synth()
