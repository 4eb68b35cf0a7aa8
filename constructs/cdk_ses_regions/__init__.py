"""Working email on AWS in as many Regions as you want: Amazon SES as CDK constructs, and their model.

Every public name is here, `from cdk_ses_regions import RegionalEmail`; it is loaded when it is first asked
for, so that importing the package starts neither CDK nor Node. The constructs need `aws-cdk-lib`, the model
does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_ses_regions.bundle import EmailDomain, RegionalEmail
    from cdk_ses_regions.config import Settings, load
    from cdk_ses_regions.dns import Record
    from cdk_ses_regions.dns_records import DnsRecords
    from cdk_ses_regions.errors import (
        ConfigError,
        InvalidNameError,
        Problem,
        SesRegionsError,
        UnsupportedRegionError,
    )
    from cdk_ses_regions.feedback import FeedbackTopic
    from cdk_ses_regions.identity import DomainIdentity
    from cdk_ses_regions.mail_from import MailFromRecords
    from cdk_ses_regions.naming import Names
    from cdk_ses_regions.receiving import ReceiptRule, Receiving
    from cdk_ses_regions.regions import SesRegion, all_regions, receiving_regions, region
    from cdk_ses_regions.ses_resource import (
        ActiveReceiptRuleSet,
        IdentityNotificationTopics,
        SesProvider,
        SetupNotification,
    )

__all__ = [
    "ActiveReceiptRuleSet",
    "ConfigError",
    "DnsRecords",
    "DomainIdentity",
    "EmailDomain",
    "FeedbackTopic",
    "IdentityNotificationTopics",
    "InvalidNameError",
    "MailFromRecords",
    "Names",
    "Problem",
    "ReceiptRule",
    "Receiving",
    "Record",
    "RegionalEmail",
    "SesProvider",
    "SesRegion",
    "SesRegionsError",
    "Settings",
    "SetupNotification",
    "UnsupportedRegionError",
    "all_regions",
    "load",
    "receiving_regions",
    "region",
]

_MODULES = {
    "bundle": ("EmailDomain", "RegionalEmail"),
    "config": ("Settings", "load"),
    "dns": ("Record",),
    "dns_records": ("DnsRecords",),
    "errors": ("ConfigError", "InvalidNameError", "Problem", "SesRegionsError", "UnsupportedRegionError"),
    "feedback": ("FeedbackTopic",),
    "identity": ("DomainIdentity",),
    "mail_from": ("MailFromRecords",),
    "naming": ("Names",),
    "receiving": ("ReceiptRule", "Receiving"),
    "regions": ("SesRegion", "all_regions", "receiving_regions", "region"),
    "ses_resource": (
        "ActiveReceiptRuleSet",
        "IdentityNotificationTopics",
        "SesProvider",
        "SetupNotification",
    ),
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
