"""The whole configuration as a model: what `ses-regions.yaml` may say, and its defaults."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ModelWrapValidatorHandler, StrictBool, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails

from cdk_ses_regions import regions
from cdk_ses_regions.config import rules
from cdk_ses_regions.config.account import DedicatedIpPool, SuppressionReasons, Vdm
from cdk_ses_regions.config.alarms import Alarms
from cdk_ses_regions.config.base import Model, RegionName, checked, refuse
from cdk_ses_regions.config.configuration_set import ConfigurationSet
from cdk_ses_regions.config.domain import Domain
from cdk_ses_regions.config.feedback import Feedback, OrEmail, Subscriptions
from cdk_ses_regions.config.global_endpoint import GlobalEndpoint
from cdk_ses_regions.config.receiving import Overrides, ReceivingDefaults
from cdk_ses_regions.config.senders import Address, AddressEntry
from cdk_ses_regions.config.smtp import Smtp
from cdk_ses_regions.config.suppression_sync import OrSwitch
from cdk_ses_regions.naming import PREFIX_PATTERN, Names, prefix_problem
from cdk_ses_regions.senders import account_problem


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
    overrides: dict[str, Overrides] = Field(default_factory=dict)
    """Where a Region differs: Region: what it has in place of the rest."""
    feedback: Annotated[Feedback, OrEmail] = Field(default_factory=Feedback)
    """How bounces and complaints are told: `email`, or topics and who subscribes to them."""
    configuration_set: ConfigurationSet | None = None
    """How mail is sent, and where SES tells what becomes of it; left out: there is no configuration set."""
    alarms: Alarms | None = None
    """From when on a Region is in trouble, and who hears of it; left out: nothing watches."""
    suppression: SuppressionReasons | None = None
    """Why the account suppresses addresses in each Region; `[]`: never. Left out: as it is."""
    vdm: Vdm | None = None
    """Virtual Deliverability Manager of the account in each Region; left out: as it is."""
    dedicated_ip_pool: DedicatedIpPool | None = None
    """IP addresses of your own in each Region; left out: there are none."""
    global_endpoint: GlobalEndpoint | None = None
    """An endpoint that sends through two of the Regions; left out: there is none."""
    suppression_sync: OrSwitch = None
    """Whether Regions put on their suppression lists who bounces or complains in the others; `true` for all."""
    smtp: Smtp | None = None
    """Credentials for applications that send over SMTP; left out: there are none."""

    @model_validator(mode="wrap")
    @classmethod
    def _check_all(cls, data: Any, handler: ModelWrapValidatorHandler[Settings]) -> Settings:
        """Report what single keys and what keys together get wrong in one go; default the primary Region."""
        errors = [
            InitErrorDetails(type=refuse(one.message, at_key=one.at_key), loc=one.location, input=None)
            for one in rules.check(data)
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

    @property
    def suppression_regions(self) -> tuple[str, ...]:
        """The Regions that tell each other whom to suppress; none if they do not."""
        if self.suppression_sync is None:
            return ()
        return self.suppression_sync.regions or self.regions

    @property
    def handled_mail_region(self) -> str | None:
        """The Region with the table by which a mail that comes twice is handled once; None for no table."""
        receiving = [domain for domain in self.domains if domain.receiving is not None]
        several = len({region for domain in receiving for region in self.receiving_regions_of(domain)}) > 1
        once = several if self.receiving.handle_once is None else self.receiving.handle_once
        return self.primary_region if once and receiving else None

    def receiving_in(self, region: str) -> ReceivingDefaults:
        """Return what holds for receiving in a Region."""
        own = self.overrides.get(region)
        return self.receiving if own is None else own.receiving.over(self.receiving)

    def mx_regions_of(self, domain: Domain) -> tuple[str, ...]:
        """Return the Regions in the MX records of `domain`, by priority; none if there are no such records."""
        if domain.receiving is None or not domain.receiving.mx:
            return ()
        return domain.receiving.mx_regions or self.receiving_regions_of(domain)

    def receiving_regions_of(self, domain: Domain | str) -> tuple[str, ...]:
        """Return the Regions where `domain` receives mail, in MX order; none if it only sends."""
        receiving = (self.domain(domain) if isinstance(domain, str) else domain).receiving
        if receiving is None:
            return ()
        if receiving.regions is not None:
            return receiving.regions
        return tuple(name for name in self.regions if regions.region(name).can_receive)


def _with_primary(data: Any) -> Any:
    """Fill in `primary_region` from the first Region, where that is possible."""
    match data:
        case {"regions": [str() as first, *_]} if "primary_region" not in data:
            # An unknown Region is reported where it is written, not a second time here.
            known = any(one.name == first for one in regions.all_regions())
            return {**data, "primary_region": first} if known else data
        case _:
            return data


def _again(error: ErrorDetails) -> InitErrorDetails:
    """Return an error of pydantic in the form in which it can be raised once more, beside others."""
    context = error.get("ctx", {})
    kind = (
        refuse(context["reason"], at_key=context["at_key"]) if error["type"] == "settings" else error["type"]
    )
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"], ctx=context)
