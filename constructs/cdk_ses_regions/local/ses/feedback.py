"""Notifications of bounces, complaints and deliveries.

Gaps: ministack sends none for version 2 of the API, never with headers, and also to topics closed to SES.
Rests on the SES developer guide, "Amazon SNS notification contents for Amazon SES"
(https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import logging
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import ses

from cdk_ses_regions.local.ses import sent
from cdk_ses_regions.local.ses.identities_v1 import permissions
from cdk_ses_regions.local.ses.sent import Response, Sent
from cdk_ses_regions.local.ses.targets import NotPermittedError

_log = logging.getLogger(__name__)

_REMOTE_IP = "127.0.0.1"


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
        publish(topic_arn, _completed(notification, sent.current()))

    ses._publish_notification = publish_if_allowed


def after(mail: Sent | None, answer: Response) -> None:
    """Send the notifications of a mail that version 2 of the API took; ministack does so in version 1."""
    if mail is not None and mail.version == 2 and answer[0] == 200:
        ses._send_notifications(mail.message_id(answer), mail.source, list(mail.recipients))


def _completed(notification: dict[str, Any], mail: Sent | None) -> dict[str, Any]:
    """Add what SES tells and ministack does not; headers if the identity wants them in this kind."""
    kind, about = notification["notificationType"], {**notification["mail"], "sourceIp": _REMOTE_IP}
    identity = ses._identities.get(about["sourceArn"].rpartition("identity/")[2], {})
    if mail is not None and identity.get("HeadersInNotifications", {}).get(kind):
        about |= {
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in mail.headers],
            "commonHeaders": mail.common_headers(about["messageId"]),
        }
    detail = notification[kind.lower()]
    if "reportingMTA" in detail:
        detail = {**detail, "remoteMtaIp": _REMOTE_IP}
    return {**notification, "mail": about, kind.lower(): detail}
