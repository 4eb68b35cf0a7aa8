"""Bucket properties of CloudFormation in the XML that the S3 API takes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

Properties = Mapping[str, Any]

_LIFECYCLE_RULE = {
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Id",
    "NoncurrentVersionExpiration",
    "Prefix",
    "Status",
    "Transitions",
}


_LOGGING = ("TargetBucket", "TargetPrefix")


def encryption_xml(properties: Properties) -> bytes:
    """Return a `BucketEncryption` as the body of PutBucketEncryption."""
    root = _root("ServerSideEncryptionConfiguration")
    for rule in _rules(properties, "ServerSideEncryptionConfiguration"):
        element = SubElement(root, "Rule")
        default: Properties = rule.get("ServerSideEncryptionByDefault") or {}
        if default:
            _texts(
                SubElement(element, "ApplyServerSideEncryptionByDefault"),
                default,
                "SSEAlgorithm",
                "KMSMasterKeyID",
            )
        _texts(element, rule, "BucketKeyEnabled")
    return tostring(root)


def lifecycle_xml(properties: Properties) -> bytes:
    """Return a `LifecycleConfiguration` as the body of PutBucketLifecycleConfiguration.

    Raises:
        ValueError: a rule has a property that would get lost.
    """
    root = _root("LifecycleConfiguration")
    for rule in _rules(properties, "Rules"):
        if unknown := sorted(set(rule) - _LIFECYCLE_RULE):
            raise ValueError(f"the local AWS has no {', '.join(unknown)} in a lifecycle rule")
        element = SubElement(root, "Rule")
        _texts(element, {**rule, "ID": rule.get("Id")}, "ID", "Status")
        SubElement(SubElement(element, "Filter"), "Prefix").text = rule.get("Prefix") or ""
        expiration = {**rule, "Days": rule.get("ExpirationInDays")}
        _part(element, "Expiration", expiration, "Days", "ExpiredObjectDeleteMarker")
        for transition in _rules(rule, "Transitions"):
            days = {**transition, "Days": transition.get("TransitionInDays")}
            _part(element, "Transition", days, "Days", "StorageClass")
        for name, *fields in (
            ("NoncurrentVersionExpiration", "NoncurrentDays", "NewerNoncurrentVersions"),
            ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        ):
            _part(element, name, rule.get(name) or {}, *fields)
    return tostring(root)


def logging_xml(properties: Properties) -> bytes:
    """Return a `LoggingConfiguration` as the body of PutBucketLogging; an empty one ends it."""
    root = _root("BucketLoggingStatus")
    if target := properties.get("DestinationBucketName"):
        enabled = SubElement(root, "LoggingEnabled")
        _texts(
            enabled,
            {"TargetBucket": target, "TargetPrefix": properties.get("LogFilePrefix") or ""},
            *_LOGGING,
        )
    return tostring(root)


def ownership_xml(properties: Properties) -> bytes:
    """Return an `OwnershipControls` as the body of PutBucketOwnershipControls."""
    root = _root("OwnershipControls")
    for rule in _rules(properties, "Rules"):
        _texts(SubElement(root, "Rule"), rule, "ObjectOwnership")
    return tostring(root)


def replication_xml(properties: Properties) -> bytes:
    """Return a `ReplicationConfiguration` as the body of PutBucketReplication."""
    root = _root("ReplicationConfiguration")
    _texts(root, properties, "Role")
    for rule in _rules(properties, "Rules"):
        element = SubElement(root, "Rule")
        _texts(element, {**rule, "ID": rule.get("Id")}, "ID", "Priority", "Status")
        _texts(SubElement(element, "Filter"), rule.get("Filter") or {}, "Prefix")
        if criteria := rule.get("SourceSelectionCriteria"):
            chosen: Properties = criteria.get("SseKmsEncryptedObjects") or {}
            _part(SubElement(element, "SourceSelectionCriteria"), "SseKmsEncryptedObjects", chosen, "Status")
        destination = SubElement(element, "Destination")
        _texts(destination, rule["Destination"], "Bucket")
        encryption: Properties = rule["Destination"].get("EncryptionConfiguration") or {}
        _part(destination, "EncryptionConfiguration", encryption, "ReplicaKmsKeyID")
        _part(element, "DeleteMarkerReplication", rule.get("DeleteMarkerReplication") or {}, "Status")
    return tostring(root)


def tagging_xml(tags: list[dict[str, str]]) -> bytes:
    """Return `Tags` as the body of PutBucketTagging."""
    root = _root("Tagging")
    tag_set = SubElement(root, "TagSet")
    for tag in tags or []:
        _texts(SubElement(tag_set, "Tag"), tag, "Key", "Value")
    return tostring(root)


def _rules(properties: Properties, name: str) -> list[Properties]:
    return properties.get(name) or []


def _root(name: str) -> Element:
    return Element(name, xmlns=_NAMESPACE)


def _part(parent: Element, name: str, values: Mapping[str, Any], *names: str) -> None:
    """Add an element with those of the values that are there, if any is."""
    if any(values.get(each) is not None for each in names):
        _texts(SubElement(parent, name), values, *names)


def _texts(parent: Element, values: Mapping[str, Any], *names: str) -> None:
    """Add an element for each value that is there."""
    for name in names:
        if values.get(name) is not None:
            value = values[name]
            SubElement(parent, name).text = str(value).lower() if isinstance(value, bool) else str(value)
