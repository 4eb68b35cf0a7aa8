"""A local AWS to try and test email in several Regions, without an account.

ministack runs the services; this package adds what it lacks for SES, and the SMTP doors through which mail comes in.
It listens on loopback only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_ses_regions.local.errors import LocalAwsError
    from cdk_ses_regions.local.lifecycle import LocalAws

__all__ = ["LocalAws", "LocalAwsError"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: pytest imports this package at each start, used or not."""
    if name == "LocalAws":
        from cdk_ses_regions.local.lifecycle import LocalAws

        return LocalAws
    if name == "LocalAwsError":
        from cdk_ses_regions.local.errors import LocalAwsError

        return LocalAwsError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
