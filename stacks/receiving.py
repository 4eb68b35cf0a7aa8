"""What the configuration says of receiving, as the constructs of one Region take it."""

from __future__ import annotations

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk_ses_regions.config import Rule, Settings, actions, then
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.domains import is_below
from cdk_ses_regions.mail_replication import MailReplication
from cdk_ses_regions.mail_steps import DropStep, ForwardStep, InvokeStep, PublishStep, Step
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
)
from cdk_ses_regions.receipt_rule import ReceiptRule
from cdk_ses_regions.receiving import ReceivingOptions

_TLS: dict[str, Literal["Optional", "Require"]] = {"optional": "Optional", "require": "Require"}
_ENCODING: dict[str, Literal["UTF-8", "Base64"]] = {"utf-8": "UTF-8", "base64": "Base64"}
_INVOCATION: dict[str, Literal["Event", "RequestResponse"]] = {
    "event": "Event",
    "request_response": "RequestResponse",
}


def options(settings: Settings, region: str) -> ReceivingOptions:
    """Return what holds for receiving in a Region, beside its rules."""
    section = settings.receiving_in(region)
    receives = any(region in settings.receiving_regions_of(domain) for domain in settings.domains)
    return ReceivingOptions(
        existing_rule_set=section.rule_set,
        after=section.after,
        # They hold for the whole account: not where it may receive for somebody else only.
        block=section.filters.block if receives else (),
        allow=section.filters.allow if receives else (),
        archive_after=days(section.archive_after_days),
        versioned=section.versioning,
        deleted_retention=days(section.deleted_days),
        access_logs=section.access_logs,
        replicate_to=None
        if (copies := section.replicate_to) is None
        else MailReplication(bucket=copies.bucket.replace(REGION, region), key_arn=copies.key_arn),
        handled_mail_region=settings.handled_mail_region,
    )


def days(number: int | None) -> Duration | None:
    """Return so many days."""
    return None if number is None else Duration.days(number)


