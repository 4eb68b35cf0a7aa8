"""What Amazon SES has and CloudFormation lacks, as resources: one Lambda function a stack carries them out.

The function is `handlers/ses_provider`; its classes say what create, update and delete do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnResource, Token
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.mail_bucket import MAIL_PREFIX
from cdk_ses_regions.place import Place
from cdk_ses_regions.provider_rights import Beyond, ProviderRights
from cdk_ses_regions.python_function import PythonFunction

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

_PROVIDER_ID = "SesProvider"
_TRIAL = "AMAZON_SES_SETUP_NOTIFICATION"

# Longer than the function's own timeout: a crash then costs minutes, not CloudFormation's default hour.
_SERVICE_TIMEOUT_SECONDS = 300
_FUNCTION_TIMEOUT_SECONDS = 240


class SesProvider(Construct):
    """The function behind the resources of this module; a stack has one, which `SesProvider.of` finds or makes.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.handler = PythonFunction(
            self,
            "Function",
            code="ses_provider",
            description="CloudFormation resources for what Amazon SES has and CloudFormation lacks",
            memory_mb=256,
            timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
        )
        self.rights = ProviderRights(self, self.handler.role)

    @classmethod
    def of(cls, scope: Construct) -> SesProvider:
        """Return the provider of the scope's stack."""
        stack = Place.of(scope).stack
        found = stack.node.try_find_child(_PROVIDER_ID)
        return found if isinstance(found, SesProvider) else cls(stack, _PROVIDER_ID)

    def resource(
        self,
        scope: Construct,
        construct_id: str,
        *,
        type: str,  # noqa: A002 - CloudFormation's word
        properties: Mapping[str, Any],
        actions: Sequence[str],
        resources: str | Sequence[str] = "*",
        suffix: str = "",
        beyond: Beyond | None = None,
    ) -> CfnResource:
        """Define one resource that this provider carries out, and let the function do what it needs.

        Args:
            scope: the construct it belongs to.
            construct_id: its id there.
            type: the resource type, `Custom::...`, that the handler knows.
            properties: what the handler is given.
            actions: the IAM actions that create, update and delete need.
            resources: what they act on (default "*": SES has no narrower resource for most of them).
            suffix: ends the name of the permission, where a type has one for each of several `resources` (default:
                they are numbered). It has to stay: a permission that others move up to is gone before what it was
                for is deleted.
            beyond: patterns instead of `resources`, where the function's role has no room to name more of them
                (default: such a resource is refused).

        Raises:
            ValueError: the function's role has no room for more permissions.
        """
        defined = CfnResource(
            scope,
            construct_id,
            type=type,
            properties={
                "ServiceToken": {"Fn::GetAtt": [self.handler.resource.logical_id, "Arn"]},
                "ServiceTimeout": _SERVICE_TIMEOUT_SECONDS,
                **properties,
            },
        )
        name = type.removeprefix("Custom::")
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
        defined.add_resource_dependency(self.rights.give(name, statement, suffix=suffix, beyond=beyond))
        return defined


