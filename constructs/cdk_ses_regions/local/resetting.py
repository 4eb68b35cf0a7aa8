"""Emptying the local AWS while it runs: everything is as it was right after its start, with the same keys and ports."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import sys
from typing import Any

from ministack import app

from cdk_ses_regions.local import furnishing
from cdk_ses_regions.local.journal import JOURNAL
from cdk_ses_regions.local.web.place import Place

_PACKAGE = "cdk_ses_regions.local."


def reset(place: Place) -> None:
    """Forget everything and furnish again. Nobody may ask for anything meanwhile."""
    app._reset_all_state()
    for module in _with_state():
        module.reset()
    JOURNAL.clear()
    furnishing.create_zones(place.hosted_zones, place.regions[0])
    keys = {"access_key_id": place.access_key_id, "secret_access_key": place.secret_access_key}
    furnishing.create_deployer(place.regions[0], keys)


def _with_state() -> list[Any]:
    """Return our modules that keep state: each has a function `reset`."""
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith(_PACKAGE) and name != __name__ and callable(getattr(module, "reset", None))
    ]
