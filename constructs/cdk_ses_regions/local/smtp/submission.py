"""SES's SMTP endpoints, for applications that send: one door a Region, and what it takes goes the API's way.

Rests on the SES developer guide, "Using the Amazon SES SMTP interface to send email"
(https://docs.aws.amazon.com/ses/latest/dg/send-email-smtp.html), and "SMTP response codes returned by Amazon SES"
(https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.iam_evaluator import find_iam_access_key_account
from ministack.core.responses import request_scope
from ministack.services import iam

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.outbound.sent import SUBMITTED
from cdk_ses_regions.local.smtp import functions
from cdk_ses_regions.local.smtp.certificate import server_context
from cdk_ses_regions.local.smtp.door import Doors, Run
from cdk_ses_regions.smtp_password import smtp_password

_AUTHENTICATED = "235 Authentication successful."
_UNKNOWN = "535 Authentication Credentials Invalid"
_FIRST_AUTHENTICATE = "530 Authentication required"
_LATER = "451 Temporary service failure"
_CODES = {
    "MessageRejected": "554 Message rejected",
    "AccountSendingPausedException": "554 Message rejected",
    "ConfigurationSetSendingPausedException": "554 Message rejected",
    "AccessDenied": "554 Access denied",
    "AccessDeniedException": "554 Access denied",
    "Throttling": "454 Throttling failure",
    "ThrottlingException": "454 Throttling failure",
}
_REFUSED = "554 Transaction failed"
_KEY_GONE = ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException")

_log = logging.getLogger(__name__)

Keys = tuple[str, str]
"""Access key id and secret access key."""


class _Conversation:
    """One client's session with a door: the hooks aiosmtpd calls."""

    def __init__(self, send: Callable[..., str], run: Run) -> None:
        self._send = send
        self._run = run

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        if session.ssl is None:
            return "530 Must issue a STARTTLS command first"
        if not session.authenticated:
            return _FIRST_AUTHENTICATE
        if "@" not in address:
            return "501 Invalid MAIL FROM address provided"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient: whether there are too many, or one may not be written to, is judged with the mail."""
        envelope.rcpt_tos.append(address)
        return "250 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Send the mail as the user, answer with the message id."""
        content = envelope.content
        if not isinstance(content, bytes):
            return _LATER
        return await self._run(
            self._send, session.auth_data, str(envelope.mail_from), tuple(envelope.rcpt_tos), content
        )


class SubmissionDoors(Doors):
    """The SMTP endpoints of a local AWS, in the Regions that have one.

    Args:
        regions: names of the AWS Regions.
        endpoint_url: of the local AWS, to whose API the mails go.
        host: IP address to listen on.

    Raises:
        UnsupportedRegionError: when SES is not in one of the Regions.
    """

    def __init__(self, *, regions: Iterable[str], endpoint_url: str, host: str = "127.0.0.1") -> None:
        known = map(ses.region, dict.fromkeys(regions))
        names = {region.name: region.smtp for region in known if region.smtp}
        self._endpoint_url = endpoint_url
        super().__init__(
            kind="submission",
            names=names,
            converse=lambda region, run: _Conversation(self._sender(region), run),
            tls=lambda: server_context(
                names=[*names.values(), "localhost"], address=host, tell=functions.trust
            ),
            host=host,
            settings=lambda region: {"authenticator": _authenticator(region), "auth_require_tls": True},
        )

    def start(self) -> dict[str, int]:
        """Open the doors, and tell functions where they are."""
        ports = super().start()
        functions.tell({self._names[region]: f"{self._host}:{port}" for region, port in ports.items()})
        return ports

    def _sender(self, region: str) -> Callable[..., str]:
        def send(keys: Keys, source: str, recipients: tuple[str, ...], raw: bytes) -> str:
            mark = f"{SUBMITTED[0]}: {SUBMITTED[1]}\r\n".encode()
            try:
                answer = _client(self._endpoint_url, keys, region).send_raw_email(
                    Source=source, Destinations=list(recipients), RawMessage={"Data": mark + raw}
                )
            except ClientError as error:
                found: Any = error.response.get("Error", {})
                return reply_to(found.get("Code", ""), found.get("Message", ""))
            except BotoCoreError:
                _log.exception("%s: a mail could not be sent", region)
                return _LATER
            return f"250 Ok {answer['MessageId']}"

        return send


def reply_to(code: str, message: str) -> str:
    """Return what the SMTP endpoint says when the API answers with an error."""
    if code in _KEY_GONE:
        return _UNKNOWN
    return f"{_CODES.get(code, _REFUSED)}: {' '.join(message.split())}"


@lru_cache(maxsize=64)
def _client(endpoint_url: str, keys: Keys, region: str) -> Any:
    return Clients(endpoint_url, access_key_id=keys[0], secret_access_key=keys[1])("ses", region)


def _authenticator(region: str) -> Callable[..., AuthResult]:
    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        key_id = data.login.decode("utf-8", "replace")
        secret = _secret_of(key_id)
        # Compared even when there is no such key, so that no time tells it from a wrong password.
        right = hmac.compare_digest(smtp_password(secret or "", region).encode(), data.password)
        if not right or secret is None:
            return AuthResult(success=False, handled=False, message=_UNKNOWN)
        return AuthResult(success=True, message=_AUTHENTICATED, auth_data=(key_id, secret))

    return authenticate


def _secret_of(key_id: str) -> str | None:
    """Return the secret of an active access key of an IAM user; neither root's nor a session's will do."""
    account = find_iam_access_key_account(key_id)
    if account is None:
        return None
    with request_scope(account, "us-east-1"):
        key = iam._access_keys.get(key_id) or {}
    return key["SecretAccessKey"] if key.get("Status") == "Active" else None
