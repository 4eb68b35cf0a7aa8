"""What the deployment does with the mail of each receipt rule: `steps.json`, which the construct puts beside this code.

Each rule stores its mail below a prefix of its own, and that says whose steps a mail takes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "steps.json"


@dataclass(frozen=True, kw_only=True)
class Publish:
    """Tell of the mail.

    Args:
        to: `topic`, the SNS topic of the environment, or `event_bridge`.
        bus: the event bus; its name or ARN.
    """

    to: str = "topic"
    bus: str = "default"


@dataclass(frozen=True, kw_only=True)
class Drop:
    """End here when SES found something.

    Args:
        verdicts: `spam`, `virus`, `spf`, `dkim`, `dmarc` (each: FAIL), `dmarc_reject` (DMARC failed and the sender's
            domain asks to reject such mail).
        unsure: whether a verdict that SES could not reach (GRAY, PROCESSING_FAILED) counts as well.
    """

    verdicts: tuple[str, ...] = ("spam", "virus")
    unsure: bool = False


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Send the mail on.

    Args:
        sender: the new From, an address of a verified identity.
        to: destinations by recipient: `support@example.com`, `@example.com` (its other addresses), `*` (all others).
        subject_prefix: is put before the subject; may be empty.
        configuration_set: of the mails that are sent; None for the identity's default.
        automatic: whether mailing lists and generated mail are forwarded as well.
        unsure: whether mail whose spam or virus verdict SES could not reach is forwarded as well.
    """

    sender: str
    to: Mapping[str, tuple[str, ...]]
    subject_prefix: str = ""
    configuration_set: str | None = None
    automatic: bool = False
    unsure: bool = False

    def destinations(self, recipient: str) -> tuple[str, ...]:
        """Return where the mail of one recipient goes; `info+x@` is `info@` unless it is there itself."""
        address = recipient.lower()
        local, _, domain = address.rpartition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        return next((self.to[key] for key in (address, plain, f"@{domain}", "*") if key in self.to), ())


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """Invoke a function with the event.

    Args:
        function: its number among the functions of the environment.
    """

    function: int


Step = Publish | Drop | Forward | Invoke


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of all rules.

    Args:
        rules: in written order, by the rule's name.
    """

    rules: Mapping[str, tuple[Step, ...]] = field(default_factory=dict[str, tuple[Step, ...]])

    @property
    def senders(self) -> frozenset[str]:
        """All addresses that this deployment forwards from, lower case: by them it knows its own mail again."""
        forwards = (step for steps in self.rules.values() for step in steps if isinstance(step, Forward))
        return frozenset(step.sender.lower() for step in forwards)

    def of(self, rule: str) -> tuple[Step, ...]:
        """Return the steps of a rule.

        Raises:
            ValueError: there is no such rule; the mail waits then in the dead-letter queue.
        """
        if rule not in self.rules:
            raise ValueError(f"no receipt rule {rule!r} in {FILE}: was it removed while mail was waiting?")
        return self.rules[rule]


def load(path: Path | None = None) -> Steps:
    """Read the file; `path` is where, if not beside this code."""
    data: Mapping[str, Any] = json.loads((path or Path(__file__).with_name(FILE)).read_text(encoding="utf-8"))
    return parse(data)


def parse(data: Mapping[str, Any]) -> Steps:
    """Return the steps that `data`, the content of the file, has."""
    return Steps(rules={name: tuple(_step(entry) for entry in entries) for name, entries in data.items()})


def _step(entry: Mapping[str, Any]) -> Step:
    [(kind, options)] = entry.items()
    match kind:
        case "publish":
            return Publish(**options)
        case "drop":
            return Drop(**options | {"verdicts": tuple(options["verdicts"])})
        case "forward":
            to = {key.lower(): tuple(value) for key, value in options["to"].items()}
            return Forward(**options | {"to": to})
        case "invoke":
            return Invoke(**options)
        case _:
            raise ValueError(f"{FILE} has a step {kind!r} that this code does not know")
