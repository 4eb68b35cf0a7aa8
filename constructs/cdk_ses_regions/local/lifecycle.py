"""Starting, finding and stopping the local AWS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, overload

from cdk_ses_regions import node
from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.answers import Feedback, ReceivedMail, SentMail
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.control import Control
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.process import (
    LOG,
    READY,
    TEMPORARY,
    Ready,
    clear_away,
    end,
    free_port,
    made_ready,
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
        inbound_ports: port on 127.0.0.1 of each Region's door for incoming mail.
        submission_ports: port on 127.0.0.1 of each Region's SMTP endpoint, through which applications send.
        feedback_ports: port on 127.0.0.1 of each Region's feedback host, to which bounces come back.
        dns_port: port on 127.0.0.1, UDP and TCP, of the name server for the hosted zones.
        control: everything it tells and lets be done to it: mails, feedback, faults, time, quotas.
    """

    def __init__(
        self, ready: Ready, state_dir: Path, *, process: subprocess.Popen[bytes] | None, keep: bool = True
    ) -> None:
        self._ready = ready
        self._state_dir = state_dir
        self._process = process
        self._keep = keep
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
        self.submission_ports = ready.submission_ports
        self.feedback_ports = ready.feedback_ports
        self.dns_port = ready.dns_port
        self.control = Control(ready.endpoint_url)

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
        sandbox: bool = False,
        verification_hours: float | None = None,
    ) -> LocalAws:
        """Start a local AWS and wait until it serves.

        Args:
            regions: Regions that get a door for incoming mail; every other service answers in all Regions.
            hosted_zones: Route 53 zones to begin with: id to domain.
            state_dir: folder for log and state (default: `.local-aws` if it is kept, else a temporary one).
            port: port on 127.0.0.1 (default: a free one).
            keep: leave it up when this process ends (default: it ends with it, however that happens).
            persist: keep the services' state in `state_dir` for the next start.
            sandbox: start without production access, as a new account (default: with it).
            verification_hours: after which an identity without its DNS records fails (default: 72, as on AWS).

        Raises:
            LocalAwsError: one is up already, or it did not start.
            UnsupportedRegionError: SES is not in one of the Regions.
        """
        for region in regions:
            ses.region(region)
        kept_in = state_dir or (STATE_DIR if keep else None)
        folder = None if kept_in is None else made_ready(kept_in)
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY))
        folder = folder or temporary
        command = [sys.executable, "-m", "cdk_ses_regions.local.server"]
        command += ["--ready", str(folder / READY), "--zones", json.dumps(dict(hosted_zones or {}))]
        command += [] if keep else ["--watch-parent"]
        command += ["--regions", *regions]
        environment = server_environment(
            port or free_port(),
            temporary,
            folder if persist else None,
            sandbox=sandbox,
            verification_hours=verification_hours,
        )
        with (folder / LOG).open("w+b") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            try:
                ready = wait_until_ready(process, folder, log)
            except BaseException:
                end(process.pid)
                shutil.rmtree(temporary, ignore_errors=True)
                raise
        return cls(ready, folder, process=process, keep=keep)

    @classmethod
    def find(cls, state_dir: Path = STATE_DIR) -> LocalAws:
        """Return the local AWS that was started with this state folder.

        Raises:
            LocalAwsError: none is up.
        """
        ready = read_ready(state_dir.resolve())
        if ready is None:
            clear_away(state_dir.resolve())
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

    @property
    def sent(self) -> tuple[SentMail, ...]:
        """The mails that left, oldest first, and what became of each."""
        return self.control.sent()

    @property
    def outbox(self) -> tuple[SentMail, ...]:
        """The mails that left for domains that are not here, oldest first: nobody ever gets them."""
        return self.control.outbox()

    @property
    def received(self) -> tuple[ReceivedMail, ...]:
        """The mails that the doors took, oldest first, with their route through the rules."""
        return self.control.received()

    @property
    def feedback(self) -> tuple[Feedback, ...]:
        """What SES told of mails that left, oldest first."""
        return self.control.feedback()

    @overload
    def deliver(self, mail: EmailMessage, /) -> tuple[str, ...]: ...

    @overload
    def deliver(self, region: str, /, *, sender: str, recipients: Sequence[str], raw: bytes) -> str: ...

    def deliver(
        self,
        where: EmailMessage | str,
        /,
        *,
        sender: str = "",
        recipients: Sequence[str] = (),
        raw: bytes = b"",
    ) -> tuple[str, ...] | str:
        """Send a mail in through the SMTP doors, with STARTTLS.

        Args:
            where: the mail itself, which goes where the MX of its recipients' domains leads; or the Region whose
                door is to take the mail, whatever the MX.
            sender: MAIL FROM, for one Region's door.
            recipients: RCPT TO, for one Region's door.
            raw: the mail, for one Region's door.

        Returns:
            SES's message id; for a mail without a Region, one for each domain among its recipients.

        Raises:
            smtplib.SMTPException: the door refuses the mail.
            LocalAwsError: no MX leads to an open door.
        """
        from cdk_ses_regions.local import mail_in

        if isinstance(where, str):
            return mail_in.through_door(
                self.inbound_ports[where], sender=sender, recipients=recipients, raw=raw
            )
        return mail_in.by_mx(where, dns_port=self.dns_port, doors=self.inbound_ports)

    def verify(self, domain: str, *regions: str) -> None:
        """Make a domain an identity that may send, with its DKIM records in its hosted zone.

        Args:
            domain: in one of the hosted zones.
            regions: AWS Regions (default: all that have a door).

        Raises:
            LocalAwsError: no hosted zone is the domain's.
        """
        from cdk_ses_regions.local import verified

        for region in regions or self.regions:
            verified.verify(
                domain, sesv2=self.client("sesv2", region), route53=self.client("route53", region)
            )

    def stop(self) -> None:
        """End the server and all it started; a state folder that was asked for stays."""
        end(self._ready.pid)
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait()
        shutil.rmtree(self._ready.temporary_folder, ignore_errors=True)
        (self._state_dir / READY).unlink(missing_ok=True)

    def reset(self) -> None:
        """Forget all that is in it; keys, ports and hosted zones are as after the start."""
        self.control.reset()

    def __enter__(self) -> LocalAws:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._keep:
            self.stop()
