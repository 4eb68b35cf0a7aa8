"""The active receipt rule set of a Region, politely: nobody else's mail is stopped, and what was active comes back.

An account has one active receipt rule set a Region, and CloudFormation cannot choose it. Rests on the SES API v1
reference, `SetActiveReceiptRuleSet` and `DescribeActiveReceiptRuleSet`.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error


class ActiveReceiptRuleSet:
    """Properties: `RuleSetName`; `TakeOver`, "true" to replace another active rule set and give it back on delete.

    The physical id carries what was active before, so that it is remembered without a store of its own.
    """

    TYPE = "Custom::SesActiveReceiptRuleSet"
    SERVICE = "ses"

    def __init__(self, ses: Any, patience: Patience) -> None:
        self._ses = ses
        self._patience = patience
        self._replaced = ""

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id of the activation as far as it has come; rule set names have no slash."""
        return f"active-receipt-rule-set/{properties['RuleSetName']}/{self._replaced}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Activate the rule set; refuse when another one is active, unless it may be taken over."""
        wanted, active = properties["RuleSetName"], self._active()
        if active not in ("", wanted) and not _true(properties, "TakeOver"):
            raise RuntimeError(_refusal(wanted, active))
        if active != wanted:
            self._replaced = active
            self._activate(wanted)
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Move the activation to a new rule set, or stay; what was active before the first one stays remembered.

        What an update replaces without a move is not remembered: there is no place for it but the id.
        """
        held, self._replaced = self._held(physical_id, old)
        wanted, active = new["RuleSetName"], self._active()
        ours = {"", wanted, held, old.get("RuleSetName", "")}
        if active in ours or _true(new, "TakeOver"):
            if active not in ours:
                self._replaced = active
            if active != wanted:
                self._activate(wanted)
        elif wanted != held:
            # Only a move forward is refused: a rollback that fails would leave the stack stuck.
            raise RuntimeError(_refusal(wanted, active))
        if wanted == held:
            # A new id would make CloudFormation delete the old one, which is to deactivate the very same rule set.
            return physical_id, {}
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Give back the rule set that was active before, if ours still is the active one."""
        held, previous = self._held(physical_id, properties)
        if not held or self._active() != held:
            return
        try:
            self._activate(previous)
        except ClientError as error:
            if not is_error(error, "RuleSetDoesNotExist", "RuleSetDoesNotExistException"):
                raise
            self._activate("")

    def _held(self, physical_id: str, properties: dict[str, Any]) -> tuple[str, str]:
        """Return the rule set that the activation holds, and the one before it."""
        kind, _, rest = physical_id.partition("/")
        if kind == "active-receipt-rule-set":
            held, _, previous = rest.partition("/")
            return held, previous
        # `failed/...` has done nothing; another id is CloudFormation's own, for a create that never answered.
        return ("", "") if kind == "failed" else (properties.get("RuleSetName", ""), "")

    def _active(self) -> str:
        answer = self._patience.call(self._ses.describe_active_receipt_rule_set)
        return answer.get("Metadata", {}).get("Name", "")

    def _activate(self, name: str) -> None:
        """Activate a rule set; none at all without a name."""
        arguments: dict[str, Any] = {"RuleSetName": name} if name else {}
        self._patience.call(self._ses.set_active_receipt_rule_set, **arguments)


def _true(properties: dict[str, Any], key: str) -> bool:
    """CloudFormation hands every value over as a string."""
    return str(properties.get(key, "false")).lower() == "true"


def _refusal(wanted: str, active: str) -> str:
    return (
        f"receipt rule set '{active}' is active in this Region and '{wanted}' would stop its mail; "
        "set take_over to true to replace it (it is given back on delete), or deactivate it first"
    )
