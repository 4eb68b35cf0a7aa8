"""Requests to send, in both versions of the API: checked, composed, delivered.

Gap: ministack takes a mail, forgets most of it, and delivers nothing.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import parseaddr
from typing import Any

from ministack.core.iam_evaluator import caller_arn, pin_request_caller
from ministack.core.responses import (
    get_account_id,
    get_region,
    get_request_client_ip,
    json_response,
    request_scope,
)
from ministack.services import ses, ses_v2

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.account.account import Refusal
from cdk_ses_regions.local.feedback import events, feedback
from cdk_ses_regions.local.identities import dkim, verification
from cdk_ses_regions.local.journal import JOURNAL, Hop
from cdk_ses_regions.local.outbound import checks, delivery, global_endpoints, sent
from cdk_ses_regions.local.outbound.checks import Admitted, RefusedError
from cdk_ses_regions.local.outbound.composing import complete, compose
from cdk_ses_regions.local.outbound.letter import Letter, Simple, Templated, Text
from cdk_ses_regions.local.outbound.message_ids import envelope_domain, new_message_id
from cdk_ses_regions.local.outbound.outgoing import Outgoing, Via
from cdk_ses_regions.local.outbound.templates import RenderingError, render
from cdk_ses_regions.local.outbound.viruses import has_virus

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]

BULK_MOST = 50
"""Destinations of one request."""


def install() -> None:
    """Let the mails of ministack's other services, Cognito's, go the way of all mails."""
    ses._record_send = _send_for_service


def answer(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Response | None:
    """Answer a request of API v2 to send, or None."""
    if method != "POST" or not path.endswith(("/outbound-emails", "/outbound-bulk-emails")):
        return None
    pin_request_caller(headers, query)  # ministack does so for version 1 only
    try:
        letters = sent.read_v2(method, path, body)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return ses_v2._json_err("BadRequestException", str(error))
    try:
        region = global_endpoints.region_of(letters[0]) if letters else get_region()
    except LookupError as error:
        return ses_v2._json_err("NotFoundException", f"Multi-region endpoint {error} does not exist.", 404)
    except ConnectionError as error:
        return ses_v2._json_err("ServiceUnavailable", f"Multi-region endpoint {error} has no Region up.", 503)
    try:
        with request_scope(get_account_id(), region):
            if letters and letters[0].endpoint:
                verification.refresh()  # of the Region that it goes through
            if path.endswith("/outbound-bulk-emails"):
                return json_response({"BulkEmailEntryResults": _send_all(letters)})
            return json_response({"MessageId": send(letters[0])})
    except RefusedError as error:
        refusal = error.refusal
        return ses_v2._json_err(refusal.code_v2 or refusal.code, refusal.message, refusal.status)


def _answer_v1(params: Parameters) -> Response:
    action = params["Action"]
    try:
        letters = sent.read_v1(params)
    except (ValueError, LookupError) as error:
        return ses._error("InvalidParameterValue", str(error), 400)
    try:
        if action == "SendBulkTemplatedEmail":
            members = "".join(ses._receipt_element("member", result) for result in _send_all(letters))
            inner = f"<Status>{members}</Status>"
        else:
            inner = f"<MessageId>{send(letters[0])}</MessageId>"
    except RefusedError as error:
        return ses._error(error.refusal.code, error.refusal.message, 400)
    return ses._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


ACTIONS: dict[str, Callable[[Parameters], Response]] = dict.fromkeys(
    ("SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail"), _answer_v1
)


def send(letter: Letter) -> str:
    """Send a mail and return its message id.

    Raises:
        RefusedError: SES does not take it.
    """
    content = letter.content
    if isinstance(content, Templated):
        parts = checks.require_template(content)
        try:
            content = _rendered(content, parts)
        except RenderingError as error:
            return _not_rendered(letter, content, str(error))
    raw = content if isinstance(content, bytes) else _composed(letter, content)
    admitted = checks.admit(letter, len(raw))
    message_id = new_message_id(get_region())
    mail = _outgoing(letter, admitted, raw, message_id)
    if has_virus(raw):
        _reject(mail)
    else:
        delivery.deliver(mail)
    return message_id


def _rendered(template: Templated, parts: dict[str, str]) -> Simple:
    text = render(parts, template.data)
    return Simple(
        subject=Text(data=text.get("SubjectPart", "")),
        text=Text(data=text["TextPart"]) if text.get("TextPart") else None,
        html=Text(data=text["HtmlPart"]) if text.get("HtmlPart") else None,
        headers=template.headers,
        attachments=template.attachments,
    )


def _composed(letter: Letter, content: Simple) -> bytes:
    checks.check_headers_of(content)
    try:
        return compose(letter, content)
    except (ValueError, LookupError) as error:
        raise checks.invalid(str(error)) from error


def _outgoing(letter: Letter, admitted: Admitted, raw: bytes, message_id: str) -> Outgoing:
    region = get_region()
    with request_scope(admitted.owner, region):
        domain, signer = checks.mail_from(admitted.identity), dkim.signer(admitted.identity)
    mail, fields = complete(raw, message_id=message_id, region=region, signer=signer)
    via: Via = "SMTP" if letter.by_smtp else "API v1" if letter.version == 1 else "API v2"
    return Outgoing(
        message_id=message_id,
        account=get_account_id(),
        region=region,
        identity=admitted.identity,
        source=admitted.source,
        envelope_sender=f"{message_id}@{domain or envelope_domain(region)}",
        return_path=admitted.return_path,
        recipients=admitted.recipients,
        raw=mail,
        headers=fields.pairs(),
        configuration_set=admitted.configuration_set,
        tags=_tags(letter, admitted),
        sent_at=clock.now(),
        via=via,
        owner="" if admitted.owner == get_account_id() else admitted.owner,
    )


def _tags(letter: Letter, admitted: Admitted) -> dict[str, tuple[str, ...]]:
    """Return the message tags of a mail: SES's own, and what the application gave it."""
    tags: dict[str, tuple[str, ...]] = {
        "ses:source-ip": (get_request_client_ip() or "127.0.0.1",),
        "ses:from-domain": (parseaddr(admitted.source)[1].rpartition("@")[2].lower(),),
        "ses:caller-identity": (caller_arn().rpartition("/")[2].rpartition(":")[2],),
    }
    if admitted.configuration_set:
        tags["ses:configuration-set"] = (admitted.configuration_set,)
    if letter.operation:
        tags["ses:operation"] = ("SendSmtpEmail" if letter.by_smtp else letter.operation,)
    for name, value in letter.tags:
        tags[name] = (*tags.get(name, ()), value)
    return tags


