"""What SES knows of receiving, read where ministack keeps it: a door asks for every mail, and must be quick."""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, request_scope
from ministack.services import ses, ses_v2

from cdk_ses_regions.local.identities import verification
from cdk_ses_regions.local.receiving import receipt_rules
from cdk_ses_regions.local.receiving.receipt import Rule


class SesDirectory:
    """SES of the account that the doors belong to: the server's own."""

    def active_rules(self, region: str) -> tuple[str, tuple[Rule, ...]]:
        """Return name and rules of the active rule set; an empty name when none is active."""
        with request_scope(get_account_id(), region):
            name = ses._active_receipt_rule_set.get("name", "")
            return name, tuple(ses._receipt_rule_sets[name]["Rules"]) if name else ()

    def filters(self, region: str) -> tuple[Mapping[str, Any], ...]:
        """Return the receipt filters as the API has them."""
        with request_scope(get_account_id(), region):
            return tuple(receipt_rules._filters.values())

    def verified(self, region: str, identities: tuple[str, ...]) -> bool:
        """Tell whether one of these identities is verified, with DNS as it is now."""
        with request_scope(get_account_id(), region):
            verification.refresh()
            return any(
                ses_v2._identities.get(identity, {}).get("VerifiedForSendingStatus")
                for identity in identities
            )
