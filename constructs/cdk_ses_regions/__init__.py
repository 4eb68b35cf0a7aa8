"""Working email on AWS in as many Regions as you want: Amazon SES as CDK constructs, and their model.

Every public name is here, `from cdk_ses_regions import RegionalEmail`; it is loaded when it is first asked
for, so that importing the package starts neither CDK nor Node. The constructs need `aws-cdk-lib`, the model
does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_ses_regions.account_settings import AccountSettings, DedicatedIpPool, Vdm
    from cdk_ses_regions.adopted_identity import AdoptedIdentity
    from cdk_ses_regions.bundle import RegionalEmail
    from cdk_ses_regions.bundle_identities import EmailAddress, EmailDomain
    from cdk_ses_regions.client import NotSentError, Sent, SesClient, UncertainError
    from cdk_ses_regions.config import Settings, load
    from cdk_ses_regions.configuration_set import ConfigurationSet
    from cdk_ses_regions.dashboard import EmailDashboard, RegionColumn
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
    from cdk_ses_regions.global_endpoint import GlobalEndpoint
    from cdk_ses_regions.handled_mail import HandledMail
    from cdk_ses_regions.identity import AddressIdentity, DomainIdentity, OwnDkimKey
    from cdk_ses_regions.identity_policy import IdentityPolicy
    from cdk_ses_regions.mail_bucket import MailBucket
    from cdk_ses_regions.mail_from import MailFromRecords
    from cdk_ses_regions.mail_pipeline import MailPipeline
    from cdk_ses_regions.mail_replication import MailReplication
    from cdk_ses_regions.mail_steps import (
        DropStep,
        ForwardStep,
        HandledMailTable,
        InvokeStep,
        PublishStep,
    )
    from cdk_ses_regions.monitoring import Monitoring, MonitoringOptions, Thresholds, WatchedFunction
    from cdk_ses_regions.naming import Names
    from cdk_ses_regions.quota_metric import QuotaMetric
    from cdk_ses_regions.receipt_actions import (
        AddHeaderAction,
        BounceAction,
        ConnectAction,
        LambdaAction,
        S3Action,
        SnsAction,
        StopAction,
        StoreAction,
        WorkmailAction,
    )
    from cdk_ses_regions.receipt_filter import ReceiptFilters
    from cdk_ses_regions.receipt_rule import ReceiptRule
    from cdk_ses_regions.receiving import Receiving, ReceivingOptions
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
    from cdk_ses_regions.smtp_credentials import SmtpCredentials
    from cdk_ses_regions.subscriptions import Subscribers, TopicSubscriptions
    from cdk_ses_regions.suppression_sync import SuppressionSync, SuppressionSyncOptions

__all__ = [
    "AccountSettings",
    "ActiveReceiptRuleSet",
    "AddHeaderAction",
    "AddressIdentity",
    "AdoptedIdentity",
    "BounceAction",
    "ConfigError",
    "ConfigurationSet",
    "ConnectAction",
    "DedicatedIpPool",
    "DnsRecords",
    "DomainIdentity",
    "DropStep",
    "EmailAddress",
    "EmailDashboard",
    "EmailDomain",
    "EventDestination",
    "EventTopic",
    "Events",
    "Feedback",
    "FeedbackTopic",
    "ForwardStep",
    "GlobalEndpoint",
    "HandledMail",
    "HandledMailTable",
    "IdentityNotificationTopics",
    "IdentityPolicy",
    "InvalidNameError",
    "InvokeStep",
    "LambdaAction",
    "MailBucket",
    "MailFromRecords",
    "MailPipeline",
    "MailReplication",
    "MetricDimension",
    "Monitoring",
    "MonitoringOptions",
    "Names",
    "NotSentError",
    "OwnDkimKey",
    "Problem",
    "PublishStep",
    "QuotaMetric",
    "ReceiptFilters",
    "ReceiptRule",
    "Receiving",
    "ReceivingOptions",
    "Record",
    "RegionColumn",
    "RegionalEmail",
    "ReplicaIdentity",
    "S3Action",
    "Sender",
    "Sending",
    "SendingOptions",
    "Sent",
    "SesClient",
    "SesProvider",
    "SesRegion",
    "SesRegionsError",
    "Settings",
    "SetupNotification",
    "SmtpCredentials",
    "SnsAction",
    "StopAction",
    "StoreAction",
    "Subscribers",
    "SuppressionSync",
    "SuppressionSyncOptions",
    "Thresholds",
    "TopicSubscriptions",
    "UncertainError",
    "UnsupportedRegionError",
    "Vdm",
    "WatchedFunction",
    "WorkmailAction",
    "all_regions",
    "load",
    "receiving_regions",
    "region",
]

_MODULES = {
    "account_settings": ("AccountSettings", "DedicatedIpPool", "Vdm"),
    "adopted_identity": ("AdoptedIdentity",),
    "bundle": ("RegionalEmail",),
    "bundle_identities": ("EmailAddress", "EmailDomain"),
    "client": ("NotSentError", "Sent", "SesClient", "UncertainError"),
    "config": ("Settings", "load"),
    "configuration_set": ("ConfigurationSet",),
    "dashboard": ("EmailDashboard", "RegionColumn"),
    "dns": ("Record",),
    "dns_records": ("DnsRecords",),
    "errors": ("ConfigError", "InvalidNameError", "Problem", "SesRegionsError", "UnsupportedRegionError"),
    "event_destination": ("EventDestination", "EventTopic", "MetricDimension"),
    "feedback": ("Feedback", "FeedbackTopic"),
    "global_endpoint": ("GlobalEndpoint",),
    "handled_mail": ("HandledMail",),
    "identity": ("AddressIdentity", "DomainIdentity", "OwnDkimKey"),
    "identity_policy": ("IdentityPolicy",),
    "mail_bucket": ("MailBucket",),
    "mail_replication": ("MailReplication",),
    "mail_from": ("MailFromRecords",),
    "mail_pipeline": ("MailPipeline",),
    "mail_steps": ("DropStep", "ForwardStep", "HandledMailTable", "InvokeStep", "PublishStep"),
    "monitoring": ("Monitoring", "MonitoringOptions", "Thresholds", "WatchedFunction"),
    "naming": ("Names",),
    "quota_metric": ("QuotaMetric",),
    "receipt_actions": (
        "AddHeaderAction",
        "BounceAction",
        "ConnectAction",
        "LambdaAction",
        "S3Action",
        "SnsAction",
        "StopAction",
        "StoreAction",
        "WorkmailAction",
    ),
    "receipt_filter": ("ReceiptFilters",),
    "receipt_rule": ("ReceiptRule",),
    "receiving": ("Receiving", "ReceivingOptions"),
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
    "smtp_credentials": ("SmtpCredentials",),
    "subscriptions": ("Subscribers", "TopicSubscriptions"),
    "suppression_sync": ("SuppressionSync", "SuppressionSyncOptions"),
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
