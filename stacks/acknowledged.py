"""What cdk-nag's AwsSolutions rules find in the templates and is accepted, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A finding that is accepted, and why.

    Args:
        rule: id of the rule, exactly as it is reported.
        resource: logical id of the resource.
        reason: why it stays as it is.
    """

    rule: str
    resource: str
    reason: str


_RUNTIME = "python3.13 is in support until 2029, and the version that the handlers are tested with"
_NO_RESOURCE_TYPE = "these SES actions know no resource in IAM: '*' is the only one they accept"

ACKNOWLEDGED = (
    Acknowledgement(
        rule="AwsSolutions-L1", resource="EmailReceivingInboundFunction74EC85BA", reason=_RUNTIME
    ),
    Acknowledgement(rule="AwsSolutions-L1", resource="SesProviderFunction3F4335E0", reason=_RUNTIME),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="SesProviderSesActiveReceiptRuleSet56502B35",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="SesProviderSesIdentityNotificationTopics329D3B8D",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::<EmailReceivingMailD6F8C2ED.Arn>/mail/*]",
        resource="EmailReceivingInboundFunctionRoleF20292DC",
        reason="SES names each object by a message id of its own; the function reads below mail/ only",
    ),
    Acknowledgement(
        rule="AwsSolutions-S1",
        resource="EmailReceivingMailD6F8C2ED",
        reason="who reads mail is seen in the account's CloudTrail data events; access logs would take a "
        "second bucket a Region, and come late and incomplete",
    ),
)
"""One whose resource is there without the fault is itself a finding, so that none outlives it."""
