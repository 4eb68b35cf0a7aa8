"""The DNS records that a configuration wants, beside those of DKIM, which only the deployed Regions know."""

from __future__ import annotations

from cdk_ses_regions.config import Domain, Settings
from cdk_ses_regions.dns import Record, dmarc_record, inbound_mx, mail_from_records


def shared_records(settings: Settings, domain: Domain) -> list[Record]:
    """Return every record of a domain that Regions share."""
    mail_from = domain.mail_from
    records = [] if mail_from is None else list(mail_from_records(mail_from, settings.feedback_region))
    return records + own_records(settings, domain)


def own_records(settings: Settings, domain: Domain) -> list[Record]:
    """Return the shared records at the domain itself: the inbound MX set and DMARC."""
    records: list[Record] = []
    if domain.receiving is not None and domain.receiving.mx:
        records.append(inbound_mx(domain.name, settings.receiving_regions_of(domain)))
    if domain.dmarc is not None:
        records.append(dmarc_record(domain.name, domain.dmarc.policy, domain.dmarc.rua))
    return records
