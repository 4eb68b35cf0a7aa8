"""The metrics that SES publishes by itself, for the account and for each configuration set: counts and reputation.

Gap: ministack publishes none.
Rests on https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html and
https://docs.aws.amazon.com/ses/latest/dg/monitoring-sender-reputation.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import threading

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudwatch, ses_v2

from cdk_ses_regions.local.feedback.events import SIMULATOR, MailEvent

NAMESPACE = "AWS/SES"

_REPUTATION = "ReputationOptions"
_RATES = {"Bounce": "Reputation.BounceRate", "Complaint": "Reputation.ComplaintRate"}

_lock = threading.Lock()
_counts = AccountRegionScopedDict()
"""Configuration set, or nothing for the account -> recipients by kind of event, as far as reputation goes."""


def publish(event: MailEvent) -> None:
    """Publish the counts of an event, and how it changes reputation."""
    cloudwatch.record_metric(NAMESPACE, event.kind, len(event.recipients), "Count")
    if event.kind not in ("Send", *_RATES):
        return
    affected = _affected(event)
    if not affected:
        return
    _publish_rates(event.kind, affected, "")
    name = event.mail.configuration_set
    defaults = ses_v2._CONFIG_SET_DEFAULTS[_REPUTATION]
    found = ses_v2._config_sets.get(name)
    if found is not None and found.get(_REPUTATION, defaults)["ReputationMetricsEnabled"]:
        _publish_rates(event.kind, affected, name)


def reset() -> None:
    """Start with a new reputation."""
    _counts.clear()


def _affected(event: MailEvent) -> int:
    """Return how many recipients count: not the simulator, and no bounce or complaint that SES saw coming."""
    if event.kind == "Bounce" and not event.is_hard_bounce:
        return 0
    if event.kind == "Complaint" and event.detail.get("complaintSubType"):
        return 0
    return sum(recipient.rpartition("@")[2].lower() != SIMULATOR for recipient in event.recipients)


def _publish_rates(kind: str, recipients: int, configuration_set: str) -> None:
    with _lock:
        counts = _counts.setdefault(configuration_set, dict.fromkeys(("Send", *_RATES), 0))
        counts[kind] += recipients
        rates = {metric: counts[of] / max(1, counts["Send"]) for of, metric in _RATES.items()}
    dimensions = {"ses:configuration-set": configuration_set} if configuration_set else {}
    for metric, rate in rates.items():
        cloudwatch.record_metric(NAMESPACE, metric, rate, "None", dimensions)
