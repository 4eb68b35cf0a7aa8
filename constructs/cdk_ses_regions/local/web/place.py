"""Where the parts of this server are: known once it is furnished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The server as it serves.

    Attributes:
        endpoint_url: of every service.
        account: 12 digits.
        regions: the AWS Regions that have doors.
        hosted_zones: those to begin with: id to domain.
        dns_port: of the name server on 127.0.0.1.
        inbound_ports: Region to the port of its door for incoming mail.
        submission_ports: Region to the port of its SMTP endpoint.
        feedback_ports: Region to the port of its feedback host.
        access_key_id: of the user who deploys.
        secret_access_key: of the user who deploys.
    """

    endpoint_url: str
    account: str
    regions: Sequence[str]
    hosted_zones: Mapping[str, str]
    dns_port: int
    access_key_id: str
    secret_access_key: str
    inbound_ports: Mapping[str, int]
    submission_ports: Mapping[str, int] = field(default_factory=dict[str, int])
    feedback_ports: Mapping[str, int] = field(default_factory=dict[str, int])


_place: Place | None = None


def announce(ready: Mapping[str, Any]) -> None:
    """Say where everything is, in the words of the file that tells other processes; before, `/_ses` answers 503."""
    global _place
    known = {one.name for one in fields(Place)}
    _place = Place(**{name: value for name, value in ready.items() if name in known})


def current() -> Place | None:
    """Return where everything is, or None as long as the server is being furnished."""
    return _place
