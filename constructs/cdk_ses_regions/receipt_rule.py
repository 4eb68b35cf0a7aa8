"""A receipt rule, and what its actions need to be let do what they do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from aws_cdk import Annotations, CfnResource, Token
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_ses_regions.encryption import let_ses_use
from cdk_ses_regions.limits import RECIPIENTS_PER_RULE
from cdk_ses_regions.mail_bucket import prefix_of
from cdk_ses_regions.mail_steps import DEFAULT_STEPS, Step, steps_problems
from cdk_ses_regions.naming import rule_name_problem
from cdk_ses_regions.place import Place
from cdk_ses_regions.policies import SES, Statement, allow_ses, rule_arns
from cdk_ses_regions.receipt_actions import (
    DEFAULT_ACTIONS,
    Action,
    AddHeaderAction,
    BounceAction,
    ConnectAction,
    LambdaAction,
    S3Action,
    SnsAction,
    StopAction,
    StoreAction,
    WorkmailAction,
    actions_problems,
)

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns


@dataclass(frozen=True, kw_only=True)
class ReceiptRule:
    """One receipt rule: which mail, how strict, and what SES does with it.

    Args:
        name: unique in its rule set; at most 64 letters, digits, dots, hyphens and underscores.
        recipients: `user@example.com`, `example.com`, `.example.com` (all subdomains); empty: every verified domain.
        scan_enabled: scan for spam and viruses (default True).
        tls_policy: "Require" refuses mail that comes without TLS (default "Optional").
        enabled: whether the rule is in force (default True).
        actions: exactly what SES does, in this order, one to ten (default: `StoreAction`, store the mail in the mail
            bucket for `then`).
        then: what happens to the mail that `StoreAction` stored, step by step (default: tell of it on the topic
            `received`).
    """

    name: str
    recipients: Sequence[str] = ()
    scan_enabled: bool = True
    tls_policy: Literal["Optional", "Require"] = "Optional"
    enabled: bool = True
    actions: Sequence[Action] = DEFAULT_ACTIONS
    then: Sequence[Step] | None = None

    @property
    def stores(self) -> bool:
        """Whether there is a mail for `then`."""
        return any(isinstance(action, StoreAction) for action in self.actions)

    @property
    def steps(self) -> Sequence[Step]:
        """What happens to the mail that is stored; nothing when none is."""
        if not self.stores:
            return ()
        return DEFAULT_STEPS if self.then is None else self.then

    def properties(self) -> dict[str, Any]:
        """Return the rule without its actions, as CloudFormation has it."""
        return {
            "Name": self.name,
            "Enabled": self.enabled,
            "Recipients": list(self.recipients),
            "ScanEnabled": self.scan_enabled,
            "TlsPolicy": self.tls_policy,
        }

    def problems(self) -> list[str]:
        """Return all that SES would not take."""
        problems = [p for p in [rule_name_problem(self.name)] if p]
        problems += [
            f"rule {self.name!r}: SES has no '*' in recipients, got {recipient!r}; "
            "write '.example.com' for subdomains, 'example.com' for every address"
            for recipient in self.recipients
            if "*" in recipient
        ]
        if len(self.recipients) > RECIPIENTS_PER_RULE:
            problems.append(
                f"rule {self.name!r} has {len(self.recipients)} recipients; SES allows {RECIPIENTS_PER_RULE}: split it"
            )
        found = actions_problems(self.actions)
        if self.stores:
            found += steps_problems(self.steps)
        elif self.then is not None:
            found.append(
                "then: there is no mail to go on with; give StoreAction() among the actions, or leave it out"
            )
        return problems + [f"rule {self.name!r}: {one}" for one in found]


class RuleActions:
    """The actions of one rule in CloudFormation's words, with the permissions that SES needs for them.

    Args:
        scope: where a role or a function's permission goes.
        rule: the rule.
        rule_set_name: physical name of its rule set.
        mail_bucket: the mail bucket, open to the rule already.
        key: the key of the mail bucket, open to the rule already.
        stored_topic_arn: the topic that tells of stored mail, open to the rule already.

    Attributes:
        properties: the actions.
        needed: what has to be there before the rule: SES tries its targets when a rule is made.

    Raises:
        ValueError: a target is not in the Region of the rule.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        rule: ReceiptRule,
        rule_set_name: str,
        mail_bucket: s3.IBucket,
        key: kms.IKey,
        stored_topic_arn: str,
    ) -> None:
        self._scope = scope
        self._rule = rule
        self._rule_arn = rule_arns(scope, rule_set_name, rule.name)
        self._mail_bucket = mail_bucket
        self._key = key
        self._stored_topic_arn = stored_topic_arn
        self.needed: list[IDependable] = []
        self.properties = [
            self._action(number, action) for number, action in enumerate(rule.actions, start=1)
        ]

    def _action(self, number: int, action: Action) -> dict[str, Any]:
        """Return what an action is to SES."""
        match action:
            case StoreAction():
                store = {
                    "BucketName": self._mail_bucket.bucket_name,
                    "ObjectKeyPrefix": prefix_of(self._rule.name),
                }
                return {"S3Action": {**store, "TopicArn": self._stored_topic_arn}}
            case S3Action():
                return {"S3Action": self._s3(number, action)}
            case LambdaAction():
                return {"LambdaAction": self._lambda(number, action)}
            case SnsAction():
                return {"SNSAction": {"Encoding": action.encoding, **self._topic(number, action.topic)}}
            case AddHeaderAction():
                return {"AddHeaderAction": {"HeaderName": action.name, "HeaderValue": action.value}}
            case BounceAction():
                reply, status, message = action.codes()
                said = {"SmtpReplyCode": reply, "Message": message, "Sender": action.sender}
                more = {} if status is None else {"StatusCode": status}
                return {"BounceAction": {**said, **more, **self._topic(number, action.topic)}}
            case StopAction():
                return {"StopAction": {"Scope": "RuleSet", **self._topic(number, action.topic)}}
            case WorkmailAction():
                self._require_here("organization", action.organization_arn)
                organization = {"OrganizationArn": action.organization_arn}
                return {"WorkmailAction": {**organization, **self._topic(number, action.topic)}}
            case ConnectAction():
                self._require_here("instance", action.instance_arn)
                return {"ConnectAction": {"InstanceARN": action.instance_arn, "IAMRoleARN": action.role_arn}}

    def _s3(self, number: int, action: S3Action) -> dict[str, Any]:
        bucket, role = action.bucket or self._mail_bucket, action.role_arn
        key = (action.client_side_key or self._key) if action.client_side else None
        properties: dict[str, Any] = {"BucketName": bucket.bucket_name, "ObjectKeyPrefix": action.prefix}
        if key is not None:
            self._require_here("key", key.key_arn)
            properties["KmsKeyArn"] = key.key_arn
        if action.make_role:
            role = self._role(number, action, bucket, key)
        if role is not None:
            topic = {} if action.topic is None else {"TopicArn": action.topic.topic_arn}
            return {**properties, "IamRoleArn": role, **topic}
        if action.bucket is not None:
            self._let_into(number, action.bucket, action.prefix)
        if key is not None and key is not self._key:
            self._let_use(key)
        return {**properties, **self._topic(number, action.topic)}

    def _let_into(self, number: int, bucket: s3.IBucket, prefix: str) -> None:
        """Let SES store in a bucket of the user's, as far as its policy is ours to add to."""
        resource = f"{bucket.bucket_arn}/{prefix}*"
        statement = self._statement(number, "s3:PutObject", resource)
        if not bucket.add_to_resource_policy(iam.PolicyStatement.from_json(statement)).statement_added:
            Annotations.of(self._scope).add_warning_v2(
                "cdk-ses-regions:bucket-policy",
                f"rule {self._rule.name}: the bucket was made elsewhere; its policy must let ses.amazonaws.com use "
                "s3:PutObject for the rule, or SES refuses the rule (docs/receiving.md)",
            )
        if bucket.encryption_key is not None:
            self._let_use(bucket.encryption_key)
        self.needed.append(bucket)

    def _let_use(self, key: kms.IKey) -> None:
        let_ses_use(key, self._scope, sid="SesReceiptRule", source_arns=[self._rule_arn])
        self.needed.append(key)

    def _lambda(self, number: int, action: LambdaAction) -> dict[str, Any]:
        self._require_here("function", action.function_arn)
        permission = CfnResource(
            self._scope,
            f"Rule {self._rule.name} {number} permission",
            type="AWS::Lambda::Permission",
            properties={
                "Action": "lambda:InvokeFunction",
                "FunctionName": action.function_arn,
                "Principal": SES,
                "SourceAccount": Place.of(self._scope).account,
                "SourceArn": self._rule_arn,
            },
        )
        self.needed.append(permission)
        return {
            "FunctionArn": action.function_arn,
            "InvocationType": action.invocation,
            **self._topic(number, action.topic),
        }

    def _topic(self, number: int, topic: sns.ITopic | None) -> dict[str, str]:
        """Let SES publish, as far as the topic's policy is ours to add to; that of one made elsewhere is the user's."""
        if topic is None:
            return {}
        self._require_here("topic", topic.topic_arn)
        statement = self._statement(number, "sns:Publish", topic.topic_arn)
        if topic.add_to_resource_policy(iam.PolicyStatement.from_json(statement)).statement_added:
            self.needed.append(topic)
        return {"TopicArn": topic.topic_arn}

    def _role(self, number: int, action: S3Action, bucket: s3.IBucket, key: kms.IKey | None) -> str:
        """Make the role that SES takes for this action alone; it may do nothing else."""
        may: list[Statement] = [
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": f"{bucket.bucket_arn}/{action.prefix}*",
            }
        ]
        bucket_key = action.bucket_key_arn or (bucket.encryption_key and bucket.encryption_key.key_arn)
        if bucket_key is not None:
            encrypt = ["kms:Encrypt", "kms:GenerateDataKey*"]  # what SES's reference wants for the bucket
            may.append({"Effect": "Allow", "Action": encrypt, "Resource": bucket_key})
        if key is not None and key.key_arn != bucket_key:
            may.append({"Effect": "Allow", "Action": "kms:GenerateDataKey*", "Resource": key.key_arn})
        if action.topic is not None:
            self._require_here("topic", action.topic.topic_arn)
            may.append({"Effect": "Allow", "Action": "sns:Publish", "Resource": action.topic.topic_arn})
        trusted = iam.ServicePrincipal(
            SES,
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": Place.of(self._scope).account,
                    "aws:SourceArn": self._rule_arn,
                }
            },
        )
        role = iam.Role(
            self._scope,
            f"Rule {self._rule.name} {number} role",
            description=f"Lets SES store mail of the receipt rule {self._rule.name}",
            assumed_by=cast(iam.IPrincipal, trusted),
            inline_policies={
                "Store": iam.PolicyDocument(
                    statements=[iam.PolicyStatement.from_json(statement) for statement in may]
                )
            },
        )
        self.needed.append(role)
        return role.role_arn

    def _statement(self, number: int, action: str, resource: str) -> Statement:
        digest = hashlib.sha256(f"{self._rule.name} {number} {action}".encode()).hexdigest()[:8]
        return allow_ses(
            self._scope,
            sid=f"SesReceiptRule{digest}",
            actions=[action],
            resource=resource,
            source_arns=[self._rule_arn],
        )

    def _require_here(self, what: str, arn: str) -> None:
        ours = Place.of(self._scope).region
        if Token.is_unresolved(arn) or Token.is_unresolved(ours):
            return
        theirs = [*arn.split(":"), "", "", "", ""][3]
        if theirs != ours:
            raise ValueError(
                f"rule {self._rule.name!r}: {what} {arn!r} is in {theirs or 'no Region'}, the rule in {ours}; SES uses "
                f"those of its own Region only, so give one in {ours}"
            )
