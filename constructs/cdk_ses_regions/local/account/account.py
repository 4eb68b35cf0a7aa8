"""The account in one Region: sandbox and production access, sending quotas, paused sending.

Gap: ministack knows production access, and neither enforces quotas nor can pause sending.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html and
https://docs.aws.amazon.com/ses/latest/dg/monitoring-sender-reputation-pausing.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_region, json_response, request_scope
from ministack.services import ses, ses_v2

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account import production_access, quotas, statistics
from cdk_ses_regions.local.account.account_settings import (
    REASONS,
    in_sandbox,
    sending_enabled,
    settings,
    suppressed_reasons,
)
from cdk_ses_regions.local.feedback.events import SIMULATOR
from cdk_ses_regions.local.identities.senders import identity_of

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]

review = production_access.review
set_quota = quotas.set_quota

_SECOND = timedelta(seconds=1)
_PLANS = ("NONE", "ESSENTIALS", "PRO", "ENTERPRISE")

_lock = threading.Lock()
_limited = False
_last_request = AccountRegionScopedDict()
"""`at`: when a control plane request was let through last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why SES does not take a mail or a request.

    Attributes:
        code: of the error in API v1, such as `MessageRejected`.
        code_v2: in API v2 (default: the same).
        message: for people, in SES's words.
        status: HTTP status in API v2; in API v1 it is 400 for every refusal.
    """

    code: str
    message: str
    code_v2: str = ""
    status: int = 400


def refusal(recipients: tuple[str, ...], configuration_set: str) -> Refusal | None:
    """Return why this account may not send to these recipients now; else count them as sent, and return None."""
    if not sending_enabled():
        return Refusal(
            code="AccountSendingPausedException",
            code_v2="SendingPausedException",
            message="Email sending is disabled for your Amazon SES account.",
        )
    options = ses_v2._config_sets.get(configuration_set, {}).get("SendingOptions", {})
    if not options.get("SendingEnabled", True):
        return Refusal(
            code="ConfigurationSetSendingPausedException",
            code_v2="SendingPausedException",
            message=f"Email sending is disabled for configuration set <{configuration_set}>.",
        )
    exceeded = quotas.take(len(recipients))
    if exceeded is None:
        return None
    return Refusal(code="Throttling", code_v2="TooManyRequestsException", message=exceeded, status=429)


def unverified(recipients: tuple[str, ...], owner: str) -> list[str]:
    """Return the recipients that a mail may not go to, for its account or its identity's is in the sandbox.

    Args:
        recipients: addresses without names.
        owner: account of the identity it is sent from.
    """
    with request_scope(owner, get_region()):
        sandbox = in_sandbox()
    if not (sandbox or in_sandbox()):
        return []
    return [
        address
        for address in recipients
        if address.rpartition("@")[2].lower() != SIMULATOR and not identity_of(address)
    ]


def limit_control_plane(on: bool) -> None:
    """Let SES take at most one request a second in each Region, other than those to send, or as many as come."""
    global _limited
    with _lock:
        _limited = on
        _last_request.clear()


def control_plane_is_limited() -> bool:
    """Whether SES takes one request a second."""
    return _limited


def rate_exceeded() -> Refusal | None:
    """Return the refusal of a control plane request, when the one-a-second limit is on and was exceeded."""
    with _lock:
        now = clock.now()
        last: datetime | None = _last_request.get("at")
        if _limited and last is not None and now - last < _SECOND:
            return Refusal(code="Throttling", code_v2="ThrottlingException", message="Rate exceeded")
        _last_request["at"] = now
        return None


def reset() -> None:
    """Let the control plane take as many requests as come, and forget what was sent."""
    limit_control_plane(False)
    quotas.reset()
    statistics.reset()


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about the account, or None for ministack to do it."""
    operation = _OPERATIONS.get((method, path.rstrip("/").removeprefix("/v2/email/")))
    return operation(json.loads(body) if body else {}) if operation else None


