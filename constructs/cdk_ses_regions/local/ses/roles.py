"""Whether SES may take an IAM role and do something with it: the role's trust and its policies decide."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from cdk_ses_regions.local.ses.permission import service_allowed
from cdk_ses_regions.local.ses.targets import NotPermittedError


def require_role(role_arn: str, action: str, resource: str, source_arn: str) -> None:
    """Make sure that SES may assume a role of this account, and the role may do something.

    Args:
        role_arn: the role.
        action: such as `firehose:PutRecordBatch`.
        resource: ARN of what is acted on.
        source_arn: ARN on whose behalf, of a configuration set.

    Raises:
        NotPermittedError: when there is no such role, or one of both is not allowed.
    """
    name, account = role_arn.rpartition("/")[2], get_account_id()
    role = iam._roles.get(name)
    if role is None or role["Arn"] != role_arn or not _trusts_ses(role, source_arn):
        raise NotPermittedError(f"Could not assume IAM role <{role_arn}>.")
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/ses",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,
    )
    policies = iam_evaluator._gather_role_policies(name, account)
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        raise NotPermittedError(f"IAM role <{role_arn}> is not allowed {action} on <{resource}>.")


def _trusts_ses(role: dict[str, object], source_arn: str) -> bool:
    document = role["AssumeRolePolicyDocument"]
    trust = json.loads(document) if isinstance(document, str) else document
    statements = trust["Statement"] if isinstance(trust, dict) else []
    statements = [statements] if isinstance(statements, dict) else statements
    return service_allowed(
        # A trust policy is about its own role and names no resource; the evaluator wants one.
        {"Statement": [{**statement, "Resource": "*"} for statement in statements]},
        action="sts:AssumeRole",
        resource=str(role["Arn"]),
        source_arn=source_arn,
        account=get_account_id(),
        region=get_region(),
    )
