"""SES's resource types in CloudFormation, by way of the API calls that AWS makes for them.

Gaps: ministack has no AWS::SES::ReceiptRuleSet, ReceiptRule or ReceiptFilter; its AWS::SES::EmailIdentity
takes over an identity that is there already, verifies it at once, and has no DKIM attributes.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from ministack.core.responses import get_region
from ministack.services import ses, ses_v2
from ministack.services.cloudformation import provisioners, stacks

from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.identities import address_verification, dkim, identities, verification
from cdk_ses_regions.local.receiving import receipt_rules

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]


def install() -> None:
    """Register the types with ministack's CloudFormation."""
    handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
    handlers |= {
        "AWS::SES::ReceiptRuleSet": {
            "create": _create_set,
            "update": _update_set,
            "update_with_logical_id": True,
            "delete": _delete_set,
        },
        "AWS::SES::ReceiptRule": {
            "create": _create_rule,
            "update": _update_rule,
            "update_with_logical_id": True,
            "delete": _delete_rule,
        },
        "AWS::SES::ReceiptFilter": {
            "create": _create_filter,
            "update": _update_filter,
            "update_with_logical_id": True,
            "delete": _delete_filter,
        },
    }
    identity = handlers["AWS::SES::EmailIdentity"]
    create, update = _create_identity(identity["create"]), _update_identity(identity["update"])
    # Another name means another identity, which ministack makes by its own create.
    provisioners._ses_email_identity_create = create
    provisioners._ses_email_identity_delete = _delete_identity
    identity["create"], identity["update"] = create, update
    identity["delete"] = _delete_identity
    # These ask the API of this very server, which the event loop has to answer meanwhile.
    blocks = stacks._runs_on_worker_thread
    ours = ("AWS::SES::Receipt", "AWS::SES::EmailIdentity")
    stacks._runs_on_worker_thread = lambda kind: kind.startswith(ours) or blocks(kind)


def _ses() -> Any:
    return as_root()("ses", get_region())


def _do(action: Callable[[dict[str, str]], Any], **params: str) -> None:
    """Do what asks no other service, without a request: the event loop itself may be what deletes."""
    status, _, body = action(params)
    if status != 200:
        raise ValueError(unescape("".join(re.findall(r"<Message>(.*?)</Message>", body.decode(), re.DOTALL))))


