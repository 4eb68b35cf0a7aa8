"""Bucket properties of CloudFormation in the XML that the S3 API takes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

Properties = Mapping[str, Any]


def encryption_xml(properties: Properties) -> bytes:
    """Return a `BucketEncryption` as the body of PutBucketEncryption."""
    root = _root("ServerSideEncryptionConfiguration")
    for rule in properties.get("ServerSideEncryptionConfiguration") or []:
        element = SubElement(root, "Rule")
        default = rule.get("ServerSideEncryptionByDefault") or {}
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
    """Return a `LifecycleConfiguration` as the body of PutBucketLifecycleConfiguration."""
    root = _root("LifecycleConfiguration")
    for rule in properties.get("Rules") or []:
        element = SubElement(root, "Rule")
        _texts(element, {"ID": rule.get("Id"), **rule}, "ID", "Status")
        SubElement(SubElement(element, "Filter"), "Prefix").text = rule.get("Prefix") or ""
        if rule.get("ExpirationInDays"):
            SubElement(SubElement(element, "Expiration"), "Days").text = str(rule["ExpirationInDays"])
        abort = rule.get("AbortIncompleteMultipartUpload")
        if abort:
            _texts(SubElement(element, "AbortIncompleteMultipartUpload"), abort, "DaysAfterInitiation")
    return tostring(root)


def ownership_xml(properties: Properties) -> bytes:
    """Return an `OwnershipControls` as the body of PutBucketOwnershipControls."""
    root = _root("OwnershipControls")
    for rule in properties.get("Rules") or []:
        _texts(SubElement(root, "Rule"), rule, "ObjectOwnership")
    return tostring(root)


def tagging_xml(tags: list[dict[str, str]]) -> bytes:
    """Return `Tags` as the body of PutBucketTagging."""
    root = _root("Tagging")
    tag_set = SubElement(root, "TagSet")
    for tag in tags or []:
        _texts(SubElement(tag_set, "Tag"), tag, "Key", "Value")
    return tostring(root)


def _root(name: str) -> Element:
    return Element(name, xmlns=_NAMESPACE)


def _texts(parent: Element, values: Mapping[str, Any], *names: str) -> None:
    """Add an element for each value that is there."""
    for name in names:
        if values.get(name) is not None:
            value = values[name]
            SubElement(parent, name).text = str(value).lower() if isinstance(value, bool) else str(value)
