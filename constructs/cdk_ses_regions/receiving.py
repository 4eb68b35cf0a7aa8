"""Receiving mail in one Region: what is needed, in the order that SES wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aws_cdk import CfnResource, Duration, RemovalPolicy
from constructs import Construct

from cdk_ses_regions.inbound_function import InboundFunction
from cdk_ses_regions.limits import RECIPIENTS_PER_RULE, RULES_PER_SET
from cdk_ses_regions.mail_bucket import MAIL_PREFIX, MailBucket
from cdk_ses_regions.naming import rule_name_problem
from cdk_ses_regions.place import Place
from cdk_ses_regions.regions import require_receiving
from cdk_ses_regions.ses_resource import ActiveReceiptRuleSet, SetupNotification

if TYPE_CHECKING:  # aws_lambda alone would be a fifth of the synthesis
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns


@dataclass(frozen=True, kw_only=True)
class ReceiptRule:
    """One receipt rule: which mail, and how strict.

    Args:
        name: unique in its rule set; at most 64 letters, digits, dots, hyphens and underscores.
        recipients: `user@example.com`, `example.com`, `.example.com` (all subdomains); empty: every verified domain.
        scan_enabled: scan for spam and viruses (default True).
        tls_policy: "Require" refuses mail that comes without TLS (default "Optional").
        enabled: whether the rule is in force (default True).
    """

    name: str
    recipients: Sequence[str] = ()
    scan_enabled: bool = True
    tls_policy: Literal["Optional", "Require"] = "Optional"
    enabled: bool = True


class Receiving(Construct):
    """Stores the mail of this Region in a bucket, tells of it on a topic, and makes its rule set the active one.

    The policies of key, bucket and function name the rule set by its literal name, so they exist before the first
    rule; SES tries them when a rule is created.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email.html

    Args:
        rule_set_name: physical name of the receipt rule set.
        rules: the rules, in the order in which they run; at least one.
        topic_name: physical name of the topic that tells of received mail.
        key: customer managed key for bucket and topic (default: one of its own).
        retention: how long mail is kept (default: for ever).
        removal_policy: what becomes of the bucket with the stack (default: it stays, unless the deployment
            that creates it fails).
        take_over: replace a rule set of someone else that is active (default False: refuse).
        log_retention_days: how long the function's logs are kept (default 30).

    Attributes:
        rule_set_name: the rule set.
        mail_bucket: bucket with the mail, below `mail/`.
        key: the key.
        received_topic: one JSON event a mail and rule.
        dead_letter_queue_arn: ARN of the queue with events that could not be handled.
        inbound_endpoint: host for the MX of a receiving domain; None if the stack's Region is not known at synthesis.

    Raises:
        UnsupportedRegionError: SES does not receive in the stack's Region.
        ValueError: the rules break a limit of SES; all that is wrong is said at once.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        rules: Sequence[ReceiptRule],
        topic_name: str,
        key: kms.IKey | None = None,
        retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        take_over: bool = False,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        here = Place.of(scope).require_ses()
        self.inbound_endpoint = here and require_receiving(here.name).inbound
        if problems := [*_rule_set_problems(rules), *(p for rule in rules for p in _rule_problems(rule))]:
            raise ValueError("; ".join(problems))
        self.rule_set_name = rule_set_name
        store = MailBucket(
            self,
            "Mail",
            rule_set_name=rule_set_name,
            key=key,
            retention=retention,
            removal_policy=removal_policy,
        )
        self.mail_bucket: s3.IBucket = store.bucket
        self.key: kms.IKey = store.key
        self._inbound = InboundFunction(
            self,
            "Inbound",
            rule_set_name=rule_set_name,
            bucket=store.bucket,
            key=store.key,
            topic_name=topic_name,
            log_retention_days=log_retention_days,
        )
        self.received_topic: sns.ITopic = self._inbound.topic
        self.dead_letter_queue_arn = self._inbound.dead_letter_queue_arn
        self._setup = SetupNotification(self, "SetupNotification", bucket=store.bucket, prefix=MAIL_PREFIX)
        last_rule = self._define_rules(rules)
        activation = ActiveReceiptRuleSet(
            self, "Activation", rule_set_name=rule_set_name, take_over=take_over
        )
        # Last in, first out: the set is deactivated before its rules go, since SES keeps an active one.
        activation.resource.add_resource_dependency(last_rule)

    @property
    def inbound_function(self) -> lambda_.IFunction:
        """The function that reads the mail."""
        return self._inbound.function

    def _define_rules(self, rules: Sequence[ReceiptRule]) -> CfnResource:
        """Define the rule set and its rules, each after the one before; return the last."""
        rule_set = CfnResource(
            self,
            "RuleSet",
            type="AWS::SES::ReceiptRuleSet",
            properties={"RuleSetName": self.rule_set_name},
        )
        name, actions = {"Ref": rule_set.logical_id}, self._actions()
        last: CfnResource | None = None
        for rule in rules:
            # Without After, SES puts a rule on top: the order would be reversed.
            after = {} if last is None else {"After": {"Ref": last.logical_id}}
            resource = CfnResource(
                self,
                f"Rule {rule.name}",
                type="AWS::SES::ReceiptRule",
                properties={"RuleSetName": name, **after, "Rule": {**_properties(rule), "Actions": actions}},
            )
            if last is None:
                # SES tries bucket, key and function when the rule is created.
                resource.node.add_dependency(self.mail_bucket, self._inbound.permission, self._setup.resource)
            last = resource
        return last or rule_set

    def _actions(self) -> list[dict[str, Any]]:
        """Return what every rule does: store the mail, then invoke the function."""
        store = {"BucketName": self.mail_bucket.bucket_name, "ObjectKeyPrefix": MAIL_PREFIX}
        invoke = {"FunctionArn": self._inbound.function_arn, "InvocationType": "Event"}
        return [{"S3Action": store}, {"LambdaAction": invoke}]


def _properties(rule: ReceiptRule) -> dict[str, Any]:
    return {
        "Name": rule.name,
        "Enabled": rule.enabled,
        "Recipients": list(rule.recipients),
        "ScanEnabled": rule.scan_enabled,
        "TlsPolicy": rule.tls_policy,
    }


def _rule_set_problems(rules: Sequence[ReceiptRule]) -> list[str]:
    names = [rule.name for rule in rules]
    problems = [
        f"rule {name!r} is given twice; rename one"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not rules:
        problems.append("no rules: SES would refuse all mail; give at least one")
    if len(rules) > RULES_PER_SET:
        problems.append(f"{len(rules)} rules; SES allows {RULES_PER_SET} in a rule set: join some")
    return problems


def _rule_problems(rule: ReceiptRule) -> list[str]:
    problems = [p for p in [rule_name_problem(rule.name)] if p]
    problems += [
        f"rule {rule.name!r}: SES has no '*' in recipients, got {recipient!r}; "
        "write '.example.com' for subdomains, 'example.com' for every address"
        for recipient in rule.recipients
        if "*" in recipient
    ]
    if len(rule.recipients) > RECIPIENTS_PER_RULE:
        problems.append(
            f"rule {rule.name!r} has {len(rule.recipients)} recipients; SES allows {RECIPIENTS_PER_RULE}: split it"
        )
    return problems