def _get(data: dict[str, Any]) -> Response:
    now, quota = settings(), quotas.quota()
    found = {
        "DedicatedIpAutoWarmupEnabled": now.get("DedicatedIpAutoWarmupEnabled", True),
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": not in_sandbox(),
        "SendQuota": {
            "Max24HourSend": quota.daily,
            "MaxSendRate": quota.rate,
            "SentLast24Hours": float(quotas.sent_last_day()),
        },
        "SendingEnabled": sending_enabled(),
        "SuppressionAttributes": {
            "SuppressedReasons": suppressed_reasons(),
            **(
                {"ValidationAttributes": now["ValidationAttributes"]} if "ValidationAttributes" in now else {}
            ),
        },
        "VdmAttributes": now.get("VdmAttributes", {"VdmEnabled": "DISABLED"}),
        "PricingAttributes": {"CurrentPlan": now.get("PricingPlan", "ESSENTIALS")},
    }
    if details := production_access.details():
        found["Details"] = details
    return json_response(found)


def _put_sending(data: dict[str, Any]) -> Response:
    settings()["SendingEnabled"] = bool(data.get("SendingEnabled"))
    return json_response({})


def _put_suppression(data: dict[str, Any]) -> Response:
    reasons = data.get("SuppressedReasons", [])
    if any(reason not in REASONS for reason in reasons):
        return ses_v2._combined_validation_error(
            [
                f"Value '{reasons}' at 'suppressedReasons' failed to satisfy constraint: Member must satisfy "
                f"constraint: [Member must satisfy enum value set: [{', '.join(REASONS)}]]"
            ]
        )
    settings()["SuppressedReasons"] = list(reasons)
    if "ValidationAttributes" in data:
        settings()["ValidationAttributes"] = data["ValidationAttributes"]
    return json_response({})


def _put_vdm(data: dict[str, Any]) -> Response:
    attributes = data.get("VdmAttributes") or {}
    if attributes.get("VdmEnabled") not in ("ENABLED", "DISABLED"):
        return ses_v2._combined_validation_error(
            [
                f"Value '{attributes.get('VdmEnabled')}' at 'vdmAttributes.vdmEnabled' failed to satisfy "
                "constraint: Member must satisfy enum value set: [ENABLED, DISABLED]"
            ]
        )
    settings()["VdmAttributes"] = attributes
    return json_response({})


def _put_pricing(data: dict[str, Any]) -> Response:
    """Change the plan at once; on AWS some changes wait for the next month."""
    if data.get("Plan") not in _PLANS:
        return ses_v2._combined_validation_error(
            [
                f"Value '{data.get('Plan')}' at 'plan' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(_PLANS)}]"
            ]
        )
    settings()["PricingPlan"] = data["Plan"]
    return json_response({})


def _put_warmup(data: dict[str, Any]) -> Response:
    settings()["DedicatedIpAutoWarmupEnabled"] = bool(data.get("AutoWarmupEnabled"))
    return json_response({})


_OPERATIONS: dict[tuple[str, str], Callable[[dict[str, Any]], Response]] = {
    ("GET", "account"): _get,
    ("POST", "account/details"): production_access.put_details,
    ("PUT", "account/sending"): _put_sending,
    ("PUT", "account/suppression"): _put_suppression,
    ("PUT", "account/vdm"): _put_vdm,
    ("PUT", "account/dedicated-ips/warmup"): _put_warmup,
    ("PUT", "account/pricing-attributes"): _put_pricing,
}


def _answered(action: str, inner: str = "") -> Response:
    return ses._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def _get_send_quota(params: Parameters) -> Response:
    quota = quotas.quota()
    return _answered(
        "GetSendQuota",
        f"<Max24HourSend>{quota.daily}</Max24HourSend><MaxSendRate>{quota.rate}</MaxSendRate>"
        f"<SentLast24Hours>{float(quotas.sent_last_day())}</SentLast24Hours>",
    )


def _get_send_statistics(params: Parameters) -> Response:
    points = "".join(ses._receipt_element("member", point) for point in statistics.data_points())
    return _answered("GetSendStatistics", f"<SendDataPoints>{points}</SendDataPoints>")


def _get_sending_enabled(params: Parameters) -> Response:
    return _answered("GetAccountSendingEnabled", f"<Enabled>{str(sending_enabled()).lower()}</Enabled>")


def _update_sending_enabled(params: Parameters) -> Response:
    settings()["SendingEnabled"] = params.get("Enabled") == "true"
    return _answered("UpdateAccountSendingEnabled")


ACTIONS: dict[str, Callable[[Parameters], Response]] = {
    "GetSendQuota": _get_send_quota,
    "GetSendStatistics": _get_send_statistics,
    "GetAccountSendingEnabled": _get_sending_enabled,
    "UpdateAccountSendingEnabled": _update_sending_enabled,
}
