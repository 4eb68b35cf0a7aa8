"""The trial mail that SES writes into a bucket when a rule is created: taken away again, or no bucket is ever empty.

Rests on the SES developer guide, "Deliver to S3 bucket action".
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error


class SetupNotification:
    """Properties: `Bucket`, and `Key` of the trial mail. Creates nothing: SES does, when the first rule comes."""

    TYPE = "Custom::SesSetupNotification"
    SERVICE = "s3"

    def __init__(self, s3: Any, patience: Patience) -> None:
        self._s3 = s3
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: there is one a bucket and prefix."""
        return f"setup-notification/{properties['Bucket']}/{properties['Key']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Take note of where it will be."""
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Take note of the new place; CloudFormation then deletes the old one."""
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the trial mail, and nothing else."""
        try:
            self._patience.call(self._s3.delete_object, Bucket=properties["Bucket"], Key=properties["Key"])
        except ClientError as error:
            if not is_error(error, "NoSuchBucket"):
                raise
