"""The local AWS's inbound SMTP endpoints: one door a Region, each acting as SES receiving does there.

A door refuses recipients that no rule of its Region's active receipt rule set takes. It runs the rules'
actions before it answers, so whoever sent a mail can look at once for what became of it.
Rests on the SES developer guide, "Email receiving concepts and use cases"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html) and "Service quotas" (https://docs.aws.amazon.com/ses/latest/dg/quotas.html).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.ses.targets import Connect
from cdk_ses_regions.local.smtp.bounces import Bounce, SendBounce
from cdk_ses_regions.local.smtp.certificate import server_context
from cdk_ses_regions.local.smtp.receipt import Answer
from cdk_ses_regions.local.smtp.received import Mail, new_message_id
from cdk_ses_regions.local.smtp.receiver import Receiver, Route, Transaction

MESSAGE_MOST = 40 * 1024 * 1024
"""Bytes of the largest mail a door takes."""
RECIPIENTS_MOST = 100
KEPT = 1000
"""Routes and bounces that are remembered; the oldest go first."""

_ANSWERS = {
    Answer.ACCEPTED: "250 2.1.5 OK",
    Answer.UNKNOWN: "550 5.1.1 Requested action not taken: mailbox unavailable",
    Answer.TLS_REQUIRED: "530 5.7.0 Must issue a STARTTLS command first",
}
_LATER = "451 4.3.0 Temporary service failure, try again later"
_THREADS = 8

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _Conversation:
    """One client's session with a door: the hooks aiosmtpd calls."""

    def __init__(self, receiver: Receiver, run: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._receiver = receiver
        self._run = run
        self._transaction: Transaction | None = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        self._transaction = None
        envelope.mail_from = address or "<>"  # aiosmtpd takes an empty one for a missing MAIL
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient or refuse it."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MOST:
            return "452 4.5.3 Too many recipients"
        try:
            if self._transaction is None:
                self._transaction = await self._run(self._receiver.begin)
            said: Answer = await self._run(
                self._receiver.answer, self._transaction, address, tls=session.ssl is not None
            )
        except Exception:
            _log.exception("%s: the rule set or an identity could not be read", self._receiver.region.name)
            return _LATER
        if said is Answer.ACCEPTED:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return _ANSWERS[said]

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail, run the rules, answer with the message id."""
        content = envelope.content
        transaction, self._transaction = self._transaction, None
        if transaction is None or not isinstance(content, bytes):
            return _LATER
        peer = session.peer[0] if isinstance(session.peer, tuple) else "127.0.0.1"
        mail = Mail(
            message_id=new_message_id(),
            region=self._receiver.region.name,
            host=self._receiver.host,
            sender="" if envelope.mail_from in (None, "<>") else envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            raw=content,
            helo=session.host_name or "localhost",
            peer=str(peer),
            tls=session.ssl is not None,
        )
        try:
            await self._run(self._receiver.receive, mail, transaction)
        except Exception:
            _log.exception("%s: mail %s could not be worked on", mail.region, mail.message_id)
            return _LATER
        return f"250 OK {mail.message_id}"


class _Door(Controller):
    """The SMTP server of one Region, on a port the system chooses."""

    def __init__(
        self, *, receiver: Receiver, pool: ThreadPoolExecutor, tls: ssl.SSLContext, host: str
    ) -> None:
        self._receiver = receiver
        self._pool = pool
        self._listening = socket.create_server((host, 0))
        self._sessions: WeakSet[SMTP] = WeakSet()
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are untyped
            handler=None,
            hostname=host,
            port=self._listening.getsockname()[1],
            server_hostname=receiver.host,
            ready_timeout=30,
            ident="SimpleEmailService",
            data_size_limit=MESSAGE_MOST,
            enable_SMTPUTF8=False,
            tls_context=tls,
        )

    def factory(self) -> SMTP:
        """Give each session its own conversation."""
        session = SMTP(_Conversation(self._receiver, self._in_pool), **self.SMTP_kwargs)
        self._sessions.add(session)
        return session

    def stop(self, no_assert: bool = False) -> None:
        """Hang up on everyone and end the server's thread."""
        if self._thread is not None and self._thread.is_alive():
            hung_up = threading.Event()
            self.loop.call_soon_threadsafe(self._hang_up, hung_up)
            hung_up.wait(5)
        super().stop(no_assert=True)
        self._listening.close()

    def _hang_up(self, done: threading.Event) -> None:
        for session in list(self._sessions):
            transport = session.transport
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        done.set()

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)

    async def _in_pool(self, act: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        return await self.loop.run_in_executor(self._pool, lambda: act(*args, **kwargs))


class InboundDoors:
    """The inbound SMTP doors of a local AWS. Thread-safe; everything they do with AWS goes over its API.

    Args:
        regions: names of the AWS Regions; those where SES does not receive mail get no door.
        connect: (service, Region) -> boto3 client with root keys, called often: it should keep its clients.
        host: IP address to listen on.
        send_bounce: delivers the bounces of Bounce actions; None only keeps them for `bounces()`.

    Raises:
        UnsupportedRegionError: when SES is not in one of the Regions.
    """

    def __init__(
        self,
        *,
        regions: Iterable[str],
        connect: Connect,
        host: str = "127.0.0.1",
        send_bounce: SendBounce | None = None,
    ) -> None:
        self._regions = [region for region in map(ses.region, dict.fromkeys(regions)) if region.can_receive]
        self._connect = connect
        self._host = host
        self._deliver_bounce = send_bounce
        self._routes: deque[Route] = deque(maxlen=KEPT)
        self._bounces: deque[Bounce] = deque(maxlen=KEPT)
        self._doors: dict[str, _Door] = {}
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> dict[str, int]:
        """Open the doors and return each Region's port. Open doors stay as they are."""
        if self._pool is not None:
            return self.ports
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="inbound")
        names = [region.inbound for region in self._regions if region.inbound]
        tls = server_context(names=[*names, "localhost"], address=self._host)
        try:
            for region in self._regions:
                receiver = Receiver(
                    region=region, connect=self._connect, send_bounce=self._bounce, routes=self._routes
                )
                door = _Door(receiver=receiver, pool=self._pool, tls=tls, host=self._host)
                self._doors[region.name] = door
                door.start()
        except BaseException:
            self.stop()
            raise
        return self.ports

    def stop(self) -> None:
        """Close the doors, hang up on who is there, wait for actions that run."""
        for door in self._doors.values():
            door.stop()
        self._doors.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    @property
    def ports(self) -> dict[str, int]:
        """The port of each Region's door."""
        return {region: door.port for region, door in self._doors.items()}

    def routes(self, *, message_id: str | None = None) -> tuple[Route, ...]:
        """Return the routes of the last accepted mails, oldest first; one mail's when its id is given."""
        return tuple(route for route in tuple(self._routes) if message_id in (None, route.message_id))

    def bounces(self) -> tuple[Bounce, ...]:
        """Return the last bounces, oldest first."""
        return tuple(self._bounces)

    def _bounce(self, bounce: Bounce) -> None:
        if self._deliver_bounce is not None:
            self._deliver_bounce(bounce)
        self._bounces.append(bounce)
