"""What becomes of an event: everyone is told who asked to be.

Gap: ministack tells of bounces, complaints and deliveries on identity topics only, and only for some mails.
Rests on the SES developer guide, "Setting up event notifications for Amazon SES"
(https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import logging
from collections.abc import Callable

from ministack.core.responses import request_scope

from cdk_ses_regions.local.account import statistics, suppression
from cdk_ses_regions.local.feedback import destinations, forwarding, metrics, notifications
from cdk_ses_regions.local.feedback.events import MailEvent

_log = logging.getLogger(__name__)


def _hearers() -> tuple[Callable[[MailEvent], None], ...]:
    """Return who hears of every event, in this order: forwarding is for what nobody else was told."""
    return (
        statistics.count,
        metrics.publish,
        suppression.learn,
        notifications.tell,
        destinations.tell,
        forwarding.tell,
    )


def tell(event: MailEvent) -> None:
    """Tell of an event on every channel, in the Region that sent the mail; never raises.

    Mails that SES itself writes are nobody's: nobody is told of them.
    """
    if event.mail.via == "SES":
        return
    with request_scope(event.mail.account, event.mail.region):
        for hear in _hearers():
            try:
                hear(event)
            except Exception:
                # The trouble of one is no reason to lose the mail, or to keep it from the others.
                _log.exception("%s of %s is not heard by %s", event.kind, event.mail.message_id, hear)
