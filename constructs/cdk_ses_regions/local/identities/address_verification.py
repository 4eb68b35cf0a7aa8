"""Addresses verify themselves: SES mails a link, and whoever reads the mail follows it within a day.

The mail goes the way of all mails: to a door of this machine, else into the local outbox. The link is a page of the
local AWS.

Gap: ministack calls an address verified as soon as it is named.
Rests on the SES developer guide, "Verifying an email address identity"
(https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html#just-verify-email-proc).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import os
import secrets
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlencode

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, request_scope

from cdk_ses_regions.local import clock
from cdk_ses_regions.local.identities import verification
from cdk_ses_regions.local.identities.progress import SUCCESS
from cdk_ses_regions.local.outbound import delivery

SENDER = "no-reply-aws@amazon.com"
PATH = "/_ses/verify"

links = AccountRegionScopedDict()
"""Address to the token in the link that it was sent last."""

_TEXT = """\
Somebody asked to send email from {address} with Amazon SES
in the Region {region} of the AWS account {account}.

If it was you, follow this link within {hours} hours:

{link}

If it was not, there is nothing to do: without the link nobody sends in your name.

This is the local AWS. Nothing of this has left your machine.
"""


def ask(address: str) -> None:
    """Send an address of this account and Region the mail with the link; an earlier link no longer counts.

    A mail is delivered before this returns, and its delivery may ask SES: hold no lock.
    """
    token = secrets.token_urlsafe(24)
    verification.start(address)
    links[address] = token
    account, region = get_account_id(), get_region()
    link = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{PATH}?{urlencode({'token': token})}"
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = f"Amazon Web Services <{SENDER}>", address
    mail["Subject"] = f"Email Address Verification Request in region {region}"
    mail["Date"] = format_datetime(clock.now())
    values = {"address": address, "region": region, "account": account, "link": link}
    # As plain as can be: the link is to be found in the raw mail, too.
    mail.set_content(_TEXT.format(**values, hours=verification.ADDRESS_HOURS), cte="7bit")
    delivery.send_as_ses(
        region=region, account=account, sender=SENDER, recipient=address, raw=mail.as_bytes()
    )


def verify_address(token: str) -> str | None:
    """Verify the address whose link has this token.

    Returns:
        The address; None when no link has the token, or it is older than a day.
    """
    for (account, region, address), sent in links.all_items():
        if not secrets.compare_digest(sent.encode(), token.encode()):
            continue
        with request_scope(account, region), verification.lock:
            verification.refresh()
            if address not in verification.states:
                return None
            verification.succeed(address)
            verification.refresh()
            return address if verification.states[address]["verification"]["status"] == SUCCESS else None
    return None
