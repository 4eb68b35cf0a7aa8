"""Handing mails to the mail server of their recipients, over SMTP as any mail server does."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cdk_ses_regions.local import endpoints

HOST = "a0-0.smtp-out.amazonses.com"
"""The name by which SES greets."""

_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a mail server said of one recipient.

    Attributes:
        code: of the SMTP reply; 421 when there was nobody to reply.
        text: of the reply, without the code.
        host: who said it.
        connected: whether anybody was there.
    """

    code: int
    text: str
    host: str
    connected: bool = True

    @property
    def accepted(self) -> bool:
        """Whether the server took the mail for this recipient."""
        return 200 <= self.code < 300

    @property
    def final(self) -> bool:
        """Whether another server need not be asked, now or later."""
        return self.accepted or self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def hand_over(
    *, hosts: Iterable[str], sender: str, recipients: Sequence[str], raw: bytes
) -> dict[str, Reply]:
    """Offer a mail to one host after another until each recipient has a final reply; return the last ones.

    Args:
        hosts: those of the recipients' MX that are here, the most preferred first; at least one.
        sender: MAIL FROM; empty for none.
        recipients: of one domain.
        raw: the mail, with CRLF.
    """
    replies: dict[str, Reply] = {}
    for host in hosts:
        waiting = [one for one in recipients if one not in replies or not replies[one].final]
        if not waiting:
            break
        replies |= _offer(host, sender, waiting, raw)
    return replies


def _offer(host: str, sender: str, recipients: Sequence[str], raw: bytes) -> dict[str, Reply]:
    said: dict[str, Reply] = {}
    try:
        with smtplib.SMTP("127.0.0.1", endpoints.port_of(host) or 0, HOST, timeout=_SECONDS) as smtp:
            smtp.ehlo()
            if smtp.has_extn("starttls"):
                # Mail servers take each other's certificates as they are.
                smtp.starttls(context=ssl._create_unverified_context())  # pyright: ignore[reportPrivateUsage]
                smtp.ehlo()
            said = _converse(smtp, host, sender, recipients, raw)
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            return said
    except smtplib.SMTPConnectError as error:
        return _all(recipients, error.smtp_code, _bytes(error.smtp_error), host)
    except (smtplib.SMTPException, OSError) as error:
        silent = Reply(
            code=421, text=f"4.4.1 Unable to connect to {host}: {error}", host=host, connected=False
        )
        return {recipient: said.get(recipient, silent) for recipient in recipients}


def _converse(
    smtp: smtplib.SMTP, host: str, sender: str, recipients: Sequence[str], raw: bytes
) -> dict[str, Reply]:
    options = [f"SIZE={len(raw)}"] if smtp.has_extn("size") else []
    options += ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") and not raw.isascii() else []
    code, text = smtp.mail(sender, options)
    if code != 250:
        return _all(recipients, code, text, host)
    replies = {recipient: _reply(*smtp.rcpt(recipient), host) for recipient in recipients}
    taken = [recipient for recipient, reply in replies.items() if reply.accepted]
    if taken:
        try:
            code, text = smtp.data(raw)
        except smtplib.SMTPDataError as error:  # refused before the mail itself
            code, text = error.smtp_code, _bytes(error.smtp_error)
        replies |= _all(taken, code, text, host)
    return replies


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _all(recipients: Sequence[str], code: int, text: bytes, host: str) -> dict[str, Reply]:
    return {recipient: _reply(code, text, host) for recipient in recipients}


def _reply(code: int, text: bytes, host: str) -> Reply:
    return Reply(code=code, text=text.decode("utf-8", "replace").replace("\n", " "), host=host)
