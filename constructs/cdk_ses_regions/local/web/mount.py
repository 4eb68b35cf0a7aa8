"""Puts `/_ses` before ministack's own paths, and lets faults of whole Regions act on every request.

Gap: ministack shows neither mails nor identities to people, nothing in it can be broken, and any web page could send
what resets it.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from hypercorn.protocol.events import StreamClosed
from ministack import app
from ministack.core.router import extract_signed_region
from starlette.responses import JSONResponse

from cdk_ses_regions.local import faults
from cdk_ses_regions.local.faults import INSIDE
from cdk_ses_regions.local.web import site

_PREFIX = "/_ses"
_UNSIGNED = ("reset", "config", "ses/messages", "sqs/messages", "sns/sms-messages")
_CLOSED = {f"/_ministack/{name}" for name in _UNSIGNED}
"""What ministack does and tells without asking who wants it; `/_ses/api` does and tells it to this machine only."""


def install() -> None:
    """Patch the application that ministack serves."""
    ministacks = app.app
    pages = site.application()

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await ministacks(scope, receive, send)
            return
        if scope["path"] == _PREFIX or scope["path"].startswith(f"{_PREFIX}/"):
            await pages(scope, receive, send)
            return
        if scope["path"] in _CLOSED:
            await JSONResponse({"error": "closed; see `ses-regions local --help`"}, 403)(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if INSIDE not in headers.get("user-agent", ""):
            await site.while_it_is_emptied()
            query = parse_qs(scope["query_string"].decode("latin-1"))
            region, broken = extract_signed_region(headers, query) or "", faults.current()
            if region in broken.down:
                await _hang_up(send)
                return
            if seconds := broken.slow.get(region):
                await asyncio.sleep(seconds)
        await ministacks(scope, receive, send)

    app.app = serve


async def _hang_up(send: Any) -> None:
    """Close the connection before an answer: hypercorn itself has no word for that, and would send a 500."""
    stream = send.__self__
    await stream.send(StreamClosed(stream_id=stream.stream_id))