def _reject(mail: Outgoing) -> None:
    """Keep a mail with a virus from its recipients."""
    JOURNAL.add_sent(mail)
    for recipient in mail.recipients:
        JOURNAL.note(mail.message_id, Hop(recipient=recipient, result="rejected", how="a virus is in it"))
    feedback.tell(events.rejected(mail, "Bad content"))


def _not_rendered(letter: Letter, template: Templated, why: str) -> str:
    """Take a mail whose template lacks data, tell so, and send nothing."""
    admitted = checks.admit(letter, 0)
    message_id = new_message_id(get_region())
    empty = compose(letter, Simple(subject=Text(data="")))
    mail = _outgoing(letter, admitted, empty, message_id)
    JOURNAL.add_sent(mail)
    for recipient in mail.recipients:
        JOURNAL.note(message_id, Hop(recipient=recipient, result="rejected", how=f"template: {why}"))
    feedback.tell(events.not_rendered(mail, template=template.name, message=why))
    return message_id


def _send_all(letters: Iterable[Letter]) -> list[dict[str, str]]:
    """Send the mails of a bulk request; each is taken or refused for itself.

    Raises:
        RefusedError: all of them are refused, because of what they share.
    """
    wanted = tuple(letters)
    if not wanted:
        raise checks.invalid("At least one destination is required.")
    if len(wanted) > BULK_MOST:
        raise checks.invalid(f"Destination count exceeds {BULK_MOST}.")
    checks.require_shared(wanted[0])
    results: list[dict[str, str]] = []
    for letter in wanted:
        try:
            results.append({"Status": _STATUS[letter.version][""], "MessageId": send(letter)})
        except RefusedError as error:
            results.append({"Status": _status(letter, error.refusal), "Error": error.refusal.message})
    return results


_STATUS = {
    1: {
        "": "Success",
        "MessageRejected": "MessageRejected",
        "MailFromDomainNotVerifiedException": "MailFromDomainNotVerified",
        "InvalidParameterValue": "InvalidParameterValue",
        "Throttling": "AccountThrottled",
        "AccountSendingPausedException": "AccountSendingPaused",
        "ConfigurationSetSendingPausedException": "ConfigurationSetSendingPaused",
    },
    2: {
        "": "SUCCESS",
        "MessageRejected": "MESSAGE_REJECTED",
        "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "InvalidParameterValue": "INVALID_PARAMETER",
        "Throttling": "ACCOUNT_THROTTLED",
        "AccountSendingPausedException": "ACCOUNT_SENDING_PAUSED",
        "ConfigurationSetSendingPausedException": "CONFIGURATION_SET_SENDING_PAUSED",
    },
}


def _status(letter: Letter, refusal: Refusal) -> str:
    if refusal.code == "Throttling" and "Daily" in refusal.message:
        return "AccountDailyQuotaExceeded" if letter.version == 1 else "ACCOUNT_DAILY_QUOTA_EXCEEDED"
    return _STATUS[letter.version].get(refusal.code, "Failed" if letter.version == 1 else "FAILED")


def _send_for_service(
    source: str,
    to_addrs: Iterable[str],
    cc_addrs: Iterable[str] | None = None,
    bcc_addrs: Iterable[str] | None = None,
    subject: str = "",
    body_text: str | None = "",
    body_html: str | None = "",
    **_: Any,
) -> str:
    """Send a mail of another AWS service: nobody checks its sender, and nobody is told of it."""
    content = Simple(
        subject=Text(data=subject),
        text=Text(data=body_text or "") if body_text or not body_html else None,
        html=Text(data=body_html) if body_html else None,
    )
    to, cc, bcc = tuple(to_addrs), tuple(cc_addrs or ()), tuple(bcc_addrs or ())
    letter = Letter(version=1, operation="", source=source, content=content, to=to, cc=cc, bcc=bcc)
    message_id = new_message_id(get_region())
    raw, fields = complete(compose(letter, content), message_id=message_id, region=get_region(), signer=None)
    mail = Outgoing(
        message_id=message_id,
        account=get_account_id(),
        region=get_region(),
        identity="",
        source=source,
        envelope_sender="",
        return_path="",
        recipients=tuple(parseaddr(one)[1] for one in letter.recipients),
        raw=raw,
        headers=fields.pairs(),
        sent_at=clock.now(),
        via="SES",
    )
    delivery.deliver(mail)
    return message_id
