"""What goes wrong with the local AWS itself."""

from __future__ import annotations

from cdk_ses_regions.errors import SesRegionsError


class LocalAwsError(SesRegionsError):
    """The local AWS did not start, is not there, or a command run against it failed."""