class Rules:
    """The rules of all domains in a Region, in their written order.

    Args:
        scope: the stack, where what is made elsewhere is referred to.
        settings: the configuration.
        region: the Region.
    """

    def __init__(self, scope: Construct, settings: Settings, region: str) -> None:
        self._scope = scope
        self._settings = settings
        self._region = region
        self._buckets: dict[str, s3.IBucket] = {}
        self._keys: dict[str, kms.IKey] = {}
        self._topics: dict[str, sns.ITopic] = {}

    def all(self) -> list[ReceiptRule]:
        """Return the rules."""
        return [
            self._rule(domain.name, rule)
            for domain in self._settings.domains
            if domain.receiving is not None and self._region in self._settings.receiving_regions_of(domain)
            for rule in domain.receiving.rules
            if rule.regions is None or self._region in rule.regions
        ]

    def _rule(self, domain: str, rule: Rule) -> ReceiptRule:
        return ReceiptRule(
            name=self._settings.names.rule(domain, rule.name),
            recipients=rule.recipients or (domain,),
            scan_enabled=rule.scan,
            tls_policy=_TLS[rule.tls],
            enabled=rule.enabled,
            actions=DEFAULT_ACTIONS
            if rule.actions is None
            else [self._action(action) for action in rule.actions],
            then=None if rule.then is None else [self._step(step) for step in rule.then],
        )

    def _step(self, step: then.Step) -> Step:
        """Return a step; the configuration has made sure that it is exactly one."""
        match step:
            case then.Step(publish=then.Publish() as publish):
                return PublishStep(to=publish.to, event_bus_name=publish.event_bus)
            case then.Step(drop=then.Drop() as drop):
                return DropStep(verdicts=drop.verdicts, unsure=drop.unsure)
            case then.Step(forward=then.Forward() as forward):
                own = (
                    None
                    if self._settings.configuration_set is None
                    else self._settings.names.configuration_set
                )
                return ForwardStep(
                    sender=forward.sender,
                    to=forward.to,
                    identity=self._identity(forward.sender),
                    subject_prefix=forward.subject_prefix,
                    configuration_set_name=forward.configuration_set or own,
                    automatic=forward.automatic,
                    unsure=forward.unsure,
                )
            case then.Step(invoke=then.Invoke() as invoke):
                return InvokeStep(function_arn=invoke.function_arn.replace(REGION, self._region))
            case _:
                raise ValueError(f"a step is one of its kinds, got {step!r}")

    def _identity(self, sender: str) -> str:
        """Return the identity of an address: it itself, or the domain that it is in or below."""
        if sender in [one.name for one in self._settings.addresses]:
            return sender
        host = sender.rpartition("@")[2]
        names = [one.name for one in self._settings.domains if host == one.name or is_below(host, one.name)]
        return max(names, key=len)

    def _action(self, action: actions.Action) -> Action:
        """Return an action; the configuration has made sure that it is exactly one."""
        match action:
            case actions.Action(store=actions.Store()):
                return StoreAction()
            case actions.Action(s3=actions.S3() as store):
                return self._s3(store)
            case actions.Action(lambda_=actions.Lambda() as invoke):
                return LambdaAction(
                    function_arn=invoke.function_arn.replace(REGION, self._region),
                    invocation=_INVOCATION[invoke.invocation],
                    topic=self._topic(invoke.topic_arn),
                )
            case actions.Action(sns=actions.Sns() as publish):
                return SnsAction(
                    topic=self._the_topic(publish.topic_arn), encoding=_ENCODING[publish.encoding]
                )
            case actions.Action(add_header=actions.AddHeader() as header):
                return AddHeaderAction(name=header.name, value=header.value)
            case actions.Action(bounce=actions.Bounce() as bounce):
                return BounceAction(
                    sender=bounce.sender,
                    template=bounce.template,
                    smtp_reply_code=bounce.smtp_reply_code,
                    status_code=bounce.status_code,
                    message=bounce.message,
                    topic=self._topic(bounce.topic_arn),
                )
            case actions.Action(stop=actions.Stop() as stop):
                return StopAction(topic=self._topic(stop.topic_arn))
            case actions.Action(workmail=actions.Workmail() as workmail):
                return WorkmailAction(
                    organization_arn=workmail.organization_arn.replace(REGION, self._region),
                    topic=self._topic(workmail.topic_arn),
                )
            case actions.Action(connect=actions.Connect() as connect):
                return ConnectAction(
                    instance_arn=connect.instance_arn.replace(REGION, self._region), role_arn=connect.role_arn
                )
            case _:
                raise ValueError(f"an action is one of its kinds, got {action!r}")

    def _s3(self, store: actions.S3) -> S3Action:
        bucket = self._here(store.bucket)
        key_arn = self._here(store.key_arn)
        return S3Action(
            bucket=None if bucket is None else self._bucket(bucket),
            prefix="mail/" if store.prefix is None else store.prefix,
            client_side=store.encryption == "client_side",
            client_side_key=None if key_arn is None else self._key(key_arn),
            role_arn=store.role_arn,
            make_role=store.make_role,
            bucket_key_arn=self._here(store.bucket_key_arn),
            topic=self._topic(store.topic_arn),
        )

    def _here(self, text: str | None) -> str | None:
        return None if text is None else text.replace(REGION, self._region)

    # What is made elsewhere is referred to once, under an id that says which it is.

    def _bucket(self, name: str) -> s3.IBucket:
        if name not in self._buckets:
            self._buckets[name] = s3.Bucket.from_bucket_name(self._scope, f"Bucket {name}", name)
        return self._buckets[name]

    def _key(self, arn: str) -> kms.IKey:
        if arn not in self._keys:
            self._keys[arn] = kms.Key.from_key_arn(self._scope, f"Key {arn}", arn)
        return self._keys[arn]

    def _topic(self, arn: str | None) -> sns.ITopic | None:
        return None if arn is None else self._the_topic(arn)

    def _the_topic(self, given: str) -> sns.ITopic:
        arn = given.replace(REGION, self._region)
        if arn not in self._topics:
            self._topics[arn] = sns.Topic.from_topic_arn(self._scope, f"Topic {arn}", arn)
        return self._topics[arn]
