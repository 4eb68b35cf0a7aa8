"""DNS records as other tools read them: a BIND zone file, JSON, octoDNS, Terraform."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from cdk_ses_regions.dns import Record

Zones = Sequence[tuple[str, Sequence[Record]]]
"""The domains with their records."""

VERSION = 1
"""Of the JSON document; it changes when a key changes its meaning or goes."""

_STRING_MOST = 255  # bytes of one string of a TXT record, RFC 1035 section 3.3.14


def bind(zones: Zones) -> str:
    """Return the records as a zone file, RFC 1035 section 5, to import or to `$INCLUDE` into the zone."""
    return "\n".join(_bind_zone(domain, records) for domain, records in zones)


def as_json(zones: Zones) -> str:
    """Return the records as one JSON document."""
    listed = [
        {
            "domain": domain,
            "records": [
                {
                    "name": record.name,
                    "type": record.type,
                    "ttl": record.ttl,
                    "values": list(record.values),
                    "purpose": record.purpose,
                }
                for record in records
            ],
        }
        for domain, records in zones
    ]
    return json.dumps({"version": VERSION, "domains": listed}, indent=2) + "\n"


def octodns(zones: Zones) -> str:
    """Return the records as octoDNS's YamlProvider reads them, one zone a file.

    https://github.com/octodns/octodns

    Raises:
        ValueError: there is not exactly one zone.
    """
    [(domain, records)] = zones
    zone: dict[str, Any] = {}
    for record in sorted(records, key=lambda one: (one.name, one.type)):
        name = record.name.removesuffix(domain).removesuffix(".")
        zone.setdefault(name, []).append({"ttl": record.ttl, "type": record.type, **_octodns_values(record)})
    single = {name: entries[0] if len(entries) == 1 else entries for name, entries in zone.items()}
    return yaml.safe_dump(single, explicit_start=True, width=1000)


def terraform(zones: Zones) -> str:
    """Return the records as Terraform resources for Route 53 zones, whose ids are variables."""
    return "\n".join(_terraform_zone(domain, records) for domain, records in zones)


FORMATS: dict[str, Callable[[Zones], str]] = {
    "bind": bind,
    "json": as_json,
    "octodns": octodns,
    "terraform": terraform,
}


def _bind_zone(domain: str, records: Sequence[Record]) -> str:
    lines = [f"; records of {domain} for Amazon SES", f"$ORIGIN {domain}."]
    for record in records:
        if record.purpose:
            lines.append(f"; {record.purpose}")
        lines += [
            f"{record.name}. {record.ttl} IN {record.type} {_bind_value(record, value)}"
            for value in record.values
        ]
    return "\n".join(lines) + "\n"


def _terraform_zone(domain: str, records: Sequence[Record]) -> str:
    variable = f"{_identifier(domain)}_zone_id"
    blocks = [
        f'variable "{variable}" {{\n  description = "Route 53 zone of {domain}"\n  type        = string\n}}'
    ]
    for record in records:
        values = ",\n".join(f"    {_hcl(_terraform_value(record, value))}" for value in record.values)
        blocks.append(
            f'resource "aws_route53_record" "{_identifier(record.name)}_{record.type.lower()}" {{\n'
            f"  zone_id = var.{variable}\n"
            f"  name    = {_hcl(record.name)}\n"
            f"  type    = {_hcl(record.type)}\n"
            f"  ttl     = {record.ttl}\n"
            f"  records = [\n{values},\n  ]\n}}"
        )
    return "\n\n".join(blocks) + "\n"


def _bind_value(record: Record, value: str) -> str:
    if record.type == "TXT":
        return " ".join(f'"{_escaped(part)}"' for part in _strings(value))
    return f"{value}."


def _octodns_values(record: Record) -> dict[str, Any]:
    match record.type:
        case "MX":
            pairs = [value.split() for value in record.values]
            return {"values": [{"exchange": f"{host}.", "preference": int(rank)} for rank, host in pairs]}
        case "TXT":
            # octoDNS wants semicolons escaped, as some zone files have them.
            return {"values": [value.replace(";", "\\;") for value in record.values]}
        case "CNAME":
            return {"value": f"{record.values[0]}."}


def _terraform_value(record: Record, value: str) -> str:
    """Return a value as the provider wants it: it adds the outer quotes of TXT itself."""
    return '""'.join(_strings(value)) if record.type == "TXT" else value


def _strings(value: str) -> list[str]:
    return [value[start : start + _STRING_MOST] for start in range(0, len(value), _STRING_MOST)] or [""]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _hcl(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def _identifier(name: str) -> str:
    safe = re.sub(r"[^0-9A-Za-z_]", "_", name)
    return safe if not safe[0].isdigit() else f"_{safe}"
