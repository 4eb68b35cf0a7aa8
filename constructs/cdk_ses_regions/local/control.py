"""What a running local AWS tells of itself, and what can be done to it: a client of its `/_ses/api`."""

from __future__ import annotations

import json
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from cdk_ses_regions.local import answers
from cdk_ses_regions.local.answers import Account, Data, Faults, Feedback, ReceivedMail, SentMail, Suppressed
from cdk_ses_regions.local.errors import LocalAwsError

FaultKind = Literal["down", "slow", "throttled", "dns", "bucket-policy", "key", "topic-policy"]

_TIMEOUT_SECONDS = 120
_API = "/_ses/api/"


class RefusedError(LocalAwsError, ValueError):
    """What was asked for makes no sense here; says why."""


class Control:
    """Asks one local AWS.

    Args:
        endpoint_url: of the local AWS.

    Every method raises LocalAwsError when it does not answer, RefusedError when it says no.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._port = urlsplit(endpoint_url).port or 80

    @property
    def url(self) -> str:
        """The page for people."""
        return f"{self._endpoint_url}/_ses"

    def status(self) -> Data:
        """Return the whole state: Regions with doors, account, identities, rules and stacks; faults; time."""
        return self._get("status")

    def sent(self) -> tuple[SentMail, ...]:
        """Return the mails that left, oldest first."""
        return tuple(answers.sent(entry, self.raw) for entry in self._get("sent"))

    def outbox(self) -> tuple[SentMail, ...]:
        """Return the mails that stayed here because their domain is not ours, oldest first."""
        return tuple(answers.sent(entry, self.raw) for entry in self._get("outbox"))

    def received(self) -> tuple[ReceivedMail, ...]:
        """Return the mails that the doors took, oldest first."""
        return tuple(answers.received(entry, self.raw) for entry in self._get("received"))

    def feedback(self, message_id: str | None = None) -> tuple[Feedback, ...]:
        """Return what SES told, oldest first; of one mail when its id is given."""
        return tuple(
            answers.feedback(entry)
            for entry in self._get("feedback")
            if message_id in (None, entry["message_id"])
        )

    def raw(self, message_id: str) -> bytes:
        """Return a whole mail that left or came in."""
        return self._ask("GET", f"mails/{quote(message_id, safe='')}/raw")

    def suppression(self) -> tuple[Suppressed, ...]:
        """Return the account's suppression lists of all Regions."""
        return tuple(map(answers.suppressed, self._get("suppression")))

    def accounts(self) -> dict[str, Account]:
        """Return the account in each Region."""
        return {name: answers.account(entry) for name, entry in self._get("account").items()}

    def review(self, region: str, granted: bool) -> Account:
        """Decide on the request for production access, as AWS's people do."""
        return answers.account(self._post("review", region=region, granted=granted))

    def set_quota(self, region: str, *, daily: float | None = None, rate: float | None = None) -> Account:
        """Change the sending quotas of a Region: mails in 24 hours and in a second; None leaves one as it is."""
        return answers.account(self._post("quota", region=region, daily=daily, rate=rate))

    def limit_control_plane(self, on: bool) -> None:
        """Let SES take one request a second in each Region, but for sending."""
        self._post("control-plane", on=on)

    def faults(self) -> Faults:
        """Return what is broken on purpose."""
        return answers.faults(self._get("faults"))

    def fault(self, kind: FaultKind, region: str | None = None, *, seconds: float | None = None) -> Faults:
        """Break something on purpose, and return all that is broken.

        Args:
            kind: `down` (connections cut or refused), `slow`, `throttled` (SES answers `Rate exceeded`), `dns`
                (SERVFAIL); or, in the real resources SES uses there, `bucket-policy`, `key` (disabled) or
                `topic-policy` (gone).
            region: the AWS Region; not for `dns`.
            seconds: that each answer waits, for `slow`.
        """
        return answers.faults(self._post("faults", kind=kind, region=region, seconds=seconds))

    def clear_faults(self) -> Faults:
        """Repair everything that was broken on purpose."""
        return answers.faults(self._post("faults/clear"))

    def now(self) -> datetime:
        """Return the time by which SES lives here, in UTC."""
        return answers.time(self._get("clock")["now"])

    def forward(self, hours: float) -> datetime:
        """Move SES's time forward, and return it."""
        return answers.time(self._post("clock", hours=hours)["now"])

    def reset(self) -> None:
        """Forget everything; keys, ports and hosted zones are as after the start."""
        self._post("reset")

    def _get(self, name: str) -> Any:
        return json.loads(self._ask("GET", name))

    def _post(self, name: str, **data: Any) -> Any:
        return json.loads(self._ask("POST", name, json.dumps(data).encode()))

    def _ask(self, method: str, name: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, _API + name, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            raise LocalAwsError(f"the local AWS on {self._endpoint_url} does not answer: {error}") from error
        finally:
            connection.close()
        if response.status == 200:
            return answer
        raise _error(response.status, answer)


def _error(status: int, answer: bytes) -> LocalAwsError:
    try:
        said = str(json.loads(answer)["error"])
    except (ValueError, LookupError, TypeError):
        return LocalAwsError(f"the local AWS answered {status}; its log says why")
    return RefusedError(said) if 400 <= status < 500 else LocalAwsError(said)
