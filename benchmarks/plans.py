"""What is synthesized: a configuration for our app, and the same as a plan of plain values for its peers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.process import ROOT
from cdk_ses_regions import config, dns
from cdk_ses_regions.config import Domain, Settings
from cdk_ses_regions.regions import receiving_regions, region

ACCOUNT = "111111111111"
_HANDLERS = ROOT / "constructs" / "cdk_ses_regions" / "handlers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is synthesized: every domain sends and receives in every Region.

    Args:
        regions: how many Regions.
        domains: how many domains.
    """

    regions: int
    domains: int = 1

    def __str__(self) -> str:
        told = f"{self.regions} Region{'s' if self.regions > 1 else ''}"
        return told if self.domains == 1 else f"{told} x {self.domains} domains"


ALL_REGIONS = Size(regions=len(receiving_regions()))
"""Every Region that receives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The files of one size.

    Args:
        configuration: what our app reads.
        plan: what the peers read.
    """

    configuration: Path
    plan: Path


def write(size: Size, folder: Path) -> Plan:
    """Write configuration and plan of a size below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = Plan(configuration=folder / "ses-regions.yaml", plan=folder / "plan.json")
    files.configuration.write_text(yaml.safe_dump(_configuration(size), sort_keys=False), encoding="utf-8")
    settings = config.load(files.configuration)
    files.plan.write_text(json.dumps(_plan(settings), indent=1), encoding="utf-8")
    return files


def _configuration(size: Size) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "regions": list(receiving_regions()[: size.regions]),
        "domains": [_domain(f"example{number}.com") for number in range(size.domains)],
        "tags": {"project": "email"},
    }


def _domain(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "hosted_zone_id": "Z0123456789EXAMPLE01",
        "mail_from": f"bounce.{name}",
        "dmarc": {"policy": "none"},
        "receiving": {
            "mx": True,
            "rules": [
                {"name": "support", "recipients": [f"support@{name}"], "tls": "require"},
                {"name": "hello", "recipients": [f"hello@{name}"]},
            ],
        },
    }


def _plan(settings: Settings) -> dict[str, Any]:
    names = settings.names
    return {
        "account": settings.account,
        "primary_region": settings.primary_region,
        "tags": settings.tags,
        "rule_set": names.rule_set,
        "feedback_topic": names.feedback_topic,
        "received_topic": names.received_topic,
        "stored_topic": names.stored_topic,
        "handled_table": names.handled_table,
        "handled_region": settings.handled_mail_region,
        "inbound": str(_HANDLERS / "inbound"),
        "provider": str(_HANDLERS / "ses_provider"),
        "regions": [_region(name) for name in settings.regions],
        "domains": [_plan_of_domain(settings, domain) for domain in settings.domains],
    }


def _region(name: str) -> dict[str, Any]:
    ses = region(name)
    told = {"ApiEndpoint": ses.api, "SmtpEndpoint": ses.smtp, "InboundEndpoint": ses.inbound}
    return {"name": name, "endpoints": {key: host for key, host in told.items() if host is not None}}


def _plan_of_domain(settings: Settings, domain: Domain) -> dict[str, Any]:
    assert domain.mail_from is not None
    assert domain.receiving is not None
    records = [
        *dns.mail_from_records(domain.mail_from.domain, settings.primary_region),
        dns.inbound_mx(domain.name, settings.receiving_regions_of(domain)),
        dns.dmarc_record(domain.name, "none"),
    ]
    return {
        "name": domain.name,
        "zone": domain.hosted_zone_id,
        "mail_from": domain.mail_from.domain,
        "shared_records": [asdict(record) for record in records],
        "rules": [
            {
                "name": settings.names.rule(domain.name, rule.name),
                "recipients": list(rule.recipients),
                "require_tls": rule.tls == "require",
            }
            for rule in domain.receiving.rules
        ],
    }
