"""Configuration sets in version 1 of the API, kept where version 2 keeps them.

Gap: in version 1 ministack has sets of its own, without options and event destinations.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference/API_CreateConfigurationSetEventDestination.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.services import ses, ses_v2
from ministack.services.cloudformation import provisioners

from cdk_ses_regions.local.feedback import destinations
from cdk_ses_regions.local.ses.targets import NotPermittedError

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]

MOST_DESTINATIONS = 10
TOO_MANY = f"A configuration set cannot have more than {MOST_DESTINATIONS} event destinations."

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INVALID = {
    "SnsDestination": "InvalidSNSDestination",
    "KinesisFirehoseDestination": "InvalidFirehoseDestination",
    "CloudWatchDestination": "InvalidCloudWatchDestination",
}
_ABOUT_DESTINATIONS = {
    "NotFoundException": "EventDestinationDoesNotExist",
    "AlreadyExistsException": "EventDestinationAlreadyExists",
}


def _answered(action: str, inner: str = "") -> Response:
    return ses._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def _refused(code: str, message: str, **fields: str) -> Response:
    return ses._error(code, message, 400, "Sender", fields=fields)


def _missing(name: str) -> Response:
    return _refused(
        "ConfigurationSetDoesNotExist",
        f"Configuration set <{name}> does not exist.",
        ConfigurationSetName=name,
    )


def _create(params: Parameters) -> Response:
    name = params.get("ConfigurationSet.Name", "")
    if not _NAME.fullmatch(name):
        return _refused(
            "InvalidConfigurationSet",
            f"Invalid configuration set name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed.",
        )
    if name in ses_v2._config_sets:
        message = f"Configuration set <{name}> already exists."
        return _refused("ConfigurationSetAlreadyExists", message, ConfigurationSetName=name)
    ses_v2._create_config_set(name, {"ReputationOptions": {"ReputationMetricsEnabled": False}})
    return _answered("CreateConfigurationSet")


def _delete(params: Parameters) -> Response:
    name = params.get("ConfigurationSetName", "")
    if blocked := ses._tenant_delete_block("configuration-set", name):
        return blocked
    if ses_v2._config_sets.pop(name, None) is None:
        return _missing(name)
    ses._configuration_sets.pop(name, None)
    ses_v2._ses_tags.pop(ses_v2._resource_arn("configuration-set", name), None)
    return _answered("DeleteConfigurationSet")


def _list(params: Parameters) -> Response:
    asked = {"PageSize": params.get("MaxItems"), "NextToken": params.get("NextToken")}
    paging = {name: value for name, value in asked.items() if value}
    page, token, error = ses_v2._paginate(list(ses_v2._config_sets), paging, 1000, maximum=1000)
    if error is not None:
        return _refused("InvalidParameterValue", json.loads(error[2])["message"])
    found = "".join(ses._receipt_element("member", {"Name": name}) for name in page)
    more = f"<NextToken>{token}</NextToken>" if token else ""
    return _answered("ListConfigurationSets", f"<ConfigurationSets>{found}</ConfigurationSets>{more}")


def _describe(params: Parameters) -> Response:
    name = params.get("ConfigurationSetName", "")
    found = ses_v2._config_sets.get(name)
    if found is None:
        return _missing(name)
    asked = ses._collect_list(params, "ConfigurationSetAttributeNames.member")
    shown: dict[str, Any] = {"ConfigurationSet": {"Name": name}}
    if "eventDestinations" in asked:
        shown["EventDestinations"] = [
            _destination(*one) for one in (found.get("EventDestinations") or {}).items()
        ]
    if "trackingOptions" in asked and "TrackingOptions" in found:
        domain = found["TrackingOptions"].get("CustomRedirectDomain", "")
        shown["TrackingOptions"] = {"CustomRedirectDomain": domain}
    if "deliveryOptions" in asked:
        policy = found.get("DeliveryOptions", {}).get("TlsPolicy", "OPTIONAL")
        shown["DeliveryOptions"] = {"TlsPolicy": policy.capitalize()}
    if "reputationOptions" in asked:
        shown["ReputationOptions"] = _reputation(found)
    inner = "".join(ses._receipt_element(field, value) for field, value in shown.items())
    return _answered("DescribeConfigurationSet", inner)


def _reputation(found: dict[str, Any]) -> dict[str, Any]:
    options = {**ses_v2._CONFIG_SET_DEFAULTS["ReputationOptions"], **found.get("ReputationOptions", {})}
    shown = {
        "SendingEnabled": found.get("SendingOptions", {}).get("SendingEnabled", True),
        "ReputationMetricsEnabled": options["ReputationMetricsEnabled"],
    }
    if "LastFreshStart" in options:
        start = datetime.fromtimestamp(options["LastFreshStart"], UTC)
        shown["LastFreshStart"] = f"{start:%Y-%m-%dT%H:%M:%SZ}"
    return shown


def _destination(name: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Return an event destination with the names that version 1 has for its parts."""
    shown: dict[str, Any] = {
        "Name": name,
        "Enabled": stored["Enabled"],
        "MatchingEventTypes": [_lower(kind) for kind in stored["MatchingEventTypes"]],
    }
    if topic := stored.get("SnsDestination"):
        shown["SNSDestination"] = {"TopicARN": topic["TopicArn"]}
    if stream := stored.get("KinesisFirehoseDestination"):
        shown["KinesisFirehoseDestination"] = {
            "IAMRoleARN": stream["IamRoleArn"],
            "DeliveryStreamARN": stream["DeliveryStreamArn"],
        }
    if metrics := stored.get("CloudWatchDestination"):
        shown["CloudWatchDestination"] = {
            "DimensionConfigurations": [
                {**one, "DimensionValueSource": _lower(one["DimensionValueSource"])}
                for one in metrics["DimensionConfigurations"]
            ]
        }
    return shown


