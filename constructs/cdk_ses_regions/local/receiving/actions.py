"""Runs the actions of the receipt rules a mail meets, as SES does: in order, with SES's permissions.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action.html and the pages below it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from cdk_ses_regions.local.receiving import bounces, envelope, storing
from cdk_ses_regions.local.receiving.bounces import SendBounce
from cdk_ses_regions.local.receiving.receipt import Match
from cdk_ses_regions.local.receiving.received import KIB, Mail
from cdk_ses_regions.local.ses.targets import Connect, NotPermittedError, Permissions

SNS_MOST = 150 * KIB
"""Bytes of the largest mail an SNS action publishes; a larger one is bounced."""

_SUBJECT = "Amazon SES Email Receipt Notification"
_BOUNCER = "MAILER-DAEMON@amazonses.com"

Result = Literal["done", "failed", "bounced", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of one rule on a mail's route.

    Args:
        rule: the rule's name.
        action: its type in the API's words: S3, Lambda, SNS, AddHeader, Bounce, Stop, Workmail or Connect.
        result: `done`; `failed` after a few attempts; `bounced` when the mail was too large for SNS;
            `skipped` when an earlier action of the rule failed or stopped it.
        reason: why it is not `done`, or what it did.
    """

    rule: str
    action: str
    result: Result
    reason: str = ""


