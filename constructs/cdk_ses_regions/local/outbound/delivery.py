"""The one step in which every mail ends that SES accepts, whichever way it came.

Rests on the SES developer guide, "How email sending works in Amazon SES"
(https://docs.aws.amazon.com/ses/latest/dg/send-email-concepts-process.html).
"""

# pyright: standard
# ministack has no types.

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from ministack.core.responses import request_scope

from cdk_ses_regions.local import clock, endpoints
from cdk_ses_regions.local.account import suppression
from cdk_ses_regions.local.dns import lookup
from cdk_ses_regions.local.feedback import events, feedback
from cdk_ses_regions.local.journal import JOURNAL, Hop
from cdk_ses_regions.local.outbound import sent_mails, simulator
from cdk_ses_regions.local.outbound.bounce_types import bounce_type, status_of
from cdk_ses_regions.local.outbound.handover import Reply, hand_over
from cdk_ses_regions.local.outbound.headers import split
from cdk_ses_regions.local.outbound.message_ids import header_domain, new_message_id
from cdk_ses_regions.local.outbound.outgoing import Outgoing
from cdk_ses_regions.local.outbound.retries import HOURS, RETRIES, Waiting

_log = logging.getLogger(__name__)
_background = ThreadPoolExecutor(4, thread_name_prefix="delivery")

_resets = 0
"""How often everything was forgotten: what was under way before tells nothing after."""

PATIENCE = 2.0
"""Seconds that a request to send waits for the recipients' mail servers; what takes longer goes on without it."""


def deliver(mail: Outgoing) -> None:
    """Bring a mail to each of its recipients, and tell of it.

    Returns when it is done or put off; but a mail server that takes its time is waited for no longer than `PATIENCE`.
    """
    sent_mails.remember(mail)
    JOURNAL.add_sent(mail)
    feedback.tell(events.sent(mail))
    domains: dict[str, list[str]] = {}
    for recipient in mail.recipients:
        # What SES itself writes is about mails, and goes to whom they are of.
        reason = None if mail.via == "SES" else suppression.reason(recipient, mail.configuration_set)
        if simulator.is_simulator(recipient):
            _simulate(mail, recipient)
        elif reason is not None:
            _note(
                mail, Hop(recipient=recipient, result="suppressed", how=f"on the suppression list: {reason}")
            )
            feedback.tell(events.suppressed(mail, (recipient,), reason=reason))
        else:
            domains.setdefault(recipient.rpartition("@")[2].lower(), []).append(recipient)
    if domains:
        _wait_for(mail, lambda: [_bring(mail, name, tuple(to), None) for name, to in domains.items()])


def send_as_ses(*, region: str, account: str, sender: str, recipient: str, raw: bytes) -> str:
    """Send a mail that SES itself writes, such as forwarded feedback; return its message id.

    Nothing checks it, nothing is told of it, and nothing comes back: its envelope has no sender.

    Args:
        region: the AWS Region that sends it.
        account: 12 digits.
        sender: who writes it; empty to take it from the mail.
        recipient: address, without a name.
        raw: the whole mail.
    """
    mail = _as_ses(region=region, account=account, sender=sender, recipient=recipient, raw=raw)
    with request_scope(account, region):
        deliver(mail)
    return mail.message_id


def send_as_ses_later(*, region: str, account: str, sender: str, recipient: str, raw: bytes) -> str:
    """Do the same in the background: for who must not wait for the recipient's mail server."""
    mail = _as_ses(region=region, account=account, sender=sender, recipient=recipient, raw=raw)

    def send() -> None:
        try:
            with request_scope(account, region):
                deliver(mail)
        except Exception:
            _log.exception("%s: mail %s to %s is lost", region, mail.message_id, recipient)

    _background.submit(send)
    return mail.message_id


def _as_ses(*, region: str, account: str, sender: str, recipient: str, raw: bytes) -> Outgoing:
    message_id = new_message_id(region)
    fields, body = split(raw)
    if not fields.first("Message-ID"):
        fields = fields.and_before(("Message-ID", f"<{message_id}@{header_domain(region)}>"))
    return Outgoing(
        message_id=message_id,
        account=account,
        region=region,
        identity="",
        source=sender or fields.first("From"),
        envelope_sender="",
        return_path="",
        recipients=(recipient,),
        raw=fields.as_bytes() + b"\r\n" + body,
        headers=fields.pairs(),
        sent_at=clock.now(),
        via="SES",
    )