def _create_set(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    name = properties.get("RuleSetName") or f"{stack_name}-{logical_id}"[:64]
    _ses().create_receipt_rule_set(RuleSetName=name)
    return name, {}


def _update_set(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Provisioned:
    return _replaced(
        (old.get("RuleSetName"), new.get("RuleSetName")),
        (physical_id, old, new, stack_name, logical_id),
        (_create_set, _delete_set),
    ) or (physical_id, {})


def _delete_set(physical_id: str, properties: Properties) -> None:
    _do(ses._delete_receipt_rule_set, RuleSetName=physical_id)


def _create_rule(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    rule = _rule(properties, f"{stack_name}-{logical_id}"[:64])
    after = {"After": properties["After"]} if properties.get("After") else {}
    _ses().create_receipt_rule(RuleSetName=properties["RuleSetName"], Rule=rule, **after)
    return rule["Name"], {}


def _update_rule(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Provisioned:
    places = [(each["RuleSetName"], each["Rule"].get("Name")) for each in (old, new)]
    replaced = _replaced(
        (places[0], places[1]),
        (physical_id, old, new, stack_name, logical_id),
        (_create_rule, _delete_rule),
    )
    if replaced is not None:
        return replaced
    _ses().update_receipt_rule(RuleSetName=new["RuleSetName"], Rule=_rule(new, physical_id))
    if old.get("After") != new.get("After"):
        after = {"After": new["After"]} if new.get("After") else {}
        _ses().set_receipt_rule_position(RuleSetName=new["RuleSetName"], RuleName=physical_id, **after)
    return physical_id, {}


def _delete_rule(physical_id: str, properties: Properties) -> None:
    if properties["RuleSetName"] in ses._receipt_rule_sets:
        _do(ses._delete_receipt_rule, RuleSetName=properties["RuleSetName"], RuleName=physical_id)


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


def _update_filter(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Provisioned:
    names = (old["Filter"].get("Name"), new["Filter"].get("Name"))
    if names[0] == names[1]:
        # SES cannot change a filter, so one of the same name has to go first.
        _delete_filter(physical_id, old)
        return _create_filter(logical_id, {"Filter": {**new["Filter"], "Name": physical_id}}, stack_name)
    replaced = _replaced(
        names, (physical_id, old, new, stack_name, logical_id), (_create_filter, _delete_filter)
    )
    return replaced or (physical_id, {})


def _delete_filter(physical_id: str, properties: Properties) -> None:
    _do(receipt_rules.ACTIONS["DeleteReceiptFilter"], FilterName=physical_id)


def _replaced(
    names: tuple[object, object],
    update: tuple[str, Properties, Properties, str, str],
    create_and_delete: tuple[Callable[..., Provisioned], Callable[[str, Properties], None]],
) -> Provisioned | None:
    """Replace a resource whose name changed, in CloudFormation's order: the new one first."""
    physical_id, old, new, stack_name, logical_id = update
    create, delete = create_and_delete
    return (
        provisioners._rename_replacement(
            physical_id, old, new, stack_name, logical_id, names[1], names[0], create, delete
        )
        if names[0] != names[1]
        else None
    )


def _delete_identity(physical_id: str, properties: Properties) -> None:
    verification.forget(physical_id)


def _create_identity(create: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    """Wrap a create, so that it refuses an identity which is there already, and starts its verification."""

    def provide(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name = properties.get("EmailIdentity", "")
        identities.check(name)
        _check_mail_from(name, properties)
        verification.refresh()
        with verification.lock:
            if name in ses_v2._identities:
                raise ValueError(
                    f"Resource of type 'AWS::SES::EmailIdentity' with identifier '{name}' already exists."
                )
            create(logical_id, _signing(properties), stack_name)
            identities.begun(name)
            try:
                identities.sign(name, properties.get("DkimSigningAttributes") or {})
            except ValueError:
                verification.forget(name)
                raise
        if "@" in name:
            address_verification.ask(name)
        return name, _attributes(name)

    return provide


def _update_identity(update: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    """Wrap an update, so that it changes how an identity signs."""

    def provide(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str = ""
    ) -> Provisioned:
        name = new.get("EmailIdentity", "")
        if name != physical_id:
            # A replacement: its mail may be on its way, for which no lock must be held.
            update(physical_id, old, new, stack_name, logical_id)
            return name, _attributes(name)
        _check_mail_from(name, new)
        with verification.lock:
            update(physical_id, _signing(old), _signing(new), stack_name, logical_id)
            before, signing = (each.get("DkimSigningAttributes") or {} for each in (old, new))
            if signing != before:
                _sign_otherwise(name, signing)
            verification.refresh()
            ses_v2._ses_tags[ses_v2._resource_arn("identity", name)] = ses_v2._identities[name]["Tags"]
        return name, _attributes(name)

    return provide


def _check_mail_from(name: str, properties: Properties) -> None:
    settings = properties.get("MailFromAttributes") or {}
    verification.check_mail_from(name, settings.get("MailFromDomain") or "")


def _sign_otherwise(name: str, signing: Properties) -> None:
    if signing.get("DomainSigningPrivateKey"):
        identities.sign(name, signing)
        return
    length = signing.get("NextSigningKeyLength", "")
    identities.sign_easily(name, length if length != dkim.lengths(name)["NextSigningKeyLength"] else "")


def _signing(properties: Properties) -> Properties:
    """Return the properties of an identity that signs, unless they say that it does not."""
    return {
        **properties,
        "DkimAttributes": {"SigningEnabled": True, **(properties.get("DkimAttributes") or {})},
    }


def _attributes(name: str) -> dict[str, str]:
    """Return the attributes of an identity: its DKIM records."""
    attributes = {"EmailIdentity": name}
    for number, (record, target) in enumerate(verification.dkim_records(name), start=1):
        attributes[f"DkimDNSTokenName{number}"] = record
        attributes[f"DkimDNSTokenValue{number}"] = target
    return attributes
