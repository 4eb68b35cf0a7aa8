"""The trial mail in a bucket that keeps versions: all of them go, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from patience import Patience
from provider_fakes import FakeClock, client_error
from setup_notification import SetupNotification

KEY = "mail/AMAZON_SES_SETUP_NOTIFICATION"
TRIAL = {"Bucket": "mail-bucket", "Keys": [KEY], "Versioned": "true"}


class VersionedBucket:
    """S3 as far as versions go; it lists two of them at a time."""

    def __init__(self, *versions: tuple[str, str, bool]) -> None:
        self.versions = list(versions)
        self.faults: list[Exception] = []

    def list_object_versions(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if self.faults:
            raise self.faults.pop(0)
        found = [one for one in self.versions if one[0].startswith(Prefix)]
        page = [({"Key": key, "VersionId": version}, marker) for key, version, marker in found[:2]]
        return {
            "Versions": [one for one, marker in page if not marker],
            "DeleteMarkers": [one for one, marker in page if marker],
            "IsTruncated": len(found) > 2,
        }

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> None:  # noqa: N803
        self.versions = [one for one in self.versions if one[:2] != (Key, VersionId)]


@pytest.fixture
def patience() -> Patience:
    clock = FakeClock()
    return Patience(seconds=60, sleep=clock.sleep, clock=clock)


def test_every_version_and_marker_of_it_goes_and_all_other_mail_stays(patience: Patience) -> None:
    mail = ("mail/1", "v1", False)
    bucket = VersionedBucket(*[(KEY, f"v{n}", n % 2 == 0) for n in range(5)], mail)
    SetupNotification(bucket, patience).delete("id", TRIAL)
    assert bucket.versions == [mail]


def test_a_key_that_begins_alike_is_another_mail(patience: Patience) -> None:
    other = (f"{KEY}2", "v1", False)
    bucket = VersionedBucket((KEY, "v1", False), other)
    SetupNotification(bucket, patience).delete("id", TRIAL)
    assert bucket.versions == [other]


def test_many_keys_that_begin_alike_do_not_keep_it_for_ever(patience: Patience) -> None:
    others = [(f"{KEY}{n}", "v1", False) for n in range(3)]
    bucket = VersionedBucket(*others)
    SetupNotification(bucket, patience).delete("id", TRIAL)
    assert bucket.versions == others


def test_throttling_is_waited_out(patience: Patience) -> None:
    bucket = VersionedBucket((KEY, "v1", False))
    bucket.faults = [client_error("Throttling")]
    SetupNotification(bucket, patience).delete("id", TRIAL)
    assert bucket.versions == []


def test_a_bucket_with_versions_that_is_gone_needs_no_cleaning(patience: Patience) -> None:
    bucket = VersionedBucket()
    bucket.faults = [client_error("NoSuchBucket")]
    SetupNotification(bucket, patience).delete("id", TRIAL)
