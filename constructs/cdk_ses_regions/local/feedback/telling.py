"""Every channel writes down what it told, or why it told nobody: one entry of the journal for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.feedback.events import MailEvent
from cdk_ses_regions.local.journal import JOURNAL, Told


def note(
    event: MailEvent,
    channel: Literal["topic", "event destination", "email"],
    target: str,
    body: Mapping[str, Any],
    *,
    dropped: str = "",
) -> None:
    """Write down that an event was told.

    Args:
        event: the event.
        channel: by which way.
        target: ARN, `CONFIGURATION_SET/DESTINATION` or address.
        body: what was published.
        dropped: why nobody was told, empty when somebody was.
    """
    JOURNAL.add_told(
        Told(
            region=event.mail.region,
            message_id=event.mail.message_id,
            kind=event.kind,
            recipients=event.recipients,
            channel=channel,
            target=target,
            body=body,
            at=clock.now(),
            dropped=dropped,
        )
    )
