"""SES's feedback hosts: they take what comes back about sent mails, whichever Region sent them.

A bounce or complaint is told where the mail was sent; anything else, such as an out-of-office answer, is
forwarded by email. Rests on the SES developer guide, "Using a custom MAIL FROM domain"
(https://docs.aws.amazon.com/ses/latest/dg/mail-from.html) and "Receiving Amazon SES notifications through email"
(https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications-email.html).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from aiosmtpd.smtp import SMTP, Envelope, Session

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.feedback import events, feedback
from cdk_ses_regions.local.journal import JOURNAL, Hop
from cdk_ses_regions.local.outbound import delivery, sent_mails
from cdk_ses_regions.local.outbound.bounce_types import bounce_type
from cdk_ses_regions.local.outbound.outgoing import Outgoing
from cdk_ses_regions.local.smtp import returned
from cdk_ses_regions.local.smtp.certificate import server_context
from cdk_ses_regions.local.smtp.door import Doors, Run, begin
from cdk_ses_regions.local.smtp.returned import Complaint, Failure

_LATER = "451 4.3.0 Temporary service failure, try again later"
_log = logging.getLogger(__name__)


class _Conversation:
    """One mail server's session with a feedback host: the hooks aiosmtpd calls."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        return begin(envelope, address, options)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take mail to the envelope sender of a mail that SES sent, and to nobody else."""
        if sent_mails.returned_to(address) is None:
            return "550 5.1.1 Requested action not taken: mailbox unavailable"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Tell what the mail reports."""
        content = envelope.content
        if not isinstance(content, bytes):
            return _LATER
        try:
            for address in envelope.rcpt_tos:
                if (mail := sent_mails.returned_to(address)) is not None:
                    await self._run(take, mail, content, sender=str(envelope.mail_from).strip("<>"))
        except Exception:
            _log.exception("feedback to %s could not be worked on", envelope.rcpt_tos)
            return _LATER
        return "250 2.6.0 Message received"


class FeedbackDoors(Doors):
    """The feedback hosts of the local AWS's Regions.

    Args:
        regions: names of the AWS Regions.
        host: IP address to listen on.

    Raises:
        UnsupportedRegionError: when SES is not in one of the Regions.
    """

    def __init__(self, *, regions: Iterable[str], host: str = "127.0.0.1") -> None:
        names = {region.name: region.feedback for region in map(ses.region, dict.fromkeys(regions))}
        super().__init__(
            kind="feedback",
            names=names,
            converse=lambda _, run: _Conversation(run),
            tls=lambda: server_context(names=[*names.values(), "localhost"], address=host),
            host=host,
        )


def take(mail: Outgoing, raw: bytes, *, sender: str) -> None:
    """Work on what came back about a mail.

    Args:
        mail: the mail that was sent.
        raw: what came back.
        sender: who sent it back; empty for nobody, as bounces have it.
    """
    report = returned.read(raw)
    if isinstance(report, Complaint):
        _complain(mail, report)
    elif report is not None:
        _bounce(mail, report)
    elif mail.return_path:
        delivery.send_as_ses_later(
            region=mail.region, account=mail.account, sender=sender, recipient=mail.return_path, raw=raw
        )


def _complain(mail: Outgoing, complaint: Complaint) -> None:
    recipients = _own(mail, complaint.recipients) or mail.recipients
    for recipient in recipients:
        JOURNAL.note(
            mail.message_id, Hop(recipient=recipient, result="complained", how=complaint.feedback_type)
        )
    feedback.tell(events.complained(mail, recipients, feedback_type=complaint.feedback_type))


def _bounce(mail: Outgoing, failures: tuple[Failure, ...]) -> None:
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for failure in failures:
        key = (failure.action, failure.status, failure.diagnostic, failure.reporter)
        alike.setdefault(key, []).append(failure.recipient)
    for (action, status, diagnostic, reporter), named in alike.items():
        known = _own(mail, tuple(named))
        recipients = known or mail.recipients
        if action == "delayed":
            feedback.tell(
                events.delayed(mail, recipients, delay_type="General", diagnostic=diagnostic, status=status)
            )
        elif action == "failed":
            kind, sub_type = bounce_type(status)
            if kind == "Permanent" and not any(named):
                sub_type = "NoEmail"
            for recipient in recipients:
                JOURNAL.note(
                    mail.message_id, Hop(recipient=recipient, result="bounced", how=diagnostic or status)
                )
            feedback.tell(
                events.bounced(
                    mail,
                    recipients,
                    bounce_type=kind,
                    sub_type=sub_type,
                    status=status,
                    diagnostic=diagnostic,
                    remote_host=reporter,
                )
            )


def _own(mail: Outgoing, named: tuple[str, ...]) -> tuple[str, ...]:
    """Return those recipients of a mail that a report names, as the mail wrote them."""
    wanted = {address.lower() for address in named}
    return tuple(recipient for recipient in mail.recipients if recipient.lower() in wanted)
