"""Receiving mail in one Region: what is needed, in the order that SES wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Duration, RemovalPolicy
from constructs import Construct

from cdk_ses_regions.limits import RULES_IN_EXISTING_SET, RULES_PER_SET
from cdk_ses_regions.mail_bucket import MailBucket, prefix_of
from cdk_ses_regions.mail_pipeline import MailPipeline
from cdk_ses_regions.mail_steps import HandledMailTable
from cdk_ses_regions.place import Place
from cdk_ses_regions.receipt_actions import S3Action
from cdk_ses_regions.receipt_rule import ReceiptRule, RuleActions
from cdk_ses_regions.regions import require_receiving
from cdk_ses_regions.ses_resource import ActiveReceiptRuleSet, SetupNotification

if TYPE_CHECKING:  # aws_lambda alone would be a fifth of the synthesis
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns

    from cdk_ses_regions.mail_replication import MailReplication
    from cdk_ses_regions.python_function import PythonFunction


@dataclass(frozen=True, kw_only=True)
class ReceivingOptions:
    """What a bundle may say of receiving beside its rules.

    Args:
        existing_rule_set: a rule set that is there already, for the rules (default: one is made and activated).
        after: the rule of that set that the first of ours follows (default: ours come first).
        block: IPv4 addresses or ranges whose mail is refused; see `ReceiptFilters` (default: none).
        allow: IPv4 addresses or ranges that are let in although a block covers them (default: none).
        archive_after: see `MailBucket`, as for what follows.
        versioned: keep mail that is deleted or overwritten for a while (default False).
        deleted_retention: how long (default 30 days).
        access_logs: log requests to the mail bucket (default False).
        replicate_to: where S3 copies all mail to, when `versioned` (default: nowhere).
        handled_mail_region: the Region of the table by which a mail that comes twice is handled once, the same for
            all Regions; the bundle of that Region has it (default: there is none).
    """

    existing_rule_set: str | None = None
    after: str | None = None
    block: Sequence[str] = ()
    allow: Sequence[str] = ()
    archive_after: Duration | None = None
    versioned: bool = False
    deleted_retention: Duration | None = None
    access_logs: bool = False
    replicate_to: MailReplication | None = None
    handled_mail_region: str | None = None


class Receiving(Construct):
    """Stores the mail of this Region in a bucket, tells of it on a topic, and makes its rule set the active one.

    The policies of key, bucket and topic name the rule set by its literal name, so they exist before the first
    rule; SES tries them when a rule is created.

    Rules can be put into a rule set that is there already: it is then neither activated nor deleted, and bucket and
    key are open to these rules only.
    See https://docs.aws.amazon.com/ses/latest/dg/receiving-email.html

    Args:
        rule_set_name: physical name of the receipt rule set.
        existing: the rule set is there already, made by somebody else (default False).
        after: the rule of the existing set that the first of ours follows (default: ours come first).
        rules: the rules, in the order in which they run; at least one.
        topic_name: physical name of the topic that tells of received mail.
        stored_topic_name: physical name of the topic on which SES tells of mail that it stored.
        handled: where it is noted what was done with a mail, so that one that comes twice is handled once (default:
            nowhere).
        key: customer managed key for bucket and topic (default: one of its own).
        retention: how long mail is kept (default: for ever).
        archive_after: see `MailBucket`, as for what follows.
        versioned: keep mail that is deleted or overwritten for a while (default False).
        deleted_retention: how long (default 30 days).
        access_logs: log requests to the mail bucket (default False).
        replicate_to: where S3 copies all mail to, when `versioned` (default: nowhere).
        removal_policy: what becomes of the bucket with the stack (default: it stays, unless the deployment
            that creates it fails).
        take_over: replace a rule set of someone else that is active (default False: refuse).
        log_retention_days: how long the function's logs are kept (default 30).

    Attributes:
        rule_set_name: the rule set.
        mail_bucket: bucket with the mail, below `mail/`.
        access_log_bucket: bucket with its access logs, or None.
        key: the key.
        received_topic: one JSON event a mail and rule.
        mail_queue_arn: ARN of the queue of stored mail that is to be handled.
        dead_letter_queue_arn: ARN of the queue with mail that could not be handled.
        inbound_endpoint: host for the MX of a receiving domain; None if the stack's Region is not known at synthesis.

    Raises:
        UnsupportedRegionError: SES does not receive in the stack's Region.
        ValueError: the rules break a limit of SES, all that is wrong is said at once; a target is in another Region;
            or `after` and `take_over` do not fit `existing`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rule_set_name: str,
        rules: Sequence[ReceiptRule],
        topic_name: str,
        stored_topic_name: str,
        existing: bool = False,
        after: str | None = None,
        handled: HandledMailTable | None = None,
        key: kms.IKey | None = None,
        retention: Duration | None = None,
        archive_after: Duration | None = None,
        versioned: bool = False,
        deleted_retention: Duration | None = None,
        access_logs: bool = False,
        replicate_to: MailReplication | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        take_over: bool = False,
        log_retention_days: int = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        here = Place.of(scope).require_ses()
        self.inbound_endpoint = here and require_receiving(here.name).inbound
        problems = [
            *_rule_set_problems(rules, existing=existing),
            *(p for rule in rules for p in rule.problems()),
        ]
        if problem := _existing_problem(existing=existing, after=after, take_over=take_over):
            problems.append(problem)
        if problems:
            raise ValueError("; ".join(problems))
        self.rule_set_name = rule_set_name
        store = MailBucket(
            self,
            "Mail",
            rule_set_name=rule_set_name,
            rule_names=[rule.name for rule in rules] if existing else None,
            key=key,
            retention=retention,
            archive_after=archive_after,
            versioned=versioned,
            deleted_retention=deleted_retention,
            access_logs=access_logs,
            replicate_to=replicate_to,
            removal_policy=removal_policy,
        )
        self.mail_bucket: s3.IBucket = store.bucket
        self.access_log_bucket: s3.IBucket | None = store.access_log_bucket
        self.key: kms.IKey = store.key
        self._pipeline = MailPipeline(
            self,
            "Inbound",
            rule_set_name=rule_set_name,
            rule_names=[rule.name for rule in rules] if existing else None,
            bucket=store.bucket,
            key=store.key,
            topic_name=topic_name,
            stored_topic_name=stored_topic_name,
            steps={rule.name: rule.steps for rule in rules if rule.stores},
            handled=handled,
            log_retention_days=log_retention_days,
        )
        self.received_topic: sns.ITopic = self._pipeline.topic
        self.mail_queue_arn = self._pipeline.queue_arn
        self.dead_letter_queue_arn = self._pipeline.dead_letter_queue_arn
        self._trial_mails = SetupNotification(
            self,
            "SetupNotification",
            bucket=store.bucket,
            prefixes=_prefixes(rules),
            versioned=versioned,
        )
        if existing:
            self._define_rules(rules, rule_set=rule_set_name, after=after)
            return
        made = CfnResource(
            self,
            "RuleSet",
            type="AWS::SES::ReceiptRuleSet",
            properties={"RuleSetName": rule_set_name},
        )
        last_rule = self._define_rules(rules, rule_set={"Ref": made.logical_id}, after=None)
        activation = ActiveReceiptRuleSet(
            self, "Activation", rule_set_name=rule_set_name, take_over=take_over
        )
        # Last in, first out: the set is deactivated before its rules go, since SES keeps an active one.
        activation.resource.add_resource_dependency(last_rule)

    @property
    def functions(self) -> dict[str, PythonFunction]:
        """The functions, by what they are called in alarms."""
        return {"inbound": self._pipeline.python}

    @property
    def inbound_function(self) -> lambda_.IFunction:
        """The function that handles the mail."""
        return self._pipeline.function

    def _define_rules(
        self, rules: Sequence[ReceiptRule], *, rule_set: str | dict[str, str], after: str | None
    ) -> CfnResource:
        """Define the rules, each after the one before; return the last."""
        previous: str | dict[str, str] | None = after
        defined: list[CfnResource] = []
        for rule in rules:
            actions = RuleActions(
                self,
                rule=rule,
                rule_set_name=self.rule_set_name,
                mail_bucket=self.mail_bucket,
                key=self.key,
                stored_topic_arn=self._pipeline.stored_topic_arn,
            )
            resource = CfnResource(
                self,
                f"Rule {rule.name}",
                type="AWS::SES::ReceiptRule",
                properties={
                    "RuleSetName": rule_set,
                    # Without After, SES puts a rule on top: the order would be reversed.
                    **({} if previous is None else {"After": previous}),
                    "Rule": {**rule.properties(), "Actions": actions.properties},
                },
            )
            if not defined:
                # SES tries bucket, key and topic when the rule is created.
                resource.node.add_dependency(
                    self.mail_bucket, self._pipeline.ready, self._trial_mails.resource
                )
            if actions.needed:
                resource.node.add_dependency(*actions.needed)
            previous = {"Ref": resource.logical_id}
            defined.append(resource)
        return defined[-1]


