"""Mails that could not be handed over yet: tried again, with growing pauses, until their time is up.

https://docs.aws.amazon.com/ses/latest/dg/send-email-concepts-deliverability.html: SES tries for 14 hours.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.outbound.outgoing import Outgoing

HOURS = float(os.environ.get("SES_LOCAL_RETRY_HOURS", "14"))
"""How long SES tries, by the clock of the local AWS."""

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_LOOK_EVERY = 0.2  # seconds: the clock may be moved forward at any time

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail that waits for the mail server of some of its recipients.

    Attributes:
        mail: the mail.
        domain: the recipients' domain.
        recipients: those who did not get it yet.
        why: the last reply, `421 4.4.1 ...`.
        pause: until the next attempt.
        due: when it is.
    """

    mail: Outgoing
    domain: str
    recipients: tuple[str, ...]
    why: str
    pause: timedelta = _FIRST_PAUSE
    due: datetime

    @property
    def expires(self) -> datetime:
        """When SES gives up."""
        return self.mail.sent_at + timedelta(hours=HOURS)


class Retries:
    """What waits, and the thread that tries again; it runs only while something waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []
        self._running = False

    def put(
        self,
        attempt: Callable[[Waiting], None],
        mail: Outgoing,
        domain: str,
        recipients: tuple[str, ...],
        *,
        why: str,
        before: Waiting | None,
    ) -> Waiting:
        """Let a mail wait.

        Args:
            attempt: called when it is due; puts it back if that fails.
            mail: the mail.
            domain: of the recipients.
            recipients: those who did not get it.
            why: the reply that they got instead.
            before: how it waited the last time.
        """
        pause = _FIRST_PAUSE if before is None else min(before.pause * 2, _LONGEST_PAUSE)
        waiting = Waiting(
            mail=mail, domain=domain, recipients=recipients, why=why, pause=pause, due=clock.now() + pause
        )
        if waiting.due > waiting.expires:
            waiting = replace(waiting, due=waiting.expires)
        with self._lock:
            self._waiting.append(waiting)
            start, self._running = not self._running, True
        if start:
            threading.Thread(target=self._run, args=(attempt,), name="retries", daemon=True).start()
        return waiting

    def waiting(self) -> tuple[Waiting, ...]:
        """Return what waits now."""
        with self._lock:
            return tuple(self._waiting)

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()

    def _run(self, attempt: Callable[[Waiting], None]) -> None:
        pause = threading.Event()
        while True:
            with self._lock:
                now = clock.now()
                due = [one for one in self._waiting if one.due <= now]
                self._waiting = [one for one in self._waiting if one.due > now]
                if not due and not self._waiting:
                    self._running = False
                    return
            for one in due:
                try:
                    attempt(one)
                except Exception:
                    _log.exception("mail %s is lost", one.mail.message_id)
            pause.wait(_LOOK_EVERY)


RETRIES = Retries()
"""Those of this process."""


def reset() -> None:
    """Forget what waits."""
    RETRIES.clear()
