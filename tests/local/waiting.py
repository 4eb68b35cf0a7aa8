"""Waiting for what happens in the background of the local AWS."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T]) -> T:
    """Return what there is to see as soon as there is something."""
    until = time.monotonic() + 30
    while not (seen := look()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    return seen