def _prefixes(rules: Sequence[ReceiptRule]) -> set[str]:
    """Return all prefixes below which SES stores mail in the mail bucket, and first of all a trial mail."""
    prefixes = {prefix_of(rule.name) for rule in rules if rule.stores}
    actions = [action for rule in rules for action in rule.actions]
    return prefixes | {
        action.prefix for action in actions if isinstance(action, S3Action) and action.bucket is None
    }


def _rule_set_problems(rules: Sequence[ReceiptRule], *, existing: bool) -> list[str]:
    names = [rule.name for rule in rules]
    problems = [
        f"rule {name!r} is given twice; rename one"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not rules:
        problems.append("no rules: SES would refuse all mail; give at least one")
    if len(rules) > RULES_PER_SET:
        problems.append(f"{len(rules)} rules; SES allows {RULES_PER_SET} in a rule set: join some")
    elif existing and len(rules) > RULES_IN_EXISTING_SET:
        problems.append(
            f"{len(rules)} rules for an existing rule set; the policy of the mail bucket names each and has room for "
            f"{RULES_IN_EXISTING_SET}: join some"
        )
    return problems


def _existing_problem(*, existing: bool, after: str | None, take_over: bool) -> str | None:
    if after is not None and not existing:
        return f"after {after!r} is for a rule set that exists already; give existing=True, or leave it out"
    if take_over and existing:
        return "take_over is for a rule set that is made here: an existing one is not activated; give one of both"
    return None
