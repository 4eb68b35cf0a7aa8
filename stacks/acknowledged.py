"""What cdk-nag's packs AwsSolutions and Serverless find in the templates and is accepted, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A finding that is accepted, and why.

    Args:
        rule: id of the rule, exactly as it is reported; one that ends in `*` stands for all that begin so.
        reason: why it stays as it is.
        resource: logical id of the resource, `*` for any characters (default: all of the type).
        resource_type: type of the resource (default: any).
        optional: a configuration can do without the fault, though it has the resource (default False).
    """

    rule: str
    reason: str
    resource: str = "*"
    resource_type: str = ""
    optional: bool = False

    def is_about(self, resource: str, resource_type: str) -> bool:
        """Tell whether it is about a resource."""
        pattern = re.escape(self.resource).replace(r"\*", ".*")
        return self.resource_type in ("", resource_type) and re.fullmatch(pattern, resource) is not None

    def covers(self, rule: str, resource: str, resource_type: str) -> bool:
        """Tell whether it accepts what a rule finds at a resource."""
        if not self.is_about(resource, resource_type):
            return False
        return rule.startswith(self.rule[:-1]) if self.rule.endswith("*") else rule == self.rule


_RUNTIME = "python3.13 is in support until 2029, and the version that the handlers are tested with"
_BEYOND = "IAM has no room in a role to name as many domains one by one, so this is for all of the account"
_NO_RESOURCE_TYPE = "these SES actions know no resource in IAM: '*' is the only one they accept"

ACKNOWLEDGED = (
    Acknowledgement(rule="AwsSolutions-L1", resource_type="AWS::Lambda::Function", reason=_RUNTIME),
    Acknowledgement(
        rule="Serverless-LambdaLatestVersion", resource_type="AWS::Lambda::Function", reason=_RUNTIME
    ),
    Acknowledgement(
        rule="Serverless-LambdaTracing",
        resource_type="AWS::Lambda::Function",
        reason="each function is one step; its logs and metrics tell what became of it, and traces would need another "
        "permission on '*'",
    ),
    Acknowledgement(
        rule="Serverless-LambdaDLQ",
        resource_type="AWS::Lambda::Function",
        reason="whoever invokes these waits for the answer or tries again: CloudFormation, Secrets Manager, a "
        "schedule, or a queue with a dead-letter queue of its own",
    ),
    Acknowledgement(
        rule="Serverless-LambdaEventSourceMappingDestination",
        resource_type="AWS::Lambda::EventSourceMapping",
        reason="destinations are for streams; these read queues, and what fails there goes to their dead-letter queue",
    ),
    Acknowledgement(
        rule="Serverless-SQSRedrivePolicy",
        resource="*DeadLetters*",
        resource_type="AWS::SQS::Queue",
        reason="it is the dead-letter queue itself, the end of the way, and keeps what came for 14 days",
    ),
    Acknowledgement(
        rule="Serverless-SNSRedrivePolicy",
        resource="*SubscriptionsEmail*",
        resource_type="AWS::SNS::Subscription",
        reason="SNS has no dead-letter queue for subscriptions by email: it tries the mail server itself",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::arn:*",
        resource="*MayUseSets*",
        reason="the set that an adopted identity used before is given back to it, and its name is not known here",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::arn:*",
        resource="SesProviderSesAdoptedIdentity*",
        reason="it asks the stack that the tags of an identity name, whichever it is, whether it has it still",
    ),
    *(
        Acknowledgement(
            rule="AwsSolutions-IAM5[Resource::arn:*", resource=f"SesProvider{permission}*", reason=_BEYOND
        )
        for permission in (
            "SesAdoptedIdentities",
            "SesDnsRecords",
            "SesIdentitiesUseSets",
            "SesIdentityPolicies",
            "SesReplicaIdentities",
            "SesReplicateDkimKeysOf",
        )
    ),
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
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="SesProviderSesAccountSuppression8B5AEFCC",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="SesProviderSesAccountVdmDCE3A2C1",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::<EmailReceivingMailD6F8C2ED.Arn>/mail/*]",
        resource="EmailReceivingInboundFunctionRoleF20292DC",
        reason="SES names each object by a message id of its own; the function reads below mail/ only",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::<EmailReceivingMailD6F8C2ED.Arn>/mail/*AMAZON_SES_SETUP_NOTIFICATION]",
        resource="SesProviderSesSetupNotification132E3803",
        reason="each rule has a prefix of its own, and below it one trial mail of SES, which has no other name",
    ),
    Acknowledgement(
        rule="AwsSolutions-DDB3",
        resource="EmailHandledMail4E10D89C",
        reason="what the table has is of use for 15 days, and for mail that comes twice alone",
    ),
    Acknowledgement(
        rule="Serverless-LambdaStarPermissions",
        resource="EmailSuppressionSyncApplyRole00789093",
        reason=_NO_RESOURCE_TYPE + "; the condition limits them to the Regions of the deployment",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="EmailSuppressionSyncApplyRole00789093",
        reason=_NO_RESOURCE_TYPE + "; the condition limits them to the Regions of the deployment",
    ),
    Acknowledgement(
        rule="AwsSolutions-DDB3",
        resource="EmailSuppressionSyncTable27F49B7B",
        reason="what the table has is of use for 30 days, and for addresses that were removed alone",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*]",
        resource="EmailMonitoringQuotaFunctionRole46E4DB53",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="Serverless-LambdaStarPermissions",
        resource="EmailMonitoringQuotaFunctionRole46E4DB53",
        reason=_NO_RESOURCE_TYPE,
    ),
    Acknowledgement(
        rule="Serverless-EventBusDLQ",
        resource="EmailMonitoringQuotaSchedule6024E3CD",
        reason="what does not run asks again in five minutes; an old question is of no use then",
    ),
    Acknowledgement(
        rule="AwsSolutions-S1",
        resource="EmailReceivingMailD6F8C2ED",
        reason="who reads mail is seen in the account's CloudTrail data events; access logs would take a "
        "second bucket a Region, and come late and incomplete",
        optional=True,
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::arn:*",
        resource="EmailReceivingRule*role*",
        reason="SES names each object by a message id of its own; the role stores below one prefix only",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::*",
        resource="EmailReceivingMailReplicationPolicyE1C41F92",
        reason="SES names each object by a message id of its own; S3 copies what is below mail/ only",
    ),
    Acknowledgement(
        rule="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:*:<AWS::AccountId>:key/*]",
        resource="SmtpFunctionRole70F9C421",
        reason="the keys of other Regions are known by their alias, or by the secret that they encrypt, which KMS "
        "takes for conditions only: they are, and so is the way by Secrets Manager",
    ),
)
"""One whose resource is there without the fault is itself a finding, unless it is optional: so none outlives it."""
