"""SES's resource types in CloudFormation, by way of the API calls that AWS makes for them.

Gaps: ministack has no AWS::SES::ReceiptRuleSet, ReceiptRule or ReceiptFilter, and AWS::SES::EmailIdentity has no DKIM
attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners, stacks

from cdk_ses_regions.local import verification
from cdk_ses_regions.local.clients import as_root

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]


def install() -> None:
    """Register the types with ministack's CloudFormation."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers |= {
        "AWS::SES::ReceiptRuleSet": {"create": _create_set, "update": _update_set, "delete": _delete_set},
        "AWS::SES::ReceiptRule": {"create": _create_rule, "update": _update_rule, "delete": _delete_rule},
        "AWS::SES::ReceiptFilter": {
            "create": _create_filter,
            "update": _update_filter,
            "delete": _delete_filter,
        },
    }
    identity = handlers["AWS::SES::EmailIdentity"]
    identity["create"] = _with_dkim_records(identity["create"])
    identity["update"] = _with_dkim_records(identity["update"])
    # These ask the API of this very server, which the event loop has to answer meanwhile.
    blocks = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind.startswith("AWS::SES::Receipt") or blocks(kind)


def _ses() -> Any:
    return as_root()("ses", get_region())


def _create_set(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    name = properties.get("RuleSetName") or f"{stack_name}-{logical_id}"[:64]
    _ses().create_receipt_rule_set(RuleSetName=name)
    return name, {}


def _update_set(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    name = new.get("RuleSetName", physical_id)
    return (physical_id, {}) if name == physical_id else _create_set("", new, stack_name)


def _delete_set(physical_id: str, properties: Properties) -> None:
    _ses().delete_receipt_rule_set(RuleSetName=physical_id)


def _create_rule(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    rule = _rule(properties, f"{stack_name}-{logical_id}"[:64])
    after = {"After": properties["After"]} if properties.get("After") else {}
    _ses().create_receipt_rule(RuleSetName=properties["RuleSetName"], Rule=rule, **after)
    return rule["Name"], {}


def _update_rule(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    rule = _rule(new, physical_id)
    if rule["Name"] != physical_id or old["RuleSetName"] != new["RuleSetName"]:
        return _create_rule("", new, stack_name)
    _ses().update_receipt_rule(RuleSetName=new["RuleSetName"], Rule=rule)
    if old.get("After") != new.get("After"):
        after = {"After": new["After"]} if new.get("After") else {}
        _ses().set_receipt_rule_position(RuleSetName=new["RuleSetName"], RuleName=physical_id, **after)
    return physical_id, {}


def _delete_rule(physical_id: str, properties: Properties) -> None:
    client = _ses()
    try:
        client.delete_receipt_rule(RuleSetName=properties["RuleSetName"], RuleName=physical_id)
    except client.exceptions.RuleSetDoesNotExistException:
        return


def _rule(properties: Properties, name: str) -> Properties:
    """Return the rule as the API takes it: booleans are booleans, and it has a name."""
    rule = dict(properties["Rule"])
    for key in ("Enabled", "ScanEnabled"):
        if key in rule:
            rule[key] = str(rule[key]).lower() == "true"
    return {"Name": name, **rule}


def _create_filter(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    settings = {"Name": f"{stack_name}-{logical_id}"[:64], **properties["Filter"]}
    _ses().create_receipt_filter(Filter=settings)
    return settings["Name"], {}


def _update_filter(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    _delete_filter(physical_id, old)
    return _create_filter("", {"Filter": {"Name": physical_id, **new["Filter"]}}, stack_name)


def _delete_filter(physical_id: str, properties: Properties) -> None:
    _ses().delete_receipt_filter(FilterName=physical_id)


def _with_dkim_records(provision: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    """Wrap a create or update of an identity, so that it has its DKIM records as attributes."""

    def provide(*arguments: Any, **named: Any) -> Provisioned:
        identity, attributes = provision(*arguments, **named)
        for number, (name, target) in enumerate(verification.dkim_records(identity), start=1):
            attributes[f"DkimDNSTokenName{number}"] = name
            attributes[f"DkimDNSTokenValue{number}"] = target
        return identity, attributes

    return provide
