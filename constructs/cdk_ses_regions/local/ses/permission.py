"""Whether a resource's policy lets SES in: decided by ministack's own policy evaluator."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy


def service_allowed(
    policy: str | dict[str, Any],
    *,
    service: str = "ses.amazonaws.com",
    action: str,
    resource: str,
    source_arn: str,
    account: str,
    region: str,
) -> bool:
    """Tell whether a resource policy lets an AWS service act on behalf of one of an account's resources.

    Args:
        policy: the bucket, key, topic or function policy.
        service: principal of the service.
        action: IAM action, `s3:PutObject` say.
        resource: ARN of what is acted on.
        source_arn: ARN on whose behalf, of a receipt rule or an identity.
        account: account of the source.
        region: Region of the request.
    """
    context = EvalContext(
        # A service is nobody of the account: what a key allows the account's root must not let it in.
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
        source_ip="127.0.0.1",
        secure_transport=True,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    document = json.loads(policy) if isinstance(policy, str) else policy
    return evaluate_resource_policy(document, context, service=service).decision == "Allow"
