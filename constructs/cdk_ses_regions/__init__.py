"""Working email on AWS in as many Regions as you want: Amazon SES as CDK constructs, and their model.

Every public name is here, `from cdk_ses_regions import RegionalEmail`; it is loaded when it is first asked
for, so that importing the package starts neither CDK nor Node. The constructs need `aws-cdk-lib`, the model
does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_ses_regions.bundle import EmailAddress, EmailDomain, RegionalEmail
    from cdk_ses_regions.config import Settings, load
    from cdk_ses_regions.configuration_set import ConfigurationSet
    from cdk_ses_regions.dns import Record
    from cdk_ses_regions.dns_records import DnsRecords
    from cdk_ses_regions.errors import (
        ConfigError,
        InvalidNameError,
        Problem,
        SesRegionsError,
        UnsupportedRegionError,
    )
    from cdk_ses_regions.event_destination import EventDestination, EventTopic, MetricDimension
    from cdk_ses_regions.feedback import Feedback, FeedbackTopic
    from cdk_ses_regions.identity import AddressIdentity, DomainIdentity, OwnDkimKey
    from cdk_ses_regions.identity_policy import IdentityPolicy
    from cdk_ses_regions.mail_from import MailFromRecords
    from cdk_ses_regions.naming import Names
    from cdk_ses_regions.receiving import ReceiptRule, Receiving
    from cdk_ses_regions.regions import SesRegion, all_regions, receiving_regions, region
    from cdk_ses_regions.replica_identity import ReplicaIdentity
    from cdk_ses_regions.senders import Sender
    from cdk_ses_regions.sending import Events, Sending, SendingOptions
    from cdk_ses_regions.ses_resource import (
        ActiveReceiptRuleSet,
        IdentityNotificationTopics,
        SesProvider,
        SetupNotification,
    )
    from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions

__all__ = [
    "ActiveReceiptRuleSet",
    "AddressIdentity",
    "ConfigError",
    "ConfigurationSet",
    "DnsRecords",
    "DomainIdentity",
    "EmailAddress",
    "EmailDomain",
    "EventDestination",
    "EventTopic",
    "Events",
    "Feedback",
    "FeedbackTopic",
    "IdentityNotificationTopics",
    "IdentityPolicy",
    "InvalidNameError",
    "MailFromRecords",
    "MetricDimension",
    "Names",
    "OwnDkimKey",
    "Problem",
    "ReceiptRule",
    "Receiving",
    "Record",
    "RegionalEmail",
    "ReplicaIdentity",
    "Sender",
    "Sending",
    "SendingOptions",
    "SesProvider",
    "SesRegion",
    "SesRegionsError",
    "Settings",
    "SetupNotification",
    "Subscribers",
    "TopicSubscriptions",
    "UnsupportedRegionError",
    "all_regions",
    "load",
    "receiving_regions",
    "region",
]

_MODULES = {
    "bundle": ("EmailAddress", "EmailDomain", "RegionalEmail"),
    "config": ("Settings", "load"),
    "configuration_set": ("ConfigurationSet",),
    "dns": ("Record",),
    "dns_records": ("DnsRecords",),
    "errors": ("ConfigError", "InvalidNameError", "Problem", "SesRegionsError", "UnsupportedRegionError"),
    "event_destination": ("EventDestination", "EventTopic", "MetricDimension"),
    "feedback": ("Feedback", "FeedbackTopic"),
    "identity": ("AddressIdentity", "DomainIdentity", "OwnDkimKey"),
    "identity_policy": ("IdentityPolicy",),
    "mail_from": ("MailFromRecords",),
    "naming": ("Names",),
    "receiving": ("ReceiptRule", "Receiving"),
    "regions": ("SesRegion", "all_regions", "receiving_regions", "region"),
    "replica_identity": ("ReplicaIdentity",),
    "senders": ("Sender",),
    "sending": ("Events", "Sending", "SendingOptions"),
    "ses_resource": (
        "ActiveReceiptRuleSet",
        "IdentityNotificationTopics",
        "SesProvider",
        "SetupNotification",
    ),
    "subscriptions": ("Subscribers", "TopicSubscriptions"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
