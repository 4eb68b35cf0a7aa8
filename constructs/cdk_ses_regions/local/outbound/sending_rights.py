"""IAM's view of a request to send: it is about the sender's identity, and has condition keys.

Gap: ministack checks `ses:SendEmail` and `ses:SendRawEmail` against `*`: a right policy for one identity fails.
Rests on the service authorization reference of Amazon SES
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from contextvars import ContextVar
from email.utils import parseaddr
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region, request_scope

from cdk_ses_regions.local.identities.identities_v1 import identity_arn, parameters
from cdk_ses_regions.local.identities.senders import identity_of
from cdk_ses_regions.local.outbound import global_endpoints, sent
from cdk_ses_regions.local.outbound.letter import Letter

_ACTIONS = (
    "ses:SendEmail",
    "ses:SendRawEmail",
    "ses:SendTemplatedEmail",
    "ses:SendBulkEmail",
    "ses:SendBulkTemplatedEmail",
)
RAW = "ses:SendRawEmail"
"""The right to send a mail that the application composed, in version 2 of the API too."""
_authorized: ContextVar[tuple[Letter, ...]] = ContextVar("authorized", default=())


def install() -> None:
    """Put our answers before ministack's."""
    resource_of, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce
    action_of_request = iam_actions.extract_iam_action

    def extract_iam_action(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> str | None:
        action = action_of_request(service, method, path, headers, body, query)
        raw = action == "ses:SendEmail" and any(
            isinstance(letter.content, bytes) for letter in _letters(method, path, body, query)
        )
        return RAW if raw else action

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        letters = _letters(method, path, body, query_params) if service == "ses" else ()
        _authorized.set(letters)
        if letters:
            with request_scope(account_id, _region_of(letters[0])):
                return _arn_of(letters[0])
        return resource_of(service, method, path, headers, body, query_params, region, account_id)

    def enforce_with_keys(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        letters = _authorized.get()
        if letters and iam_action in _ACTIONS:
            service_context = {**(service_context or {}), **keys_of(letters)}
        return enforce(access_key_id, iam_action, service, region, resource_arn, service_context)

    iam_actions.extract_iam_action = extract_iam_action
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce_with_keys


def _letters(method: str, path: str, body: bytes, query: dict[str, Any]) -> tuple[Letter, ...]:
    try:
        return sent.read_v2(method, path, body) or sent.read_v1(parameters(b"", query))
    except (ValueError, LookupError, AttributeError, TypeError):
        return ()  # what cannot be read is refused as such later


def _region_of(letter: Letter) -> str:
    try:
        return global_endpoints.region_of(letter)
    except (LookupError, ConnectionError):
        return get_region()  # what cannot be sent is refused as such later


def _arn_of(letter: Letter) -> str:
    """Return the ARN of the sender's identity: the one it names, else its address's, else its domain's."""
    if arn := letter.arns.get("from") or letter.arns.get("source"):
        return arn
    # Whether it is verified is looked up after this.
    known = identity_of(sent.sender(letter), verified=False)
    return identity_arn(known or parseaddr(sent.sender(letter))[1].rpartition("@")[2])


def action_of(letter: Letter) -> str:
    """Return the right that somebody of another account needs to send this mail as an identity."""
    if isinstance(letter.content, bytes):
        return RAW
    return f"ses:{letter.operation}" if letter.version == 1 else "ses:SendEmail"


def keys_of(letters: tuple[Letter, ...]) -> dict[str, str | list[str]]:
    """Return the condition keys of a request that sends these mails."""
    name, address = parseaddr(sent.sender(letters[0]))
    return {
        "ses:FromAddress": address,
        "ses:FromDisplayName": name,
        "ses:Recipients": [parseaddr(recipient)[1] for letter in letters for recipient in letter.recipients],
        "ses:ApiVersion": str(letters[0].version),
        **({"ses:FeedbackAddress": letters[0].return_path} if letters[0].return_path else {}),
        **({"ses:MultiRegionEndpointId": letters[0].endpoint} if letters[0].endpoint else {}),
    }
