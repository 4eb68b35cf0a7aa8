"""What the tests of constructs, stacks and app share; nothing here starts CDK before a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_ses_regions import node

if TYPE_CHECKING:
    import aws_cdk as cdk

# jsii starts Node at the first `import aws_cdk` of the process, and all tests share that one.
node.use()

ACCOUNT = "111111111111"
REGION = "us-west-2"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--snapshot-update",
        action="store_true",
        help="write the template snapshots instead of comparing them",
    )


@pytest.fixture
def app() -> cdk.App:
    """An app whose templates hold our resources alone; `make validate` is where they are validated."""
    import aws_cdk as cdk

    return cdk.App(
        builtin_cloud_formation_validation=False,
        default_stack_synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    """A stack in a Region that has all of SES."""
    import aws_cdk as cdk

    return cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
