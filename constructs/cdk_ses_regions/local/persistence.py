"""What a local AWS that persists has to find again and ministack does not write down.

`STORES` is also what a reset has to empty. Values are what JSON can hold.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from typing import Any

from ministack.services import ses

from cdk_ses_regions.local import breakage, clock
from cdk_ses_regions.local.account import quotas, service_quotas, statistics, suppression
from cdk_ses_regions.local.feedback import metrics
from cdk_ses_regions.local.identities import address_verification, deed, dkim, verification
from cdk_ses_regions.local.outbound import global_endpoints
from cdk_ses_regions.local.receiving import receipt_rules

STORES: dict[str, Any] = {
    "receipt_filters": receipt_rules._filters,
    "verification": verification.states,
    "address_links": address_verification.links,
    "dkim_keys": dkim.easy_keys,
    "dkim_own_keys": dkim.own_keys,
    "deed_denied": deed.denied,
    "suppression_list": suppression._list,
    "sent_by_minute": quotas._sent,
    "sending_credit": quotas._credit,
    "send_statistics": statistics._steps,
    "reputation": metrics._counts,
    "service_quota_requests": service_quotas._requests,
    "global_endpoints": global_endpoints.endpoints,
}
"""Our stores by the name under which they are written down."""
_WITH_THEIR_OWN_RESET: dict[str, Any] = {"clock": clock.ahead, "broken_on_purpose": breakage.records}


def install() -> None:
    """Add our state to that of ministack's SES."""
    get_state, load = ses.get_state, ses.load_persisted_state

    def get_all_state() -> dict[str, Any]:
        return {**get_state(), **STORES, **_WITH_THEIR_OWN_RESET}

    def load_all(state: dict[str, Any]) -> None:
        load(state)
        for key, store in {**STORES, **_WITH_THEIR_OWN_RESET}.items():
            if key in state:
                store.update(state[key])

    ses.get_state, ses.load_persisted_state = get_all_state, load_all


def reset() -> None:
    """Empty our stores."""
    for store in STORES.values():
        store._data.clear()
