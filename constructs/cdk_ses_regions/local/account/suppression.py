"""The account-level suppression list of one Region.

Gap: ministack's is always empty.
Rests on the SES developer guide, "Using the Amazon SES account-level suppression list"
(https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html): managing the list heeds the case
of addresses, sending does not.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from ministack.core.responses import AccountRegionScopedDict, json_response
from ministack.services import ses_v2

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account.account_settings import REASONS, Reason, in_sandbox, suppressed_reasons
from cdk_ses_regions.local.feedback.events import SIMULATOR, MailEvent

Response = tuple[int, dict[str, str], bytes]
Entry = dict[str, Any]

_list = AccountRegionScopedDict()
"""Address as it was added -> what GetSuppressedDestination tells."""


def reason(address: str, configuration_set: str) -> Reason | None:
    """Return why SES does not send to an address: it is on the list, and the settings in force heed that reason."""
    heeded = _heeded(configuration_set)
    for entry in entries():
        if entry["EmailAddress"].lower() == address.lower() and entry["Reason"] in heeded:
            return entry["Reason"]
    return None


def learn(event: MailEvent) -> None:
    """Put the recipients of a hard bounce or a complaint on the list, if the settings in force say so."""
    mail, why = event.mail, _reason_of(event)
    if why is None or why not in _heeded(mail.configuration_set):
        return
    for recipient in event.recipients:
        if recipient.rpartition("@")[2].lower() != SIMULATOR:
            attributes = {"MessageId": mail.message_id, "FeedbackId": event.detail["feedbackId"]}
            _put(recipient, why, attributes)


def entries() -> list[Entry]:
    """Return the list of this account and Region."""
    return list(_list.values())


def reset() -> None:
    """Empty the lists of all Regions."""
    _list.clear()


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 about the list, or None for ministack to do it."""
    place = path.removeprefix("/v2/email/suppression/addresses")
    if place == path:
        return None
    address = unquote(place.strip("/"))
    if not address:
        return _list_page(query) if method == "GET" else _put_destination(json.loads(body or b"{}"))
    if address not in _list:
        message = f"Email address {address} does not exist on your suppression list."
        return ses_v2._json_err("NotFoundException", message, 404)
    if method == "DELETE":
        del _list[address]
        return json_response({})
    return json_response({"SuppressedDestination": _list[address]})


def _heeded(configuration_set: str) -> list[Reason]:
    """Return the reasons in force: those of the configuration set if it overrides the account's."""
    options = ses_v2._config_sets.get(configuration_set, {}).get("SuppressionOptions", {})
    return options.get("SuppressedReasons", suppressed_reasons())


def _reason_of(event: MailEvent) -> Reason | None:
    if event.kind == "Bounce" and event.is_hard_bounce:
        return "BOUNCE"
    complained = event.kind == "Complaint" and event.detail.get("complaintSubType") is None
    return "COMPLAINT" if complained and event.detail.get("complaintFeedbackType") != "not-spam" else None


def _put(address: str, why: Reason, attributes: dict[str, str]) -> None:
    _list[address] = {
        "EmailAddress": address,
        "Reason": why,
        "LastUpdateTime": clock.now().timestamp(),
        **({"Attributes": attributes} if attributes else {}),
    }


def _put_destination(data: dict[str, Any]) -> Response:
    address, why = data.get("EmailAddress", ""), data.get("Reason")
    if why not in REASONS:
        return _bad(f"Value '{why}' at 'reason' failed to satisfy constraint: {_ONE_OF_REASONS}")
    local, _, domain = address.rpartition("@")
    if not local or "." not in domain.strip("."):
        return ses_v2._json_err("BadRequestException", f"Invalid email address <{address}>.")
    if in_sandbox():
        return ses_v2._json_err(
            "BadRequestException", "Addresses cannot be suppressed while the account is in the sandbox."
        )
    _put(address, why, {})
    return json_response({})


_ONE_OF_REASONS = f"Member must satisfy enum value set: [{', '.join(REASONS)}]"


def _list_page(query: dict[str, Any]) -> Response:
    wanted = ses_v2._query_values(query, "Reason") or ses_v2._query_values(query, "Reasons")
    if unknown := [why for why in wanted if why not in REASONS]:
        return _bad(
            f"Value '{unknown}' at 'reasons' failed to satisfy constraint: "
            f"Member must satisfy constraint: [{_ONE_OF_REASONS}]"
        )
    try:
        start, end = _time(query, "StartDate", 0), _time(query, "EndDate", float("inf"))
    except ValueError as error:
        return ses_v2._json_err("BadRequestException", f"Invalid date: {error}")
    found = [
        {key: entry[key] for key in ("EmailAddress", "Reason", "LastUpdateTime")}
        for entry in sorted(entries(), key=lambda entry: entry["EmailAddress"])
        if (not wanted or entry["Reason"] in wanted) and start <= entry["LastUpdateTime"] <= end
    ]
    page, token, error = ses_v2._paginate(found, query, 1000, maximum=1000)
    more = {"NextToken": token} if token else {}
    return error or json_response({"SuppressedDestinationSummaries": page, **more})


def _time(query: dict[str, Any], name: str, otherwise: float) -> float:
    """Return a time of the query in seconds since 1970; botocore writes it as ISO 8601."""
    text = ses_v2._first_query_value(query, name)
    if not text:
        return otherwise
    try:
        return float(text)
    except ValueError:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _bad(error: str) -> Response:
    return ses_v2._json_err("BadRequestException", f"1 validation error detected: {error}")
