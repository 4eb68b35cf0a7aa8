"""An identity that may be there already, which CloudFormation refuses: taken over, and left as it was found.

Rests on the SES API v2 reference: `GetEmailIdentity`, `CreateEmailIdentity` and `PutEmailIdentity...Attributes`.
"""

from __future__ import annotations

import hashlib
from typing import Any

import boto3
from botocore.exceptions import ClientError
from memory import Memory, as_tags, as_text, from_tags, from_text
from patience import Patience, is_error
from stack_resources import physical_ids

_HOLDER, _MADE = "held-by", "made"
_BEFORE, _MAIL_FROM_BEFORE = "before", "mail-from-before"
_EASY = "AWS_SES"

State = dict[str, str]
"""Settings of an identity by short names: `mail_from`, `on_mx_failure`, `set`, `signing`."""

_NEW: State = {"mail_from": "", "on_mx_failure": "USE_DEFAULT_VALUE", "set": "", "signing": "true"}


class AdoptedIdentity:
    """Properties: `Identity` and `IdentityArn`; `Owner`, the stack's id and what no other resource in it has; optional
    `MailFromDomain` and `BehaviorOnMxFailure`, `ConfigurationSetName`. What is left out stays as it was found. Keys are
    never changed.

    Tags of the identity say who holds it, whether it was made here, and what it was like before. Without them nothing
    is put back and nothing deleted.
    """

    TYPE = "Custom::SesAdoptedIdentity"
    SERVICE = "sesv2"

    def __init__(self, sesv2: Any, patience: Patience) -> None:
        self._sesv2 = sesv2
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: a Region has an identity once."""
        return f"adopted-identity/{properties['Identity']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Take the identity over, or create it where there is none; one that somebody else holds is refused."""
        found = self._get(properties) or self._make(properties)
        held = _held(found)
        if not held:
            self._require_no_twin(properties)
            self._require_no_other_stack(properties, found)
            _require_adoptable(properties["Identity"], found)
            before = _state(found)
            mail_from = before.pop("mail_from")
            held = {
                _HOLDER: _holder(properties),
                _BEFORE: as_text(before),
                _MAIL_FROM_BEFORE: mail_from,
            }
            # First of all: a second attempt must not take for found what the first one set.
            self._memory(properties).write(held)
        if held[_HOLDER] != _holder(properties):
            raise ValueError(
                f"{properties['Identity']} is held by stack {held[_HOLDER].split()[0]} already; remove it there first"
            )
        self._set(properties, found, _wanted(properties))
        return self._answer(properties)

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Change the settings; one that is no longer wanted is as before again. Another identity is taken over."""
        found = self._get(new) if old.get("Identity") == new["Identity"] else None
        if found is None:
            return self.create(new)
        dropped = {name: value for name, value in _wanted(old).items() if name not in _wanted(new)}
        self._set(new, found, {**_given_back(found, dropped), **_wanted(new)})
        return self._answer(new)

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Leave the identity as it was found, as far as nobody changed it since; delete it if it was made here."""
        found = self._get(properties)
        held = _held(found) if found is not None else {}
        if found is None or held.get(_HOLDER) != _holder(properties):
            return
        if _MADE in held:
            self._patience.call(self._sesv2.delete_email_identity, EmailIdentity=properties["Identity"])
            return
        self._set(properties, found, _given_back(found, _wanted(properties)))
        self._memory(properties).forget(_HOLDER, _BEFORE, _MAIL_FROM_BEFORE)

    def _make(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Create the identity and return it; if somebody was quicker, theirs."""
        try:
            self._patience.call(
                self._sesv2.create_email_identity,
                EmailIdentity=properties["Identity"],
                Tags=as_tags({_HOLDER: _holder(properties), _MADE: "true"}),
            )
        except ClientError as error:
            if not is_error(error, "AlreadyExistsException"):
                raise
        return self._patience.call(self._sesv2.get_email_identity, EmailIdentity=properties["Identity"])

    def _require_no_twin(self, properties: dict[str, Any]) -> None:
        """Refuse an identity that the stack has as `AWS::SES::EmailIdentity`: it would be deleted after the change."""
        if self._has(properties["Owner"].rpartition("/")[0], properties["Identity"]):
            raise ValueError(
                f"{properties['Identity']} was made by this very stack, and would be gone after the change; "
                "take adopt out again"
            )

    def _require_no_other_stack(self, properties: dict[str, Any], found: dict[str, Any]) -> None:
        """Refuse an identity that is another stack's; CloudFormation's tags stay on one that a stack retained."""
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
        stack = tags.get("aws:cloudformation:stack-id")
        if stack and self._has(stack, properties["Identity"]):
            raise ValueError(
                f"{properties['Identity']} belongs to stack {stack.split('/')[1]}; take it out there first, and let it "
                "be retained"
            )

    def _has(self, stack: str, identity: str) -> bool:
        """Tell whether the stack has the identity as a resource of its own."""
        cloudformation: Any = boto3.client("cloudformation", config=self._sesv2.meta.config)  # pyright: ignore[reportUnknownMemberType]
        try:
            return identity in physical_ids(
                cloudformation, self._patience, stack=stack, resource_type="AWS::SES::EmailIdentity"
            )
        except ClientError as error:
            if is_error(error, "ValidationError"):  # there is no such stack any more
                return False
            raise

    def _get(self, properties: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self._patience.call(self._sesv2.get_email_identity, EmailIdentity=properties["Identity"])
        except ClientError as error:
            if is_error(error, "NotFoundException"):
                return None
            raise

    def _memory(self, properties: dict[str, Any]) -> Memory:
        return Memory(self._sesv2, self._patience, arn=properties["IdentityArn"])

    def _set(self, properties: dict[str, Any], found: dict[str, Any], wanted: State) -> None:
        """Set what is not as it is wanted."""
        identity, is_now = properties["Identity"], _state(found)
        target = {**is_now, **wanted}
        if any(target[name] != is_now[name] for name in ("mail_from", "on_mx_failure")):
            self._patience.call(
                self._sesv2.put_email_identity_mail_from_attributes,
                EmailIdentity=identity,
                BehaviorOnMxFailure=target["on_mx_failure"],
                **_unless_empty(MailFromDomain=target["mail_from"]),
            )
        if target["set"] != is_now["set"]:
            self._use_set(properties, target["set"])
        if wanted.get("signing") == "true" and not found["DkimAttributes"].get("Tokens"):
            # Verified without DKIM, as was possible once: it has no keys yet.
            self._patience.call(
                self._sesv2.put_email_identity_dkim_signing_attributes,
                EmailIdentity=identity,
                SigningAttributesOrigin=_EASY,
            )
        if target["signing"] != is_now["signing"]:
            self._patience.call(
                self._sesv2.put_email_identity_dkim_attributes,
                EmailIdentity=identity,
                SigningEnabled=target["signing"] == "true",
            )

    def _use_set(self, properties: dict[str, Any], name: str) -> None:
        """Make the configuration set the default one; none when it was that before and is gone by now."""
        try:
            self._patience.call(
                self._sesv2.put_email_identity_configuration_set_attributes,
                EmailIdentity=properties["Identity"],
                **_unless_empty(ConfigurationSetName=name),
            )
        except ClientError as error:
            if not is_error(error, "NotFoundException") or name in (
                "",
                properties.get("ConfigurationSetName"),
            ):
                raise
            self._use_set(properties, "")

    def _answer(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Return id and attributes: a domain's DKIM records, called as those of `AWS::SES::EmailIdentity`."""
        identity = properties["Identity"]
        if "@" in identity:
            return self.physical_id(properties), {}
        found = self._patience.call(self._sesv2.get_email_identity, EmailIdentity=identity)
        dkim = found["DkimAttributes"]
        zone = dkim.get("SigningHostedZone", "dkim.amazonses.com")
        data: dict[str, str] = {}
        for number, token in enumerate(dkim["Tokens"], start=1):
            data[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
            data[f"DkimDNSTokenValue{number}"] = f"{token}.{zone}"
        return self.physical_id(properties), data


def _unless_empty(**arguments: str) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value}


def _holder(properties: dict[str, Any]) -> str:
    """Return who holds the identity: the stack's name, for people, and what nobody else has."""
    owner = properties["Owner"]
    return f"{owner.split('/')[1]} {hashlib.sha256(owner.encode()).hexdigest()[:16]}"


def _held(found: dict[str, Any]) -> dict[str, str]:
    """Return what its tags tell of its holder; empty when nobody holds it."""
    told = from_tags(found.get("Tags", []))
    return told if _HOLDER in told else {}


def _state(found: dict[str, Any]) -> State:
    mail_from = found.get("MailFromAttributes", {})
    return {
        "mail_from": mail_from.get("MailFromDomain", ""),
        "on_mx_failure": mail_from.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
        "set": found.get("ConfigurationSetName", ""),
        "signing": "true" if found["DkimAttributes"].get("SigningEnabled") else "false",
    }


def _wanted(properties: dict[str, Any]) -> State:
    """Return the settings that the properties ask for."""
    wanted: State = {} if "@" in properties["Identity"] else {"signing": "true"}
    if properties.get("MailFromDomain"):
        wanted["mail_from"] = properties["MailFromDomain"]
        wanted["on_mx_failure"] = properties.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
    if properties.get("ConfigurationSetName"):
        wanted["set"] = properties["ConfigurationSetName"]
    return wanted


def _given_back(found: dict[str, Any], dropped: State) -> State:
    """Return what to set the dropped settings to: as before, unless somebody else changed them since."""
    held, is_now = _held(found), _state(found)
    if not held:
        return {}
    before = _NEW
    if _MADE not in held:
        before = {**from_text(held[_BEFORE]), "mail_from": held[_MAIL_FROM_BEFORE]}
    return {name: before[name] for name, value in dropped.items() if is_now[name] == value}


def _require_adoptable(identity: str, found: dict[str, Any]) -> None:
    """Refuse what could not be given back."""
    origin = found["DkimAttributes"].get("SigningAttributesOrigin", _EASY)
    if "@" not in identity and origin != _EASY:
        key = "a key of its own" if origin == "EXTERNAL" else f"the key of another Region ({origin})"
        raise ValueError(
            f"{identity} signs with {key}, which adopt could not give back; import the identity with `cdk import`, or "
            "delete it and deploy without adopt"
        )
