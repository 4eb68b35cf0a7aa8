"""Publishes DNS records in a Route 53 hosted zone."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.dns import Record


class DnsRecords(Construct):
    """Record sets in one hosted zone; each name and type must have one owner, or the second deployment fails.

    See https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html

    Args:
        hosted_zone_id: the Route 53 zone that holds the names.
        records: the records, as `cdk_ses_regions.dns` makes them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, hosted_zone_id: str, records: Sequence[Record]
    ) -> None:
        super().__init__(scope, construct_id)
        for record in records:
            CfnResource(
                self,
                f"{record.name} {record.type}",
                type="AWS::Route53::RecordSet",
                properties={
                    "HostedZoneId": hosted_zone_id,
                    "Name": f"{record.name}.",
                    "Type": record.type,
                    "TTL": str(record.ttl),
                    "ResourceRecords": _values(record),
                },
            )


def _values(record: Record) -> list[str]:
    """Return the values as Route 53 wants them: a TXT quoted, in strings of at most 255 characters."""
    if record.type != "TXT":
        return list(record.values)
    return [
        " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))
        for value in record.values
    ]
