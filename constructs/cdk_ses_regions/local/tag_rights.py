"""The tags of an identity or another resource of SES are that resource's, and a policy may name it.

Gap: to ministack a request for tags of SES is about "*", so that a right policy for one identity fails.
Rests on the service authorization reference, "Actions, resources, and condition keys for Amazon Simple Email Service
v2" (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

_TAGS = "/v2/email/tags"


def install() -> None:
    """Put our answer before ministack's."""
    resource_of_request = iam_actions.extract_resource_arn

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
        if service == "ses" and path == _TAGS and (arn := _arn_of(method, body, query_params)):
            return arn
        return resource_of_request(service, method, path, headers, body, query_params, region, account_id)

    iam_actions.extract_resource_arn = extract_resource_arn


def _arn_of(method: str, body: bytes, query_params: dict[str, Any]) -> str:
    if method != "POST":
        return iam_actions._query_param(query_params, "ResourceArn")
    try:
        return str(json.loads(body).get("ResourceArn", ""))
    except (ValueError, AttributeError):
        return ""  # what cannot be read is refused as such later
