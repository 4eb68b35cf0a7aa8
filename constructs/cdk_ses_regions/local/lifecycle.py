"""Starting, finding and stopping the local AWS."""

from __future__ import annotations

import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from cdk_ses_regions import node
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.process import (
    LOG,
    PERSISTED,
    READY,
    Ready,
    end,
    free_port,
    read_ready,
    server_environment,
    wait_until_ready,
)

STATE_DIR = Path(".local-aws")
"""Where `ses-regions local up` keeps what it needs to find its server again."""


class LocalAws:
    """A local AWS that runs: several Regions, IAM enforced, one SMTP door a Region that receives.

    Use `LocalAws.start(...)` as a context manager, or `LocalAws.find()` for one that `ses-regions local up` started.

    Attributes:
        endpoint_url: endpoint of every service, on loopback.
        account: the account id.
        regions: the Regions that have a door.
        inbound_ports: port of each Region's SMTP door on 127.0.0.1.
        dns_port: port on 127.0.0.1, UDP and TCP, of the name server for the hosted zones.
    """

    def __init__(
        self, ready: Ready, state_dir: Path, *, process: subprocess.Popen[bytes] | None, keep: bool = True
    ) -> None:
        self._ready = ready
        self._state_dir = state_dir
        self._process = process
        self._keep = keep
        self._forget_state = False
        self._user = Clients(
            ready.endpoint_url,
            access_key_id=ready.access_key_id,
            secret_access_key=ready.secret_access_key,
        )
        self._root = Clients(ready.endpoint_url)
        self.endpoint_url = ready.endpoint_url
        self.account = ready.account
        self.regions = ready.regions
        self.hosted_zones = ready.hosted_zones
        self.inbound_ports = ready.inbound_ports
        self.dns_port = ready.dns_port

    @classmethod
    def start(
        cls,
        regions: Sequence[str],
        *,
        hosted_zones: Mapping[str, str] | None = None,
        state_dir: Path | None = None,
        port: int | None = None,
        keep: bool = False,
        persist: bool = False,
    ) -> LocalAws:
        """Start a local AWS and wait until it serves.

        Args:
            regions: Regions that get a door for incoming mail; every other service answers in all Regions.
            hosted_zones: Route 53 zones to begin with: id to domain.
            state_dir: folder for log and state (default: `.local-aws` if it is kept, else a temporary one).
            port: port on 127.0.0.1 (default: a free one).
            keep: leave it up when this process ends (default: it ends with it, however that happens).
            persist: keep the services' state in `state_dir` for the next start.

        Raises:
            LocalAwsError: one is up already, or it did not start.
        """
        folder = state_dir or (STATE_DIR if keep else Path(tempfile.mkdtemp(prefix="local-aws-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        if (running := read_ready(folder)) is not None:
            raise LocalAwsError(
                f"a local AWS is up already on {running.endpoint_url}; end it with `ses-regions local down`"
            )
        (folder / READY).unlink(missing_ok=True)  # of one that was killed
        command = [sys.executable, "-m", "cdk_ses_regions.local.server"]
        command += ["--ready", str(folder / READY), "--zones", json.dumps(dict(hosted_zones or {}))]
        command += [] if keep else ["--watch-parent"]
        command += ["--regions", *regions]
        temporary = Path(tempfile.mkdtemp(prefix="local-aws-tmp-"))
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=server_environment(port or free_port(), temporary, folder if persist else None),
                start_new_session=True,
            )
        try:
            ready = wait_until_ready(process, folder)
        except BaseException:
            end(process.pid)
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        started = cls(ready, folder, process=process, keep=keep)
        started._forget_state = state_dir is None and not keep
        return started

    @classmethod
    def find(cls, state_dir: Path = STATE_DIR) -> LocalAws:
        """Return the local AWS that was started with this state folder.

        Raises:
            LocalAwsError: none is up.
        """
        ready = read_ready(state_dir.resolve())
        if ready is None:
            raise LocalAwsError("no local AWS is up here; start one with `ses-regions local up`")
        return cls(ready, state_dir.resolve(), process=None)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client as the user who deploys: not root, so IAM decides."""
        return self._user(service, region)

    def root_client(self, service: str, region: str) -> Any:
        """Return a boto3 client as root, for whom no policy counts."""
        return self._root(service, region)

    def environment(self) -> dict[str, str]:
        """Return a whole environment for subprocesses that work here and can reach no real account."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        nodes = node.executable()
        if nodes is not None:
            inherited["JSII_NODE"] = nodes
            inherited["PATH"] = f"{Path(nodes).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
        return {
            **inherited,
            **self.exports(),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
        }

    def exports(self) -> dict[str, str]:
        """Return the variables that point the AWS command line, SDKs and cdk here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self._ready.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._ready.secret_access_key,
            "AWS_REGION": self.regions[0],
            "AWS_DEFAULT_REGION": self.regions[0],
        }

    def deliver(self, region: str, *, sender: str, recipients: Sequence[str], raw: bytes) -> str:
        """Send a mail in through the Region's SMTP door, with STARTTLS; return SES's message id.

        Raises:
            smtplib.SMTPException: the door refuses the mail.
        """
        with smtplib.SMTP("127.0.0.1", self.inbound_ports[region], timeout=60) as smtp:
            # The certificate is made at each start; the door is on loopback.
            smtp.starttls(context=ssl._create_unverified_context())  # pyright: ignore[reportPrivateUsage]
            smtp.ehlo()
            smtp.mail(sender)
            for recipient in recipients:
                code, answer = smtp.rcpt(recipient)
                if code != 250:
                    raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
            code, answer = smtp.data(re.sub(rb"\r?\n", b"\r\n", raw))
            if code != 250:
                raise smtplib.SMTPDataError(code, answer)
            return answer.decode().rpartition(" ")[2]

    def stop(self) -> None:
        """End the server and all it started; a state folder that was asked for stays."""
        end(self._ready.pid)
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait()
        shutil.rmtree(self._ready.temporary_folder, ignore_errors=True)
        (self._state_dir / READY).unlink(missing_ok=True)
        if self._forget_state:
            shutil.rmtree(self._state_dir, ignore_errors=True)

    def restart_empty(self) -> LocalAws:
        """End the server, forget all that was in it, and start it again on the same port; return the new one."""
        self.stop()
        persisted = [folder for name in PERSISTED if (folder := self._state_dir / name).exists()]
        for folder in persisted:
            shutil.rmtree(folder)
        return LocalAws.start(
            self.regions,
            hosted_zones=self.hosted_zones,
            state_dir=self._state_dir,
            port=urlsplit(self.endpoint_url).port,
            keep=True,
            persist=bool(persisted),
        )

    def __enter__(self) -> LocalAws:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._keep:
            self.stop()
