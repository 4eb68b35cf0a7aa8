"""What lets an IAM user send as identities in several Regions: as few managed policies as hold their ARNs.

A user's inline policies hold 2,048 characters together, which a few identities in a few Regions fill; ten managed ones
hold 6,144 each. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

POLICIES_PER_USER = 10
POLICY_CHARACTERS = 6144

_ACCOUNT_CHARACTERS = 12
_QUOTES_AND_COMMA = 3


def send_policies(
    *,
    partition: str,
    account: str,
    regions: Sequence[str],
    identities: Sequence[str],
    configuration_set: str | None = None,
) -> list[dict[str, Any]]:
    """Return the policies, each as IAM takes it, for sending raw mail: SMTP does nothing else.

    Args:
        partition: of the ARNs.
        account: of the identities; may be a token.
        regions: where the user may send.
        identities: domains and addresses.
        configuration_set: its name in each Region; SES asks for it too when a mail has one (default: there is none).
    """
    resources = [f"identity/{name}" for name in identities]
    if configuration_set is not None:
        resources.append(f"configuration-set/{configuration_set}")
    room = POLICY_CHARACTERS - len(json.dumps(_policy([]), separators=(",", ":")))
    groups: list[list[str]] = []
    left = 0
    for region in regions:
        for resource in resources:
            arn = f"arn:{partition}:ses:{region}:{account}:{resource}"
            needed = len(arn) - len(account) + _ACCOUNT_CHARACTERS + _QUOTES_AND_COMMA
            if needed > left:
                groups.append([])
                left = room
            groups[-1].append(arn)
            left -= needed
    return [_policy(arns) for arns in groups]


def send_policies_problem(policies: Sequence[dict[str, Any]]) -> str | None:
    """Return why one user cannot have all of the policies, or None."""
    if len(policies) <= POLICIES_PER_USER:
        return None
    return (
        f"what the SMTP user may send as, each identity in each Region, takes {len(policies)} IAM policies; a user has "
        f"at most {POLICIES_PER_USER}: take identities or Regions out, or make two deployments"
    )


def _policy(arns: Sequence[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": list(arns)}],
    }
