"""SES as AWS has it, where ministack's differs: all extensions, and the one place through which requests go.

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
    feedback,
    identities_v1,
    identities_v2,
    receipt_rules,
    sending_rights,
    sent,
    verification,
)
from cdk_ses_regions.local.ses.sent import Sent

Response = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Put our handlers before ministack's."""
    version_1, version_2 = ses_v1.handle_request, ses_v2.handle_request

    async def handle_v2(*request: Any) -> Response:
        return await run_reentrant(_serve, version_2, identities_v2.answer, request, _read_v2)

    async def handle_v1(*request: Any) -> Response:
        if request[1].startswith("/v2/"):
            return await handle_v2(*request)
        return await run_reentrant(_serve, version_1, _answer_v1, request, _read_v1)

    ses_v1.handle_request, ses_v2.handle_request = handle_v1, handle_v2
    for extension in (verification, feedback, sending_rights):
        extension.install()


def _serve(
    original: Callable[..., Any],
    ours: Callable[..., Response | None],
    request: tuple[Any, ...],
    read: Callable[..., Sent | None],
) -> Response:
    """Answer a request with DNS as it is now: by ourselves, else by ministack."""
    verification.refresh()
    answer = ours(*request)
    if answer is None:
        mail = read(*request)
        if mail is not None and (refusal := _without_mail_from(mail)) is not None:
            return refusal
        with sent.serving(mail):
            answer = asyncio.run(original(*request))
            feedback.after(mail, answer)
    return answer


def _without_mail_from(mail: Sent) -> Response | None:
    """Refuse a mail whose identity sends only with its own MAIL FROM domain, which is not verified."""
    found = ses_v1._notification_identity(mail.source)
    if not found or not (domain := verification.needs_mail_from(found[0])):
        return None
    code, message = "MailFromDomainNotVerifiedException", f"MAIL FROM domain {domain} is not verified."
    return identities_v1.refused(code, message) if mail.version == 1 else ses_v2._json_err(code, message, 400)


def _answer_v1(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v1 that ministack cannot, or None."""
    params = identities_v1.parameters(body, query)
    action = params.get("Action", "")
    handler = identities_v1.ACTIONS.get(action) or receipt_rules.ACTIONS.get(action)
    return handler(params) if handler else None


def _read_v1(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Sent | None:
    return sent.read_v1(identities_v1.parameters(body, query))


def _read_v2(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Sent | None:
    return sent.read_v2(method, path, body)
