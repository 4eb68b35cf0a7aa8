"""Whole processes, measured: wall seconds and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

Key = TypeVar("Key")

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process took.

    Args:
        seconds: wall time, from the start to the end.
        memory_mb: peak memory of the largest process among it and its children, in MB.
    """

    seconds: float
    memory_mb: float


class ChildFailedError(Exception):
    """A measured command ended with an error; a time without its work would be worth nothing."""


def environment() -> dict[str, str]:
    """Return this process's environment without what would change how a measured command runs.

    PYTHONDONTWRITEBYTECODE, say, makes our modules be compiled at every start, and CDK's not.
    """
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AWS_", "CDK_", "JSII_", "NODE_", "PYTHON"))
    }


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path = ROOT) -> Usage:
    """Run a command to its end, silently.

    Args:
        command: the command and its arguments.
        environment: its whole environment.
        folder: where it runs (default: the root of the checkout).

    Raises:
        ChildFailedError: it did not exit with 0; the message ends with what it wrote on stderr.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command],
            env=dict(environment),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(
            child.pid, 0
        )  # of this child alone; getrusage would give the largest so far
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            said.seek(0)
            text = said.read().decode(errors="replace")[-3000:]
            raise ChildFailedError(f"{' '.join(map(str, command))} exits with {child.returncode}\n{text}")
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, KB elsewhere
    return Usage(seconds=seconds, memory_mb=usage.ru_maxrss / unit)


def interleaved(calls: Mapping[Key, Callable[[], Usage]], *, runs: int) -> dict[Key, list[Usage]]:
    """Make every call `runs` times, in turns, so that all see the same machine."""
    taken: dict[Key, list[Usage]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            taken[name].append(call())
    return taken


def seconds(taken: Sequence[Usage]) -> float:
    """Return the median of the wall seconds."""
    return median(one.seconds for one in taken)


def memory_mb(taken: Sequence[Usage]) -> float:
    """Return the median of the peak memory, in MB."""
    return median(one.memory_mb for one in taken)
