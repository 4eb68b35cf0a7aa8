"""Which receipt rules a mail meets: a pure reading of one rule set.

Rules are the dictionaries SES's API returns. Rests on the SES developer guide, "Creating receipt rules"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-receipt-rules-console-walkthrough.html), and the
API reference, ReceiptRule (https://docs.aws.amazon.com/ses/latest/APIReference/API_ReceiptRule.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

Rule = Mapping[str, Any]
"""A ReceiptRule as `DescribeActiveReceiptRuleSet` returns it."""


class Answer(Enum):
    """What a door says to one RCPT TO."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    """No enabled rule takes the recipient, or its domain is not verified."""
    TLS_REQUIRED = "tls required"
    """A rule that takes the recipient has the TLS policy `Require` and the session has no TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One rule a mail meets.

    Args:
        rule: the rule.
        recipients: those of the envelope that the rule takes, in the envelope's order.
    """

    rule: Rule
    recipients: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.rule["Name"])

    @property
    def scans(self) -> bool:
        """Whether SES scans for spam and viruses on behalf of the rule."""
        return bool(self.rule.get("ScanEnabled", False))

    @property
    def actions(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The rule's actions in order, as (`S3Action`, its properties)."""
        return tuple(
            (kind, properties)
            for action in self.rule.get("Actions", ())
            for kind, properties in action.items()
        )


def selects(condition: str, recipient: str) -> bool:
    """Tell whether one recipient condition of a rule takes an address of the envelope.

    Args:
        condition: `user@example.com` (with or without a +label), `example.com` (not its subdomains),
            `.example.com` (all subdomains, not the parent).
        recipient: the address in RCPT TO; letter case does not matter.
    """
    wanted, address = condition.lower(), recipient.lower()
    local, _, domain = address.rpartition("@")
    if "@" in wanted:
        return wanted in (address, f"{local.partition('+')[0]}@{domain}")
    if wanted.startswith("."):
        return domain.endswith(wanted) and domain != wanted
    return domain == wanted


def applies(rule: Rule, recipient: str) -> bool:
    """Tell whether an enabled rule takes a recipient; without conditions it takes every verified domain's."""
    if not rule.get("Enabled", False):
        return False
    conditions: Sequence[str] = rule.get("Recipients") or ()
    return not conditions or any(selects(condition, recipient) for condition in conditions)


def matches(rules: Iterable[Rule], recipients: Sequence[str]) -> tuple[Match, ...]:
    """Return the rules that take at least one of the recipients, in the rule set's order."""
    found: list[Match] = []
    for rule in rules:
        taken = tuple(recipient for recipient in recipients if applies(rule, recipient))
        if taken:
            found.append(Match(rule=rule, recipients=taken))
    return tuple(found)


def answer(rules: Iterable[Rule], recipient: str, *, verified: bool, tls: bool) -> Answer:
    """Tell what to say to RCPT TO.

    Args:
        rules: of the active rule set; none when no rule set is active.
        recipient: the address in RCPT TO.
        verified: whether its domain is, or is below, an identity verified in the Region.
        tls: whether the session is encrypted.
    """
    taking = [rule for rule in rules if applies(rule, recipient)]
    if not verified or not taking:
        return Answer.UNKNOWN
    if not tls and any(rule.get("TlsPolicy") == "Require" for rule in taking):
        return Answer.TLS_REQUIRED
    return Answer.ACCEPTED


def identities(recipient: str) -> tuple[str, ...]:
    """Return the domains of which one must be verified for the recipient: its own, then each one above it."""
    labels = recipient.lower().rpartition("@")[2].split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - 1))
