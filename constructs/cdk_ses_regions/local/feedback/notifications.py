"""Notifications on the topics of identities: bounces, complaints, deliveries.

Gaps: ministack sends none for version 2 of the API, never with headers, and also to topics closed to SES.
Rests on the SES developer guide, "Configuring Amazon SNS notifications for Amazon SES"
(https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import ses, sns

from cdk_ses_regions.local.feedback import records
from cdk_ses_regions.local.feedback.events import MailEvent
from cdk_ses_regions.local.feedback.telling import note
from cdk_ses_regions.local.identities.identities_v1 import permissions
from cdk_ses_regions.local.ses.targets import NotPermittedError

_log = logging.getLogger(__name__)

_SUBJECT = "Amazon SES Email Event Notification"
_DROPPED_KINDS = ("Bounce", "Complaint")


def tell(event: MailEvent) -> None:
    """Tell the topic that the mail's identity has for this kind, if it has one: its owner's, whoever sent the mail."""
    with request_scope(event.mail.identity_account, event.mail.region):
        _tell(event)


def _tell(event: MailEvent) -> None:
    identity = ses._identities.get(event.mail.identity) or {}
    topic = identity.get("NotificationTopics", {}).get(event.kind)
    if not topic:
        return
    wants_headers = identity.get("HeadersInNotifications", {}).get(event.kind, False)
    body = records.notification(event, headers=wants_headers)
    dropped = publish(topic, body, records.source_arn(event.mail))
    if dropped and event.kind in _DROPPED_KINDS:
        _drop(identity, event.kind)
    note(event, "topic", topic, body, dropped=dropped)


def publish(topic: str, body: dict[str, Any], source_arn: str) -> str:
    """Publish to a topic on behalf of an identity or configuration set.

    Returns:
        Why SES could not: the topic is gone, or its policy or key is closed to SES; empty when it could.
    """
    try:
        permissions(source_arn).require_topic(topic)
        published = sns.publish_internal(topic, json.dumps(body), _SUBJECT)
    except (NotPermittedError, ClientError, sns.SnsPublishError) as error:
        _log.warning("nothing told on %s: %s", topic, error)
        return str(error)
    return "" if published else f"there is no topic {topic}"


def _drop(identity: dict[str, Any], kind: str) -> None:
    """Do as SES does when it cannot publish: forget the topic, and send feedback by email again."""
    identity["NotificationTopics"][kind] = ""
    identity["FeedbackForwardingEnabled"] = True
