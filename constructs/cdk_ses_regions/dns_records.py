"""Publishes DNS records in a Route 53 hosted zone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnResource, Token
from constructs import Construct

from cdk_ses_regions.dns import DKIM_TTL, Record
from cdk_ses_regions.place import Place, require_known

_TOKEN = "${Token["
_ZONE = re.compile(r"[A-Za-z0-9]{1,32}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/+=,.@_-]{1,512}")


class DnsRecords(Construct):
    """Record sets in one hosted zone; each name and type must have one owner, or the second deployment fails.

    With a role or with `adopt` a function of ours writes them instead of CloudFormation. That is for the first
    deployment of a record: a change from one to the other is refused while the record is deployed.
    See https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html

    Args:
        hosted_zone_id: the Route 53 zone that holds the names.
        records: the records, as `cdk_ses_regions.dns` makes them.
        dns_role_arn: the role that may write to the zone, of the account that has it (default: the zone is of this
            account). It has to trust the role of the function, `SesProvider.of(scope).handler.role`.
        adopt: replace records that are there already, and put them back when the stack is deleted (default False: the
            deployment fails).

    Raises:
        ValueError: the name of a record is a token (values may be such), or the zone or the role is none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hosted_zone_id: str,
        records: Sequence[Record],
        dns_role_arn: str | None = None,
        adopt: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        for record in records:
            require_known(name=record.name)
            write_record(
                self,
                f"{record.name} {record.type}",
                hosted_zone_id=hosted_zone_id,
                name=f"{record.name}.",
                kind=record.type,
                ttl=record.ttl,
                values=_values(record),
                dns_role_arn=dns_role_arn,
                adopt=adopt,
            )


def write_record(
    scope: Construct,
    construct_id: str,
    *,
    hosted_zone_id: str,
    name: str | dict[str, Any],
    kind: str,
    ttl: int,
    values: Sequence[str | dict[str, Any]],
    dns_role_arn: str | None,
    adopt: bool,
) -> CfnResource:
    """Return the resource of one record; name and values may be plain `Fn::GetAtt`, with which no token has to travel.

    See `DnsRecords` for the rest.
    """
    _require(hosted_zone_id, dns_role_arn)
    if dns_role_arn is None and not adopt:
        return CfnResource(
            scope,
            construct_id,
            type="AWS::Route53::RecordSet",
            properties={
                "HostedZoneId": hosted_zone_id,
                "Name": name,
                "Type": kind,
                "TTL": str(ttl),
                "ResourceRecords": list(values),
            },
        )
    # For most apps never needed, and it loads what the function is made of.
    from cdk_ses_regions.provider_rights import Beyond
    from cdk_ses_regions.ses_resource import SesProvider

    place = Place.of(scope)
    stack_id = place.stack.stack_id
    every_zone = Beyond(
        name="SesDnsRecords", resources=[stack_id, f"arn:{place.partition}:route53:::hostedzone/*"]
    )
    known = not Token.is_unresolved(hosted_zone_id)
    zone_arn = f"arn:{place.partition}:route53:::hostedzone/{hosted_zone_id}"
    return SesProvider.of(scope).resource(
        scope,
        # In another zone it is another resource: an update that moved it would forget what it replaced.
        f"{hosted_zone_id if known else 'In zone'} {construct_id}",
        type="Custom::SesDnsRecord",
        properties={
            "HostedZoneId": hosted_zone_id,
            "Name": name,
            "Type": kind,
            "TTL": str(ttl),
            "Values": list(values),
            **({} if dns_role_arn is None else {"RoleArn": dns_role_arn}),
            "Adopt": "true" if adopt else "false",
            "Stack": {"Ref": "AWS::StackId"},
        },
        actions=[
            "cloudformation:ListStackResources",
            *(
                ["sts:AssumeRole"]
                if dns_role_arn
                else ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]
            ),
        ],
        resources=[stack_id, dns_role_arn or zone_arn],
        suffix=_suffix(dns_role_arn or hosted_zone_id),
        # A role of somebody else is assumed by its name alone.
        beyond=None if dns_role_arn else every_zone,
    )


def write_dkim_records(
    scope: Construct,
    identity: CfnResource,
    *,
    hosted_zone_id: str,
    dns_role_arn: str | None = None,
    adopt: bool = False,
) -> None:
    """Write the three CNAMEs of an identity with Easy DKIM, whose names and targets are its attributes."""
    for number in (1, 2, 3):
        write_record(
            scope,
            f"Dkim{number}",
            hosted_zone_id=hosted_zone_id,
            # Fn::GetAtt as plain data: no token has to travel to Node and back.
            name={"Fn::GetAtt": [identity.logical_id, f"DkimDNSTokenName{number}"]},
            kind="CNAME",
            ttl=DKIM_TTL,
            values=[{"Fn::GetAtt": [identity.logical_id, f"DkimDNSTokenValue{number}"]}],
            dns_role_arn=dns_role_arn,
            adopt=adopt,
        )


def dns_role_problem(domain_name: str, hosted_zone_id: str | None, dns_role_arn: str | None) -> str | None:
    """Return what is wrong with a role for the DNS of a domain, or None."""
    if dns_role_arn is not None and hosted_zone_id is None:
        return f"{domain_name}: dns_role_arn writes to a hosted zone; give its hosted_zone_id too"
    return None


def _require(hosted_zone_id: str, dns_role_arn: str | None) -> None:
    """Make sure that a policy which names them is about one zone or role; either may be a token."""
    if _TOKEN not in hosted_zone_id and not _ZONE.fullmatch(hosted_zone_id):
        raise ValueError(
            f"hosted_zone_id is {hosted_zone_id!r}; write it like Z0123456789EXAMPLE01, without '/hostedzone/'"
        )
    if dns_role_arn is not None and _TOKEN not in dns_role_arn and not _ROLE.fullmatch(dns_role_arn):
        raise ValueError(
            f"dns_role_arn is {dns_role_arn!r}; write it like arn:aws:iam::222222222222:role/dns"
        )


def _suffix(what: str) -> str:
    """Return what tells the permissions for two roles or zones apart; of a token nothing stays the same."""
    return "" if Token.is_unresolved(what) else hashlib.sha256(what.encode()).hexdigest()[:8]


def _values(record: Record) -> list[str]:
    """Return the values as Route 53 wants them: a TXT quoted, in strings of at most 255 characters."""
    if record.type != "TXT":
        return list(record.values)
    return [
        " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))
        for value in record.values
    ]
