"""The configuration of receiving: of a domain, of the deployment, and where a Region differs."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from cdk_ses_regions.config.actions import Action, BucketName, KeyArn
from cdk_ses_regions.config.base import Model, RegionName, checked
from cdk_ses_regions.config.then import Step
from cdk_ses_regions.naming import RULE_LIMIT, RULE_NAME_PATTERN, rule_name_problem
from cdk_ses_regions.receipt import filter_problem

_Days = Annotated[StrictInt, Field(ge=1, le=36500)]


def _rule_set_problem(name: str) -> str | None:
    if re.fullmatch(RULE_NAME_PATTERN, name):
        return None
    return (
        f"{name!r} is no name of a rule set or rule; SES has letters, digits, dots, hyphens and underscores in it, at "
        f"most {RULE_LIMIT}"
    )


_ExistingName = Annotated[
    str, checked(_rule_set_problem), Field(json_schema_extra={"pattern": RULE_NAME_PATTERN})
]


class Rule(Model):
    """One receipt rule. Rules run in their written order."""

    name: Annotated[str, checked(rule_name_problem), Field(json_schema_extra={"pattern": RULE_NAME_PATTERN})]
    """Letters, digits, dots, hyphens and underscores; unique in its domain."""
    recipients: tuple[str, ...] = ()
    """`user@example.com`, `example.com`, `.example.com` (all subdomains); left out: the domain itself."""
    scan: StrictBool = True
    """Whether SES scans the mail for spam and viruses."""
    tls: Literal["optional", "require"] = "optional"
    """`require` refuses mail from servers that do not encrypt."""
    enabled: StrictBool = True
    """Whether the rule is in force."""
    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)] | None = None
    """Regions that have the rule; left out: all where the domain receives."""
    actions: Annotated[tuple[Action, ...], Field(min_length=1)] | None = None
    """What SES does, in this order; left out: `store` the mail."""
    then: Annotated[tuple[Step, ...], Field(min_length=1)] | None = None
    """What happens to the mail that is stored, in this order; left out: it is told on the topic `received`."""


class Receiving(Model):
    """How a domain receives mail."""

    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)] | None = None
    """Regions that receive, in the order of the MX priorities; left out: every configured one that can."""
    mx: StrictBool = False
    """Whether to publish the MX records that bring all mail of the domain to SES."""
    mx_regions: Annotated[tuple[RegionName, ...], Field(min_length=1)] | None = None
    """Regions in the MX records, by priority; left out: all that receive."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """The receipt rules, at least one."""


class Filters(Model):
    """Which mail servers may come in: IPv4 addresses or ranges, for all that the account receives in a Region."""

    block: tuple[Annotated[str, checked(filter_problem)], ...] = ()
    """Refused."""
    allow: tuple[Annotated[str, checked(filter_problem)], ...] = ()
    """Let in although `block` covers them."""


class Replication(Model):
    """Where S3 copies the mail to."""

    bucket: BucketName
    """A bucket of yours in another Region, versioned; `{region}` stands for the Region the mail came to."""
    key_arn: KeyArn
    """KMS key for the copies, in the Region of that bucket."""


class ReceivingDefaults(Model):
    """What holds for receiving in all domains."""

    take_over: StrictBool = False
    """Whether to replace a receipt rule set of someone else that is active; it is restored on removal."""
    rule_set: _ExistingName | None = None
    """A rule set that is there already, for the rules; left out: one is made and activated."""
    after: _ExistingName | None = None
    """The rule of that set that the first of ours follows; left out: ours come first."""
    filters: Filters = Field(default_factory=Filters)
    """Which mail servers may come in."""
    handle_once: StrictBool | None = None
    """Whether a mail that comes twice is handled once; left out: where more than one Region receives."""
    retention_days: _Days | None = None
    """Days until stored mail is deleted; left out: never."""
    archive_after_days: _Days | None = None
    """Days until stored mail moves to Glacier Instant Retrieval; left out: never."""
    versioning: StrictBool = False
    """Whether mail that is deleted or overwritten can be brought back."""
    deleted_days: _Days | None = None
    """Days for which it can; left out: 30."""
    access_logs: StrictBool = False
    """Whether requests to the mail bucket are logged to a second bucket."""
    replicate_to: Replication | None = None
    """Where S3 copies all mail to, with `versioning`; left out: nowhere."""
    on_removal: Literal["retain", "destroy"] = "retain"
    """What `cdk destroy` does with the stored mail."""


class ReceivingOverrides(Model):
    """What one Region has in place of the keys of `receiving`."""

    take_over: StrictBool | None = None
    """In place of `receiving.take_over`."""
    rule_set: _ExistingName | None = None
    """In place of `receiving.rule_set`."""
    after: _ExistingName | None = None
    """In place of `receiving.after`."""
    filters: Filters | None = None
    """In place of `receiving.filters`, both of its lists."""
    retention_days: _Days | None = None
    """In place of `receiving.retention_days`."""
    archive_after_days: _Days | None = None
    """In place of `receiving.archive_after_days`."""
    versioning: StrictBool | None = None
    """In place of `receiving.versioning`."""
    deleted_days: _Days | None = None
    """In place of `receiving.deleted_days`."""
    access_logs: StrictBool | None = None
    """In place of `receiving.access_logs`."""
    replicate_to: Replication | None = None
    """In place of `receiving.replicate_to`, both of its keys."""
    on_removal: Literal["retain", "destroy"] | None = None
    """In place of `receiving.on_removal`."""

    def over(self, general: ReceivingDefaults) -> ReceivingDefaults:
        """Return `general` with what is given here."""
        given = {
            name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None
        }
        return general.model_copy(update=given)


class Overrides(Model):
    """Where a Region differs from the rest of the configuration."""

    receiving: ReceivingOverrides = Field(default_factory=ReceivingOverrides)
    """What it has in place of the keys of `receiving`."""
