"""One mail on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Via = Literal["API v1", "API v2", "SMTP", "SES"]
"""How a mail came: `SES` is for mails that SES itself writes, such as forwarded feedback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail that SES has accepted, as it leaves.

    Attributes:
        message_id: SES's id, without the domain that its Message-ID header has.
        account: 12 digits.
        region: the AWS Region that sends it.
        identity: name of the verified identity it is sent from; empty when SES itself sends it.
        source: the From address as the application gave it, with or without a name.
        envelope_sender: MAIL FROM, to which bounces come back.
        return_path: where feedback is forwarded to by email: what the application asked for, else the source.
        recipients: RCPT TO, without names.
        raw: the whole mail with CRLF, signed, without Bcc.
        headers: names and values, in the order of the mail.
        configuration_set: its name; empty for none.
        tags: message tags, of SES's own (`ses:from-domain`, ...) and of the application.
        sent_at: when SES took it, in UTC.
        via: how it came.
        owner: account of the identity, when that is not the account that sends; empty when it is.
    """

    message_id: str
    account: str
    region: str
    identity: str
    source: str
    envelope_sender: str
    return_path: str
    recipients: tuple[str, ...]
    raw: bytes
    headers: tuple[tuple[str, str], ...]
    sent_at: datetime
    via: Via
    configuration_set: str = ""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    owner: str = ""

    @property
    def identity_account(self) -> str:
        """The account whose settings of the identity count."""
        return self.owner or self.account
