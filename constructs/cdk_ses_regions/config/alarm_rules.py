"""What `alarms` must be in itself, and to the topics and queues of `feedback`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_ses_regions.config.feedback_rules import Surroundings, subscriptions
from cdk_ses_regions.config.findings import Finding, Location, as_list, as_mapping
from cdk_ses_regions.limits import BOUNCE_RATE_REVIEWED, COMPLAINT_RATE_REVIEWED

_KEY = "alarms"
_TOPIC = "alarms"
_REVIEWED = {"bounce_rate": BOUNCE_RATE_REVIEWED, "complaint_rate": COMPLAINT_RATE_REVIEWED}


def check(settings: Mapping[str, Any], around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong in the section `alarms`, and keep its topic from others."""
    if _KEY not in settings:
        return
    if settings[_KEY] is None:
        yield Finding(
            (_KEY,), "is empty; write {} for the defaults, or take the key out for no alarms", at_key=True
        )
        return
    section = as_mapping(settings[_KEY])
    for key, reviewed in _REVIEWED.items():
        yield from _thresholds(as_mapping(section.get(key)), reviewed, (_KEY, key))
    yield from subscriptions(section.get("subscriptions"), (_KEY, "subscriptions"), around)
    yield from _topics(settings)


def _thresholds(given: Mapping[str, Any], reviewed: float, at: Location) -> Iterator[Finding]:
    warning, critical = given.get("warning", reviewed / 2), given.get("critical", reviewed)
    numbers = [
        one for one in (warning, critical) if isinstance(one, (int, float)) and not isinstance(one, bool)
    ]
    if len(numbers) == 2 and all(0 < one <= 1 for one in numbers) and warning >= critical:
        yield Finding(
            (*at, "warning" if "warning" in given else "critical"),
            f"the warning, at {warning:g}, does not come before what is critical, {critical:g}; give a lower warning "
            "or a higher critical",
        )


def _topics(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the feedback topics that have the name of the topic of the alarms."""
    places: list[tuple[Location, Mapping[str, Any]]] = [((), settings)]
    places += [
        ((key, place), as_mapping(entry))
        for key in ("domains", "addresses")
        for place, entry in enumerate(as_list(settings.get(key)))
    ]
    for at, owner in places:
        topics = as_mapping(as_mapping(owner.get("feedback")).get("topics"))
        for kind, name in topics.items():
            if name == _TOPIC:
                yield Finding(
                    (*at, "feedback", "topics", kind),
                    f"topic {_TOPIC!r} is the one of the alarms; choose another",
                )
