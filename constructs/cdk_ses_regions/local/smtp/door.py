"""An SMTP door of one Region, and the doors of all: a port on loopback that can close and open again."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from cdk_ses_regions.local import endpoints, faults

MESSAGE_MOST = 40 * 1024 * 1024
"""Bytes of the largest mail a door takes."""

_THREADS = 8
_T = TypeVar("_T")

Run = Callable[..., Coroutine[Any, Any, Any]]
"""Calls something that blocks, in a thread of its own, and answers as slowly as the Region is meant to."""


def begin(envelope: Envelope, sender: str, options: list[str]) -> str:
    """Begin a mail as a mail server does, which takes one from nobody: a bounce. Returns what is said to MAIL."""
    envelope.mail_from = sender or "<>"  # aiosmtpd takes an empty one for a missing MAIL
    envelope.mail_options.extend(options)
    return "250 2.1.0 OK"


class Door(Controller):
    """The SMTP server of one Region, on a port the system chooses.

    Args:
        region: the AWS Region.
        name: host name by which it greets.
        converse: makes the object with aiosmtpd's hooks for one session, given how to call what blocks.
        pool: threads for what blocks.
        tls: for STARTTLS.
        host: IP address to listen on.
        settings: further ones of aiosmtpd's SMTP.
    """

    def __init__(
        self,
        *,
        region: str,
        name: str,
        converse: Callable[[Run], object],
        pool: ThreadPoolExecutor,
        tls: ssl.SSLContext,
        host: str,
        settings: Mapping[str, Any],
    ) -> None:
        self._region = region
        self._converse = converse
        self._pool = pool
        self._socket = socket.create_server((host, 0))
        self._sessions: WeakSet[SMTP] = WeakSet()
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are untyped
            handler=None,
            hostname=host,
            port=self._socket.getsockname()[1],
            server_hostname=name,
            ready_timeout=30,
            ident="SimpleEmailService",
            data_size_limit=MESSAGE_MOST,
            enable_SMTPUTF8=False,
            tls_context=tls,
            **settings,
        )

    def factory(self) -> SMTP:
        """Give each session its own conversation."""
        session = SMTP(self._converse(self._in_pool), **self.SMTP_kwargs)
        self._sessions.add(session)
        return session

    def suspend(self) -> None:
        """Hang up on everyone and refuse connections. The port stays ours: bound, and nobody listens."""
        self._in_loop(self._close)

    def resume(self) -> None:
        """Take connections again, on the same port."""
        self._in_loop(self._open)

    def stop(self, no_assert: bool = False) -> None:
        """Hang up on everyone and end the server's thread."""
        if self._thread is not None and self._thread.is_alive():
            self._in_loop(self._hang_up)
        super().stop(no_assert=True)
        self._socket.close()

    def _in_loop(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(act(), self.loop).result(5)

    async def _close(self) -> None:
        if self.server is not None and self.server.is_serving():
            address = self._socket.getsockname()
            self.server.close()
            self._socket.close()
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(address)
        await self._hang_up()

    async def _open(self) -> None:
        if self.server is None or not self.server.is_serving():
            self.server = await self._create_server()

    async def _hang_up(self) -> None:
        for session in list(self._sessions):
            transport = session.transport
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)

    async def _in_pool(self, act: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        if seconds := faults.current().slow.get(self._region):
            await asyncio.sleep(seconds)
        return await self.loop.run_in_executor(self._pool, lambda: act(*args, **kwargs))


class Doors:
    """The doors of one kind, one a Region.

    Args:
        kind: names their threads.
        names: Region to the host name of its door.
        converse: (Region, how to call what blocks) -> the object with aiosmtpd's hooks for one session.
        tls: for STARTTLS.
        host: IP address to listen on.
        settings: further ones of aiosmtpd's SMTP, for a Region.
    """

    def __init__(
        self,
        *,
        kind: str,
        names: Mapping[str, str],
        converse: Callable[[str, Run], object],
        tls: Callable[[], ssl.SSLContext],
        host: str = "127.0.0.1",
        settings: Callable[[str], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self._kind = kind
        self._names = dict(names)
        self._converse = converse
        self._tls = tls
        self._host = host
        self._settings = settings
        self._doors: dict[str, Door] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def start(self) -> dict[str, int]:
        """Open the doors and return each Region's port. Open doors stay as they are."""
        if self._pool is not None:
            return self.ports
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=self._kind)
        tls = self._tls()
        try:
            for region, name in self._names.items():
                door = Door(
                    region=region,
                    name=name,
                    converse=lambda run, region=region: self._converse(region, run),
                    pool=self._pool,
                    tls=tls,
                    host=self._host,
                    settings=self._settings(region),
                )
                self._doors[region] = door
                door.start()
                endpoints.publish(name, door.port)
        except BaseException:
            self.stop()
            raise
        return self.ports

    def stop(self) -> None:
        """Close the doors, hang up on who is there, wait for what runs."""
        for door in self._doors.values():
            door.stop()
        self._doors.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def suspend(self, region: str) -> None:
        """Close the door of a Region: connections are refused. Nothing when it has none."""
        with self._lock:
            if (door := self._doors.get(region)) is not None:
                door.suspend()

    def resume(self, region: str) -> None:
        """Open it again, on the same port."""
        with self._lock:
            if (door := self._doors.get(region)) is not None:
                door.resume()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each Region's door."""
        return {region: door.port for region, door in self._doors.items()}
