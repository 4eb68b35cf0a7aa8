"""The process of the local AWS: ministack with SES's gaps filled, SMTP doors, DNS. Loopback only.

`LocalAws` starts it (`python -m cdk_ses_regions.local.server`) with ministack's settings in the environment, and
waits for the file that says where everything is.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ministack import app
from ministack.services import route53

from cdk_ses_regions.local import auth, persistence
from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.cloudformation import dead_letters, storage
from cdk_ses_regions.local.cloudformation import ses as ses_types
from cdk_ses_regions.local.dns.name_server import NameServer
from cdk_ses_regions.local.ses import requests
from cdk_ses_regions.local.smtp.inbound import InboundDoors

_log = logging.getLogger(__name__)

_DEPLOYER = "deployer"
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", nargs="+", required=True)
    parser.add_argument("--zones", type=json.loads, default={}, help="JSON: hosted zone id to its name")
    parser.add_argument("--ready", type=Path, required=True, help="file to write when everything is up")
    parser.add_argument("--watch-parent", action="store_true", help="end when standard input is closed")
    arguments = parser.parse_args()
    if arguments.watch_parent:
        threading.Thread(target=_end_with_parent, args=(arguments.ready,), daemon=True).start()

    for extension in (auth, storage, dead_letters, ses_types, requests, persistence):
        extension.install()
    doors, names = InboundDoors(regions=arguments.regions, connect=as_root()), NameServer()
    threading.Thread(target=_furnish, args=(arguments, doors, names), daemon=True).start()
    sys.argv = ["ministack"]
    try:
        app.main()
    finally:
        doors.stop()
        names.stop()
        _end(arguments.ready)


def _furnish(arguments: argparse.Namespace, doors: InboundDoors, names: NameServer) -> None:
    """Add what an account has before anything is deployed, open the doors, and say where everything is."""
    try:
        _wait_until_it_answers()
        aws, region = as_root(), arguments.regions[0]
        for zone_id, name in arguments.zones.items():
            _create_zone(aws("route53", region), zone_id, name)
        ready = {
            "pid": os.getpid(),
            "endpoint_url": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            "account": aws("sts", region).get_caller_identity()["Account"],
            "regions": arguments.regions,
            "hosted_zones": arguments.zones,
            "inbound_ports": doors.start(),
            "dns_port": names.start(),
            "temporary_folder": tempfile.gettempdir(),
            **_create_deployer(aws("iam", region)),
        }
        part = arguments.ready.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(ready, indent=2), encoding="utf-8")
        part.replace(arguments.ready)
    except Exception:
        _log.exception("the local AWS could not be furnished")
        _end(arguments.ready)


def _wait_until_it_answers() -> None:
    while True:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_ministack/health", timeout=2
            ):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def _create_zone(client: Any, zone_id: str, name: str) -> None:
    """Create a hosted zone under the id that the configuration names; Route 53 itself would choose one."""
    choose = route53._zone_id
    route53._zone_id = lambda: zone_id
    try:
        client.create_hosted_zone(Name=name, CallerReference=f"{zone_id} {name}")
    finally:
        route53._zone_id = choose


def _create_deployer(iam: Any) -> dict[str, str]:
    """Create the user that deploys: root would not be subject to any policy."""
    try:
        iam.create_user(UserName=_DEPLOYER)
    except iam.exceptions.EntityAlreadyExistsException:
        _log.info("the deployer is there from an earlier run")
    iam.put_user_policy(UserName=_DEPLOYER, PolicyName="Everything", PolicyDocument=json.dumps(_EVERYTHING))
    key = iam.create_access_key(UserName=_DEPLOYER)["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


def _end_with_parent(ready: Path) -> None:
    """Wait for the parent's end of standard input to close, however the parent ended."""
    sys.stdin.buffer.read()
    _end(ready)


def _end(ready: Path) -> None:
    """Leave nothing behind: neither files nor functions that still run."""
    ready.unlink(missing_ok=True)
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
