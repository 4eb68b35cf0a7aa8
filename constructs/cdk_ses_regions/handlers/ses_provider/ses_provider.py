"""Custom resources for what Amazon SES offers and CloudFormation does not: the entry point of one Lambda function.

Each resource type is a class with `create`, `update` and `delete`; this module finds it, and answers CloudFormation
whatever happens. Rests on the CloudFormation user guide, "Custom resource request and response objects".
"""

from __future__ import annotations

import logging
from typing import Any, cast

import boto3
from account_settings import AccountSuppression, AccountVdm
from activation import ActiveReceiptRuleSet
from adopted_identity import AdoptedIdentity
from botocore.config import Config
from cloudformation import Request, respond
from dns_record import DnsRecord
from identity_policy import IdentityPolicy
from multi_region_endpoint import MultiRegionEndpoint, RegionsAlike
from notification_topics import IdentityNotificationTopics
from patience import Patience
from replica_identity import ReplicaIdentity
from setup_notification import SetupNotification
from smtp_credentials import SmtpCredentials, rotate

logger = logging.getLogger()
logger.setLevel(logging.INFO)

# The handler answers this long before Lambda would stop it without an answer.
_SECONDS_TO_ANSWER = 30
# One attempt a call, given up after 15 seconds: Patience repeats it, and knows how much time there is.
_ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})

RESOURCE_TYPES = {
    kind.TYPE: kind
    for kind in (
        AccountSuppression,
        AccountVdm,
        ActiveReceiptRuleSet,
        AdoptedIdentity,
        DnsRecord,
        IdentityNotificationTopics,
        IdentityPolicy,
        MultiRegionEndpoint,
        RegionsAlike,
        ReplicaIdentity,
        SetupNotification,
        SmtpCredentials,
    )
}


def handler(event: dict[str, Any], context: Any) -> None:
    """Carry out one CloudFormation request and answer it, with the reason if it failed.

    What has a `Step` is a rotation of Secrets Manager: it takes an exception for an answer.
    """
    seconds = context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER
    if "Step" in event:
        logger.info("%s of %s", event["Step"], event["SecretId"])
        rotate(event, Patience(seconds=seconds))
        return
    request = Request(event)
    logger.info("%s %s %s", request.kind, request.resource_type, request.physical_id or "(new)")
    try:
        physical_id, data = _carry_out(request, Patience(seconds=seconds))
    except Exception as error:
        logger.exception("%s failed", request.kind)
        respond(request, physical_id=request.physical_id_after_failure, error=error)
    else:
        respond(request, physical_id=physical_id, data=data)


def _carry_out(request: Request, patience: Patience) -> tuple[str, dict[str, str]]:
    """Return the physical id and the attributes of the resource after the request."""
    if request.resource_type not in RESOURCE_TYPES:
        raise ValueError(
            f"unknown resource type {request.resource_type}; known are {', '.join(RESOURCE_TYPES)}"
        )
    kind = RESOURCE_TYPES[request.resource_type]
    # boto3's stubs do not have every service.
    resource = kind(cast("Any", boto3).client(kind.SERVICE, config=_ONE_ATTEMPT), patience)
    if request.kind == "Create":
        try:
            return resource.create(request.properties)
        finally:
            # So that the delete after a failed create finds what was done.
            request.physical_id_after_failure = resource.physical_id(request.properties)
    if request.kind == "Update":
        return resource.update(request.physical_id, old=request.old_properties, new=request.properties)
    resource.delete(request.physical_id, request.properties)
    return request.physical_id, {}
