"""What is broken on purpose: whole Regions, DNS, throttling. Empty unless somebody asks.

Only what has no setting of AWS behind it is here: a key is disabled, a policy is broken in the key or policy itself.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


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


_lock = threading.Lock()
_current = Faults()


def current() -> Faults:
    """Return the faults in force."""
    return _current


def put(faults: Faults) -> None:
    """Let these faults, and no others, be in force."""
    global _current
    with _lock:
        _current = faults
