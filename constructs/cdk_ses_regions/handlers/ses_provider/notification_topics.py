"""Where SES sends bounces, complaints and deliveries of an identity, which CloudFormation cannot say.

Rests on the SES developer guide, "Receiving Amazon SES notifications using Amazon SNS", and the API v1 reference, which
speaks of a verified identity; SES takes one that is still pending, or no first deployment could set its topics.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error

_KINDS = ("Bounce", "Complaint", "Delivery")


class IdentityNotificationTopics:
    """Properties: `Identity`; `BounceTopicArn`, `ComplaintTopicArn`, `DeliveryTopicArn`, each optional;
    `IncludeHeaders` and `EmailForwarding`, "true" or "false" (defaults "true" and "true").
    """

    TYPE = "Custom::SesIdentityNotificationTopics"
    SERVICE = "ses"

    def __init__(self, ses: Any, patience: Patience) -> None:
        self._ses = ses
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: there is one setting an identity."""
        return f"identity-notification-topics/{properties['Identity']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Set the topics, and turn email forwarding off only when SES has another way to tell of a bounce."""
        self._apply(properties, before={})
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Apply the new settings; another identity gets another id, and CloudFormation then deletes the old one."""
        self._apply(new, before=old if old.get("Identity") == new["Identity"] else {})
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Turn email forwarding on again and take away the topics that are still ours."""
        if physical_id.startswith("failed/"):  # before anything was done
            return
        # Not from the id: for a create that never answered, CloudFormation makes one up.
        identity = properties["Identity"]
        try:
            answer = self._patience.call(
                self._ses.get_identity_notification_attributes, Identities=[identity]
            )
            current = answer["NotificationAttributes"].get(identity)
            if current is None:
                return
            self._forward(identity, forward=True)
            for kind in _KINDS:
                topic = properties.get(f"{kind}TopicArn")
                if topic and current.get(f"{kind}Topic") == topic:
                    self._set_topic(identity, kind, None)
        except ClientError as error:
            # The identity went first: nothing is left to take away.
            if not is_error(error, "InvalidParameterValue", "NotFoundException"):
                raise

    def _apply(self, properties: dict[str, Any], *, before: dict[str, Any]) -> None:
        identity = properties["Identity"]
        topics = {kind: properties.get(f"{kind}TopicArn") for kind in _KINDS}
        forward = str(properties.get("EmailForwarding", "true")).lower() == "true"
        if not forward and not (topics["Bounce"] and topics["Complaint"]):
            raise ValueError("email forwarding can be off only with both a bounce and a complaint topic")
        if forward:
            self._forward(identity, forward=True)
        headers = str(properties.get("IncludeHeaders", "true")).lower() == "true"
        for kind, topic in topics.items():
            if topic:
                self._set_topic(identity, kind, topic)
                self._patience.call(
                    self._ses.set_identity_headers_in_notifications_enabled,
                    Identity=identity,
                    NotificationType=kind,
                    Enabled=headers,
                )
            elif before.get(f"{kind}TopicArn"):
                self._set_topic(identity, kind, None)
        if not forward:
            self._forward(identity, forward=False)

    def _set_topic(self, identity: str, kind: str, topic: str | None) -> None:
        """Set one topic; SES takes it away when no ARN is given."""
        arn = {"SnsTopic": topic} if topic else {}
        # SES publishes a trial message, and calls a topic or key invalid whose policy has not arrived yet.
        self._patience.call(
            self._ses.set_identity_notification_topic,
            maybe_early="InvalidParameterValue",
            Identity=identity,
            NotificationType=kind,
            **arn,
        )

    def _forward(self, identity: str, *, forward: bool) -> None:
        self._patience.call(
            self._ses.set_identity_feedback_forwarding_enabled, Identity=identity, ForwardingEnabled=forward
        )
