"""The application under `/_ses`: for this machine only, and changed by nobody but who means it.

A page of somebody else's site must neither read nor change anything here: the host has to be loopback's, and what
changes something is a POST of JSON, which browsers send to other sites only after asking, in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.web import api, pages, place

_HOSTS = ["127.0.0.1", "localhost"]
_HARMLESS = {"GET", "HEAD"}
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}

_emptying = asyncio.Lock()


def application() -> ASGIApp:
    """Return the application."""
    return Starlette(
        routes=[*api.routes(reset=_reset), *pages.routes()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS), Middleware(_Guard)],
        exception_handlers={LocalAwsError: _refused, ValueError: _refused, api.RefusedError: _refused},
    )


async def while_it_is_emptied() -> None:
    """Wait until a reset that goes on is done."""
    async with _emptying:
        pass


async def _reset(empty: Callable[[], Awaitable[None]]) -> None:
    async with _emptying:
        await empty()


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


class _Guard:
    """Refuses what somebody else's page may send, and says in every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own: list[tuple[bytes, bytes]] = message["headers"]
                names = {name.lower() for name, _ in own}
                message["headers"] = [*own, *(one for one in _HEADERS.items() if one[0] not in names)]
            await send(message)

        answer: ASGIApp = self._app
        if scope["type"] == "http":
            request = Request(scope)
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if place.current() is None:
                answer = JSONResponse({"error": "the local AWS is not up yet"}, 503)
            elif request.method not in _HARMLESS and kind != "application/json":
                answer = JSONResponse({"error": "send a POST with Content-Type application/json"}, 415)
        await answer(scope, receive, send_guarded)