class ActiveReceiptRuleSet(Construct):
    """Makes a receipt rule set the active one of its Region; only the active one receives.

    It refuses to replace another active set unless told to, and on delete gives back what was active before.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-receipt-rule-set-enable-disable.html

    Args:
        rule_set_name: the rule set.
        take_over: replace another active rule set (default False: the deployment fails and says which).

    Attributes:
        resource: the custom resource; let it depend on the rule set and its rules.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, rule_set_name: str, take_over: bool = False
    ) -> None:
        super().__init__(scope, construct_id)
        self.resource = SesProvider.of(scope).resource(
            self,
            "Resource",
            type="Custom::SesActiveReceiptRuleSet",
            properties={"RuleSetName": rule_set_name, "TakeOver": _flag(take_over)},
            # Neither action has a resource type in IAM: "*" is the only resource they accept.
            actions=["ses:DescribeActiveReceiptRuleSet", "ses:SetActiveReceiptRuleSet"],
        )


class IdentityNotificationTopics(Construct):
    """Sends an identity's bounces and complaints to topics of its Region.

    See https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html

    Args:
        identity: the domain or address.
        bounce_topic: topic for bounces.
        complaint_topic: topic for complaints.
        delivery_topic: topic for deliveries (default: none).
        include_headers: original headers in each notification (default True).
        email_forwarding: feedback by email as well (default False; it goes off once both topics are set).
        adopted_arn: ARN of the `AdoptedIdentity`, on which this then has to depend: the settings that it had before
            come back when the stack goes (default: it had none).

    Raises:
        ValueError: a topic is in another Region; SES publishes in its own only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identity: str,
        bounce_topic: sns.ITopic,
        complaint_topic: sns.ITopic,
        delivery_topic: sns.ITopic | None = None,
        include_headers: bool = True,
        email_forwarding: bool = False,
        adopted_arn: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        kinds = {"Bounce": bounce_topic, "Complaint": complaint_topic, "Delivery": delivery_topic}
        topics = {kind: topic for kind, topic in kinds.items() if topic is not None}
        arns: dict[sns.ITopic, str] = {}
        for kind, topic in topics.items():
            if topic not in arns:
                arns[topic] = _arn_in_this_region(scope, topic, kind)
        self.resource = SesProvider.of(scope).resource(
            self,
            "Resource",
            type="Custom::SesIdentityNotificationTopics",
            properties={
                "Identity": identity,
                **{f"{kind}TopicArn": arns[topic] for kind, topic in topics.items()},
                "IncludeHeaders": _flag(include_headers),
                "EmailForwarding": _flag(email_forwarding),
                # The tags that it remembers in are those that the adopted identity may set.
                **({} if adopted_arn is None else {"Remembered": adopted_arn}),
            },
            # These API v1 actions have no resource type in IAM either.
            actions=[
                "ses:GetIdentityNotificationAttributes",
                "ses:SetIdentityFeedbackForwardingEnabled",
                "ses:SetIdentityHeadersInNotificationsEnabled",
                "ses:SetIdentityNotificationTopic",
            ],
        )
        # SES publishes a trial message, so the topic's policies have to be there first.
        self.resource.node.add_dependency(*arns)


class SetupNotification(Construct):
    """Takes away, with the stack, the trial mails that SES wrote when rules were created.

    Without it no mail bucket ever is empty: neither can it be removed, nor a deployment that failed be undone.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html

    Args:
        bucket: the bucket of the rules' S3 actions.
        prefixes: their object key prefixes, all below `mail/`.
        versioned: the bucket has versions, of which none stays (default False).

    Attributes:
        resource: the custom resource; let the first rule depend on it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        prefixes: Collection[str],
        versioned: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        # Whichever rules there are: a permission for each would go before what it is for.
        mails = f"{bucket.bucket_arn}/{MAIL_PREFIX}*{_TRIAL}"
        self.resource = SesProvider.of(scope).resource(
            self,
            "Resource",
            type="Custom::SesSetupNotification",
            properties={
                "Bucket": bucket.bucket_name,
                "Keys": [f"{prefix}{_TRIAL}" for prefix in sorted(prefixes)],
                **({"Versioned": _flag(True)} if versioned else {}),
            },
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"]
            if versioned
            else ["s3:DeleteObject"],
            resources=[bucket.bucket_arn, mails] if versioned else mails,
        )


def _arn_in_this_region(scope: Construct, topic: sns.ITopic, kind: str) -> str:
    ours, theirs = Place.of(scope).region, topic.env.region
    if ours != theirs and not Token.is_unresolved(ours) and not Token.is_unresolved(theirs):
        raise ValueError(
            f"{kind.lower()}_topic is in {theirs}, the identity in {ours}; SES publishes to topics of its own "
            f"Region only, so give a topic in {ours}"
        )
    return topic.topic_arn


def _flag(value: bool) -> str:
    """CloudFormation hands every property over as a string."""
    return "true" if value else "false"
