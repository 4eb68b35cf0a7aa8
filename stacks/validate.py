"""Holds synthesized templates against cfn-lint, each for its own Region, and cdk-nag's AwsSolutions rules.

`python -m stacks.validate cdk.out` prints what it finds, and exits with 1 when there is any. cdk-nag looks
at typed resources only, and most of ours are plain properties: so it is given the templates, read back.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_ses_regions import node

node.use()

import aws_cdk as cdk  # noqa: E402 - jsii starts Node when this is imported
from aws_cdk import cloudformation_include as include  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402
from cfnlint.api import lint  # noqa: E402  # pyright: ignore[reportMissingTypeStubs] - it has none
from cfnlint.config import ManualArgs  # noqa: E402  # pyright: ignore[reportMissingTypeStubs]

from stacks.acknowledged import ACKNOWLEDGED, Acknowledgement  # noqa: E402

# CDK's DependsOn for a whole construct names resources that a Ref names too, which harms nobody.
_NOT_LINTED = ["W3005"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule finds fault with."""

    stack: str
    rule: str
    resource: str
    message: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.resource}: {self.rule}: {self.message}"


def validate(assembly: Path, *, acknowledged: Sequence[Acknowledgement] = ACKNOWLEDGED) -> list[Finding]:
    """Return what is wrong with the templates of a cloud assembly: what cfn-lint says, and if it is content, cdk-nag.

    Args:
        assembly: the folder that `cdk synth` wrote, `cdk.out`.
        acknowledged: findings of cdk-nag that are accepted.

    Raises:
        OSError: it is no cloud assembly.
    """
    templates = dict(_templates(assembly))
    found = [finding for name, (file, region) in templates.items() for finding in _lint(name, file, region)]
    if found:  # cdk-nag reads only what is valid
        return found
    nag = _nag({name: file for name, (file, _) in templates.items()})
    accepted = {(one.rule, one.resource) for one in acknowledged}
    found += [finding for finding in nag if (finding.rule, finding.resource) not in accepted]
    for name, (file, _) in templates.items():
        faults = {(finding.rule, finding.resource) for finding in nag if finding.stack == name}
        resources: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")).get("Resources", {})
        found += [
            Finding(
                stack=name, rule=one.rule, resource=one.resource, message="acknowledged, but not at fault"
            )
            for one in acknowledged
            if one.resource in resources and (one.rule, one.resource) not in faults
        ]
    return found


def _templates(assembly: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Yield file and Region of each stack's template."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            region = artifact["environment"].rpartition("/")[2]
            yield name, (assembly / artifact["properties"]["templateFile"], region)


def _lint(name: str, template: Path, region: str) -> list[Finding]:
    config = ManualArgs(regions=[region], ignore_checks=_NOT_LINTED)
    matches: list[Any] = list(lint(template.read_text(encoding="utf-8"), config=config))
    return [
        Finding(
            stack=name,
            rule=match.rule.id,
            resource="/".join(map(str, match.path or [])),
            message=f"{match.message} (in {region})",
        )
        for match in matches
    ]


def _nag(templates: dict[str, Path]) -> list[Finding]:
    app = cdk.App(builtin_cloud_formation_validation=False)
    for name, file in templates.items():
        include.CfnInclude(cdk.Stack(app, name), "Template", template_file=str(file))
    return [
        Finding(
            stack=(resource.construct_path or "").partition("/")[0],
            rule=violation.rule_name,
            resource=(resource.construct_path or "").rpartition("/")[2],
            message=violation.description or "",
        )
        for violation in AwsSolutionsChecks(app).validate_scope(app).violations
        for resource in violation.violating_resources
    ]


def main() -> None:
    """Validate the assembly named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m stacks.validate cdk.out")
    found = validate(Path(sys.argv[1]))
    for finding in found:
        print(finding, file=sys.stderr)  # noqa: T201 - this is a command
    sys.exit(f"findings: {len(found)}" if found else 0)


if __name__ == "__main__":
    main()
