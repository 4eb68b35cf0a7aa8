"""Rotation of secrets: Secrets Manager invokes the function, step by step, when asked to and when the time has come.

Gap: ministack copies the current version, invokes nobody, and knows no schedule; it replicates under keys that are not
there.
Rests on the Secrets Manager user guide, "Rotation by Lambda function"
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html), and the API reference,
`RotateSecret`. Not here: AWS repeats a rotation that failed, and moves a scheduled one about in its window.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    json_response,
    new_uuid,
    request_scope,
)
from ministack.services import kms, lambda_svc
from ministack.services import secretsmanager as service

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.ses.permission import service_allowed

Secret = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_NAME = "secretsmanager.amazonaws.com"
_LOOK_EVERY_SECONDS = 1

_log = logging.getLogger(__name__)


def install() -> None:
    """Put our answers before ministack's, and begin to look at the time."""
    service._rotate_secret = _rotate
    service._get_secret_value = _with_a_value(service._get_secret_value)
    service._describe_secret = _with_the_next_time(service._describe_secret)
    service._replicate_secret_to_regions = _with_keys(service._replicate_secret_to_regions)
    threading.Thread(target=_keep_time, name="rotation", daemon=True).start()


def rotate(data: dict[str, Any]) -> None:
    """Do as `RotateSecret`, for CloudFormation.

    Raises:
        ValueError: it would be refused.
    """
    status, _, body = _rotate(data)
    if status != 200:
        raise ValueError(body.decode())


def cancel(secret_id: str) -> None:
    """Rotate a secret no more; nothing when it is gone."""
    _, secret = service._resolve(secret_id)
    if secret:
        secret.update(RotationEnabled=False, RotationLambdaARN=None, RotationRules=None)
        secret.pop("NextRotationDate", None)


def _rotate(data: dict[str, Any]) -> Answer:
    _, secret = service._resolve(data.get("SecretId"))
    if not secret:
        return _no("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secret.get("DeletedDate") or service._is_replica(secret):
        return _no(
            "InvalidRequestException", "You can't perform this operation on a replica or a deleted secret."
        )
    arn = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if not arn:
        return _no(
            "InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."
        )
    if not _may_invoke(arn, secret["ARN"]):
        return _no(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            f"access to the principal {_NAME}.",
        )
    pending, _ = service._find_stage_version(secret, "AWSPENDING")
    current, _ = service._find_stage_version(secret, "AWSCURRENT")
    if pending is not None and pending != current:
        return _no(
            "InvalidRequestException",
            "A previous rotation isn't complete. That rotation will be reattempted.",
        )
    secret.update(RotationEnabled=True, RotationLambdaARN=arn)
    secret["RotationRules"] = data.get("RotationRules") or secret.get("RotationRules")
    _set_next_time(secret)
    token = data.get("ClientRequestToken") or new_uuid()
    service._remove_stage_everywhere(secret, "AWSPENDING")
    secret["Versions"][token] = {
        "SecretString": None,
        "SecretBinary": None,
        "CreatedDate": int(datetime.now(UTC).timestamp()),
        "Stages": ["AWSPENDING"],
    }
    at_once = data.get("RotateImmediately", True)
    _later(lambda: _carry_out(secret["ARN"], arn, token) if at_once else _try(secret["ARN"], arn, token), arn)
    return json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def _carry_out(secret_id: str, function: str, token: str) -> None:
    for step in _STEPS:
        if not _invoke(function, secret_id, token, step):
            _log.error("%s: rotation stopped at %s", secret_id, step)
            return
    _, secret = service._resolve(secret_id)
    if secret:
        secret["LastRotatedDate"] = int(clock.now().timestamp())


def _try(secret_id: str, function: str, token: str) -> None:
    """Try a new schedule, as AWS does when nothing is to be rotated yet."""
    _invoke(function, secret_id, token, "testSecret")
    _, secret = service._resolve(secret_id)
    if secret:
        secret["Versions"].pop(token, None)


def _invoke(function: str, secret_id: str, token: str, step: str) -> bool:
    record = lambda_svc._functions.get(function.rpartition(":")[2])
    if record is None:
        return False
    event = {"Step": step, "SecretId": secret_id, "ClientRequestToken": token, "RotationToken": new_uuid()}
    return not lambda_svc._execute_function(record, event).get("error")


def _later(act: Callable[[], None], function: str) -> None:
    """Do something beside the request: the function asks this very server."""
    account, region = get_account_id(), function.split(":")[3]

    def scoped() -> None:
        with request_scope(account, region):
            act()

    threading.Thread(target=scoped, daemon=True).start()


def _may_invoke(function: str, secret: str) -> bool:
    record = lambda_svc._functions.get(function.rpartition(":")[2])
    return record is not None and service_allowed(
        record["policy"],
        service=_NAME,
        action="lambda:InvokeFunction",
        resource=function,
        source_arn=secret,
        account=get_account_id(),
        region=function.split(":")[3],
    )


def _set_next_time(secret: Secret) -> None:
    """Say when the next rotation is due; SES's time counts, which can be moved forward."""
    secret.pop("NextRotationDate", None)
    if days := (secret.get("RotationRules") or {}).get("AutomaticallyAfterDays"):
        secret["NextRotationDate"] = int((clock.now() + timedelta(days=int(days))).timestamp())


def _keep_time() -> None:
    waiting = threading.Event()
    while not waiting.wait(_LOOK_EVERY_SECONDS):
        now = clock.now().timestamp()
        for (account, region, _), secret in service._secrets.all_items():
            due = secret.get("NextRotationDate")
            if due and due <= now and secret.get("RotationEnabled") and not service._is_replica(secret):
                with request_scope(account, region):
                    _rotate({"SecretId": secret["ARN"]})  # refused while another goes on: then a second later


def _with_a_value(get: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    """Wrap the reading of a secret, for versions that wait to be filled."""

    def read(data: dict[str, Any]) -> Answer:
        _, secret = service._resolve(data.get("SecretId"))
        version = ((secret or {}).get("Versions") or {}).get(data.get("VersionId"))
        if version is not None and version["SecretString"] is None and version["SecretBinary"] is None:
            return _no("ResourceNotFoundException", "Secrets Manager can't find the specified secret value.")
        return get(data)

    return read


def _with_the_next_time(describe: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def tell(data: dict[str, Any]) -> Answer:
        status, headers, body = describe(data)
        _, secret = service._resolve(data.get("SecretId"))
        if status != 200 or not secret:
            return status, headers, body
        dates = {key: secret[key] for key in ("LastRotatedDate", "NextRotationDate") if secret.get(key)}
        return json_response({**json.loads(body), **dates})

    return tell


def _with_keys(replicate: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def checked(data: dict[str, Any]) -> Answer:
        for one in data.get("AddReplicaRegions", []):
            with request_scope(get_account_id(), one["Region"]):
                if one.get("KmsKeyId") and kms._resolve_key(one["KmsKeyId"]) is None:
                    return _no(
                        "InvalidParameterException", f"there is no key {one['KmsKeyId']} in {one['Region']}"
                    )
        return replicate(data)

    return checked


def _no(code: str, message: str) -> Answer:
    return error_response_json(code, message, 400)