class UnsupportedActionError(NotPermittedError):
    """An action that works on AWS and not here; trying again does not help."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an action did; `notice` is the `action` object for the topic it may tell."""

    reason: str = ""
    result: Result = "done"
    stop: Literal["", "rule", "rule set"] = ""
    notice: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One mail meeting one rule."""

    mail: Mail
    match: Match
    permissions: Permissions

    def notice(self, action: Mapping[str, Any], content: str | None = None) -> str:
        """Return the notice of an action as JSON."""
        notice = self.mail.notice(
            recipients=self.match.recipients, scan=self.match.scans, action=action, content=content
        )
        return json.dumps(notice, ensure_ascii=False)  # escapes would fill SNS's 256 KB three times as fast


class Actions:
    """Runs actions in one Region.

    Args:
        connect: gives the clients the actions use.
        region: the AWS Region.
        partition: of its ARNs, `aws` say.
        account: 12 digits.
        send_bounce: delivers the bounces.
        attempts: how often a failing action is tried before it counts as failed; SES tries for four hours.
        pause: seconds before the second attempt; doubled before each further one.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        region: str,
        partition: str,
        account: str,
        send_bounce: SendBounce,
        attempts: int = 3,
        pause: float = 0.05,
    ) -> None:
        self._connect = connect
        self._region = region
        self._partition = partition
        self._account = account
        self._send_bounce = send_bounce
        self._attempts = attempts
        self._pause = pause

    def run(self, mail: Mail, matches: Sequence[Match], *, rule_set: str) -> tuple[Step, ...]:
        """Run the rules' actions and return what became of each. Never raises: a failure is a step.

        Args:
            mail: the accepted mail.
            matches: the rules it meets, in order.
            rule_set: name of the active rule set.
        """
        steps: list[Step] = []
        for match in matches:
            arn = (
                f"arn:{self._partition}:ses:{self._region}:{self._account}:receipt-rule-set/{rule_set}"
                f":receipt-rule/{match.name}"
            )
            permissions = Permissions(
                connect=self._connect, account=self._account, region=self._region, rule_arn=arn
            )
            if self._rule(_Turn(mail=mail, match=match, permissions=permissions), steps):
                break
        return tuple(steps)

    def _rule(self, turn: _Turn, steps: list[Step]) -> bool:
        """Run one rule and return whether the whole rule set ends here."""
        ended = ""
        for kind, properties in turn.match.actions:
            name = kind.removesuffix("Action")
            if ended:
                steps.append(Step(rule=turn.match.name, action=name, result="skipped", reason=ended))
                continue
            outcome = self._step(name, properties, turn)
            steps.append(
                Step(rule=turn.match.name, action=name, result=outcome.result, reason=outcome.reason)
            )
            if outcome.stop == "rule set":
                return True
            if outcome.stop == "rule":
                ended = f"{name} before it {'failed' if outcome.result == 'failed' else 'stopped the rule'}"
        return False

    def _step(self, name: str, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        """Run one action, then tell its topic; the action does not run again because the topic failed."""
        outcome = self._attempt(lambda: self._act(name, properties, turn))
        topic = properties.get("TopicArn")
        if outcome.notice is None or not topic:
            return outcome
        text = turn.notice({**outcome.notice, "topicArn": topic})
        told = self._attempt(lambda: _Outcome(self._publish(topic, text, turn, properties)))
        if told.result == "failed":
            return replace(outcome, result="failed", reason=f"{outcome.reason}; not announced: {told.reason}")
        return outcome

    def _attempt(self, act: Callable[[], _Outcome]) -> _Outcome:
        failure = ""
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                return act()
            except UnsupportedActionError as error:
                return _Outcome(str(error), "failed", "rule")
            except Exception as error:  # whatever a target does must not lose the mail's other rules
                failure = f"{type(error).__name__}: {error}"
        return _Outcome(failure, "failed", "rule")

    def _act(self, name: str, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        match name:
            case "S3":
                return self._s3(properties, turn)
            case "Lambda":
                return self._lambda(properties, turn)
            case "SNS":
                return self._sns(properties, turn)
            case "AddHeader":
                turn.mail.added.insert(0, (properties["HeaderName"], properties["HeaderValue"]))
                return _Outcome(properties["HeaderName"])
            case "Bounce":
                return self._bounce(properties, turn)
            case "Stop":
                return _Outcome("the rule set ends here", stop="rule set", notice={"type": "Stop"})
            case _:
                raise UnsupportedActionError(f"the local AWS has no {name} action")

    def _s3(self, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        bucket, prefix = properties["BucketName"], properties.get("ObjectKeyPrefix") or ""
        key = prefix + turn.mail.message_id
        storing.require(properties, key, permissions=turn.permissions, connect=self._connect)
        body, metadata = turn.mail.content(scan=turn.match.scans), dict[str, str]()
        if key_arn := properties.get("KmsKeyArn"):
            body, metadata = envelope.seal(
                body,
                kms=self._client("kms"),
                key_arn=key_arn,
                message_id=turn.mail.message_id,
                rule=turn.match.name,
                account=self._account,
            )
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
        action = {"type": "S3", "bucketName": bucket, "objectKeyPrefix": prefix, "objectKey": key}
        return _Outcome(f"s3://{bucket}/{key}", notice=action)

    def _lambda(self, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        function = properties["FunctionArn"]
        invocation = properties.get("InvocationType") or "Event"
        turn.permissions.require_function(function)
        action = {"type": "Lambda", "functionArn": function, "invocationType": invocation}
        event = turn.mail.event(recipients=turn.match.recipients, scan=turn.match.scans, action=action)
        response = self._client("lambda").invoke(
            FunctionName=function, InvocationType=invocation, Payload=json.dumps(event).encode()
        )
        payload = response["Payload"].read()
        if response.get("FunctionError"):
            raise RuntimeError(f"function {function}: {payload[:KIB].decode('utf-8', 'replace')}")
        outcome = _disposition(payload) if invocation == "RequestResponse" else _Outcome("invoked")
        return replace(outcome, notice=action)

    def _sns(self, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        content = turn.mail.content(scan=turn.match.scans)
        if len(content) > SNS_MOST:
            self._send(
                turn,
                sender=_BOUNCER,
                smtp_reply_code="552",
                status_code="5.3.4",
                message="Message too large",
            )
            return _Outcome(f"{len(content)} bytes are too many for SNS, which takes {SNS_MOST}", "bounced")
        encoding = properties.get("Encoding") or "UTF-8"
        text = (
            base64.b64encode(content).decode() if encoding == "Base64" else content.decode("utf-8", "replace")
        )
        action = {"type": "SNS", "topicArn": properties["TopicArn"], "encoding": encoding}
        return _Outcome(self._publish(properties["TopicArn"], turn.notice(action, text), turn, properties))

    def _bounce(self, properties: Mapping[str, Any], turn: _Turn) -> _Outcome:
        code, status = properties["SmtpReplyCode"], properties.get("StatusCode") or "5.0.0"
        message, sender = properties["Message"], properties["Sender"]
        reason = self._send(turn, sender=sender, smtp_reply_code=code, status_code=status, message=message)
        action = {
            "type": "Bounce",
            "smtpReplyCode": code,
            "statusCode": status,
            "message": message,
            "sender": sender,
        }
        return _Outcome(reason, notice=action)

    def _send(self, turn: _Turn, *, sender: str, smtp_reply_code: str, status_code: str, message: str) -> str:
        if not turn.mail.sender:
            return "a mail from nobody (MAIL FROM:<>) is never answered"
        bounce = bounces.compose(
            turn.mail,
            bounced=turn.match.recipients,
            sender=sender,
            smtp_reply_code=smtp_reply_code,
            status_code=status_code,
            message=message,
        )
        self._send_bounce(bounce)
        return f"{smtp_reply_code} {status_code} to {turn.mail.sender}"

    def _publish(self, topic: str, notice: str, turn: _Turn, properties: Mapping[str, Any]) -> str:
        storing.require_topic(properties, topic, permissions=turn.permissions)
        response = self._client("sns").publish(TopicArn=topic, Subject=_SUBJECT, Message=notice)
        return f"published {response['MessageId']}"

    def _client(self, service: str) -> Any:
        return self._connect(service, self._region)


def _disposition(payload: bytes) -> _Outcome:
    """Read what a function called with RequestResponse decides; anything else lets the rules go on."""
    try:
        answer = cast("dict[str, Any]", json.loads(payload))
        disposition = str(answer["disposition"]).upper()
    except (ValueError, TypeError, LookupError):
        disposition = ""
    match disposition:
        case "STOP_RULE":
            return _Outcome(disposition, stop="rule")
        case "STOP_RULE_SET":
            return _Outcome(disposition, stop="rule set")
        case _:
            return _Outcome(disposition or "CONTINUE")
