"""A local AWS to try and test email in several Regions, without an account.

ministack runs the services; this package adds what it lacks for SES, and the SMTP doors through which mail comes in.
It listens on loopback only.
"""

from __future__ import annotations

from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.lifecycle import LocalAws

__all__ = ["LocalAws", "LocalAwsError"]
