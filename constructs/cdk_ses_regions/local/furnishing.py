"""What an account has before anything is deployed: hosted zones and the user who deploys."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from ministack.services import iam, route53

from cdk_ses_regions.local.clients import as_root

DEPLOYER = "deployer"
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def create_zones(zones: Mapping[str, str], region: str) -> None:
    """Create hosted zones, each under the id that the configuration names: Route 53 itself would choose one."""
    client = as_root()("route53", region)
    for zone_id, name in zones.items():
        choose = route53._zone_id
        route53._zone_id = lambda zone_id=zone_id: zone_id
        try:
            client.create_hosted_zone(Name=name, CallerReference=f"{zone_id} {name}")
        finally:
            route53._zone_id = choose


def create_deployer(region: str, key: Mapping[str, str] | None = None) -> dict[str, str]:
    """Create the user that deploys, because root would not be subject to any policy; return its keys.

    Args:
        region: where to ask IAM.
        key: the keys it had, to have again (default: new ones).
    """
    client = as_root()("iam", region)
    with suppress(client.exceptions.EntityAlreadyExistsException):  # there from an earlier run
        client.create_user(UserName=DEPLOYER)
    client.put_user_policy(UserName=DEPLOYER, PolicyName="Everything", PolicyDocument=json.dumps(_EVERYTHING))
    made = client.create_access_key(UserName=DEPLOYER)["AccessKey"]
    keys = {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}
    return keys if key is None else _same_again(keys["access_key_id"], key)


def _same_again(made: str, key: Mapping[str, str]) -> dict[str, str]:
    """Give a key just made the id and secret of an earlier one: IAM itself always makes new ones."""
    record = iam._access_keys.pop(made)
    access_key_id, secret = key["access_key_id"], key["secret_access_key"]
    iam._access_keys[access_key_id] = {**record, "AccessKeyId": access_key_id, "SecretAccessKey": secret}
    return {"access_key_id": access_key_id, "secret_access_key": secret}
