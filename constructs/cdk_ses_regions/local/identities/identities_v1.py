"""Identities in version 1 of the SES API: notification topics, feedback forwarding, MAIL FROM.

Gaps: ministack accepts any topic of any identity, and lacks the calls that read the settings back.
Rests on the SES API v1 reference.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services import ses, ses_v2

from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.identities import verification
from cdk_ses_regions.local.ses.targets import NotPermittedError, Permissions

Parameters = dict[str, str]
Response = tuple[int, dict[str, str], bytes]

KINDS = ("Bounce", "Complaint", "Delivery")


def parameters(body: bytes, query: dict[str, Any]) -> Parameters:
    """Return the parameters of a request, from query and form."""
    form = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True) if body else {}
    return {key: value[0] if isinstance(value, list) else value for key, value in {**query, **form}.items()}


def permissions(source_arn: str) -> Permissions:
    """Return what SES may do on behalf of an identity or a rule of this account and Region."""
    return Permissions(connect=as_root(), account=get_account_id(), region=get_region(), rule_arn=source_arn)


def identity_arn(name: str) -> str:
    """Return the ARN of an identity of this account and Region."""
    return f"arn:aws:ses:{get_region()}:{get_account_id()}:identity/{name}"


def refused(code: str, message: str) -> Response:
    """Return an error as API v1 has it."""
    return ses._error(code, message, 400, "Sender")


def unknown(name: str) -> Response | None:
    """Return the refusal of an identity that is not there, None for one that is."""
    if name in ses._identities:
        return None
    return refused("InvalidParameterValue", f"Identity {name} is invalid. Must be a verified one.")


def _bad_kind(params: Parameters) -> Response | None:
    kind = params.get("NotificationType", "")
    if kind in KINDS:
        return None
    return refused(
        "ValidationError",
        f"1 validation error detected: Value '{kind}' at 'notificationType' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(KINDS)}]",
    )


def answered(action: str, inner: str = "") -> Response:
    """Return an answer as API v1 has it."""
    return ses._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def attributes(action: str, field: str, params: Parameters, of: Callable[[str], dict[str, Any]]) -> Response:
    """Answer with a map from each identity asked for, and known, to its attributes."""
    entries = "".join(
        ses._receipt_element("entry", {"key": name, "value": of(name)})
        for name in ses._collect_list(params, "Identities.member")
        if name in ses._identities
    )
    return answered(action, f"<{field}>{entries}</{field}>")


def _set_notification_topic(params: Parameters) -> Response:
    name, kind, topic = params.get("Identity", ""), params.get("NotificationType"), params.get("SnsTopic")
    if (error := unknown(name) or _bad_kind(params)) is not None:
        return error
    if topic:
        try:
            permissions(identity_arn(name)).require_topic(topic)
        except (NotPermittedError, ClientError) as error:
            return refused("InvalidParameterValue", f"Invalid SNS topic <{topic}>: {error}")
    identity = ses._identities[name]
    identity["NotificationTopics"][kind] = topic or ""
    if topic:
        _tell_success(name, str(kind), topic)
    elif kind != "Delivery":
        identity["FeedbackForwardingEnabled"] = True
    return answered("SetIdentityNotificationTopic")


def _tell_success(name: str, kind: str, topic: str) -> None:
    """Publish what SES publishes first to a topic, and what its readers have to skip."""
    text = (
        f"You have successfully subscribed your Amazon SNS topic '{topic}' to receive '{kind}' notifications "
        f"from Amazon SES for identity '{name}'."
    )
    note = {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": text}
    as_root()("sns", get_region()).publish(TopicArn=topic, Message=json.dumps(note))


def _set_headers(params: Parameters) -> Response:
    name = params.get("Identity", "")
    if (error := unknown(name) or _bad_kind(params)) is not None:
        return error
    headers = ses._identities[name].setdefault("HeadersInNotifications", {})
    headers[params.get("NotificationType")] = params.get("Enabled") == "true"
    return answered("SetIdentityHeadersInNotificationsEnabled")


def _set_forwarding(params: Parameters) -> Response:
    name, forward = params.get("Identity", ""), params.get("ForwardingEnabled") == "true"
    if (error := unknown(name)) is not None:
        return error
    topics = ses._identities[name]["NotificationTopics"]
    if not forward and not (topics["Bounce"] and topics["Complaint"]):
        return refused(
            "InvalidParameterValue",
            f"Identity {name} has no topics for bounces and complaints; forwarding cannot be disabled.",
        )
    ses._identities[name]["FeedbackForwardingEnabled"] = forward
    return answered("SetIdentityFeedbackForwardingEnabled")


def _get_notifications(params: Parameters) -> Response:
    def of(name: str) -> dict[str, Any]:
        identity = ses._identities[name]
        headers = identity.get("HeadersInNotifications", {})
        return {
            **{
                f"{kind}Topic": identity["NotificationTopics"][kind]
                for kind in KINDS
                if identity["NotificationTopics"][kind]
            },
            "ForwardingEnabled": identity["FeedbackForwardingEnabled"],
            **{f"HeadersIn{kind}NotificationsEnabled": headers.get(kind, False) for kind in KINDS},
        }

    return attributes("GetIdentityNotificationAttributes", "NotificationAttributes", params, of)


def _set_mail_from(params: Parameters) -> Response:
    name, domain = params.get("Identity", ""), params.get("MailFromDomain", "")
    if (error := unknown(name)) is not None:
        return error
    try:
        verification.check_mail_from(name, domain)
    except ValueError as error:
        return refused("InvalidParameterValue", str(error))
    default = "UseDefaultValue"
    ses_v2._identities[name]["MailFromAttributes"] = {
        **({"MailFromDomain": domain} if domain else {}),
        "BehaviorOnMxFailure": "REJECT_MESSAGE"
        if params.get("BehaviorOnMXFailure", default) != default
        else "USE_DEFAULT_VALUE",
    }
    verification.start_mail_from_again(name)
    return answered("SetIdentityMailFromDomain")


def _get_mail_from(params: Parameters) -> Response:
    def of(name: str) -> dict[str, Any]:
        attributes = ses_v2._identities[name]["MailFromAttributes"]
        reject = attributes["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
        behaviour = {"BehaviorOnMXFailure": "RejectMessage" if reject else "UseDefaultValue"}
        if not attributes.get("MailFromDomain"):
            return behaviour
        status = attributes["MailFromDomainStatus"].title().replace("_", "")
        return {"MailFromDomain": attributes["MailFromDomain"], "MailFromDomainStatus": status, **behaviour}

    return attributes("GetIdentityMailFromDomainAttributes", "MailFromDomainAttributes", params, of)


def _delete(params: Parameters) -> Response:
    """Delete the identity in version 2 as well."""
    name = params.get("Identity", "")
    blocked = ses._tenant_delete_block("identity", name)
    if blocked:
        return blocked
    try:
        verification.forget(name)
    except ValueError as error:
        return refused("InvalidParameterValue", str(error))
    return answered("DeleteIdentity")


def _delete_address(params: Parameters) -> Response:
    verification.forget(params.get("EmailAddress", ""))
    return ses._xml(200, "DeleteVerifiedEmailAddressResponse", "")


ACTIONS: dict[str, Callable[[Parameters], Response]] = {
    "SetIdentityNotificationTopic": _set_notification_topic,
    "SetIdentityHeadersInNotificationsEnabled": _set_headers,
    "SetIdentityFeedbackForwardingEnabled": _set_forwarding,
    "GetIdentityNotificationAttributes": _get_notifications,
    "SetIdentityMailFromDomain": _set_mail_from,
    "GetIdentityMailFromDomainAttributes": _get_mail_from,
    "DeleteIdentity": _delete,
    "DeleteVerifiedEmailAddress": _delete_address,
}
