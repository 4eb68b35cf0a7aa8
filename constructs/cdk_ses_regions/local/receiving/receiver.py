"""SES receiving in one Region: judges recipients by the active receipt rule set, works on accepted mails.

Rests on the SES developer guide, "Email receiving concepts and use cases"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html).
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.receiving import receipt
from cdk_ses_regions.local.receiving.actions import Actions, Step
from cdk_ses_regions.local.receiving.bounces import SendBounce
from cdk_ses_regions.local.receiving.receipt import Answer, Rule
from cdk_ses_regions.local.receiving.received import Mail
from cdk_ses_regions.local.ses.targets import Connect

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An accepted mail and what the rules did with it.

    Args:
        region: the AWS Region that received it.
        message_id: SES's id of it.
        sender: MAIL FROM.
        recipients: all of RCPT TO.
        size: bytes that came in.
        tls: whether the session was encrypted.
        received_at: when, in UTC.
        rule_set: name of the active rule set.
        steps: the actions, in the order they ran.
    """

    region: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    size: int
    tls: bool
    received_at: datetime
    rule_set: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Transaction:
    """The rule set as it was at the first recipient, by which the whole mail is judged.

    Args:
        rule_set: its name; empty when none is active.
        rules: in order.
        verified: what is known of identities so far.
    """

    rule_set: str
    rules: tuple[Rule, ...]
    verified: dict[str, bool] = field(default_factory=dict[str, bool])


class Directory(Protocol):
    """What SES knows of receiving in one Region."""

    def active_rules(self, region: str) -> tuple[str, tuple[Rule, ...]]:
        """Return name and rules of the active rule set; an empty name when none is active."""
        ...

    def filters(self, region: str) -> tuple[Mapping[str, Any], ...]:
        """Return the receipt filters as the API has them."""
        ...

    def verified(self, region: str, identities: tuple[str, ...]) -> bool:
        """Tell whether one of these identities is verified."""
        ...


class Receiver:
    """SES receiving in one Region, without the SMTP. Its methods block; several threads may call them.

    Args:
        region: the AWS Region.
        directory: what SES knows.
        connect: (service, Region) -> boto3 client.
        send_bounce: delivers the bounces.
    """

    def __init__(
        self, *, region: ses.SesRegion, directory: Directory, connect: Connect, send_bounce: SendBounce
    ) -> None:
        self.region = region
        self.host = region.inbound or region.name
        self._directory = directory
        self._connect = connect
        self._send_bounce = send_bounce
        self._account = ""

    def blocks(self, peer: str) -> bool:
        """Tell whether a receipt filter keeps a client out: one that blocks it, unless another allows it."""
        address = ipaddress.ip_address(peer)
        found = {
            one["IpFilter"]["Policy"]
            for one in self._directory.filters(self.region.name)
            if address in ipaddress.ip_network(one["IpFilter"]["Cidr"], strict=False)
        }
        return found == {"Block"}

    def begin(self) -> Transaction:
        """Read the active rule set."""
        rule_set, rules = self._directory.active_rules(self.region.name)
        return Transaction(rule_set=rule_set, rules=rules)

    def answer(self, transaction: Transaction, recipient: str, *, tls: bool) -> Answer:
        """Tell what to say to one RCPT TO."""
        first = receipt.answer(transaction.rules, recipient, verified=True, tls=tls)
        if first is Answer.UNKNOWN:  # no need to ask for the identity
            return first
        domain = recipient.rpartition("@")[2].lower()
        if domain not in transaction.verified:
            identities = receipt.identities(recipient)
            transaction.verified[domain] = self._directory.verified(self.region.name, identities)
        return first if transaction.verified[domain] else Answer.UNKNOWN

    def receive(self, mail: Mail, transaction: Transaction) -> Route:
        """Run the rules on an accepted mail and return its route. A failed action is part of the route."""
        matches = receipt.matches(transaction.rules, mail.recipients)
        steps = self._actions().run(mail, matches, rule_set=transaction.rule_set)
        for step in steps:
            if step.result == "failed":
                _log.warning("%s %s %s: %s", mail.region, step.rule, step.action, step.reason)
        return Route(
            region=mail.region,
            message_id=mail.message_id,
            sender=mail.sender,
            recipients=mail.recipients,
            size=len(mail.raw),
            tls=mail.tls,
            received_at=mail.received_at,
            rule_set=transaction.rule_set,
            steps=steps,
        )

    def _actions(self) -> Actions:
        if not self._account:
            identity = self._connect("sts", self.region.name).get_caller_identity()
            self._account = identity["Account"]
        return Actions(
            connect=self._connect,
            region=self.region.name,
            partition=self.region.partition,
            account=self._account,
            send_bounce=self._send_bounce,
        )
