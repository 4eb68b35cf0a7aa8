"""The configuration file `ses-regions.yaml` as a model: what it may say, its defaults, and `load()`.

Whatever is wrong in a file is reported at once, each problem with file, line, column and key.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails

from cdk_ses_regions import config_errors, config_rules, regions
from cdk_ses_regions.config_base import DomainName, Model, RegionName, checked, refuse
from cdk_ses_regions.config_dkim import Dkim, DkimSection
from cdk_ses_regions.config_feedback import DomainFeedback, Feedback, OrEmail, Subscriptions
from cdk_ses_regions.config_senders import Address, AddressEntry, Sender
from cdk_ses_regions.config_sets import ConfigurationSet
from cdk_ses_regions.dns import report_address_problem
from cdk_ses_regions.errors import ConfigError, Problem
from cdk_ses_regions.naming import PREFIX_PATTERN, RULE_NAME_PATTERN, Names, prefix_problem, rule_name_problem
from cdk_ses_regions.senders import account_problem

FILE_NAME = "ses-regions.yaml"


def _hosted_zone_problem(value: str) -> str | None:
    if value.startswith("/hostedzone/"):
        return f"hosted zone id {value!r}: leave out '/hostedzone/'"
    if not re.fullmatch(r"Z[A-Z0-9]{1,31}", value):
        return (
            f"{value!r} is no hosted zone id; Route 53 writes it as Z with up to 31 capitals and digits, "
            "like Z0123456789EXAMPLE01"
        )
    return None


class Dmarc(Model):
    """The DMARC record of a domain: what receivers do with mail that pretends to come from it."""

    policy: Literal["none", "quarantine", "reject"] = "none"
    """`none` only reports; begin with it."""
    rua: tuple[Annotated[str, checked(report_address_problem)], ...] = ()
    """Addresses that get the daily aggregate reports, without `mailto:`."""


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


class Domain(Model):
    """One domain: an identity in every Region."""

    name: DomainName
    """The domain, lower case; an international name in its IDNA form (`xn--...`)."""
    hosted_zone_id: (
        Annotated[
            str,
            checked(_hosted_zone_problem),
            Field(json_schema_extra={"pattern": "^Z[A-Z0-9]{1,31}$"}),
        ]
        | None
    ) = None
    """The Route 53 hosted zone that gets the records; left out: DNS is elsewhere and nothing is written."""
    dkim: DkimSection = Field(default_factory=Dkim)
    """How mail is signed: `easy`, `deterministic`, or with a key of your own."""
    mail_from: DomainName | None = None
    """MAIL FROM domain, a subdomain kept for it; all Regions share it. Left out: amazonses.com."""
    dmarc: Dmarc | None = None
    """The DMARC record to publish; left out: none is."""
    receiving: Receiving | None = None
    """What to receive; left out: the domain only sends."""
    senders: tuple[Sender, ...] = ()
    """Who else may send in the name of the domain."""
    feedback: Annotated[DomainFeedback | None, OrEmail] = None
    """How bounces and complaints of the domain are told; what it leaves open is as in `feedback` of the deployment."""
    default_configuration_set: StrictBool = True
    """Whether mail of the domain uses the `configuration_set` unless it names one."""


class ReceivingDefaults(Model):
    """What holds for receiving in all domains."""

    take_over: StrictBool = False
    """Whether to replace a receipt rule set of someone else that is active; it is restored on removal."""
    retention_days: Annotated[StrictInt, Field(ge=1, le=36500)] | None = None
    """Days until stored mail is deleted; left out: never."""
    on_removal: Literal["retain", "destroy"] = "retain"
    """What `cdk destroy` does with the stored mail."""


class Settings(Model):
    """The whole configuration, defaults filled in."""

    name: Annotated[str, checked(prefix_problem), Field(json_schema_extra={"pattern": PREFIX_PATTERN})] = (
        "email"
    )
    """Begins every physical name, so that several deployments fit into one account; at most 20 characters."""
    account: (
        Annotated[str, checked(account_problem), Field(json_schema_extra={"pattern": "^[0-9]{12}$"})] | None
    ) = None
    """Account id in quotes; left out: the account of the credentials."""
    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)]
    """The Regions to deploy to, at least one."""
    primary_region: RegionName = ""
    """The Region of the shared DNS stack; left out: the first. Keep it once deployed: the stack cannot move."""
    mail_from_region: RegionName | None = None
    """The Region that takes the bounces of the MAIL FROM domains; left out: the primary Region."""
    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    """The domains, at least one."""
    addresses: tuple[AddressEntry, ...] = ()
    """Addresses that are identities of their own; each Region sends them a mail with a link to follow."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tags for every resource."""
    termination_protection: StrictBool = False
    """Whether CloudFormation refuses to delete the stacks."""
    receiving: ReceivingDefaults = Field(default_factory=ReceivingDefaults)
    """What holds for receiving in all domains."""
    feedback: Annotated[Feedback, OrEmail] = Field(default_factory=Feedback)
    """How bounces and complaints are told: `email`, or topics and who subscribes to them."""
    configuration_set: ConfigurationSet | None = None
    """How mail is sent, and where SES tells what becomes of it; left out: there is no configuration set."""

    @model_validator(mode="wrap")
    @classmethod
    def _check_all(cls, data: Any, handler: ModelWrapValidatorHandler[Settings]) -> Settings:
        """Report what single keys and what keys together get wrong in one go; default the primary Region."""
        errors = [
            InitErrorDetails(type=refuse(one.message, at_key=one.at_key), loc=one.location, input=None)
            for one in config_rules.check(data)
        ]
        settings: Settings | None = None
        try:
            settings = handler(_with_primary(data))
        except ValidationError as error:
            errors = [_again(one) for one in error.errors(include_url=False)] + errors
        if errors or settings is None:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return settings

    @property
    def names(self) -> Names:
        """The physical names of this deployment."""
        return Names(self.name)

    @property
    def hosted_zones(self) -> dict[str, str]:
        """The Route 53 zones by id, each with the shortest domain that is in it."""
        zones: dict[str, str] = {}
        for domain in sorted(self.domains, key=lambda one: len(one.name), reverse=True):
            if domain.hosted_zone_id is not None:
                zones[domain.hosted_zone_id] = domain.name
        return zones

    @property
    def feedback_region(self) -> str:
        """The Region whose feedback endpoint the MAIL FROM records name."""
        return self.mail_from_region or self.primary_region

    def domain(self, name: str) -> Domain:
        """Return the domain called `name`; KeyError if it is not configured."""
        for one in self.domains:
            if one.name == name:
                return one
        raise KeyError(name)

    def feedback_of(self, owner: Domain | Address) -> Feedback:
        """Return how the feedback of a domain or address is told; its subscriptions are its own only."""
        general = self.feedback.model_copy(update={"subscriptions": Subscriptions()})
        return general if owner.feedback is None else owner.feedback.over(general)

    def receiving_regions_of(self, domain: Domain | str) -> tuple[str, ...]:
        """Return the Regions where `domain` receives mail, in MX order; none if it only sends."""
        receiving = (self.domain(domain) if isinstance(domain, str) else domain).receiving
        if receiving is None:
            return ()
        if receiving.regions is not None:
            return receiving.regions
        return tuple(name for name in self.regions if regions.region(name).can_receive)


