"""A record set as Route 53 has it, and as a text short enough for a physical id."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLAIN = {"Name", "Type", "TTL", "ResourceRecords"}


@dataclass(frozen=True)
class RecordSet:
    """A record set; `special` when it has more than values: it is an alias, or one of several by a routing policy."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    special: bool = False

    @classmethod
    def wanted(cls, properties: dict[str, Any]) -> RecordSet:
        """Return the record that a resource's properties want."""
        name = properties["Name"].lower().rstrip(".")
        return cls(name, properties["Type"], int(properties["TTL"]), tuple(properties["Values"]))

    @classmethod
    def found(cls, answer: dict[str, Any]) -> RecordSet:
        """Return the record that Route 53 tells of."""
        values = tuple(one["Value"] for one in answer.get("ResourceRecords", ()))
        name = answer["Name"].lower().rstrip(".")
        special = bool(answer.keys() - _PLAIN)
        return cls(name, answer["Type"], int(answer.get("TTL", 0)), values, special)

    def same(self, other: RecordSet) -> bool:
        """Tell whether both say the same; how long it may be remembered and how it is written do not matter."""
        return {_plain(self.type, one) for one in self.values} == {
            _plain(other.type, one) for one in other.values
        }

    def as_route53(self) -> dict[str, Any]:
        """Return the record as Route 53 takes it."""
        records = [{"Value": value} for value in self.values]
        return {"Name": self.name, "Type": self.type, "TTL": self.ttl, "ResourceRecords": records}


def as_text(record: RecordSet | None) -> str:
    """Return a record in letters, digits, hyphens and underscores; nothing for none."""
    if record is None:
        return ""
    kept = json.dumps([record.name, record.type, record.ttl, record.values], separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(kept.encode(), 9)).decode().rstrip("=")


def from_text(text: str) -> RecordSet | None:
    """Return the record that `as_text` made a text of."""
    if not text:
        return None
    kept = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    name, kind, ttl, values = json.loads(kept)
    return RecordSet(name, kind, ttl, tuple(values))


def _plain(kind: str, value: str) -> str:
    """Return a value without what is a matter of writing: the strings of a text, capitals and final dot of a host."""
    if kind == "TXT":
        return "".join(_STRING.findall(value))
    return " ".join(value.lower().rstrip(".").split())
