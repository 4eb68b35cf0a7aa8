"""The DNS records that a configuration wants, beside those of Easy DKIM, which only the deployed Regions know."""

from __future__ import annotations

from cdk_ses_regions.config import Domain, Settings
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.dns import (
    Record,
    dmarc_record,
    inbound_mx,
    mail_from_records,
    own_dkim_record,
    redirect_record,
)
from cdk_ses_regions.domains import is_below


def shared_records(settings: Settings, domain: Domain) -> list[Record]:
    """Return every record of a domain that Regions share."""
    records = own_records(settings, domain)
    if (mail_from := domain.mail_from) is not None and mail_from.is_shared:
        return [*mail_from_records(mail_from.domain, settings.feedback_region), *records]
    return records


def regional_records(settings: Settings, domain: Domain, region: str) -> list[Record]:
    """Return every record of a domain that one Region has for itself, beside those of Easy DKIM."""
    records = redirect_records(settings, domain, region)
    if (mail_from := domain.mail_from) is not None and not mail_from.is_shared:
        return [*mail_from_records(mail_from.name_in(region), region), *records]
    return records


def redirect_records(settings: Settings, domain: Domain, region: str) -> list[Record]:
    """Return where the links lead that a Region tracks, if their name is in the domain.

    Links that are https go through a CDN of the user's, which is then what the name leads to.
    """
    redirect = settings.configuration_set and settings.configuration_set.redirect
    if redirect is None or redirect.https != "optional":
        return []
    name = redirect.domain.replace(REGION, region)
    owners = [one for one in settings.domains if is_below(name, one.name)]
    return [redirect_record(name, region)] if max(owners, key=lambda one: len(one.name)) == domain else []


def own_records(settings: Settings, domain: Domain) -> list[Record]:
    """Return the shared records of the domain itself: its own DKIM key, the inbound MX set and DMARC."""
    records: list[Record] = []
    dkim = domain.dkim
    if dkim.selector is not None and dkim.public_key is not None:
        records.append(own_dkim_record(domain.name, dkim.selector, dkim.public_key))
    if regions := settings.mx_regions_of(domain):
        records.append(inbound_mx(domain.name, regions))
    if domain.dmarc is not None:
        records.append(dmarc_record(domain.name, domain.dmarc.policy, domain.dmarc.rua))
    return records
