"""The trial mails that SES writes into a bucket when rules are created: taken away again, or no bucket is ever empty.

Rests on the SES developer guide, "Deliver to S3 bucket action".
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error


class SetupNotification:
    """Properties: `Bucket`, and `Keys` of the trial mails; `Versioned`, "true" for a bucket that keeps versions.

    Creates nothing: SES does, when the rules come.
    """

    TYPE = "Custom::SesSetupNotification"
    SERVICE = "s3"

    def __init__(self, s3: Any, patience: Patience) -> None:
        self._s3 = s3
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: there is one a bucket."""
        return f"setup-notification/{properties['Bucket']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Take note of where it will be."""
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Delete the trial mails of rules that are gone; of another bucket, CloudFormation deletes the old ones."""
        if old["Bucket"] == new["Bucket"]:
            self._delete(old, [key for key in old["Keys"] if key not in new["Keys"]])
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the trial mails, with their versions, and nothing else."""
        self._delete(properties, properties["Keys"])

    def _delete(self, properties: dict[str, Any], keys: list[str]) -> None:
        bucket = properties["Bucket"]
        try:
            for key in keys:
                if properties.get("Versioned") == "true":
                    self._delete_versions(bucket, key)
                else:
                    self._patience.call(self._s3.delete_object, Bucket=bucket, Key=key)
        except ClientError as error:
            if not is_error(error, "NoSuchBucket"):
                raise

    def _delete_versions(self, bucket: str, key: str) -> None:
        # Each rule that was created or changed has left one; what is deleted is not listed again.
        while True:
            answer = self._patience.call(self._s3.list_object_versions, Bucket=bucket, Prefix=key)
            listed = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
            versions = [one["VersionId"] for one in listed if one["Key"] == key]
            for version in versions:
                self._patience.call(self._s3.delete_object, Bucket=bucket, Key=key, VersionId=version)
            if not versions or not answer.get("IsTruncated"):
                return
