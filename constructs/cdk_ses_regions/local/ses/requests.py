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
from ministack.core.responses import get_region
from ministack.services import ses as ses_v1
from ministack.services import ses_v2

from cdk_ses_regions.local import faults
from cdk_ses_regions.local.account import account, service_quotas, suppression
from cdk_ses_regions.local.feedback import configuration_sets
from cdk_ses_regions.local.identities import (
    identities_v1,
    identities_v2,
    policies_v1,
    verification,
    verification_v1,
)
from cdk_ses_regions.local.outbound import global_endpoints, sending, sending_rights
from cdk_ses_regions.local.receiving import bouncing, receipt_rules

Response = tuple[int, dict[str, str], bytes]

_V1_ACTIONS = {
    **identities_v1.ACTIONS,
    **verification_v1.ACTIONS,
    **policies_v1.ACTIONS,
    **receipt_rules.ACTIONS,
    **account.ACTIONS,
    **configuration_sets.ACTIONS,
    **sending.ACTIONS,
    **bouncing.ACTIONS,
}
_V2_ANSWERS = (
    identities_v2.answer,
    account.answer,
    suppression.answer,
    configuration_sets.answer,
    global_endpoints.answer,
    sending.answer,
)
_V2_SENDING = ("/outbound-emails", "/outbound-bulk-emails", "/outbound-custom-verification-emails")


def install() -> None:
    """Put our handlers before ministack's."""
    version_1, version_2 = ses_v1.handle_request, ses_v2.handle_request

    async def handle_v2(*request: Any) -> Response:
        if faults.throttles(get_region(), request[2]):
            return ses_v2._json_err("ThrottlingException", "Rate exceeded", 400)
        return await run_reentrant(_serve, version_2, _answer_v2, request)

    async def handle_v1(*request: Any) -> Response:
        if request[1].startswith("/v2/"):
            return await handle_v2(*request)
        if faults.throttles(get_region(), request[2]):
            return identities_v1.refused("Throttling", "Rate exceeded")
        return await run_reentrant(_serve, version_1, _answer_v1, request)

    ses_v1.handle_request, ses_v2.handle_request = handle_v1, handle_v2
    for extension in (verification, sending, sending_rights, global_endpoints, service_quotas):
        extension.install()


def _serve(
    ministacks: Callable[..., Any], ours: Callable[..., Response | None], request: tuple[Any, ...]
) -> Response:
    """Answer a request with DNS as it is now: by ourselves, else by ministack."""
    verification.refresh()
    answer = ours(*request)
    return asyncio.run(ministacks(*request)) if answer is None else answer


def _answer_v2(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    if not path.endswith(_V2_SENDING) and (refusal := _rate_exceeded(headers)):
        return ses_v2._json_err(refusal.code_v2, refusal.message, refusal.status)
    for answer in _V2_ANSWERS:
        if (response := answer(method, path, headers, body, query)) is not None:
            return response
    return None


def _answer_v1(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    params = identities_v1.parameters(body, query)
    action = params.get("Action", "")
    sends = action.startswith("Send") and action != "SendBounce"
    if not sends and (refusal := _rate_exceeded(headers)):
        return identities_v1.refused(refusal.code, refusal.message)
    handler = _V1_ACTIONS.get(action)
    return handler(params) if handler else None


def _rate_exceeded(headers: dict[str, str]) -> account.Refusal | None:
    """Return the refusal of a request that is not to send; what the server asks itself is not limited."""
    return None if faults.INSIDE in headers.get("user-agent", "") else account.rate_exceeded()
