"""What is broken on purpose: whole Regions, DNS, throttling. Empty unless somebody asks.

Only what has no setting of AWS behind it is here: a key is disabled, a policy is broken in the key or policy itself,
by `breakage`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Faults:
    """The faults that are in force. Read by whoever serves requests; replaced, never half changed.

    Attributes:
        down: Regions whose API hangs up and whose SMTP doors refuse connections.
        slow: Region to the seconds that each of its requests and SMTP answers waits.
        throttled: Regions whose SES answers every API call with `Rate exceeded`.
        dns_fails: whether DNS answers SERVFAIL to everything.
    """

    down: frozenset[str] = frozenset()
    slow: dict[str, float] = field(default_factory=dict[str, float])
    throttled: frozenset[str] = frozenset()
    dns_fails: bool = False


class Doors(Protocol):
    """SMTP doors, one a Region, that can close and open again on the same port."""

    def suspend(self, region: str) -> None:
        """Close the door of a Region: connections are refused. Nothing when it has none."""
        ...

    def resume(self, region: str) -> None:
        """Open it again."""
        ...


INSIDE = "ses-regions-inside"
"""In the User-Agent of the requests with which the local AWS asks itself: no fault is for them."""

_lock = threading.Lock()
_current = Faults()
_doors: list[Doors] = []


def current() -> Faults:
    """Return the faults in force."""
    return _current


def put(faults: Faults) -> None:
    """Let these faults, and no others, be in force; doors are closed or open when it returns."""
    global _current
    with _lock:
        before, _current = _current, faults
        for doors in _doors:
            for region in sorted(faults.down - before.down):
                doors.suspend(region)
            for region in sorted(before.down - faults.down):
                doors.resume(region)


def attach(doors: Doors) -> None:
    """Let doors be closed as long as their Region is down."""
    with _lock:
        _doors.append(doors)


def throttles(region: str, headers: Mapping[str, str]) -> bool:
    """Tell whether SES refuses a request in this Region for now; headers have lower-case names."""
    return region in _current.throttled and INSIDE not in headers.get("user-agent", "")


def reset() -> None:
    """Repair everything."""
    put(Faults())
