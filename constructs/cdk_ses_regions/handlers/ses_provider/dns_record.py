"""A record set that CloudFormation cannot write: in another account's zone, or where there is one already.

Rests on the Route 53 API reference, `ChangeResourceRecordSets` and `ListResourceRecordSets`.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError
from patience import Patience, is_error
from record_set import RecordSet, as_text, from_text
from stack_resources import physical_ids

_LONGEST_ID = 1024
# Where Route 53 takes changes: a Region that has to be enabled may be so in this account and not in that of the role.
_HOMES = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1"}


class DnsRecord:
    """Properties: `HostedZoneId`; `Name`, `Type`, `TTL` in seconds and `Values`, as Route 53 writes them; `RoleArn`,
    the role that may write there, optional; `Adopt`, "true" to replace what is there and put it back on delete;
    `Stack`, id of the stack.

    The physical id carries what was there before, so that it is remembered without a store of its own.
    """

    TYPE = "Custom::SesDnsRecord"
    SERVICE = "route53"

    def __init__(self, route53: Any, patience: Patience) -> None:
        self._route53 = route53
        self._patience = patience
        self._before: RecordSet | None = None
        self._touched = False

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id of the record as far as it has come."""
        if not self._touched:
            return f"failed/{properties['Name']}/{properties['Type']}"
        return f"{_key(properties)}/{as_text(self._before)}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Write the record; refuse when there is another one, unless it may be taken over.

        An equal one stays as it is. Without `Adopt` it counts as ours: Lambda tries again what it did not see end.
        With `Adopt` it counts as what was there before, so a second attempt leaves at the end what the first one wrote.
        """
        self._require_no_twin(properties)
        zone = self._zone(properties)
        found, wanted = self._find(zone, properties), RecordSet.wanted(properties)
        if found is not None and found.special:
            raise RuntimeError(
                f"{_called(properties)} is an alias or has a routing policy, which nobody takes over; "
                "delete it first, or leave the record out"
            )
        if _adopts(properties):
            self._before = found
        elif found is not None and not found.same(wanted):
            raise RuntimeError(_refusal(properties, found))
        self._touched = True
        physical_id = self.physical_id(properties)
        if len(physical_id) > _LONGEST_ID:
            self._touched = False
            raise RuntimeError(
                f"{_called(properties)} is there and too long to be remembered; delete it first"
            )
        if found is None or not found.same(wanted):
            self._change(zone, properties, "UPSERT", wanted)
        return physical_id, {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Write the new values; under another name or in another zone CloudFormation then deletes the old record.

        Under the same name it replaces whatever is there: a rollback that refused would leave the stack stuck.
        """
        if not physical_id.startswith(f"{_key(new)}/"):
            return self.create(new)
        zone = self._zone(new)
        found, wanted = self._find(zone, new), RecordSet.wanted(new)
        if found is None or found != wanted:
            self._change(zone, new, "UPSERT", wanted)
        return physical_id, {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Put back what was there before, or take the record away, if what is there still is ours."""
        if physical_id.startswith("failed/"):  # before anything was done
            return
        known = physical_id.startswith(f"{_key(properties)}/")
        if not known and _adopts(properties):  # a create that never answered: what was there is not known
            return
        before = from_text(physical_id.removeprefix(f"{_key(properties)}/")) if known else None
        zone = self._zone(properties)
        try:
            found = self._find(zone, properties)
            if found is None or found.special or not found.same(RecordSet.wanted(properties)):
                return
            if before is None:
                self._change(zone, properties, "DELETE", found)
            elif before != found:
                self._change(zone, properties, "UPSERT", before)
        except ClientError as error:
            # The zone went first, and its records with it.
            if not is_error(error, "NoSuchHostedZone"):
                raise

    def _zone(self, properties: dict[str, Any]) -> Any:
        """Return Route 53 as the role has it, or as this function has it."""
        role = properties.get("RoleArn")
        if not role:
            return self._route53
        config, home = self._route53.meta.config, _HOMES.get(role.split(":")[1])
        sts: Any = boto3.client("sts", region_name=home, config=config)  # pyright: ignore[reportUnknownMemberType]
        session = self._patience.call(sts.assume_role, RoleArn=role, RoleSessionName="ses-regions")
        keys = session["Credentials"]
        return boto3.client(  # pyright: ignore[reportUnknownMemberType]
            "route53",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=config,
        )

    def _find(self, zone: Any, properties: dict[str, Any]) -> RecordSet | None:
        answer = self._patience.call(
            zone.list_resource_record_sets,
            HostedZoneId=properties["HostedZoneId"],
            StartRecordName=properties["Name"],
            StartRecordType=properties["Type"],
            MaxItems="1",
        )
        found = [RecordSet.found(one) for one in answer["ResourceRecordSets"]]
        wanted = RecordSet.wanted(properties)
        return next((one for one in found if (one.name, one.type) == (wanted.name, wanted.type)), None)

    def _change(self, zone: Any, properties: dict[str, Any], action: str, record: RecordSet) -> None:
        change = {"Action": action, "ResourceRecordSet": record.as_route53()}
        self._patience.call(
            zone.change_resource_record_sets,
            HostedZoneId=properties["HostedZoneId"],
            ChangeBatch={"Changes": [change]},
        )

    def _require_no_twin(self, properties: dict[str, Any]) -> None:
        """Refuse a record that the stack has as `AWS::Route53::RecordSet`: CloudFormation would soon delete it."""
        cloudformation: Any = boto3.client("cloudformation", config=self._route53.meta.config)  # pyright: ignore[reportUnknownMemberType]
        names = physical_ids(
            cloudformation, self._patience, stack=properties["Stack"], resource_type="AWS::Route53::RecordSet"
        )
        # The name is alone, or has the other parts of an identifier behind it.
        if properties["Name"].rstrip(".") in {name.partition("|")[0].rstrip(".") for name in names}:
            raise RuntimeError(
                f"{_called(properties)} is written by this very stack without role and adoption, and would be gone "
                "after the change; take adopt or dns_role_arn out again, or take hosted_zone_id out, deploy, and then "
                "set them"
            )


def _key(properties: dict[str, Any]) -> str:
    """Return what the record is, without what it says; DNS names have no slash."""
    return f"dns-record/{properties['HostedZoneId']}/{properties['Name']}/{properties['Type']}"


def _called(properties: dict[str, Any]) -> str:
    return (
        f"record {properties['Name'].rstrip('.')} {properties['Type']} in zone {properties['HostedZoneId']}"
    )


def _adopts(properties: dict[str, Any]) -> bool:
    """CloudFormation hands every value over as a string."""
    return str(properties.get("Adopt", "false")).lower() == "true"


def _refusal(properties: dict[str, Any], found: RecordSet) -> str:
    return (
        f"{_called(properties)} is there already and says {', '.join(found.values)}; "
        "set adopt to true to replace it (it is put back on delete), or delete it first"
    )
