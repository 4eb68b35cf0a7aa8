"""A domain with which a test can begin: verified, because its records are in DNS."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cdk_ses_regions.local.errors import LocalAwsError


def verify(domain: str, *, sesv2: Any, route53: Any) -> None:
    """Create an identity if it is not there, and publish its DKIM records.

    Args:
        domain: of the identity.
        sesv2: client of the Region.
        route53: any Region's client.

    Raises:
        LocalAwsError: no hosted zone is the domain's.
    """
    zone_id = _zone(domain, route53)
    try:
        sesv2.create_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "AlreadyExistsException":
            raise
    dkim = sesv2.get_email_identity(EmailIdentity=domain)["DkimAttributes"]
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"{token}._domainkey.{domain}",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"{token}.{dkim['SigningHostedZone']}"}],
            },
        }
        for token in dkim["Tokens"]
    ]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def _zone(domain: str, route53: Any) -> str:
    """Return the id of the nearest hosted zone that a domain is in."""
    zones = {
        zone["Name"].rstrip("."): zone["Id"]
        for page in route53.get_paginator("list_hosted_zones").paginate()
        for zone in page["HostedZones"]
    }
    labels = domain.lower().split(".")
    for start in range(len(labels)):
        if (zone_id := zones.get(".".join(labels[start:]))) is not None:
            return str(zone_id)
    raise LocalAwsError(
        f"{domain} is in none of the hosted zones ({', '.join(sorted(zones)) or 'there are none'})"
    )
