"""What a local AWS answers, as values: mails with their route, feedback, accounts, faults.

What becomes of mails, and what is told of them, its own journal keeps as the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

Data = dict[str, Any]
Raw = Callable[[str], bytes]
HopResult = Literal["delivered", "outbox", "bounced", "complained", "suppressed", "delayed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What became of a mail for one recipient.

    Attributes:
        recipient: the address.
        result: `outbox` when there is no way to deliver it here: it stays in the local outbox.
        how: for people: `mailbox simulator`, `550 5.1.1 ...`.
    """

    recipient: str
    result: HopResult
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of one receipt rule on a mail's route.

    Attributes:
        rule: the rule's name.
        action: S3, Lambda, SNS, AddHeader, Bounce, Stop, Workmail or Connect.
        result: `done`, `failed`, `bounced` or `skipped`.
        reason: why it is not `done`, or what it did: where the mail is stored, say.
    """

    rule: str
    action: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that left or came in.

    Attributes:
        message_id: SES's id.
        region: the AWS Region.
        recipients: RCPT TO.
        subject: decoded.
        size: bytes.
        at: when, in UTC.
        raw: returns the whole mail.
    """

    message_id: str
    region: str
    recipients: tuple[str, ...]
    subject: str
    size: int
    at: datetime
    raw: Callable[[], bytes] = field(repr=False, compare=False)

    def message(self) -> EmailMessage:
        """Return the mail as Python has it."""
        return message_from_bytes(self.raw(), policy=policy.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail(Mail):
    """A mail that left.

    Attributes:
        identity: the verified identity it is sent from; empty when SES itself sends it.
        source: the From address as the application gave it.
        envelope_sender: MAIL FROM.
        return_path: where feedback is forwarded to by email.
        configuration_set: its name; empty for none.
        tags: message tags.
        via: `API v1`, `API v2`, `SMTP` or `SES`.
        hops: what became of it, for each recipient.
    """

    identity: str
    source: str
    envelope_sender: str
    return_path: str
    configuration_set: str
    tags: Mapping[str, tuple[str, ...]]
    via: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail(Mail):
    """A mail that a door took, with its route.

    Attributes:
        sender: MAIL FROM.
        source: the From header.
        tls: whether the session was encrypted.
        rule_set: name of the active rule set.
        steps: the actions, in the order they ran.
    """

    sender: str
    source: str
    tls: bool
    rule_set: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One piece of feedback on its way to whoever wants to know.

    Attributes:
        region: the AWS Region that sent the mail.
        message_id: of the mail.
        kind: `Bounce`, `Complaint`, `Delivery`, `Send`, ...
        recipients: whom it is about.
        channel: `topic`, `event destination` or `email`.
        target: ARN, `CONFIGURATION_SET/DESTINATION` or address.
        body: what was published.
        at: when, in UTC.
        dropped: why nobody was told, empty when somebody was.
    """

    region: str
    message_id: str
    kind: str
    recipients: tuple[str, ...]
    channel: Literal["topic", "event destination", "email"]
    target: str
    body: Mapping[str, Any]
    at: datetime
    dropped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """An address on the account's suppression list of a Region; reason: `BOUNCE` or `COMPLAINT`."""

    region: str
    address: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account in one Region.

    Attributes:
        sandbox: whether it has no production access.
        sending: whether sending is on.
        daily: mails in 24 hours; -1 for any number.
        rate: mails in a second.
        used: mails in the last 24 hours.
        review: `PENDING`, `GRANTED`, `DENIED`, or empty when nobody has asked for production access.
        suppresses: reasons for which addresses get onto the suppression list.
    """

    sandbox: bool
    sending: bool
    daily: float
    rate: float
    used: float
    review: str
    suppresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is broken on purpose.

    Attributes:
        down: Regions.
        slow: Region to seconds.
        throttled: Regions.
        dns_fails: whether DNS answers SERVFAIL.
        broken: kind, Region and name of resources.
    """

    down: tuple[str, ...]
    slow: Mapping[str, float]
    throttled: tuple[str, ...]
    dns_fails: bool
    broken: tuple[tuple[str, str, str], ...]


def sent(entry: Data, raw: Raw) -> SentMail:
    """Read a mail that left; `raw` fetches all of it by its id."""
    values: Data = {
        **_mail(entry, raw),
        "tags": {name: tuple(values) for name, values in entry["tags"].items()},
        "hops": tuple(Hop(**hop) for hop in entry["hops"]),
    }
    return SentMail(**values)


def received(entry: Data, raw: Raw) -> ReceivedMail:
    """Read a mail that came in; `raw` fetches all of it by its id."""
    values: Data = {**_mail(entry, raw), "steps": tuple(Step(**step) for step in entry["steps"])}
    del values["message_id_header"]
    return ReceivedMail(**values)


def _mail(entry: Data, raw: Raw) -> Data:
    message_id = entry["message_id"]
    return {
        **entry,
        "recipients": tuple(entry["recipients"]),
        "at": time(entry["at"]),
        "raw": lambda: raw(message_id),
    }


def time(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text)


def account(entry: Data) -> Account:
    """Read an account."""
    values: Data = {**entry, "suppresses": tuple(entry["suppresses"])}
    return Account(**values)


def feedback(entry: Data) -> Feedback:
    """Read a piece of feedback."""
    values: Data = {**entry, "recipients": tuple(entry["recipients"]), "at": time(entry["at"])}
    return Feedback(**values)


def suppressed(entry: Data) -> Suppressed:
    """Read an entry of a suppression list."""
    values: Data = {**entry, "at": time(entry["at"])}
    return Suppressed(**values)


def faults(entry: Data) -> Faults:
    """Read what is broken on purpose."""
    broken = tuple((one["kind"], one["region"], one["name"]) for one in entry["broken"])
    return Faults(
        down=tuple(entry["down"]),
        slow=entry["slow"],
        throttled=tuple(entry["throttled"]),
        dns_fails=entry["dns_fails"],
        broken=broken,
    )
