"""Holds synthesized templates against cfn-lint, each for its own Region, and two packs of cdk-nag's rules.

`python -m stacks.validate cdk.out` prints what it finds, and exits with 1 when there is any.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cfnlint.api import lint  # pyright: ignore[reportMissingTypeStubs] - it has none
from cfnlint.config import ManualArgs  # pyright: ignore[reportMissingTypeStubs]

from stacks.acknowledged import ACKNOWLEDGED, Acknowledgement
from stacks.nag import HELD, Finding, nag, templates, types

# CDK's DependsOn for a whole construct names resources that a Ref names too, which harms nobody.
_NOT_LINTED = ["W3005"]


def validate(assembly: Path, *, acknowledged: Sequence[Acknowledgement] = ACKNOWLEDGED) -> list[Finding]:
    """Return what is wrong with the templates of a cloud assembly: what cfn-lint says, and if it is content, cdk-nag.

    Args:
        assembly: the folder that `cdk synth` wrote, `cdk.out`.
        acknowledged: findings of cdk-nag that are accepted.

    Raises:
        OSError: it is no cloud assembly.
    """
    stacks = dict(templates(assembly))
    found = [finding for name, (file, region) in stacks.items() for finding in _lint(name, file, region)]
    if found:  # cdk-nag reads only what is valid
        return found
    return list(_nag({name: file for name, (file, _) in stacks.items()}, acknowledged))


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


def _nag(files: Mapping[str, Path], acknowledged: Sequence[Acknowledgement]) -> Iterator[Finding]:
    """Yield what is not acknowledged, and what is acknowledged of resources that are all without the fault."""
    kinds, found = types(files), nag(files, HELD)
    for finding in found:
        kind = kinds[finding.stack, finding.resource]
        if not any(one.covers(finding.rule, finding.resource, kind) for one in acknowledged):
            yield finding
    for stack in files:
        here = {resource: kind for (name, resource), kind in kinds.items() if name == stack}
        faults = [finding for finding in found if finding.stack == stack]
        for one in acknowledged:
            meant = [resource for resource, kind in here.items() if one.is_about(resource, kind)]
            if not meant or one.optional:
                continue
            if not any(one.covers(fault.rule, fault.resource, here[fault.resource]) for fault in faults):
                yield Finding(
                    stack=stack, rule=one.rule, resource=meant[0], message="acknowledged, but not at fault"
                )


def main() -> None:
    """Validate the assembly named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m stacks.validate cdk.out")
    try:
        found = validate(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(f"{sys.argv[1]} is no cloud assembly: {error}")
    for finding in found:
        print(finding, file=sys.stderr)  # noqa: T201 - this is a command
    sys.exit(f"findings: {len(found)}" if found else 0)


if __name__ == "__main__":
    main()
