"""The local AWS's inbound SMTP endpoints: one door a Region, each acting as SES receiving does there.

A door refuses recipients that no rule of its Region's active receipt rule set takes. It runs the rules'
actions before it answers, so whoever sent a mail can look at once for what became of it.
Rests on the SES developer guide, "Email receiving concepts and use cases"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html) and "Service quotas" (https://docs.aws.amazon.com/ses/latest/dg/quotas.html).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from aiosmtpd.smtp import SMTP, Envelope, Session

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.journal import JOURNAL, Received
from cdk_ses_regions.local.receiving import received_mails
from cdk_ses_regions.local.receiving.bounces import SendBounce
from cdk_ses_regions.local.receiving.receipt import Answer
from cdk_ses_regions.local.receiving.received import Mail, new_message_id
from cdk_ses_regions.local.receiving.receiver import Directory, Receiver, Route, Transaction
from cdk_ses_regions.local.ses.targets import Connect
from cdk_ses_regions.local.smtp.certificate import server_context
from cdk_ses_regions.local.smtp.door import Doors, Run, begin

RECIPIENTS_MOST = 100

_ANSWERS = {
    Answer.ACCEPTED: "250 2.1.5 OK",
    Answer.UNKNOWN: "550 5.1.1 Requested action not taken: mailbox unavailable",
    Answer.TLS_REQUIRED: "530 5.7.0 Must issue a STARTTLS command first",
}
_BLOCKED = "550 5.7.1 Client host is blocked by a receipt filter"
_LATER = "451 4.3.0 Temporary service failure, try again later"

_log = logging.getLogger(__name__)


class _Conversation:
    """One client's session with a door: the hooks aiosmtpd calls."""

    def __init__(self, receiver: Receiver, run: Run) -> None:
        self._receiver = receiver
        self._run = run
        self._transaction: Transaction | None = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        self._transaction = None
        if await self._run(self._receiver.blocks, _peer(session)):
            return _BLOCKED
        return begin(envelope, address, options)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient or refuse it."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MOST:
            return "452 4.5.3 Too many recipients"
        try:
            if self._transaction is None:
                self._transaction = await self._run(self._receiver.begin)
            said: Answer = await self._run(
                self._receiver.answer, self._transaction, address, tls=session.ssl is not None
            )
        except Exception:
            _log.exception("%s: the rule set or an identity could not be read", self._receiver.region.name)
            return _LATER
        if said is Answer.ACCEPTED:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return _ANSWERS[said]

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail, run the rules, answer with the message id."""
        content = envelope.content
        transaction, self._transaction = self._transaction, None
        if transaction is None or not isinstance(content, bytes):
            return _LATER
        mail = Mail(
            message_id=new_message_id(),
            region=self._receiver.region.name,
            host=self._receiver.host,
            sender="" if envelope.mail_from in (None, "<>") else envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            raw=content,
            helo=session.host_name or "localhost",
            peer=_peer(session),
            tls=session.ssl is not None,
        )
        received_mails.remember(mail)
        try:
            route: Route = await self._run(self._receiver.receive, mail, transaction)
        except Exception:
            _log.exception("%s: mail %s could not be worked on", mail.region, mail.message_id)
            return _LATER
        JOURNAL.add_received(Received(route=route, raw=content))
        return f"250 OK {mail.message_id}"


class InboundDoors(Doors):
    """The inbound SMTP doors of a local AWS. Thread-safe.

    Args:
        regions: names of the AWS Regions; those where SES does not receive mail get no door.
        directory: what SES knows of rules and identities.
        connect: (service, Region) -> boto3 client with root keys, called often: it should keep its clients.
        send_bounce: delivers the bounces of Bounce actions.
        host: IP address to listen on.

    Raises:
        UnsupportedRegionError: when SES is not in one of the Regions.
    """

    def __init__(
        self,
        *,
        regions: Iterable[str],
        directory: Directory,
        connect: Connect,
        send_bounce: SendBounce,
        host: str = "127.0.0.1",
    ) -> None:
        receivers = {
            region.name: Receiver(
                region=region, directory=directory, connect=connect, send_bounce=send_bounce
            )
            for region in map(ses.region, dict.fromkeys(regions))
            if region.can_receive
        }
        names = {region: receiver.host for region, receiver in receivers.items()}
        super().__init__(
            kind="inbound",
            names=names,
            converse=lambda region, run: _Conversation(receivers[region], run),
            tls=lambda: server_context(names=[*names.values(), "localhost"], address=host),
            host=host,
        )


def _peer(session: Session) -> str:
    return str(session.peer[0]) if isinstance(session.peer, tuple) else "127.0.0.1"
