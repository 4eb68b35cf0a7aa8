"""The step `forward`: the mail goes on to other addresses, in the name of this deployment.

Sent by the Region that received it, one mail for each recipient that somebody gets mail of; nobody gets it twice. What
may not be sent on stays in the bucket, tagged with the reason.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import loops
import rewriting
from botocore.exceptions import ClientError
from decoding import Bytes
from headers import Headers
from limits import MIB
from notice import Notice
from steps import Forward

MOST = 40 * MIB
"""Bytes of the largest mail that SES sends."""

_CUT = frozenset({"header_block_too_large", "too_many_headers"})
_REFUSED = frozenset({"BadRequestException"})  # this mail will never do; all else may after another try


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One mail to send.

    Args:
        recipient: whom the received mail was for.
        destinations: who gets it.
    """

    recipient: str
    destinations: tuple[str, ...]


class RefusedError(Exception):
    """The mail must not or cannot be sent on; trying again does not help. Its text is one word."""


def outgoing(step: Forward, recipients: Collection[str]) -> Iterator[Outgoing]:
    """Yield the mails that one received mail becomes."""
    served: set[str] = set()
    for recipient in sorted(recipients):
        found = {one.lower(): one for one in step.destinations(recipient) if one.lower() not in served}
        served |= set(found)
        if found:
            yield Outgoing(recipient=recipient, destinations=tuple(found.values()))


def require_forwardable(
    own: Headers | None,
    notice: Notice,
    step: Forward,
    *,
    whole: bool,
    problems: Collection[str],
    senders: Collection[str],
) -> Headers:
    """Return the headers of a mail that may be sent on.

    Args:
        own: the headers of the mail; None when there are none to read.
        notice: what SES says of it.
        step: the step.
        whole: whether all of the mail is there.
        problems: codes of what is wrong with the mail.
        senders: addresses that this deployment forwards from, lower case.

    Raises:
        RefusedError: it may not.
    """
    if own is None or not whole:
        raise RefusedError("unreadable")
    if not _CUT.isdisjoint(problems) or any(name.startswith("content-") for name in own.cut):
        raise RefusedError("unreadable_headers")  # nobody knows what is in what was not read
    reason = loops.refusal(own, notice, senders=senders, automatic=step.automatic, unsure=step.unsure)
    if reason is not None:
        raise RefusedError(reason)
    return own


def send(
    ses: Callable[[], Any], content: Bytes, own: Headers, notice: Notice, step: Forward, to: Outgoing
) -> None:
    """Send one mail.

    Args:
        ses: gives the client of the SES API v2.
        content: the received mail, whole.
        own: its headers.
        notice: what SES says of it.
        step: the step.
        to: what is sent to whom.

    Raises:
        RefusedError: it is too large, or SES refuses this mail for good.
        ClientError: SES refuses for now.
    """
    head = rewriting.head(
        own,
        sender=step.sender,
        envelope_sender=notice.sender,
        recipient=to.recipient,
        subject_prefix=step.subject_prefix,
    )
    if len(head) + len(content) - own.body > MOST:
        raise RefusedError("too_large")
    with memoryview(content) as view, view[own.body :] as body:
        data = b"".join((head, body))
    options = {"ConfigurationSetName": step.configuration_set} if step.configuration_set else {}
    try:
        ses().send_email(
            FromEmailAddress=step.sender,
            Destination={"ToAddresses": list(to.destinations)},
            Content={"Raw": {"Data": data}},
            **options,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _REFUSED:
            raise RefusedError("refused_by_ses") from error
        raise
