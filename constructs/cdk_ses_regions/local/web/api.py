"""The JSON API under `/_ses/api`, of which `control` is the client."""

# pyright: standard
# ministack, whose account and Region a request of it has, has no types.

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from ministack.core.responses import request_scope
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cdk_ses_regions.local import breakage, clock, faults, resetting
from cdk_ses_regions.local.account import account
from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.identities import verification
from cdk_ses_regions.local.web import entries, overview
from cdk_ses_regions.local.web.place import Place
from cdk_ses_regions.local.web.place import current as current_place

Data = dict[str, Any]
Reset = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]

_SLOWEST_SECONDS = 600.0


class RefusedError(Exception):
    """The request is not one that can be answered; says why."""


def routes(*, reset: Reset) -> list[BaseRoute]:
    """Return the routes; `reset` runs what empties everything while nobody else is served."""

    async def empty(_: Request) -> Response:
        await reset(lambda: run_in_threadpool(resetting.reset, _place()))
        return JSONResponse({})

    reads: dict[str, Callable[[], Any]] = {
        "status": lambda: overview.status(_place()),
        "sent": entries.sent,
        "outbox": entries.outbox,
        "received": entries.received,
        "feedback": entries.feedback,
        "suppression": lambda: [one for name in _place().regions for one in overview.suppressed(name)],
        "account": lambda: {name: overview.account(name) for name in _place().regions},
        "faults": overview.in_force,
        "clock": _clock,
    }
    writes: dict[str, Callable[[Data], Any]] = {
        "faults": _break,
        "faults/clear": _repair,
        "clock": _forward,
        "review": _review,
        "quota": _set_quota,
        "control-plane": _limit_control_plane,
    }
    return [
        *(Route(f"/_ses/api/{name}", _read(answer)) for name, answer in reads.items()),
        *(Route(f"/_ses/api/{name}", _write(act), methods=["POST"]) for name, act in writes.items()),
        Route("/_ses/api/reset", empty, methods=["POST"]),
        Route("/_ses/api/mails/{message_id}/raw", _raw),
    ]


def _read(answer: Callable[[], Any]) -> Callable[[Request], Response]:
    return lambda _: JSONResponse(answer())


def _write(act: Callable[[Data], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            data = await request.json()
        except ValueError:
            raise RefusedError("the body is not JSON") from None
        if not isinstance(data, dict):
            raise RefusedError("the body is not a JSON object")
        return JSONResponse(await run_in_threadpool(act, cast(Data, data)))

    return handle


def _raw(request: Request) -> Response:
    found = entries.find(request.path_params["message_id"])
    if found is None:
        return JSONResponse({"error": "no such mail"}, 404)
    return Response(entries.raw(found), media_type="application/octet-stream")


def _clock() -> Data:
    return {"now": clock.now().isoformat()}


def _forward(data: Data) -> Data:
    hours = _number(data, "hours", least=0.0, most=24.0 * 3650)
    return {"now": verification.forward(timedelta(hours=hours)).isoformat()}


def _break(data: Data) -> Data:
    """Add one fault to those in force."""
    kind, now = data.get("kind"), faults.current()
    match kind:
        case "dns":
            faults.put(replace(now, dns_fails=True))
        case "down":
            faults.put(replace(now, down=now.down | {_region(data)}))
        case "throttled":
            faults.put(replace(now, throttled=now.throttled | {_region(data)}))
        case "slow":
            seconds = _number(data, "seconds", least=0.0, most=_SLOWEST_SECONDS)
            faults.put(replace(now, slow={**now.slow, _region(data): seconds}))
        case "bucket-policy" | "key" | "topic-policy":
            breakage.break_on_purpose(kind, _region(data), as_root())
        case _:
            known = ("down", "slow", "throttled", "dns", *breakage.KINDS)
            raise RefusedError(f"kind is {kind!r}, should be one of {', '.join(known)}")
    return overview.in_force()


def _repair(_: Data) -> Data:
    faults.reset()
    breakage.repair(as_root())
    return overview.in_force()


def _review(data: Data) -> Data:
    granted = data.get("granted")
    if not isinstance(granted, bool):
        raise RefusedError("granted is true or false")
    return _of_account(data, lambda name: account.review(name, granted))


def _set_quota(data: Data) -> Data:
    daily = _number(data, "daily", least=-1.0, most=1e12) if data.get("daily") is not None else None
    rate = _number(data, "rate", least=0.0, most=1e9) if data.get("rate") is not None else None
    return _of_account(data, lambda name: account.set_quota(name, daily=daily, rate=rate))


def _limit_control_plane(data: Data) -> Data:
    limited = data.get("on")
    if not isinstance(limited, bool):
        raise RefusedError("on is true or false")
    account.limit_control_plane(limited)
    return {}


def _of_account(data: Data, act: Callable[[str], Any]) -> Data:
    """Change the account in a Region; return what it is then."""
    name = _region(data)
    with request_scope(_place().account, name):
        act(name)
    return overview.account(name)


def _region(data: Data) -> str:
    name, known = data.get("region"), _place().regions
    if name not in known:
        raise RefusedError(f"region {name!r} is none of those up here ({', '.join(known)})")
    return str(name)


def _number(data: Data, name: str, *, least: float, most: float) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RefusedError(f"{name} is {value!r}, should be a number")
    if not least <= value <= most:
        raise RefusedError(f"{name} is {value:g}, should be between {least:g} and {most:g}")
    return float(value)


def _place() -> Place:
    place = current_place()
    if place is None:  # the guard lets nobody in before
        raise RefusedError("the local AWS is not up yet")
    return place
