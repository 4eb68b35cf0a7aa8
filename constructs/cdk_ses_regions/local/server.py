"""The process of the local AWS: ministack with SES's gaps filled, SMTP doors, DNS. Loopback only.

`LocalAws` starts it (`python -m cdk_ses_regions.local.server`) with ministack's settings in the environment, and
waits for the file that says where everything is.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import argparse
import gc
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
from collections.abc import Mapping
from pathlib import Path

from ministack import app
from ministack.core.responses import get_account_id

from cdk_ses_regions.local import (
    access_keys,
    alarms,
    auth,
    batch_rights,
    condition_keys,
    embedded_metrics,
    faults,
    furnishing,
    persistence,
    secrets_rotation,
    shortcut,
    tag_rights,
)
from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.cloudformation import dead_letters, secrets, storage
from cdk_ses_regions.local.cloudformation import sending as sending_types
from cdk_ses_regions.local.cloudformation import ses as ses_types
from cdk_ses_regions.local.dns.name_server import NameServer
from cdk_ses_regions.local.outbound import delivery
from cdk_ses_regions.local.receiving.bounces import Bounce
from cdk_ses_regions.local.receiving.directory import SesDirectory
from cdk_ses_regions.local.ses import requests
from cdk_ses_regions.local.smtp.door import Doors
from cdk_ses_regions.local.smtp.feedback import FeedbackDoors
from cdk_ses_regions.local.smtp.inbound import InboundDoors
from cdk_ses_regions.local.smtp.submission import SubmissionDoors
from cdk_ses_regions.local.web import mount, place

_log = logging.getLogger(__name__)


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

    # aiosmtpd warns of its own use of what it will remove.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    for extension in (
        auth,
        batch_rights,
        condition_keys,
        tag_rights,
        access_keys,
        secrets_rotation,
        storage,
        dead_letters,
        secrets,
        ses_types,
        sending_types,
        requests,
        alarms,
        embedded_metrics,
        persistence,
        mount,
        shortcut,
    ):
        extension.install()
    doors, names = _doors(arguments.regions), NameServer()
    for kind in doors.values():
        faults.attach(kind)
    threading.Thread(target=_furnish, args=(arguments, doors, names), daemon=True).start()
    # What is imported stays; looking through all of it again and again took a fifth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    sys.argv = ["ministack"]
    try:
        app.main()
    finally:
        for kind in doors.values():
            kind.stop()
        names.stop()
        _end(arguments.ready)


def _doors(regions: list[str]) -> dict[str, Doors]:
    """Return all SMTP doors, by what the ready file calls their ports."""
    endpoint_url = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    return {
        "inbound_ports": InboundDoors(
            regions=regions,
            directory=SesDirectory(),
            connect=shortcut.through(as_root()),
            send_bounce=_send_bounce,
        ),
        "submission_ports": SubmissionDoors(regions=regions, endpoint_url=endpoint_url),
        "feedback_ports": FeedbackDoors(regions=regions),
    }


def _send_bounce(bounce: Bounce) -> None:
    delivery.send_as_ses_later(
        region=bounce.region,
        account=get_account_id(),
        sender=bounce.sender,
        recipient=bounce.recipient,
        raw=bounce.raw,
    )


def _furnish(arguments: argparse.Namespace, doors: Mapping[str, Doors], names: NameServer) -> None:
    """Add what an account has before anything is deployed, open the doors, and say where everything is."""
    try:
        _wait_until_it_answers()
        aws, region = as_root(), arguments.regions[0]
        furnishing.create_zones(arguments.zones, region)
        ready = {
            "pid": os.getpid(),
            "endpoint_url": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            "account": aws("sts", region).get_caller_identity()["Account"],
            "regions": arguments.regions,
            "hosted_zones": arguments.zones,
            **{ports: kind.start() for ports, kind in doors.items()},
            "dns_port": names.start(),
            "temporary_folder": tempfile.gettempdir(),
            **furnishing.create_deployer(region),
        }
        place.announce(ready)
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
