"""The server of the local AWS as a process: what it is started with, whether it serves, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cdk_ses_regions.local.clients import ROOT_KEY
from cdk_ses_regions.local.errors import LocalAwsError

READY = "ready.json"
LOG = "server.log"
PERSISTED = ("services", "s3")
"""Folders, in the state folder, of what is there again after the next start."""

_SECONDS_TO_START = 60
# A hanging custom resource keeps ministack alive for as long as it hangs.
_SECONDS_TO_STOP = 3


@dataclass(frozen=True)
class Ready:
    """What the server says of itself."""

    pid: int
    endpoint_url: str
    account: str
    regions: list[str]
    hosted_zones: dict[str, str]
    inbound_ports: dict[str, int]
    submission_ports: dict[str, int]
    feedback_ports: dict[str, int]
    dns_port: int
    access_key_id: str
    secret_access_key: str
    temporary_folder: str


def server_environment(port: int, temporary: Path, persist_in: Path | None) -> dict[str, str]:
    """Return ministack's settings; nothing of the caller's AWS configuration gets in."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
    persistence = (
        {}
        if persist_in is None
        else {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(persist_in / PERSISTED[0]),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(persist_in / PERSISTED[1]),
        }
    )
    return {
        **inherited,
        **persistence,
        "PYTHONUNBUFFERED": "1",  # the log says why the server ended, however it did
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        # These two would listen on all interfaces.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(temporary),
    }


def wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> Ready:
    """Return what the server says of itself once it serves.

    Raises:
        LocalAwsError: it ended or does not answer; has the end of its log.
    """
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if (ready := read_ready(folder)) is not None:
            return ready
        time.sleep(0.05)
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
    raise LocalAwsError(f"the local AWS did not start; the end of {folder / LOG}:\n{log[-2000:]}")


def read_ready(folder: Path) -> Ready | None:
    """Return what the server of this folder said of itself, if it is still alive."""
    try:
        ready = Ready(**json.loads((folder / READY).read_text(encoding="utf-8")))
        os.kill(ready.pid, 0)
        # A process that nobody waits for is there after its end.
        socket.create_connection(("127.0.0.1", urlsplit(ready.endpoint_url).port or 0), timeout=5).close()
    except (OSError, ValueError, TypeError):
        return None
    return ready


def end(pid: int) -> None:
    """End the server's process group: politely first, then for certain."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # not ours: somebody else's child
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
        # One that ended and that nobody has waited for is still there.
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:  # no /proc on this system
        return True


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
