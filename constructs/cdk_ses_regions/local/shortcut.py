"""A short way for what a door asks of other services about every mail: to their code, not over HTTP.

For boto3 nothing changes. It is for root, whom no policy stops: what is skipped is the network and the signature,
which took most of the time that a door had for a mail.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserFactory
from botocore.response import StreamingBody
from ministack import app
from ministack.core.responses import get_account_id, request_scope
from ministack.services import kms, lambda_svc, s3, sns

from cdk_ses_regions.local.ses.targets import Connect

Handler = Callable[..., Coroutine[Any, Any, Any]]

_s3 = partial(s3.handle_request, internal=True, enforce_bucket_region=False)
_HANDLERS: dict[str, Handler] = {
    "s3": _s3,
    "kms": kms.handle_request,
    "lambda": lambda_svc.handle_request,
    "sns": sns.handle_request,
}
_READS = {
    "s3": ("GetBucketLocation", "GetBucketPolicy", "GetBucketEncryption"),
    "kms": ("DescribeKey", "GetKeyPolicy"),
    "lambda": ("GetFunctionConfiguration", "GetPolicy"),
    "sns": ("GetTopicAttributes",),
}
_WRITES = {"s3": ("PutObject",), "lambda": ("Invoke",)}
_SECONDS = 60

_parsers = ResponseParserFactory()
_loop: asyncio.AbstractEventLoop | None = None


def install() -> None:
    """Find ministack's event loop when it starts: what changes something must run there, as ministack expects."""
    ministacks = app.app

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        global _loop
        if scope["type"] == "lifespan":
            _loop = asyncio.get_running_loop()
        await ministacks(scope, receive, send)

    app.app = serve


def through(connect: Connect) -> Connect:
    """Return a way to boto3 clients that take the short way where there is one.

    Args:
        connect: gives the clients; always the same one for the same service and Region.
    """
    known: set[tuple[str, str]] = set()
    lock = threading.Lock()

    def shortened(service: str, region: str) -> Any:
        client = connect(service, region)
        with lock:
            new = (service, region) not in known
            known.add((service, region))
        if new and service in _HANDLERS:
            for run, operations in ((_here, _READS), (_in_loop, _WRITES)):
                for operation in operations.get(service, ()):
                    client.meta.events.register(
                        f"before-call.{service}.{operation}", _answering(_HANDLERS[service], run, region)
                    )
        return client

    return shortened


def _answering(handle: Handler, run: Callable[..., Any], region: str) -> Callable[..., Any]:
    """Return a hook that answers a call of boto3, or leaves it to HTTP."""

    def answer(model: Any, params: dict[str, Any], **_: Any) -> Any:
        url, body = urlsplit(params["url"]), _bytes(params["body"])
        headers = {name.lower(): _text(value) for name, value in params["headers"].items()}
        headers |= {"host": url.netloc, "content-length": str(len(body))}
        query = parse_qs(url.query, keep_blank_values=True)

        async def work() -> Any:
            with request_scope(get_account_id(), region):
                return await handle(params["method"], unquote(url.path), headers, body, query)

        response = run(work())
        return None if response is None else _parsed(model, params["url"], *response)

    return answer


def _parsed(model: Any, url: str, status: int, headers: dict[str, Any], content: bytes | str) -> Any:
    """Return what boto3 makes of an answer that came over HTTP: the response, and what is in it."""
    raw = content.encode() if isinstance(content, str) else content
    # Parsers look headers up in lower case.
    found = {name.lower(): str(value) for name, value in headers.items()}
    streams = model.has_streaming_output and status < 300
    body = StreamingBody(io.BytesIO(raw), len(raw)) if streams else raw
    parser = _parsers.create_parser(model.service_model.resolved_protocol)
    parsed = parser.parse({"status_code": status, "headers": found, "body": body}, model.output_shape)
    http: Any = AWSResponse  # its types ask for what it makes itself
    return http(url, status, found, SimpleNamespace(stream=lambda: [raw])), parsed


def _here(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns that waits for nothing; None when it does wait."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    return None


def _in_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns in ministack's event loop; None when that is not known."""
    if _loop is None:
        work.close()
        return None
    return asyncio.run_coroutine_threadsafe(work, _loop).result(_SECONDS)


def _bytes(body: Any) -> bytes:
    """Return the body of a request; the query protocol has it as a form."""
    if isinstance(body, dict):
        return urlencode(body).encode()
    if hasattr(body, "read"):
        return body.read()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
