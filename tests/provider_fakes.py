"""Amazon SES in memory, as far as the provider's custom resources see it, and what CloudFormation's side needs.

The errors are botocore's, so that code under test sees what AWS would send.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, operation: str = "Operation", message: str = "no") -> ClientError:
    """The error that botocore raises when AWS answers with the code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeSes:
    """One Region's receipt rule sets and identities, with a log of all calls and faults to come."""

    def __init__(
        self, *, rule_sets: tuple[str, ...] = (), active: str = "", identities: tuple[str, ...] = ()
    ) -> None:
        self.rule_sets = set(rule_sets)
        self.active = active
        self.identities: dict[str, dict[str, Any]] = {
            name: {"ForwardingEnabled": True} for name in identities
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: list[Exception] = []

    def changes(self) -> list[str]:
        """The names of the calls that were to change something."""
        return [name for name, _ in self.calls if name.startswith("Set")]

    def _called(self, name: str, **arguments: Any) -> None:
        self.calls.append((name, arguments))
        if self.faults:
            raise self.faults.pop(0)

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        self._called("DescribeActiveReceiptRuleSet")
        return {"Metadata": {"Name": self.active}, "Rules": []} if self.active else {}

    def set_active_receipt_rule_set(self, **arguments: str) -> None:
        self._called("SetActiveReceiptRuleSet", **arguments)
        name = arguments.get("RuleSetName", "")
        if name and name not in self.rule_sets:
            raise client_error(
                "RuleSetDoesNotExist", "SetActiveReceiptRuleSet", f"Rule set does not exist: {name}"
            )
        self.active = name

    def get_identity_notification_attributes(self, Identities: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's
        self._called("GetIdentityNotificationAttributes", Identities=Identities)
        return {
            "NotificationAttributes": {
                name: dict(self.identities[name]) for name in Identities if name in self.identities
            }
        }

    def set_identity_notification_topic(self, **arguments: str) -> None:
        self._called("SetIdentityNotificationTopic", **arguments)
        identity = self._identity(arguments)
        key = f"{arguments['NotificationType']}Topic"
        identity.pop(key, None)
        if "SnsTopic" in arguments:
            identity[key] = arguments["SnsTopic"]
        elif identity["ForwardingEnabled"] is False and key != "DeliveryTopic":
            raise client_error("InvalidParameterValue", "SetIdentityNotificationTopic", "forwarding is off")

    def set_identity_headers_in_notifications_enabled(self, **arguments: Any) -> None:
        self._called("SetIdentityHeadersInNotificationsEnabled", **arguments)
        kind, enabled = arguments["NotificationType"], arguments["Enabled"]
        self._identity(arguments)[f"HeadersIn{kind}NotificationsEnabled"] = enabled

    def set_identity_feedback_forwarding_enabled(self, **arguments: Any) -> None:
        self._called("SetIdentityFeedbackForwardingEnabled", **arguments)
        identity = self._identity(arguments)
        if not arguments["ForwardingEnabled"] and not {"BounceTopic", "ComplaintTopic"} <= set(identity):
            raise client_error("InvalidParameterValue", "SetIdentityFeedbackForwardingEnabled", "no topics")
        identity["ForwardingEnabled"] = arguments["ForwardingEnabled"]

    def _identity(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name = arguments["Identity"]
        if name not in self.identities:
            raise client_error("InvalidParameterValue", "Set", f"Identity {name} does not exist")
        return self.identities[name]


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Context:
    """What Lambda tells a function of its run."""

    def __init__(self, seconds: float = 240) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Answers:
    """What the address for CloudFormation's answers got: bodies and headers; `statuses` are given out in turn."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.attempts = 0
        self.bodies: list[bytes] = []
        self.content_types: list[str | None] = []

    @property
    def answer(self) -> dict[str, Any]:
        """The one answer that was accepted."""
        [body] = self.bodies
        return json.loads(body)


@contextmanager
def answers() -> Generator[Answers, None, None]:
    """A real HTTP server on loopback that takes the answers; status 0 closes the connection without a word."""
    kept = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            kept.attempts += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = kept.statuses.pop(0) if kept.statuses else 200
            if status == 0:
                self.close_connection = True
                return
            if status == 200:
                kept.bodies.append(body)
                kept.content_types.append(self.headers["Content-Type"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Keep the tests' output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/stack?Signature=secret-signature"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
