"""SendBounce: an application, mostly a Lambda action's function, bounces a mail that SES received.

Gap: ministack does not know the call.
Rests on https://docs.aws.amazon.com/ses/latest/APIReference/API_SendBounce.html.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parseaddr

from ministack.core.responses import get_account_id, get_region
from ministack.services import ses

from cdk_ses_regions.local.identities.senders import identity_of
from cdk_ses_regions.local.outbound import delivery
from cdk_ses_regions.local.receiving import bounces, received_mails

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]

_KINDS = {
    "DoesNotExist": ("failed", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    "MessageTooLarge": ("failed", "5.3.4", "smtp; 552 5.3.4 message too large"),
    "ExceededQuota": ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full"),
    "ContentRejected": ("failed", "5.6.1", "smtp; 500 5.6.1 message content rejected"),
    "Undefined": ("failed", "5.0.0", "smtp; 550 5.0.0 undefined error"),
    "TemporaryFailure": ("failed", "4.0.0", "smtp; 450 4.0.0 temporary failure"),
}
"""Action, enhanced status code and reply for each type of bounce."""
_OWN = {
    "FinalRecipient": "Final-Recipient",
    "Action": "Action",
    "RemoteMta": "Remote-MTA",
    "Status": "Status",
    "DiagnosticCode": "Diagnostic-Code",
    "LastAttemptDate": "Last-Attempt-Date",
}


def _send_bounce(params: Parameters) -> Response:
    sender = params.get("BounceSender", "")
    mail = received_mails.find(params.get("OriginalMessageId", ""), get_region())
    if not identity_of(sender):
        return _rejected(
            "Email address is not verified. The following identities failed the check in region "
            f"{get_region().upper()}: {parseaddr(sender)[1]}"
        )
    if mail is None:
        return _rejected(
            f"Message <{params.get('OriginalMessageId', '')}> was not received here in the last day."
        )
    if not mail.sender:
        return _rejected("A message without a sender cannot be bounced.")
    try:
        recipients = list(_recipients(params))
    except ValueError as error:
        return ses._error("InvalidParameterValue", str(error), 400)
    named = [fields["Final-Recipient"].rpartition("; ")[2] for fields in recipients]
    text = params.get("Explanation") or "\n".join([bounces.PEOPLE, *named])
    reporter = params.get("MessageDsn.ReportingMta", "").rpartition(";")[2].strip()
    raw = bounces.report(mail, sender=sender, text=text, recipients=recipients, reporter=reporter)
    message_id = delivery.send_as_ses_later(
        region=mail.region, account=get_account_id(), sender=sender, recipient=mail.sender, raw=raw
    )
    return ses._xml(
        200,
        "SendBounceResponse",
        f"<SendBounceResult><MessageId>{message_id}</MessageId></SendBounceResult>",
    )


def _recipients(params: Parameters) -> Iterator[dict[str, str]]:
    """Return the fields of the report about each recipient.

    Raises:
        ValueError: there is none, or one has neither a type of bounce nor fields of its own.
    """
    number = 1
    while recipient := params.get(f"BouncedRecipientInfoList.member.{number}.Recipient"):
        prefix = f"BouncedRecipientInfoList.member.{number}."
        given = {
            field: value
            for name, field in _OWN.items()
            if (value := params.get(f"{prefix}RecipientDsnFields.{name}"))
        }
        kind = params.get(f"{prefix}BounceType", "")
        if kind not in _KINDS and not ("Action" in given and "Status" in given):
            raise ValueError(f"Recipient <{recipient}> has neither a BounceType nor RecipientDsnFields.")
        fields = dict(zip(("Action", "Status", "Diagnostic-Code"), _KINDS.get(kind, ()), strict=False))
        final = given.pop("Final-Recipient", recipient)
        yield {"Final-Recipient": f"rfc822; {final.rpartition(';')[2].strip()}", **fields, **given}
        number += 1
    if number == 1:
        raise ValueError("BouncedRecipientInfoList must have a member.")


def _rejected(message: str) -> Response:
    return ses._error("MessageRejected", message, 400)


ACTIONS: dict[str, Callable[[Parameters], Response]] = {"SendBounce": _send_bounce}
