"""The configuration of receiving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from cdk_ses_regions.config.base import Model, RegionName, checked
from cdk_ses_regions.naming import RULE_NAME_PATTERN, rule_name_problem


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


class Receiving(Model):
    """How a domain receives mail."""

    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)] | None = None
    """Regions that receive, in the order of the MX priorities; left out: every configured one that can."""
    mx: StrictBool = False
    """Whether to publish the MX records that bring all mail of the domain to SES."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """The receipt rules, at least one."""


class ReceivingDefaults(Model):
    """What holds for receiving in all domains."""

    take_over: StrictBool = False
    """Whether to replace a receipt rule set of someone else that is active; it is restored on removal."""
    retention_days: Annotated[StrictInt, Field(ge=1, le=36500)] | None = None
    """Days until stored mail is deleted; left out: never."""
    on_removal: Literal["retain", "destroy"] = "retain"
    """What `cdk destroy` does with the stored mail."""