def _wait_for(mail: Outgoing, bring: Callable[[], object]) -> None:
    """Bring a mail, but wait no longer than `PATIENCE`: a function behind a door may wait for us in turn."""

    def run() -> None:
        try:
            bring()
        except Exception:
            _log.exception("%s: mail %s is lost", mail.region, mail.message_id)

    # The account, the Region and the caller of this thread are those of the new one.
    thread = threading.Thread(target=copy_context().run, args=(run,), name="delivery", daemon=True)
    thread.start()
    thread.join(PATIENCE)


def _note(mail: Outgoing, hop: Hop) -> None:
    JOURNAL.note(mail.message_id, hop)


def _simulate(mail: Outgoing, recipient: str) -> None:
    hop, told = simulator.fate(mail, recipient)
    _note(mail, hop)
    for event in told:
        feedback.tell(event)
    if answer := simulator.out_of_office(mail, recipient):
        send_as_ses(
            region=mail.region,
            account=mail.account,
            sender=recipient,
            recipient=mail.envelope_sender,
            raw=answer,
        )


def _bring(mail: Outgoing, domain: str, recipients: tuple[str, ...], before: Waiting | None) -> None:
    """Bring a mail to the recipients of one domain: to their mail server if it is here, else to the outbox."""
    try:
        hosts = [host for host in lookup.exchanges(domain) if endpoints.port_of(host) is not None]
    except lookup.DnsFailure:
        unknown = Reply(code=421, text=f"4.4.0 Unable to lookup DNS for {domain}", host="", connected=False)
        _put_off(mail, domain, dict.fromkeys(recipients, unknown), before)
        return
    if not hosts:
        for recipient in recipients:
            _note(mail, Hop(recipient=recipient, result="outbox", how="no mail server of the domain is here"))
        accepted = "250 2.0.0 OK"
        feedback.tell(events.delivered(mail, recipients, smtp_response=accepted, remote_host=domain))
        return
    resets = _resets
    replies = hand_over(hosts=hosts, sender=mail.envelope_sender, recipients=recipients, raw=mail.raw)
    if resets != _resets:
        return
    for reply in dict.fromkeys(replies.values()):
        if reply.final:
            _finish(mail, tuple(one for one in recipients if replies[one] == reply), reply)
    waiting = {recipient: reply for recipient, reply in replies.items() if not reply.final}
    if waiting:
        _put_off(mail, domain, waiting, before)


def _finish(mail: Outgoing, recipients: tuple[str, ...], reply: Reply) -> None:
    """Tell that recipients have the mail, or never will."""
    result = "delivered" if reply.accepted else "bounced"
    for recipient in recipients:
        _note(mail, Hop(recipient=recipient, result=result, how=f"{reply.host}: {reply}"))
    if reply.accepted:
        feedback.tell(events.delivered(mail, recipients, smtp_response=str(reply), remote_host=reply.host))
        return
    status = status_of(reply.code, reply.text)
    kind, sub_type = bounce_type(status)
    feedback.tell(
        events.bounced(
            mail,
            recipients,
            bounce_type=kind,
            sub_type=sub_type,
            status=status,
            diagnostic=f"smtp; {reply}",
            remote_host=reply.host,
        )
    )


def _put_off(mail: Outgoing, domain: str, replies: Mapping[str, Reply], before: Waiting | None) -> None:
    recipients, reply = tuple(replies), next(iter(replies.values()))
    waiting = RETRIES.put(_again, mail, domain, recipients, why=str(reply), before=before)
    for recipient in recipients:
        _note(mail, Hop(recipient=recipient, result="delayed", how=str(replies[recipient])))
    if before is None:
        status = status_of(reply.code, reply.text)
        delay = "RecipientServerError" if reply.connected else "TransientCommunicationFailure"
        feedback.tell(
            events.delayed(
                mail,
                recipients,
                delay_type="MailboxFull" if status == "4.2.2" else delay,
                diagnostic=f"smtp; {reply}",
                status=status,
                expires=waiting.expires,
            )
        )


def _again(waiting: Waiting) -> None:
    """Try to hand over a mail that was put off; give up when its time is over."""
    with request_scope(waiting.mail.account, waiting.mail.region):
        if clock.now() < waiting.expires:
            _wait_for(
                waiting.mail,
                lambda: _bring(waiting.mail, waiting.domain, waiting.recipients, waiting),
            )
            return
        late = f"550 4.4.7 Message expired: unable to deliver in {HOURS * 60:.0f} minutes.<{waiting.why}>"
        for recipient in waiting.recipients:
            _note(waiting.mail, Hop(recipient=recipient, result="bounced", how=late))
        feedback.tell(
            events.bounced(
                waiting.mail,
                waiting.recipients,
                bounce_type="Transient",
                sub_type="General",
                status="4.4.7",
                diagnostic=f"smtp; {late}",
            )
        )


def reset() -> None:
    """Forget the mails that are on their way."""
    global _resets
    _resets += 1
