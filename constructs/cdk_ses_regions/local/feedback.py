"""Notifications of bounces, complaints and deliveries.

Gaps: ministack sends none for version 2 of the API, never with headers, and to topics that SES may not publish to.
Rests on the SES developer guide, "Amazon SNS notification contents for Amazon SES".
"""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import ses

from cdk_ses_regions.local.identities_v1 import permissions
from cdk_ses_regions.local.targets import NotPermittedError

_log = logging.getLogger(__name__)


def install() -> None:
    """Put our publishing before ministack's."""
    publish = ses._publish_notification

    def publish_if_allowed(topic_arn: str, notification: dict[str, Any]) -> None:
        source_arn = notification["mail"]["sourceArn"]
        try:
            permissions(source_arn).require_topic(topic_arn)
        except (NotPermittedError, ClientError) as error:
            # SES drops the notification without a word.
            _log.warning("no notification on %s: %s", topic_arn, error)
            return
        publish(topic_arn, _with_headers(notification))

    ses._publish_notification = publish_if_allowed


def after(request: tuple[Any, ...], answer: tuple[int, dict[str, str], bytes]) -> None:
    """Send the notifications of a mail that version 2 of the API took."""
    method, path, _, body, _ = request
    if method != "POST" or not path.endswith("/outbound-emails") or answer[0] != 200:
        return
    data = json.loads(body)
    destination = data.get("Destination", {})
    recipients = [
        address
        for field in ("ToAddresses", "CcAddresses", "BccAddresses")
        for address in destination.get(field, [])
    ]
    ses._send_notifications(json.loads(answer[2])["MessageId"], data.get("FromEmailAddress", ""), recipients)


def _with_headers(notification: dict[str, Any]) -> dict[str, Any]:
    """Add the headers of the mail, if its identity wants them in this kind of notification."""
    mail = notification["mail"]
    identity = ses._identities.get(mail["sourceArn"].rpartition("identity/")[2], {})
    if not identity.get("HeadersInNotifications", {}).get(notification["notificationType"]):
        return notification
    sent = next((one for one in ses._sent_emails_list() if one["MessageId"] == mail["messageId"]), None)
    if sent is None:
        return notification
    common = {"from": [sent["Source"]], "to": sent["To"], "subject": sent["Subject"]}
    headers = [
        {"name": "From", "value": sent["Source"]},
        {"name": "To", "value": ", ".join(sent["To"])},
        {"name": "Subject", "value": sent["Subject"]},
    ]
    more = {"headersTruncated": False, "headers": headers, "commonHeaders": common}
    return {**notification, "mail": {**mail, **more}}
