"""The server of the local AWS as a process: what it is started with, whether it serves, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from cdk_ses_regions.local.clients import ROOT_KEY
from cdk_ses_regions.local.errors import LocalAwsError

READY = "ready.json"
LOG = "server.log"
TEMPORARY = "local-aws-tmp-"
"""How the name of each server's folder for temporary files begins."""

_SECONDS_TO_START = 60
_LOG_BYTES = 2000
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


def server_environment(
    port: int,
    temporary: Path,
    persist_in: Path | None,
    *,
    sandbox: bool = False,
    verification_hours: float | None = None,
) -> dict[str, str]:
    """Return ministack's settings and ours; nothing of the caller's AWS configuration gets in.

    Args:
        port: of every service.
        temporary: folder for temporary files.
        persist_in: folder of what is there again after the next start; None keeps nothing.
        sandbox: whether the account begins without production access.
        verification_hours: until an identity without its DNS records fails (default: as on AWS).
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
    persistence = (
        {}
        if persist_in is None
        else {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(persist_in / "services"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(persist_in / "s3"),
        }
    )
    hours = {} if verification_hours is None else {"SES_LOCAL_VERIFICATION_HOURS": f"{verification_hours:g}"}
    return {
        **inherited,
        **persistence,
        **hours,
        "SES_LOCAL_SANDBOX": "1" if sandbox else "0",
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


def wait_until_ready(process: subprocess.Popen[bytes], folder: Path, log: IO[bytes]) -> Ready:
    """Return what the server says of itself once it serves.

    Args:
        process: the server.
        folder: where it says so.
        log: what it writes to, open: it may have removed the folder when it ended.

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
    size = os.fstat(log.fileno()).st_size
    end = os.pread(log.fileno(), _LOG_BYTES, max(size - _LOG_BYTES, 0)).decode(errors="replace").strip()
    raise LocalAwsError(f"the local AWS did not start; its log ends:\n{end}")


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


def made_ready(folder: Path) -> Path:
    """Return a folder for log and state as an absolute path; it is there, and without what a killed server left.

    Raises:
        LocalAwsError: a server of this folder is up, or nothing can be written there.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalAwsError(f"{folder} cannot be the folder for log and state: {error.strerror}") from error
    if (running := read_ready(folder)) is not None:
        raise LocalAwsError(
            f"a local AWS is up already on {running.endpoint_url}; end it with `ses-regions local down`"
        )
    clear_away(folder)
    (folder / READY).unlink(missing_ok=True)
    return folder


def clear_away(folder: Path) -> None:
    """Remove what a server could not that was killed: its temporary files, and its word that it serves."""
    try:
        ready = json.loads((folder / READY).read_text(encoding="utf-8"))
        pid, temporary = int(ready["pid"]), Path(ready["temporary_folder"])
    except (OSError, ValueError, LookupError, TypeError):
        return
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        (folder / READY).unlink(missing_ok=True)
        if temporary.name.startswith(TEMPORARY):
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError:  # alive, and somebody else's
        return


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