def _lower(name: str) -> str:
    """RENDERING_FAILURE -> renderingFailure."""
    first, *others = name.lower().split("_")
    return first + "".join(other.capitalize() for other in others)


def _put_destination(params: Parameters) -> Response:
    action, name = params["Action"], params.get("ConfigurationSetName", "")
    found, new = ses_v2._config_sets.get(name), action.startswith("Create")
    if found is None:
        return _missing(name)
    destination_name, definition = params.get("EventDestination.Name", ""), _definition(params)
    about = {"ConfigurationSetName": name, "EventDestinationName": destination_name}
    _, unreadable = ses_v2._event_destination(definition)
    if unreadable is None:
        if new and len(found.get("EventDestinations") or {}) >= MOST_DESTINATIONS:
            return _refused("LimitExceeded", TOO_MANY)
        try:
            destinations.require(definition, name)
        except NotPermittedError as refused:
            kind = next(kind for kind in _INVALID if definition.get(kind))
            return _refused(_INVALID[kind], str(refused), **about)
    error = ses_v2._put_event_destination(name, destination_name, definition, create=new)
    return _destination_error(error, about) if error else _answered(action)


def _delete_destination(params: Parameters) -> Response:
    name, destination_name = params.get("ConfigurationSetName", ""), params.get("EventDestinationName", "")
    found = ses_v2._config_sets.get(name)
    if found is None:
        return _missing(name)
    if (found.get("EventDestinations") or {}).pop(destination_name, None) is None:
        about = {"ConfigurationSetName": name, "EventDestinationName": destination_name}
        return _destination_error(ses_v2._missing_event_destination(name, destination_name), about)
    return _answered(params["Action"])


def _destination_error(error: Response, about: dict[str, str]) -> Response:
    """Return an error of version 2 as version 1 has it."""
    said = json.loads(error[2])
    code = _ABOUT_DESTINATIONS.get(said["name"])
    return _refused(code, said["message"], **about) if code else _refused("ValidationError", said["message"])


def _definition(params: Parameters) -> dict[str, Any]:
    """Return the event destination of a request, as version 2 has it."""
    prefix = "EventDestination."
    given: dict[str, Any] = {
        "Enabled": params.get(f"{prefix}Enabled", "false"),
        "MatchingEventTypes": ses._collect_list(params, f"{prefix}MatchingEventTypes.member"),
    }
    if topic := params.get(f"{prefix}SNSDestination.TopicARN"):
        given["SnsDestination"] = {"TopicARN": topic}
    if stream := params.get(f"{prefix}KinesisFirehoseDestination.DeliveryStreamARN"):
        role = params.get(f"{prefix}KinesisFirehoseDestination.IAMRoleARN", "")
        given["KinesisFirehoseDestination"] = {"IAMRoleARN": role, "DeliveryStreamARN": stream}
    dimensions, number = list[dict[str, str]](), 1
    fields = ("DimensionName", "DimensionValueSource", "DefaultDimensionValue")
    at = f"{prefix}CloudWatchDestination.DimensionConfigurations.member"
    while f"{at}.{number}.DimensionName" in params:
        dimensions.append({field: params.get(f"{at}.{number}.{field}", "") for field in fields})
        number += 1
    if dimensions:
        given["CloudWatchDestination"] = {"DimensionConfigurations": dimensions}
    return provisioners._ses_event_destination_definition(given)


def _put_option(key: str, value: Callable[[Parameters], dict[str, Any]]) -> Callable[[Parameters], Response]:
    def put(params: Parameters) -> Response:
        name = params.get("ConfigurationSetName", "")
        found = ses_v2._config_sets.get(name)
        if found is None:
            return _missing(name)
        has = "TrackingOptions" in found
        if key == "TrackingOptions" and has == params["Action"].startswith("Create"):
            code = f"TrackingOptions{'AlreadyExists' if has else 'DoesNotExist'}Exception"
            problem = "already has" if has else "has no"
            return _refused(code, f"Configuration set <{name}> {problem} tracking options.")
        ses_v2._put_config_set_option(found, key, value(params))
        return _answered(params["Action"])

    return put


def _enabled(field: str) -> Callable[[Parameters], dict[str, Any]]:
    return lambda params: {field: params.get("Enabled") == "true"}


_put_tracking = _put_option(
    "TrackingOptions",
    lambda params: {"CustomRedirectDomain": params.get("TrackingOptions.CustomRedirectDomain")},
)

ACTIONS: dict[str, Callable[[Parameters], Response]] = {
    "CreateConfigurationSet": _create,
    "DeleteConfigurationSet": _delete,
    "ListConfigurationSets": _list,
    "DescribeConfigurationSet": _describe,
    "CreateConfigurationSetEventDestination": _put_destination,
    "UpdateConfigurationSetEventDestination": _put_destination,
    "DeleteConfigurationSetEventDestination": _delete_destination,
    "UpdateConfigurationSetSendingEnabled": _put_option("SendingOptions", _enabled("SendingEnabled")),
    "UpdateConfigurationSetReputationMetricsEnabled": _put_option(
        "ReputationOptions", _enabled("ReputationMetricsEnabled")
    ),
    "PutConfigurationSetDeliveryOptions": _put_option(
        "DeliveryOptions",
        lambda params: {"TlsPolicy": params.get("DeliveryOptions.TlsPolicy", "Optional").upper()},
    ),
    "CreateConfigurationSetTrackingOptions": _put_tracking,
    "UpdateConfigurationSetTrackingOptions": _put_tracking,
    "DeleteConfigurationSetTrackingOptions": _put_tracking,
}
