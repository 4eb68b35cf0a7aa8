#!/usr/bin/env python3
"""The CDK app: one stack for what Regions share, one stack a Region, from `ses-regions.yaml`.

`-c config=FILE` names another configuration. `make validate` holds the templates against CloudFormation's schemas and
cdk-nag's AwsSolutions rules; every other synthesis leaves that out, since it costs more than the synthesis itself.
"""

from __future__ import annotations

import os
import sys

from cdk_ses_regions import config, node
from cdk_ses_regions.errors import SesRegionsError

node.use()

import aws_cdk as cdk  # noqa: E402 - jsii starts Node when this is imported

from stacks.global_endpoint import GlobalEndpointStack  # noqa: E402
from stacks.monitoring import add_dashboard  # noqa: E402
from stacks.regional_email import RegionalEmailStack  # noqa: E402
from stacks.shared_dns import SharedDnsStack  # noqa: E402
from stacks.smtp import SmtpStack  # noqa: E402


def build(app: cdk.App, settings: config.Settings) -> None:
    """Define the stacks: the shared records last, so that no mail is sent to a Region before it receives, or after."""
    regional = [RegionalEmailStack(app, settings, region=region) for region in settings.regions]
    [primary] = [stack for stack in regional if stack.region == settings.primary_region]
    if any(domain.dkim.kind == "deterministic" for domain in settings.domains):
        # A replica needs its parent, and SES deletes no parent before its replicas.
        for stack in regional:
            if stack is not primary:
                stack.add_stack_dependency(primary)
    add_dashboard(primary, settings, [stack.email.monitoring for stack in regional])
    if SharedDnsStack.is_needed(settings):
        shared = SharedDnsStack(app, settings)
        for stack in regional:
            shared.add_stack_dependency(stack)
    if settings.smtp is not None:
        smtp = SmtpStack(app, settings, settings.smtp)
        for stack in regional:
            smtp.add_stack_dependency(stack)
    if settings.global_endpoint is not None:
        endpoint = GlobalEndpointStack(app, settings, settings.global_endpoint)
        for stack in regional:
            if stack.region in settings.global_endpoint.regions:
                endpoint.add_stack_dependency(stack)


def main() -> None:
    """Synthesize; a configuration that is wrong is explained on stderr, without a traceback, and exits with 1."""
    # The command line's own switch cannot be set in cdk.json: "validation": false has no effect there.
    app = cdk.App(builtin_cloud_formation_validation=os.environ.get("CDK_VALIDATION") == "true")
    try:
        settings = config.load(app.node.try_get_context("config") or config.find())
        if settings.account is None:
            settings = settings.model_copy(update={"account": os.environ.get("CDK_DEFAULT_ACCOUNT")})
        build(app, settings)
    except (SesRegionsError, ValueError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
