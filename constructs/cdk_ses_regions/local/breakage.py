"""AWS resources broken on purpose, as a person breaks them by mistake, and put right again.

What is broken is what SES uses in a Region: buckets, keys and topics of the active receipt rule set, topics of
identities and configuration sets. It happens through AWS's own API, so whoever looks there sees it. What is broken is
persisted with the resources, so that it can be put right after the next start.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from botocore.exceptions import ClientError

from cdk_ses_regions.local.errors import LocalAwsError

Kind = Literal["bucket-policy", "key", "topic-policy"]
KINDS: tuple[Kind, ...] = ("bucket-policy", "key", "topic-policy")
Client = Callable[[str, str], Any]

_SES = "ses.amazonaws.com"
_lock = threading.Lock()
records: dict[str, dict[str, str]] = {}
"""What is broken, in the order it was: kind, Region, name, and what it was before; empty: there is nothing to mend."""


class NothingToBreakError(LocalAwsError, ValueError):
    """SES uses no resource of the kind in the Region."""


def break_on_purpose(kind: Kind, region: str, client: Client) -> tuple[str, ...]:
    """Break all resources of a kind that SES uses in a Region; return what they are called.

    Args:
        kind: `bucket-policy`: SES loses its statements; `key`: disabled; `topic-policy`: only the account may publish.
        region: the AWS Region.
        client: (service, Region) -> boto3 client as root.

    Raises:
        NothingToBreakError: there is none.
    """
    with _lock:
        names = tuple(dict.fromkeys(_FIND[kind](region, client)))
        if not names:
            raise NothingToBreakError(f"SES uses nothing in {region} that {kind!r} breaks; deploy first")
        for name in names:
            if f"{kind} {name}" not in records:
                before = _BREAK[kind](name, client(_SERVICES[kind], region))
                records[f"{kind} {name}"] = {"kind": kind, "region": region, "name": name, "before": before}
        return names


def broken() -> tuple[tuple[str, str, str], ...]:
    """Return what is broken: kind, Region, name."""
    with _lock:
        return tuple((one["kind"], one["region"], one["name"]) for one in records.values())


def repair(client: Client) -> None:
    """Put everything right again; what is gone meanwhile stays gone.

    Args:
        client: (service, Region) -> boto3 client as root.
    """
    with _lock:
        while records:
            _, one = records.popitem()
            kind = cast("Kind", one["kind"])
            if not one["before"]:
                continue
            try:
                _MEND[kind](one["name"], client(_SERVICES[kind], one["region"]), one["before"])
            except ClientError as error:
                if "Not" not in error.response.get("Error", {}).get("Code", ""):
                    raise


def reset() -> None:
    """Forget what is broken: the resources are gone."""
    with _lock:
        records.clear()


def _buckets(region: str, client: Client) -> Iterator[str]:
    for action in _actions(region, client):
        if (bucket := action.get("BucketName")) is not None:
            yield bucket


def _topics(region: str, client: Client) -> Iterator[str]:
    for action in _actions(region, client):
        if topic := action.get("TopicArn"):
            yield topic
    ses, sesv2 = client("ses", region), client("sesv2", region)
    if names := [one["IdentityName"] for one in sesv2.list_email_identities()["EmailIdentities"]]:
        attributes = ses.get_identity_notification_attributes(Identities=names)["NotificationAttributes"]
        for topics in attributes.values():
            yield from (topic for kind, topic in topics.items() if kind.endswith("Topic") and topic)
    for name in sesv2.list_configuration_sets().get("ConfigurationSets", ()):
        found = sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)
        for destination in found.get("EventDestinations", ()):
            if topic := destination.get("SnsDestination", {}).get("TopicArn"):
                yield topic


def _keys(region: str, client: Client) -> Iterator[str]:
    for bucket in _buckets(region, client):
        rules: list[Any] = []
        try:
            answer = client("s3", region).get_bucket_encryption(Bucket=bucket)
            rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        except ClientError:  # it has no encryption of its own
            continue
        for rule in rules:
            if key := rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
                yield client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    for topic in _topics(region, client):
        attributes = client("sns", region).get_topic_attributes(TopicArn=topic)["Attributes"]
        if key := attributes.get("KmsMasterKeyId"):
            yield client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["Arn"]


def _actions(region: str, client: Client) -> Iterator[dict[str, Any]]:
    for rule in client("ses", region).describe_active_receipt_rule_set().get("Rules", ()):
        for action in rule.get("Actions", ()):
            yield from action.values()


def _break_bucket_policy(name: str, s3: Any) -> str:
    try:
        before = str(s3.get_bucket_policy(Bucket=name)["Policy"])
    except ClientError:  # it has none, so SES has no right to lose
        return ""
    document = json.loads(before)
    document["Statement"] = [one for one in document["Statement"] if not _lets_ses_in(one)]
    if document["Statement"]:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    else:
        s3.delete_bucket_policy(Bucket=name)
    return before


def _mend_bucket_policy(name: str, s3: Any, before: str) -> None:
    s3.put_bucket_policy(Bucket=name, Policy=before)


def _disable_key(name: str, kms: Any) -> str:
    state = str(kms.describe_key(KeyId=name)["KeyMetadata"]["KeyState"])
    if state != "Enabled":
        return ""
    kms.disable_key(KeyId=name)
    return state


def _enable_key(name: str, kms: Any, _: str) -> None:
    kms.enable_key(KeyId=name)


def _remove_topic_policy(name: str, sns: Any) -> str:
    """Give a topic the policy that SNS gives one to which nobody has given any: the account's own."""
    before = sns.get_topic_attributes(TopicArn=name)["Attributes"].get("Policy", "")
    default = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["sns:Publish", "sns:Subscribe"],
                "Resource": name,
                "Condition": {"StringEquals": {"aws:SourceOwner": name.split(":")[4]}},
            }
        ],
    }
    _put_topic_policy(name, sns, json.dumps(default))
    return str(before)


def _put_topic_policy(name: str, sns: Any, policy: str) -> None:
    sns.set_topic_attributes(TopicArn=name, AttributeName="Policy", AttributeValue=policy)


def _lets_ses_in(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return False
    services = cast("dict[str, Any]", principal).get("Service", ())
    return statement.get("Effect") == "Allow" and _SES in (
        [services] if isinstance(services, str) else services
    )


_FIND: dict[Kind, Callable[[str, Client], Iterator[str]]] = {
    "bucket-policy": _buckets,
    "key": _keys,
    "topic-policy": _topics,
}
_SERVICES: dict[Kind, str] = {"bucket-policy": "s3", "key": "kms", "topic-policy": "sns"}
_BREAK: dict[Kind, Callable[[str, Any], str]] = {
    "bucket-policy": _break_bucket_policy,
    "key": _disable_key,
    "topic-policy": _remove_topic_policy,
}
_MEND: dict[Kind, Callable[[str, Any, str], None]] = {
    "bucket-policy": _mend_bucket_policy,
    "key": _enable_key,
    "topic-policy": _put_topic_policy,
}
