"""What the account has set for one Region, and whether it is in the sandbox there.

Everything is in ministack's own record of the account, which it keeps and writes down.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import os
from typing import Any, Literal

from ministack.services import ses

SANDBOX_VARIABLE = "SES_LOCAL_SANDBOX"
"""Environment variable of the server: `1` starts every Region in the sandbox."""

Reason = Literal["BOUNCE", "COMPLAINT"]
REASONS: tuple[Reason, ...] = ("BOUNCE", "COMPLAINT")
"""Why an address is suppressed; accounts that started after November 2019 heed both."""


def settings() -> dict[str, Any]:
    """Return the account's settings in this Region; change them in place."""
    sandbox = os.environ.get(SANDBOX_VARIABLE) == "1"
    return ses._account_details.setdefault("account", {"ProductionAccessEnabled": not sandbox})


def in_sandbox() -> bool:
    """Tell whether the account is in the sandbox of this Region."""
    return not settings().get("ProductionAccessEnabled", True)


def sending_enabled() -> bool:
    """Tell whether the account has not paused its sending in this Region."""
    return settings().get("SendingEnabled", True)


def suppressed_reasons() -> list[Reason]:
    """Return the reasons for which the account heeds and fills its suppression list."""
    return settings().get("SuppressedReasons", list(REASONS))
