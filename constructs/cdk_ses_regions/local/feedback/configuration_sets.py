"""Configuration sets in both versions of the API: one store, that of version 2.

Gaps: ministack keeps those of the two versions apart, has no event destinations in version 1, and takes
destinations that are not there.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference/API_CreateConfigurationSetEventDestination.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from ministack.core.responses import json_response
from ministack.services import ses, ses_v2

from cdk_ses_regions.local.feedback import configuration_sets_v1, destinations
from cdk_ses_regions.local.ses.targets import NotPermittedError

Response = tuple[int, dict[str, str], bytes]

ACTIONS = configuration_sets_v1.ACTIONS


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about configuration sets, or None for ministack to do it."""
    parts = path.removeprefix("/v2/email").strip("/").split("/")
    data: dict[str, Any] = json.loads(body) if body else {}
    match (method, *parts):
        case ("DELETE", "configuration-sets", name):
            return _delete(unquote(name))
        case ("POST", "configuration-sets", name, "event-destinations"):
            return _refuse_destination(unquote(name), data, new=True)
        case ("PUT", "configuration-sets", name, "event-destinations", _):
            return _refuse_destination(unquote(name), data, new=False)
        case ("PUT", "identities", name, "configuration-set"):
            return _put_default(unquote(name), data.get("ConfigurationSetName", ""))
        case _:
            return None


def _delete(name: str) -> Response | None:
    if name not in ses_v2._config_sets:
        return ses_v2._missing_config_set(name)
    if not ses_v2._tenant_delete_block(destinations.configuration_set_arn(name)):
        ses._configuration_sets.pop(name, None)
    return None


def _refuse_destination(name: str, data: dict[str, Any], *, new: bool) -> Response | None:
    """Answer a request to set an event destination that SES cannot use; ministack does all others."""
    known = ses_v2._config_sets.get(name)
    _, error = ses_v2._event_destination(data.get("EventDestination") or {})
    if known is None or error is not None:
        return None
    if new and len(known.get("EventDestinations") or {}) >= configuration_sets_v1.MOST_DESTINATIONS:
        return ses_v2._json_err("LimitExceededException", configuration_sets_v1.TOO_MANY)
    try:
        destinations.require(data["EventDestination"], name)
    except NotPermittedError as refused:
        return ses_v2._json_err("BadRequestException", str(refused))
    return None


def _put_default(identity: str, name: str) -> Response:
    """Let an identity's mails use a configuration set unless they name one."""
    if identity not in ses_v2._identities:
        return ses_v2._json_err("NotFoundException", f"Email identity {identity} does not exist.", 404)
    if name and name not in ses_v2._config_sets:
        return ses_v2._missing_config_set(name)
    if name:
        ses_v2._identities[identity]["ConfigurationSetName"] = name
    else:
        ses_v2._identities[identity].pop("ConfigurationSetName", None)
    return json_response({})
