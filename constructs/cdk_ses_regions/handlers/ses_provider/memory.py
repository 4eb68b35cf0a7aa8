"""What an identity was like before somebody took it over: in tags of the identity itself.

There a second attempt finds it, and so does a delete after a create that never answered; and it goes with the identity.
Rests on the SES API v2 reference, `TagResource`: at most 256 letters, digits, spaces and `_.:/=+-@` in a value.
"""

from __future__ import annotations

from typing import Any

from patience import Patience

_PREFIX = "ses-regions:"


class Memory:
    """The tags of one identity that are ours, by their names without prefix."""

    def __init__(self, sesv2: Any, patience: Patience, *, arn: str) -> None:
        self._sesv2 = sesv2
        self._patience = patience
        self._arn = arn

    def read(self) -> dict[str, str]:
        """Return all that is remembered."""
        answer = self._patience.call(self._sesv2.list_tags_for_resource, ResourceArn=self._arn)
        return from_tags(answer["Tags"])

    def write(self, values: dict[str, str]) -> None:
        """Remember the values, beside what is remembered already."""
        self._patience.call(self._sesv2.tag_resource, ResourceArn=self._arn, Tags=as_tags(values))

    def forget(self, *names: str) -> None:
        """Forget what the names stand for."""
        keys = [f"{_PREFIX}{name}" for name in names]
        self._patience.call(self._sesv2.untag_resource, ResourceArn=self._arn, TagKeys=keys)


def as_tags(values: dict[str, str]) -> list[dict[str, str]]:
    """Return the tags for the values."""
    return [{"Key": f"{_PREFIX}{name}", "Value": value} for name, value in values.items()]


def from_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return the values of the tags that are ours."""
    return {tag["Key"].removeprefix(_PREFIX): tag["Value"] for tag in tags if tag["Key"].startswith(_PREFIX)}


def as_text(values: dict[str, str]) -> str:
    """Return short values as one: a tag has room, and an identity has at most 50."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def from_text(text: str) -> dict[str, str]:
    """Return the values that `as_text` wrote."""
    return dict(part.split("=", 1) for part in text.split())