def load(path: Path | str) -> Settings:
    """Read and check the configuration file at `path`.

    Raises:
        ConfigError: With every problem in the file.
    """
    document = config_errors.parse(Path(path))
    try:
        settings = Settings.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(_problems(document, error)) from None
    if document.problems:
        raise ConfigError(document.problems)
    return settings


def find(start: Path | str | None = None) -> Path:
    """Return the nearest `ses-regions.yaml` in `start` (default: the working folder) or a folder above it.

    Raises:
        ConfigError: There is none.
    """
    folder = Path(start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (file := candidate / FILE_NAME).is_file():
            return file
    message = f"not found in {folder} or above; create it, or name one with --config (cdk: -c config=FILE)"
    raise ConfigError([Problem(file=FILE_NAME, message=message)])


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors that complete and check YAML."""
    schema = Settings.model_json_schema()
    schema["properties"]["primary_region"].pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FILE_NAME}


def _with_primary(data: Any) -> Any:
    """Fill in `primary_region` from the first Region, where that is possible."""
    match data:
        case {"regions": [str() as first, *_]} if "primary_region" not in data:
            # An unknown Region is reported where it is written, not a second time here.
            known = any(one.name == first for one in regions.all_regions())
            return {**data, "primary_region": first} if known else data
        case _:
            return data


def _problems(document: config_errors.Document, error: ValidationError) -> list[Problem]:
    errors = error.errors(include_url=False)
    locations = [one["loc"] for one in errors]
    # A list of which every item is wrong is reported as too short as well: drop that.
    real = [one for one in errors if one["type"] != "too_short" or not _has_inner(one["loc"], locations)]
    problems = dict.fromkeys(document.problems)  # a set that keeps the order
    problems |= dict.fromkeys(
        config_errors.explain(document, one, known_keys=_keys_at(one["loc"][:-1])) for one in real
    )
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _again(error: ErrorDetails) -> InitErrorDetails:
    """Return an error of pydantic in the form in which it can be raised once more, beside others."""
    context = error.get("ctx", {})
    kind = (
        refuse(context["reason"], at_key=context["at_key"]) if error["type"] == "settings" else error["type"]
    )
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"], ctx=context)


def _has_inner(location: config_rules.Location, others: list[config_rules.Location]) -> bool:
    return any(len(other) > len(location) and other[: len(location)] == location for other in others)


def _keys_at(location: config_rules.Location) -> tuple[str, ...]:
    """Return the keys that the mapping at `location` may have."""
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return tuple(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `tuple[Rule, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
