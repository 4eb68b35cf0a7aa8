"""Renders the templates: every page has the time, the faults, the limit of requests and the same head."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account import account
from cdk_ses_regions.local.printable import printable
from cdk_ses_regions.local.web import overview

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")

_TONES = {
    "good": "done delivered success verified create_complete update_complete delivery send production granted",
    "bad": "failed bounced rejected bounce reject complaint complained renderingfailure rollback_complete denied",
    "warn": "skipped delayed deliverydelay suppressed temporary_failure outbox create_in_progress pending",
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words.split()}


def page(request: Request, name: str, code: int = 200, **values: Any) -> Response:
    """Return a page.

    Args:
        request: whose query says whether the page renews itself (`live`).
        name: of the template.
        code: HTTP status.
        values: what the template names.
    """
    now = clock.now()
    ahead = now - datetime.now(UTC)
    html = (
        _environment()
        .get_template(name)
        .render(
            now=now.isoformat(),
            ahead=_long(ahead) if ahead > timedelta(seconds=1) else "",
            faults=_faults(),
            limited=account.control_plane_is_limited(),
            live="live" in request.query_params,
            **values,
        )
    )
    return HTMLResponse(html, code)


def _faults() -> list[str]:
    """Return one line for each thing that is broken on purpose."""
    found = overview.in_force()
    return [
        *(f"{name} is down" for name in found["down"]),
        *(f"{name} is slow by {seconds:g} s" for name, seconds in found["slow"].items()),
        *(f"{name} is throttled" for name in found["throttled"]),
        *(["DNS answers SERVFAIL"] if found["dns_fails"] else []),
        *(f"{one['kind'].replace('-', ' ')} of {one['name']} in {one['region']}" for one in found["broken"]),
    ]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most servers show no page

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    filters: dict[str, Any] = {
        "ago": _ago,
        "clock": _clock,
        "moment": _moment,
        "pretty": _pretty,
        "size": _size,
        "tone": tone,
        "words": _words,
    }
    environment.filters.update(filters)
    return environment


def _finalized(value: Any) -> Any:
    """Let what a stranger wrote turn no text around; a part of the page itself is as it is."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value, keep="\n\r\t")
    return value


def tone(word: str) -> str:
    """Return the tone of a state or result, as code or as words: `good`, `bad`, `warn`, or `wait` for any other."""
    return _TONE_OF.get(word.lower().replace(" ", "_"), "wait")


def _words(code: str) -> str:
    """`TEMPORARY_FAILURE` -> `temporary failure`."""
    return code.replace("_", " ").lower()


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _clock(at: str) -> str:
    return f"{datetime.fromisoformat(at):%H:%M:%S}"


def _moment(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S} UTC"


def _ago(at: str, now: str) -> str:
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(at)
    return "now" if passed < timedelta(seconds=1) else f"{_long(passed)} ago"


def _long(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (unit == "h" and seconds >= length):
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _size(size: int) -> str:
    return f"{size} bytes" if size < 1024 else f"{size / 1024:,.1f} KiB"
