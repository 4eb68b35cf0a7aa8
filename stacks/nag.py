"""cdk-nag over synthesized templates. `python -m stacks.nag cdk.out` prints what its NIST and HIPAA packs find.

Each line has how often, the rule, and the type of the resources; `make nag-report` is the way to it.

cdk-nag looks at typed resources only, and most of ours are plain properties: so it is given the templates, read back.
The packs AwsSolutions and Serverless have to be content (`stacks.validate`); what the others say is read, and
docs/security.md has a decision for each.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_ses_regions import node

node.use()

import aws_cdk as cdk  # noqa: E402 - jsii starts Node when this is imported
from aws_cdk import cloudformation_include as include  # noqa: E402
from cdk_nag import (  # noqa: E402
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    ServerlessChecks,
)

Pack = type[AwsSolutionsChecks | HIPAASecurityChecks | NIST80053R5Checks | ServerlessChecks]

HELD: tuple[Pack, ...] = (AwsSolutionsChecks, ServerlessChecks)
"""Packs whose findings are mended or acknowledged."""
READ: tuple[Pack, ...] = (NIST80053R5Checks, HIPAASecurityChecks)
"""Packs whose findings are read."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule finds fault with."""

    stack: str
    rule: str
    resource: str
    message: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.resource}: {self.rule}: {self.message}"


def templates(assembly: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Yield name, template and Region of each stack of a cloud assembly.

    Raises:
        OSError: it is no cloud assembly.
    """
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            region = artifact["environment"].rpartition("/")[2]
            yield name, (assembly / artifact["properties"]["templateFile"], region)


def nag(files: Mapping[str, Path], packs: Sequence[Pack]) -> list[Finding]:
    """Return what the packs find in templates, given by the names of their stacks."""
    app = cdk.App(builtin_cloud_formation_validation=False)
    for name, file in files.items():
        include.CfnInclude(cdk.Stack(app, name), "Template", template_file=str(file))
    return [
        Finding(
            stack=(resource.construct_path or "").partition("/")[0],
            rule=violation.rule_name,
            resource=(resource.construct_path or "").rpartition("/")[2],
            message=violation.description or "",
        )
        for pack in packs
        for violation in pack(app).validate_scope(app).violations
        for resource in violation.violating_resources
    ]


def types(files: Mapping[str, Path]) -> dict[tuple[str, str], str]:
    """Return the type of each resource, by the name of its stack and its logical id."""
    return {
        (name, logical_id): resource["Type"]
        for name, file in files.items()
        for logical_id, resource in json.loads(file.read_text(encoding="utf-8")).get("Resources", {}).items()
    }


def main() -> None:
    """Print what the packs that are only read say of the assembly named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m stacks.nag cdk.out")
    try:
        files = {name: file for name, (file, _) in templates(Path(sys.argv[1]))}
    except OSError as error:
        sys.exit(f"{sys.argv[1]} is no cloud assembly: {error}")
    kinds = types(files)
    found = Counter((one.rule, kinds[one.stack, one.resource]) for one in nag(files, READ))
    for (rule, kind), times in sorted(found.items()):
        print(f"{times:4} {rule} {kind}")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
