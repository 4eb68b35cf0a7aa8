"""cdk-nag's AwsSolutions rules over the app, and why some findings are as they should be."""
from __future__ import annotations
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks


def check(app: cdk.App) -> None:
    """Let synthesis fail when a rule is broken that has no acknowledgement here."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
