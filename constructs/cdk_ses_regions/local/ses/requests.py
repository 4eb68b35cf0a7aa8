"""SES as AWS has it, where ministack's differs: the one place through which requests go.

ministack serves SES on its event loop; here a request may ask other services, so each gets a thread.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import ses as ses_v1
from ministack.services import ses_v2

from cdk_ses_regions.local.ses import (
    account,
    configuration_sets,
    identities_v1,
    identities_v2,
    receipt_rules,
    sending,
    sending_rights,
    suppression,
    verification,
)

Response = tuple[int, dict[str, str], bytes]

_V1_ACTIONS = {
    **identities_v1.ACTIONS,
    **receipt_rules.ACTIONS,
    **account.ACTIONS,
    **configuration_sets.ACTIONS,
    **sending.ACTIONS,
}
_V2_ANSWERS = (
    identities_v2.answer,
    account.answer,
    suppression.answer,
    configuration_sets.answer,
    sending.answer,
)


def install() -> None:
    """Put our handlers before ministack's."""
    version_1, version_2 = ses_v1.handle_request, ses_v2.handle_request

    async def handle_v2(*request: Any) -> Response:
        return await run_reentrant(_serve, version_2, _answer_v2, request)

    async def handle_v1(*request: Any) -> Response:
        if request[1].startswith("/v2/"):
            return await handle_v2(*request)
        return await run_reentrant(_serve, version_1, _answer_v1, request)

    ses_v1.handle_request, ses_v2.handle_request = handle_v1, handle_v2
    for extension in (verification, sending_rights):
        extension.install()


def _serve(
    ministacks: Callable[..., Any], ours: Callable[..., Response | None], request: tuple[Any, ...]
) -> Response:
    """Answer a request with DNS as it is now: by ourselves, else by ministack."""
    verification.refresh()
    answer = ours(*request)
    return asyncio.run(ministacks(*request)) if answer is None else answer


def _answer_v2(*request: Any) -> Response | None:
    for answer in _V2_ANSWERS:
        if (response := answer(*request)) is not None:
            return response
    return None


def _answer_v1(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    params = identities_v1.parameters(body, query)
    handler = _V1_ACTIONS.get(params.get("Action", ""))
    return handler(params) if handler else None
