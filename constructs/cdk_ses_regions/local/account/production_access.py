"""The way out of the sandbox: a request, its review by a person, and the answer.

Gap: ministack grants whatever is asked, at once.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import get_account_id, json_response, request_scope
from ministack.services import ses_v2

from cdk_ses_regions.local.account.account_settings import in_sandbox, settings
from cdk_ses_regions.local.errors import LocalAwsError

Response = tuple[int, dict[str, str], bytes]

_DETAILS = (
    "MailType",
    "WebsiteURL",
    "ContactLanguage",
    "UseCaseDescription",
    "AdditionalContactEmailAddresses",
)
_URL = re.compile(r"https?://[^/?#\s]+\S*")
_ADDRESS = re.compile(r".+@.+")


def put_details(data: dict[str, Any]) -> Response:
    """Answer PutAccountDetails: in the sandbox it asks for production access, if it says so."""
    if errors := list(_errors(data)):
        noun = "error" if len(errors) == 1 else "errors"
        return _bad(f"{len(errors)} validation {noun} detected: {'; '.join(errors)}")
    if not _URL.fullmatch(data["WebsiteURL"]):
        return _bad(f"Invalid WebsiteURL <{data['WebsiteURL']}>.")
    now = settings()
    if now.get("ReviewDetails", {}).get("Status") == "PENDING":
        return ses_v2._json_err(
            "ConflictException", "An update of the account details is already under review.", 409
        )
    now["Details"] = {name: data[name] for name in _DETAILS if name in data}
    if in_sandbox() and data.get("ProductionAccessEnabled"):
        now["ReviewDetails"] = {"Status": "PENDING", "CaseId": f"{time.time_ns() // 1000}"}
    return json_response({})


def details() -> dict[str, Any]:
    """Return the details of the account with the state of the review, as GetAccount has them."""
    now = settings()
    review = {"ReviewDetails": now["ReviewDetails"]} if "ReviewDetails" in now else {}
    return {**now.get("Details", {}), **review}


def review(region: str, granted: bool) -> None:
    """Decide the request for production access of this account in a Region, as AWS's reviewer does.

    Raises:
        LocalAwsError: when there is no request.
    """
    with request_scope(get_account_id(), region):
        now = settings()
        if now.get("ReviewDetails", {}).get("Status") != "PENDING":
            raise LocalAwsError(f"no request for production access waits for a review in {region}")
        now["ReviewDetails"] = {**now["ReviewDetails"], "Status": "GRANTED" if granted else "DENIED"}
        now["ProductionAccessEnabled"] = granted


def _errors(data: dict[str, Any]) -> Iterator[str]:
    """Return what does not fit the model of the API."""
    contacts = data.get("AdditionalContactEmailAddresses")
    checks: list[tuple[str, Any, bool, Callable[[Any], bool], str]] = [
        ("mailType", data.get("MailType"), True, *_one_of("MARKETING", "TRANSACTIONAL")),
        ("websiteURL", data.get("WebsiteURL"), True, *_length(1, 1000)),
        ("contactLanguage", data.get("ContactLanguage"), False, *_one_of("EN", "JA")),
        ("useCaseDescription", data.get("UseCaseDescription"), False, *_length(0, 5000)),
        ("additionalContactEmailAddresses", contacts, False, *_length(1, 4)),
    ]
    for address in contacts or ():
        member = "additionalContactEmailAddresses.member"
        checks.append((member, address, True, *_length(6, 254)))
        if not _ADDRESS.fullmatch(str(address)):
            yield (
                f"Value '{address}' at '{member}' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: ^(.+)@(.+)$"
            )
    for name, value, required, fits, rule in checks:
        if value is None:
            if required:
                yield f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
        elif not fits(value):
            yield f"Value '{value}' at '{name}' failed to satisfy constraint: {rule}"


def _one_of(*values: str) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value in values, f"Member must satisfy enum value set: [{', '.join(values)}]"


def _length(least: int, most: int) -> tuple[Callable[[Any], bool], str]:
    rule = (
        f"Member must have length between {least} and {most}, inclusive"
        if least
        else f"Member must have length less than or equal to {most}"
    )
    return lambda value: least <= len(value) <= most, rule


def _bad(message: str) -> Response:
    return ses_v2._json_err("BadRequestException", message)
