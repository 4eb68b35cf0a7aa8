"""SMTP credentials in a secret, and their rotation: the steps that Secrets Manager asks for.

The secret says `{"version": 1, "user_name": ..., "regions": {REGION: {"host", "port", "password"}}}`. The secret access
key itself is kept nowhere: each rotation makes a key, derives a password for each Region from it, and forgets it.
Rests on the Secrets Manager user guide, "Lambda rotation functions", "Troubleshoot rotation" and "Troubleshoot
replication".
"""

from __future__ import annotations

import json
import logging
import smtplib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error
from smtp_login import PORT, log_in, password_of

logger = logging.getLogger()

_VERSION = 1
_KEYS_PER_USER = 2
_NO_LOGIN = (smtplib.SMTPException, OSError)

Value = dict[str, Any]


class NotReplicatedError(RuntimeError):
    """A replica does not say yet what the secret says."""


class Rotation:
    """Brings one secret a new access key of one IAM user.

    The key before stays, for those who still have its password, until the rotation after needs its place.

    Args:
        secrets: client of Secrets Manager.
        iam: client of IAM.
        patience: how long to try.
        secret_id: ARN of the secret.
        user_name: the IAM user.
        hosts: Region to its SMTP endpoint.
        login: tries credentials (default: over the network).
    """

    def __init__(
        self,
        secrets: Any,
        iam: Any,
        patience: Patience,
        *,
        secret_id: str,
        user_name: str,
        hosts: Mapping[str, str],
        login: Callable[..., None] | None = None,
    ) -> None:
        self._secrets = secrets
        self._iam = iam
        self._patience = patience
        self._secret_id = secret_id
        self._user_name = user_name
        self._hosts = dict(hosts)
        self._login = login or log_in

    def step(self, name: str, token: str) -> None:
        """Carry out a step of Secrets Manager's for the version called `token`; a step done before is not repeated."""
        stages = self._stages().get(token, [])
        if "AWSCURRENT" in stages:
            return
        # A trial of a new schedule is this step alone; it need not be of a version that waits.
        if "AWSPENDING" not in stages and name != "testSecret":
            raise RuntimeError(f"version {token} does not wait for rotation; start another one")
        if name == "createSecret":
            self.create(token)
        elif name == "testSecret":
            self.test(token)
        elif name == "finishSecret":
            self.finish(token)
            self.require_replicas(self._replicas())
        elif name != "setSecret":  # there is nothing to set: IAM knows its key
            raise ValueError(f"unknown step {name}")

    def run(self, token: str) -> None:
        """Rotate in one go."""
        self.create(token)
        self.test(token)
        self.finish(token)

    def create(self, token: str) -> None:
        """Make a key, and put what it means for each Region into the version."""
        if (pending := self._value(VersionId=token)) is not None:
            if pending["user_name"] in self._keys():
                return
            # A version cannot be written twice.
            self._withdraw(token)
            raise RuntimeError(f"the access key of version {token} is gone; start another rotation")
        current = self._current() or {}
        key = self._patience.call(self._new_key, maybe_early="NoSuchEntity", keep=current.get("user_name"))
        value = {
            "version": _VERSION,
            "user_name": key["AccessKeyId"],
            "regions": {
                region: {"host": host, "port": PORT, "password": password_of(key["SecretAccessKey"], region)}
                for region, host in self._hosts.items()
            },
        }
        self._patience.call(
            self._secrets.put_secret_value,
            SecretId=self._secret_id,
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )

    def test(self, token: str | None = None) -> None:
        """Log in to every Region; if one refuses, the new key goes and the one before stays in force.

        Secrets Manager tries a new schedule by this step alone, with a version that nobody filled; without a version
        it is the key in force that is tried.
        """
        value = (self._value(VersionId=token) if token else None) or self._current()
        if value is None:
            raise RuntimeError("there are no credentials yet to test")
        for region, entry in value["regions"].items():
            try:
                self._patience.call(
                    self._login,
                    maybe_soon=_NO_LOGIN,
                    host=entry["host"],
                    port=entry["port"],
                    user_name=value["user_name"],
                    password=entry["password"],
                )
            except _NO_LOGIN as error:
                if token:
                    self._give_up(token, value["user_name"])
                raise RuntimeError(
                    f"SMTP login in {region} at {entry['host']}:{entry['port']} failed: {error}; "
                    "the credentials before it stay in force"
                ) from error

    def finish(self, token: str) -> None:
        """Make the version the current one."""
        current = next((one for one, stages in self._stages().items() if "AWSCURRENT" in stages), None)
        if current == token:
            return
        before: dict[str, Any] = {} if current is None else {"RemoveFromVersionId": current}
        self._patience.call(
            self._secrets.update_secret_version_stage,
            SecretId=self._secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=token,
            **before,
        )
        logger.info("version %s is current", token)

    def is_up_to_date(self) -> bool:
        """Tell whether the secret has a living key and exactly the Regions wanted."""
        value = self._current()
        if value is None or value["user_name"] not in self._keys():
            return False
        found = {region: (one["host"], one["port"]) for region, one in value["regions"].items()}
        return found == {region: (host, PORT) for region, host in self._hosts.items()}

    def require_replicas(self, regions: Iterable[str]) -> None:
        """Wait until the replicas in the Regions say what the secret says.

        Nobody else minds: CloudFormation completes, and Secrets Manager keeps what a replica had or takes it away.
        """
        if wanted := sorted(regions):
            self._patience.call(self._require_in_sync, maybe_soon=(NotReplicatedError,), regions=wanted)

    def remove_keys(self) -> None:
        """Delete every access key of the user; nothing when there is no such user."""
        try:
            for key in self._keys():
                self._delete_key(key)
        except ClientError as error:
            if not is_error(error, "NoSuchEntity"):
                raise

    def _new_key(self, *, keep: str | None) -> dict[str, str]:
        """Make a key, with room made before: of two, the older one goes that is not in force.

        Called again after a lost answer, it finds the key that nobody knows the secret of, and removes that.
        """
        keys = self._list_keys()
        if len(keys) >= _KEYS_PER_USER:
            self._delete_key(next(key for key in keys if key != keep))
        return self._iam.create_access_key(UserName=self._user_name)["AccessKey"]

    def _keys(self) -> list[str]:
        return self._patience.call(self._list_keys)

    def _list_keys(self) -> list[str]:
        """Return the ids of the user's keys, oldest first."""
        found = self._iam.list_access_keys(UserName=self._user_name)["AccessKeyMetadata"]
        return [one["AccessKeyId"] for one in sorted(found, key=lambda one: one["CreateDate"])]

    def _delete_key(self, key: str) -> None:
        try:
            self._patience.call(self._iam.delete_access_key, UserName=self._user_name, AccessKeyId=key)
        except ClientError as error:
            if not is_error(error, "NoSuchEntity"):
                raise

    def _give_up(self, token: str, key: str) -> None:
        # The first version of a secret is the current one from the start.
        if key != (self._current() or {}).get("user_name") or "AWSCURRENT" in self._stages().get(token, []):
            self._delete_key(key)
            self._withdraw(token)

    def _withdraw(self, token: str) -> None:
        """Take the label off a version, or Secrets Manager would hold its rotation to be still going on."""
        self._patience.call(
            self._secrets.update_secret_version_stage,
            SecretId=self._secret_id,
            VersionStage="AWSPENDING",
            RemoveFromVersionId=token,
        )

    def _require_in_sync(self, regions: list[str]) -> None:
        replicas = self._replicas()
        states = {region: replicas.get(region, {}).get("Status", "missing") for region in regions}
        for region, state in states.items():
            if state == "Failed":
                why = replicas[region].get("StatusMessage", "Secrets Manager does not say why")
                raise RuntimeError(f"the secret's replica in {region} failed: {why}")
        if late := [f"{region} is {state}" for region, state in states.items() if state != "InSync"]:
            raise NotReplicatedError(f"the secret's replica in {', '.join(late)}")

    def _replicas(self) -> dict[str, dict[str, str]]:
        """Return what Secrets Manager knows of each replica, by its Region."""
        return {one["Region"]: one for one in self._describe().get("ReplicationStatus", [])}

    def _stages(self) -> dict[str, list[str]]:
        return self._describe().get("VersionIdsToStages", {})

    def _describe(self) -> dict[str, Any]:
        return self._patience.call(self._secrets.describe_secret, SecretId=self._secret_id)

    def _current(self) -> Value | None:
        return self._value(VersionStage="AWSCURRENT")

    def _value(self, **which: Any) -> Value | None:
        """Return what a version says; None when there is none, or somebody wrote something else into it."""
        try:
            answer = self._patience.call(self._secrets.get_secret_value, SecretId=self._secret_id, **which)
            value: Value | None = json.loads(answer.get("SecretString", ""))
        except ValueError:
            return None
        except ClientError as error:
            if not is_error(error, "ResourceNotFoundException"):
                raise
            return None
        return value if isinstance(value, dict) and value.get("version") == _VERSION else None
