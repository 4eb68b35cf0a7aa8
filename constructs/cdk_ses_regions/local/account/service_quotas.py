"""The Service Quotas service, as far as it is about SES: the sending quota and the sending rate of a Region.

Gap: ministack has no Service Quotas.
Rests on https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/ and, for the codes,
https://docs.aws.amazon.com/general/latest/gr/ses.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import ses_v2

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account import quotas

Data = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

SERVICE = "servicequotas"
_TARGET = "ServiceQuotasV20190624"
_CODE = "ses"
_NAMES = {"L-804C8AE8": "Sending quota", "L-CDEF9B6B": "Sending rate"}
_DEFAULTS = {"L-804C8AE8": 200.0, "L-CDEF9B6B": 1.0}

_requests = AccountRegionScopedDict()
"""Request id -> what was asked for."""


def install() -> None:
    """Let ministack know the service."""
    router.SERVICE_PATTERNS[SERVICE] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [rf"{SERVICE}\."],
    }
    app.SERVICE_HANDLERS[SERVICE] = _serve
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE


def reset() -> None:
    """Forget what was asked for."""
    _requests.clear()


async def _serve(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Response:
    target = {name.lower(): value for name, value in headers.items()}.get("x-amz-target", "")
    operation = _OPERATIONS.get(target.partition(".")[2])
    if operation is None:
        return error_response_json("UnknownOperationException", f"Unknown operation: {target}", 400)
    data: Data = json.loads(body) if body else {}
    if "ServiceCode" in data and data["ServiceCode"] != _CODE:
        return _no_such("The request failed because the specified service does not exist.")
    if "QuotaCode" in data and data["QuotaCode"] not in _NAMES:
        return _no_such("The request failed because the specified quota does not exist.")
    return operation(data)


def _no_such(message: str) -> Response:
    return error_response_json("NoSuchResourceException", message, 400)


def _value(code: str) -> float:
    quota = quotas.quota()
    return quota.daily if code == "L-804C8AE8" else quota.rate


def _about(code: str) -> Data:
    return {
        "ServiceCode": _CODE,
        "ServiceName": "Amazon Simple Email Service (Amazon SES)",
        "QuotaArn": f"arn:aws:servicequotas:{get_region()}:{get_account_id()}:{_CODE}/{code}",
        "QuotaCode": code,
        "QuotaName": _NAMES[code],
        "GlobalQuota": False,
        "Unit": "None",
    }


def _quota(code: str, value: float) -> Data:
    return {**_about(code), "Value": value, "Adjustable": True, "QuotaAppliedAtLevel": "ACCOUNT"}


def _page(field: str, found: list[Data], data: Data) -> Response:
    asked = {"PageSize": data.get("MaxResults"), "NextToken": data.get("NextToken")}
    paging = {name: str(value) for name, value in asked.items() if value}
    page, token, error = ses_v2._paginate(found, paging, 100)
    if error is not None:
        message = json.loads(error[2])["message"]
        return error_response_json("InvalidPaginationTokenException", message, 400)
    return json_response({field: page, **({"NextToken": token} if token else {})})


def _list(data: Data) -> Response:
    wanted = [code for code in _NAMES if data.get("QuotaCode", code) == code]
    return _page("Quotas", [_quota(code, _value(code)) for code in wanted], data)


def _list_defaults(data: Data) -> Response:
    return _page("Quotas", [_quota(code, _DEFAULTS[code]) for code in _NAMES], data)


def _get(data: Data) -> Response:
    return json_response({"Quota": _quota(data["QuotaCode"], _value(data["QuotaCode"]))})


def _get_default(data: Data) -> Response:
    return json_response({"Quota": _quota(data["QuotaCode"], _DEFAULTS[data["QuotaCode"]])})


def _request(data: Data) -> Response:
    code, desired = data["QuotaCode"], float(data["DesiredValue"])
    if desired <= _value(code):
        return error_response_json(
            "IllegalArgumentException", "You must provide a quota value greater than the current value.", 400
        )
    if any(one["QuotaCode"] == code and _shown(one)["Status"] == "PENDING" for one in _requests.values()):
        return error_response_json(
            "ResourceAlreadyExistsException",
            "Only one open service quota increase request is allowed per quota.",
            400,
        )
    now, request_id = clock.now().timestamp(), uuid.uuid4().hex
    _requests[request_id] = {
        **_about(code),
        "Id": request_id,
        "RequestType": "AutomaticManagement",
        "DesiredValue": desired,
        "Created": now,
        "LastUpdated": now,
        "Requester": json.dumps({"accountId": get_account_id()}),
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
    return json_response({"RequestedQuota": _shown(_requests[request_id])})


def _shown(request: Data) -> Data:
    """Return a request with its state: it is approved as soon as the quota is what was asked for."""
    value = _value(request["QuotaCode"])
    granted = value < 0 or value >= request["DesiredValue"]
    return {**request, "Status": "APPROVED" if granted else "PENDING"}


def _get_request(data: Data) -> Response:
    if data.get("RequestId") not in _requests:
        return _no_such("The request failed because the specified quota increase request does not exist.")
    return json_response({"RequestedQuota": _shown(_requests[data["RequestId"]])})


def _history(data: Data) -> Response:
    found = [_shown(one) for one in _requests.values()]
    wanted = [
        one
        for one in found
        if data.get("QuotaCode", one["QuotaCode"]) == one["QuotaCode"]
        and data.get("Status", one["Status"]) == one["Status"]
    ]
    return _page("RequestedQuotas", wanted, data)


_OPERATIONS: dict[str, Callable[[Data], Response]] = {
    "ListServiceQuotas": _list,
    "ListAWSDefaultServiceQuotas": _list_defaults,
    "GetServiceQuota": _get,
    "GetAWSDefaultServiceQuota": _get_default,
    "RequestServiceQuotaIncrease": _request,
    "GetRequestedServiceQuotaChange": _get_request,
    "ListRequestedServiceQuotaChangeHistory": _history,
    "ListRequestedServiceQuotaChangeHistoryByQuota": _history,
}
