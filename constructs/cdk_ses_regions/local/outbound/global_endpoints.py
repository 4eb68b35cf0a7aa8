"""Global (multi-Region) endpoints, and the Region through which a mail goes that is sent with one.

Gap: ministack has none.
Rests on https://docs.aws.amazon.com/ses/latest/dg/global-endpoints.html and the SES API v2 reference,
`CreateMultiRegionEndpoint`. AWS splits mail evenly and shifts it away from a Region in trouble; here the content of a
mail decides which Region that is, so that whoever asks twice hears the same.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import re
import uuid
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, json_response
from ministack.services import ses_v2

from cdk_ses_regions import regions
from cdk_ses_regions.errors import UnsupportedRegionError
from cdk_ses_regions.local import clock, faults
from cdk_ses_regions.local.outbound.letter import Letter

Response = tuple[int, dict[str, str], bytes]

_PATH = "/v2/email/multi-region-endpoints"
_MAKING = timedelta(seconds=1)

endpoints = AccountRegionScopedDict()
"""Name -> what GetMultiRegionEndpoint tells, in the endpoint's first Region."""


def install() -> None:
    """Let IAM hold requests to the endpoint that they name; to create one they name none."""
    iam_actions._SES_V2_RESOURCES["multi-region-endpoints"] = ("multi-region-endpoint", "")


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about global endpoints, or None."""
    if path != _PATH and not path.startswith(f"{_PATH}/"):
        return None
    name = path.removeprefix(_PATH).strip("/")
    operation = _OPERATIONS.get((method, bool(name)))
    return operation(name or json.loads(body or b"{}")) if operation else None


def region_of(letter: Letter) -> str:
    """Return the Region through which a mail goes now: that of the request, unless it names an endpoint.

    Raises:
        LookupError: this account has no such endpoint.
        ConnectionError: both of its Regions are down.
    """
    if not letter.endpoint:
        return get_region()
    for (account, _, _), found in list(endpoints._data.items()):
        if account == get_account_id() and found["EndpointId"] == letter.endpoint:
            up = [one["Region"] for one in found["Routes"] if one["Region"] not in faults.current().down]
            if not up:
                raise ConnectionError(letter.endpoint)
            return up[zlib.crc32(repr(letter).encode()) % len(up)]
    raise LookupError(letter.endpoint)


def _create(data: Any) -> Response:
    name = data.get("EndpointName") or ""
    routes = [one.get("Region") for one in (data.get("Details") or {}).get("RoutesDetails") or ()]
    if not re.fullmatch(r"[\w-]{1,64}", name):
        return ses_v2._json_err("BadRequestException", f"Invalid endpoint name <{name}>.")
    if len(routes) != 1 or routes[0] == get_region() or not _has_ses(routes[0]):
        return ses_v2._json_err(
            "BadRequestException", "Exactly one secondary region, other than the primary one, is required."
        )
    if name in endpoints:
        return ses_v2._json_err("AlreadyExistsException", f"Multi-region endpoint <{name}> already exists.")
    now, unique = clock.now().timestamp(), uuid.uuid4().hex
    endpoints[name] = {
        "EndpointName": name,
        "EndpointId": f"{unique[:8]}.{unique[8:11]}",
        "Routes": [{"Region": get_region()}, {"Region": routes[0]}],
        "CreatedTimestamp": now,
        "LastUpdatedTimestamp": now,
    }
    ses_v2._ses_tags[ses_v2._resource_arn("multi-region-endpoint", name)] = list(data.get("Tags") or ())
    return json_response({"EndpointId": endpoints[name]["EndpointId"], "Status": "CREATING"})


def _get(name: str) -> Response:
    found = endpoints.get(name)
    return _missing(name) if found is None else json_response({**found, "Status": _status(found)})


def _list(data: Any) -> Response:
    listed = [
        {
            **{key: value for key, value in found.items() if key != "Routes"},
            "Regions": [one["Region"] for one in found["Routes"]],
            "Status": _status(found),
        }
        for found in endpoints.values()
    ]
    return json_response({"MultiRegionEndpoints": listed})


def _delete(name: str) -> Response:
    found = endpoints.get(name)
    if found is None:
        return _missing(name)
    if _status(found) == "CREATING":
        message = "Unable to delete resource in PROVISIONING status"
        return ses_v2._json_err("ConcurrentModificationException", message, 409)
    del endpoints[name]
    ses_v2._ses_tags.pop(ses_v2._resource_arn("multi-region-endpoint", name), None)
    return json_response({"Status": "DELETING"})


_OPERATIONS: dict[tuple[str, bool], Callable[[Any], Response]] = {
    ("POST", False): _create,
    ("GET", False): _list,
    ("GET", True): _get,
    ("DELETE", True): _delete,
}


def _status(endpoint: dict[str, Any]) -> str:
    made = datetime.fromtimestamp(endpoint["CreatedTimestamp"], tz=clock.now().tzinfo) + _MAKING
    return "CREATING" if clock.now() < made else "READY"


def _missing(name: str) -> Response:
    return ses_v2._json_err("NotFoundException", f"Multi-region endpoint <{name}> does not exist.", 404)


def _has_ses(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(regions.region(name))
    except UnsupportedRegionError:
        return False
