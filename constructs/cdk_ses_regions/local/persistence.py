"""What a local AWS that persists has to find again and ministack does not write down: receipt filters."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from typing import Any

from ministack.services import ses

from cdk_ses_regions.local.ses import receipt_rules

_KEY = "receipt_filters"


def install() -> None:
    """Add our state to that of ministack's SES."""
    get_state, load = ses.get_state, ses.load_persisted_state

    def get_all_state() -> dict[str, Any]:
        return {**get_state(), _KEY: receipt_rules._filters}

    def load_all(state: dict[str, Any]) -> None:
        load(state)
        if _KEY in state:
            receipt_rules._filters.update(state[_KEY])

    ses.get_state, ses.load_persisted_state = get_all_state, load_all
