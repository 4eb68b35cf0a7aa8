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
from ministack.services import ses

from cdk_ses_regions.local.ses import sent
from cdk_ses_regions.local.ses.identities_v1 import identity_arn, parameters
from cdk_ses_regions.local.ses.sent import Sent

_authorized: ContextVar[Sent | None] = ContextVar("authorized", default=None)


def install() -> None:
    """Put our answers before ministack's."""
    resource_of, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

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
        mail = _mail(method, path, body, query_params) if service == "ses" else None
        _authorized.set(mail)
        if mail is not None:
            return _arn_of(mail)
        return resource_of(service, method, path, headers, body, query_params, region, account_id)

    def enforce_with_keys(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        mail = _authorized.get()
        if mail is not None and iam_action in ("ses:SendEmail", "ses:SendRawEmail"):
            service_context = {**(service_context or {}), **_keys_of(mail)}
        return enforce(access_key_id, iam_action, service, region, resource_arn, service_context)

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce_with_keys


def _mail(method: str, path: str, body: bytes, query: dict[str, Any]) -> Sent | None:
    try:
        return sent.read_v2(method, path, body) or sent.read_v1(parameters(b"", query))
    except (ValueError, AttributeError, TypeError):
        return None  # what cannot be read is refused as such later


def _arn_of(mail: Sent) -> str:
    """Return the ARN of the sender's identity: of the address if it is one, else of its domain."""
    known = ses._notification_identity(mail.source)
    return identity_arn(known[0] if known else parseaddr(mail.source)[1].rpartition("@")[2])


def _keys_of(mail: Sent) -> dict[str, str | list[str]]:
    name, address = parseaddr(mail.source)
    return {
        "ses:FromAddress": address,
        "ses:FromDisplayName": name,
        "ses:Recipients": [parseaddr(recipient)[1] for recipient in mail.recipients],
        "ses:ApiVersion": str(mail.version),
    }
