"""The inbound handler: cold import, messages a second, memory. `python -m benchmarks.inbound` from the root.

Messages a second are those of the whole handler, S3 a file and SNS nothing: reading, decoding and hashing
every part, and the event's JSON. Forwarding is measured with boto3's own client, whose request goes nowhere. Beside it
the standard library's bare `email.message_from_bytes`, which decodes nothing. Every figure comes from a process of its
own.
"""

from __future__ import annotations

import base64
import email
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

from benchmarks.target import Target

ROOT = Path(__file__).parent.parent
HANDLER = ROOT / "constructs" / "cdk_ses_regions" / "handlers" / "inbound"
MB = 1024 * 1024
SIZES = {"10 KB": 10 * 1024, "1 MB": MB, "30 MB": 30 * MB, "40 MB": 40 * MB - 4 * 1024}
"""The largest leaves room for the headers that forwarding adds: over 40 MB nothing is sent."""
KEY = "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"


def mail(size: int) -> bytes:
    """Return an ordinary mail of about `size` bytes: text, HTML and one attachment."""
    head = (
        b"Received: from mx.example.net by inbound-smtp.us-east-1.amazonaws.com\r\n"
        b"From: Jane Doe <jane@example.net>\r\nTo: support@example.com\r\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        b"Date: Mon, 30 Nov 2026 11:14:58 +0100\r\nMessage-ID: <1@example.net>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
        b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"Guten Tag, sch=C3=B6ne Welt.\r\n" * 50
        + b"--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + b"<p>Guten Tag.</p>\r\n" * 50
        + b"--inner--\r\n--outer\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=invoice.pdf\r\n\r\n"
    )
    room = size - len(head) - len(b"--outer--\r\n")
    content = bytes(range(256)) * (room * 57 // 78 // 256)
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--outer--\r\n"


class _Range:
    """A part of a file, read as S3's response is: not from memory."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file, self._left = file, left

    def read(self, amt: int | None = None) -> bytes:
        data = self._file.read(self._left if amt is None else min(amt, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


class _S3:
    def __init__(self, path: Path) -> None:
        self._path = path

    def get_object(self, **arguments: str) -> dict[str, Any]:
        from botocore.response import StreamingBody

        first, _, last = arguments["Range"].removeprefix("bytes=").partition("-")
        file = self._path.open("rb")
        file.seek(int(first))
        size = self._path.stat().st_size
        length = min(int(last) + 1, size) - int(first)
        return {
            "Body": StreamingBody(cast("Any", _Range(file, length)), length),
            "ContentRange": f"bytes {first}-{int(first) + length - 1}/{size}",
            "ETag": '"e"',
            "Metadata": {},
        }

    def get_object_tagging(self, **_: str) -> dict[str, Any]:
        return {"TagSet": []}

    def put_object_tagging(self, **_: object) -> None:
        pass


class _Sns:
    def publish(self, **_: object) -> None:
        pass


def _ses(sent: list[int]) -> Any:
    """Return boto3's client of the SES API v2; what it would send is made, measured into `sent`, and dropped."""
    import boto3
    from botocore.awsrequest import AWSResponse

    def answer(request: Any, **_: object) -> AWSResponse:
        sent.append(len(request.body))
        raw = BytesIO(b'{"MessageId": "m"}')
        setattr(raw, "stream", lambda: iter((raw.read(),)))  # noqa: B010 - as urllib3's response has it
        return AWSResponse(request.url, 200, cast("Any", {}), raw)

    client = cast("Any", boto3).client(
        "sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.meta.events.register("before-send.sesv2.SendEmail", answer)
    return client


def _handle(path: Path, *, forward: bool = False) -> Callable[[], object]:
    """Return a call that handles the mail in `path`: publishes, and with `forward` sends it on as well."""
    sys.path.insert(0, str(HANDLER))
    import inbound
    import metrics
    from handling import Targets
    from steps import Forward, Publish, Steps
    from storage import Storage

    def silent(*_: object, **__: object) -> None:
        """Write nothing: the metric's line would be among ours."""

    metrics.emit = silent
    on = Forward(sender="fwd@example.com", to={"*": ("jane@example.org",)}, automatic=True, unsure=True)
    sent: list[int] = []
    clients = {"sesv2": _ses(sent)} if forward else {}
    services = inbound.Services(
        storage=Storage(s3=cast("Any", _S3(path)), bucket="bucket"),
        prefix="mail/",
        steps=Steps(rules={"rule": (Publish(), on) if forward else (Publish(),)}),
        targets=Targets(client=clients.__getitem__, sns=cast("Any", _Sns()), topic_arn="topic"),
        region="us-east-1",
        function="inbound",
    )
    receipt = {
        "recipients": ["support@example.com"],
        "action": {"bucketName": "bucket", "objectKey": f"mail/rule/{KEY}"},
    }
    notification = json.dumps({"mail": {"messageId": KEY, "source": "jane@example.net"}, "receipt": receipt})

    def call() -> None:
        inbound.receive(notification, services)
        if forward and not sent:
            raise ValueError(f"the mail in {path} was not forwarded, so there is nothing to measure")

    return call


def _parse(path: Path) -> Callable[[], object]:
    return lambda: email.message_from_bytes(path.read_bytes())


def _peak() -> float:
    """Return the most memory this process has had, in MB; not ru_maxrss, which a child inherits from its parent."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def _rate(path: Path) -> tuple[float, float]:
    """Return messages a second of the handler and of the standard library, interleaved."""
    calls = (_handle(path), _parse(path))
    repeat = max(1, min(200, 2 * MB // path.stat().st_size))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(5):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            for _ in range(repeat):
                call()
            taken.append((time.perf_counter() - start) / repeat)
    return 1 / median(times[0]), 1 / median(times[1])


def _child(*arguments: str | Path) -> list[float]:
    """Run this module with `arguments` in a process of its own and return the numbers it prints."""
    command = [sys.executable, "-m", "benchmarks.inbound", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def _cold_import() -> float:
    """Return the handler's import time over boto3's, its bytecode not cached, as in a new Lambda."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "asset")
        shutil.copytree(HANDLER, root, ignore=shutil.ignore_patterns("__pycache__"))
        environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        times: dict[str, list[float]] = {"inbound": [], "boto3": []}
        for _ in range(11):
            for module, taken in times.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
                taken.append(time.perf_counter() - start)
    return median(times["inbound"]) / median(times["boto3"])


def run() -> list[Target]:
    """Measure; takes about half a minute."""
    targets = [Target(name="inbound cold import over boto3", value=_cold_import(), limit=1.2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mail")
        for name, size in SIZES.items():
            _child("write", path, str(size))
            ours, theirs = _child("rate", path)
            [memory], [their_memory] = _child("handle", path), _child("parse", path)
            [forwarding] = _child("forward", path)
            targets += [
                Target(name=f"inbound messages a second, {name}", value=ours),
                Target(name=f"email.message_from_bytes messages a second, {name}", value=theirs),
                Target(name=f"inbound peak memory, {name}", value=memory, limit=512, unit="MB"),
                Target(
                    name=f"inbound peak memory with forwarding, {name}",
                    value=forwarding,
                    limit=512,
                    unit="MB",
                ),
                Target(name=f"email.message_from_bytes peak memory, {name}", value=their_memory, unit="MB"),
            ]
        _child("write", path, "lines")
        [memory] = _child("handle", path)
    lines = "inbound peak memory, 40 MB of two-byte lines"
    return [*targets, Target(name=lines, value=memory, limit=512, unit="MB")]


def main(arguments: list[str]) -> None:
    """Print the targets, or, given arguments, do one of `run`'s steps and print its numbers."""
    match arguments:
        case ["write", path, "lines"]:
            Path(path).write_bytes(b"Subject: lines\r\n\r\n" + b"a\n" * (20 * MB))
        case ["write", path, size]:
            Path(path).write_bytes(mail(int(size)))
        case ["rate", path]:
            print(*_rate(Path(path)))
        case ["handle" | "forward" | "parse" as what, path]:
            makers = {"handle": _handle, "forward": partial(_handle, forward=True), "parse": _parse}
            makers[what](Path(path))()
            print(_peak())
        case _:
            for target in run():
                print(target.line())


if __name__ == "__main__":
    main(sys.argv[1:])
