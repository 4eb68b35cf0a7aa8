"""IAM's quota of access keys: a user has two at most.

Gap: ministack gives as many as are asked for.
Rests on the IAM user guide, "IAM and AWS STS quotas"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from typing import Any

from ministack.services import iam

from cdk_ses_regions.local.furnishing import DEPLOYER

_MOST = 2


def install() -> None:
    """Put our answer before ministack's."""
    handlers: Any = iam._IAM_HANDLERS
    create = handlers["CreateAccessKey"]

    def create_one_more(params: Any) -> Any:
        user = iam._p(params, "UserName")
        # The deployer gets one at each start, and may have those of earlier starts.
        if user != DEPLOYER and _count(user) >= _MOST:
            return iam._error(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_MOST}")
        return create(params)

    handlers["CreateAccessKey"] = create_one_more


def _count(user: str) -> int:
    return sum(key["UserName"] == user for key in iam._access_keys.values())
