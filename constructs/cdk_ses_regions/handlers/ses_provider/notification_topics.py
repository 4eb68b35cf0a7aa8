"""Where SES sends bounces, complaints and deliveries of an identity, which CloudFormation cannot say.

Rests on the SES developer guide, "Receiving Amazon SES notifications using Amazon SNS", and the API v1 reference, which
speaks of a verified identity; SES takes one that is still pending, or no first deployment could set its topics.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError
from memory import Memory, as_text, from_text
from patience import Patience, is_error

_KINDS = ("Bounce", "Complaint", "Delivery")
_BEFORE = "feedback-before"
"""Remembers forwarding, and the kinds that came with headers; beside it are the topics, if there were any."""


class IdentityNotificationTopics:
    """Properties: `Identity`; `BounceTopicArn`, `ComplaintTopicArn`, `DeliveryTopicArn`, each optional;
    `IncludeHeaders` and `EmailForwarding`, "true" or "false" (defaults "true" and "true"); `Remembered`, ARN of an
    identity that had settings of its own before, which come back on delete.
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
        self._remember(properties)
        self._apply(properties, before={})
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Apply the new settings; another identity gets another id, and CloudFormation then deletes the old one."""
        if old.get("Identity") != new["Identity"]:
            return self.create(new)
        self._apply(new, before=old)
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Turn email forwarding on again and take away the topics that are still ours, or put back those before."""
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
            memory = self._memory(properties)
            before = {} if memory is None else memory.read()
            ours = _ours(current, properties)
            if memory is not None and _BEFORE not in before and not ours:
                return  # of a create that failed before it changed anything
            self._forward(identity, forward=True)
            given_back = self._take_away(identity, ours, before)
            if _told(before)["forwarding"] == "false" and {"Bounce", "Complaint"} <= given_back:
                self._forward(identity, forward=False)
            if memory is not None and _BEFORE in before:
                memory.forget(_BEFORE, *(_topic_before(kind) for kind in _KINDS))
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
                self._set_headers(identity, kind, enabled=headers)
        self._take_away_dropped(properties, before)
        if not forward:
            self._forward(identity, forward=False)

    def _take_away_dropped(self, properties: dict[str, Any], before: dict[str, Any]) -> None:
        """Take away the topics that there were and are to be no more, as far as they are still ours."""
        dropped = {
            key: before[key]
            for key in (f"{kind}TopicArn" for kind in _KINDS)
            if before.get(key) and not properties.get(key)
        }
        if dropped:
            identity, memory = properties["Identity"], self._memory(properties)
            answer = self._patience.call(
                self._ses.get_identity_notification_attributes, Identities=[identity]
            )
            ours = _ours(answer["NotificationAttributes"].get(identity, {}), dropped)
            self._take_away(identity, ours, {} if memory is None else memory.read())

    def _remember(self, properties: dict[str, Any]) -> None:
        """Write down how feedback was told, unless a first attempt has done it."""
        memory = self._memory(properties)
        if memory is None or _BEFORE in memory.read():
            return
        identity = properties["Identity"]
        answer = self._patience.call(self._ses.get_identity_notification_attributes, Identities=[identity])
        current = answer["NotificationAttributes"].get(identity, {})
        headers = [kind for kind in _KINDS if current.get(f"HeadersIn{kind}NotificationsEnabled")]
        forward = "true" if current.get("ForwardingEnabled", True) else "false"
        topics = {_topic_before(kind): current.get(f"{kind}Topic") for kind in _KINDS}
        memory.write(
            {
                _BEFORE: as_text({"forwarding": forward, "headers": ":".join(headers)}),
                **{name: topic for name, topic in topics.items() if topic},
            }
        )

    def _take_away(self, identity: str, kinds: list[str], before: dict[str, str]) -> set[str]:
        """Take our topics away; where it is remembered what was before, put that back, and return of which kinds."""
        headers = _told(before)["headers"].split(":")
        for kind in kinds:
            if _BEFORE in before:
                # First: headers can be set only where there is a topic.
                self._set_headers(identity, kind, enabled=kind in headers)
        return {kind for kind in kinds if self._give_back(identity, kind, before.get(_topic_before(kind)))}

    def _give_back(self, identity: str, kind: str, topic: str | None) -> bool:
        """Set the topic that was there before, and tell whether there is one; none when it is gone by now."""
        try:
            self._set_topic(identity, kind, topic)
        except ClientError as error:
            if topic is None or not is_error(error, "InvalidParameterValue"):
                raise
            self._set_topic(identity, kind, None)
            return False
        return topic is not None

    def _memory(self, properties: dict[str, Any]) -> Memory | None:
        arn = properties.get("Remembered")
        if not arn:
            return None
        sesv2: Any = boto3.client("sesv2", config=self._ses.meta.config)  # pyright: ignore[reportUnknownMemberType]
        return Memory(sesv2, self._patience, arn=arn)

    def _set_headers(self, identity: str, kind: str, *, enabled: bool) -> None:
        self._patience.call(
            self._ses.set_identity_headers_in_notifications_enabled,
            Identity=identity,
            NotificationType=kind,
            Enabled=enabled,
        )

    def _set_topic(self, identity: str, kind: str, topic: str | None) -> None:
        """Set one topic; SES takes it away when no ARN is given."""
        arn: dict[str, Any] = {"SnsTopic": topic} if topic else {}
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


def _topic_before(kind: str) -> str:
    return f"{kind.lower()}-topic-before"


def _ours(current: dict[str, Any], properties: dict[str, Any]) -> list[str]:
    """Return the kinds whose topic is that of the properties."""
    topics = {kind: properties.get(f"{kind}TopicArn") for kind in _KINDS}
    return [kind for kind, topic in topics.items() if topic and current.get(f"{kind}Topic") == topic]


def _told(before: dict[str, str]) -> dict[str, str]:
    return from_text(before.get(_BEFORE, "forwarding=true headers="))
