"""Sends mail from the nearest of several Regions, and from the next one when that cannot.

Needs boto3 alone: it can be copied into a Lambda function as this one file. It never sends twice by itself: a Region is
left for the next only when it surely did not take the mail. Rests on SES's API reference, "SendEmail"
(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import boto3
from botocore import exceptions
from botocore.config import Config

_REFUSED = {
    # too many mails: in this second, on this day, or requests
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    # the account, or the configuration set
    "AccountSuspendedException",
    "SendingPausedException",
    # the Region says that it does nothing for now
    "ServiceUnavailable",
    "ServiceUnavailableException",
}
"""Errors of a Region that took no mail and would take no other one either; the next may."""

_UNREACHED = (
    exceptions.EndpointConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyConnectionError,
)
"""Errors before the request was written."""

_REGIONAL = (
    "ConfigurationSetName",
    "FromEmailAddressIdentityArn",
    "FeedbackForwardingEmailAddressIdentityArn",
)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A mail that a Region took.

    Attributes:
        region: the Region.
        message_id: SES's id of the mail there, as it is in bounces.
        failures: why the Regions before did not, by name.
    """

    region: str
    message_id: str
    failures: Mapping[str, Exception]


class NotSentError(Exception):
    """No Region took the mail, and it is certain; it may be sent again later.

    Attributes:
        failures: why, by Region.
    """

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        self.failures = failures
        super().__init__("no Region took the mail: " + _listed(failures))


class UncertainError(Exception):
    """The mail went to a Region that did not say whether it took it. Sent again, it may come twice.

    Attributes:
        failures: what happened, by Region; the last is the uncertain one, unless several were tried after it.
    """

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        self.failures = failures
        super().__init__("a Region may have taken the mail, and did not answer: " + _listed(failures))


class SesClient:
    """Sends with SES of several Regions; threads may share one.

    The Regions are tried in this order: `preferred`, then the others as they are written. One that failed goes to the
    end for `rest_seconds`, so that an outage costs one timeout and not one a mail.

    Args:
        regions: the Regions, at least one; the senders have to be verified in each.
        preferred: where to begin (default: where this runs, `AWS_REGION`, if it is one of them; else the first).
        session: makes the clients (default: a new one, with the usual credentials).
        resend_when_uncertain: go on to the next Region when one did not answer: rather twice than never (default
            False).
        connect_seconds: how long a connection may take (default 3).
        read_seconds: how long an answer may take (default 30).
        rest_seconds: how long a Region that failed is tried last (default 30).

    Raises:
        ValueError: there is no Region, one is given twice, or `preferred` is not among them.
    """

    def __init__(
        self,
        regions: Sequence[str],
        *,
        preferred: str | None = None,
        session: boto3.Session | None = None,
        resend_when_uncertain: bool = False,
        connect_seconds: float = 3,
        read_seconds: float = 30,
        rest_seconds: float = 30,
    ) -> None:
        if isinstance(regions, str) or not regions or len(set(regions)) < len(regions):
            raise ValueError(
                f"regions must be a list of Regions, at least one and each once, not {regions!r}"
            )
        if preferred is not None and preferred not in regions:
            raise ValueError(f"preferred {preferred!r} is not one of the regions ({', '.join(regions)})")
        first = preferred or os.environ.get("AWS_REGION")
        self._regions = sorted(regions, key=lambda one: one != first)  # sorting keeps the order of the others
        self._session = session or boto3.Session()
        self._resend = resend_when_uncertain
        self._config = Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            # botocore would repeat what timed out: that is how mails are sent twice.
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        self._rest_seconds = rest_seconds
        self._resting: dict[str, float] = {}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def send_email(self, **arguments: Any) -> Sent:
        """Send one mail.

        Args:
            arguments: those of sesv2's `send_email`. `{region}` stands for the Region in the name of the configuration
                set and in ARNs of identities and of the template.

        Raises:
            NotSentError: no Region took it.
            UncertainError: one may have taken it; see `resend_when_uncertain`.
            botocore.exceptions.ClientError: a Region says that the mail or the permission is wrong; others would, too.
        """
        failures: dict[str, Exception] = {}
        uncertain = False
        for region in self.order():
            try:
                message_id = self._send(region, arguments)
            except (exceptions.ClientError, exceptions.BotoCoreError) as error:
                failures[region] = error
                if not (taken := _may_be_taken(error)) and not _concerns_region(error):
                    if uncertain:
                        break
                    raise
                self._resting[region] = time.monotonic() + self._rest_seconds
                uncertain = uncertain or taken
                if taken and not self._resend:
                    raise UncertainError(failures) from error
            else:
                self._resting.pop(region, None)
                return Sent(region=region, message_id=message_id, failures=failures)
        raise UncertainError(failures) if uncertain else NotSentError(failures)

    def order(self) -> list[str]:
        """Return the Regions in the order in which the next mail tries them."""
        now = time.monotonic()
        return sorted(self._regions, key=lambda region: self._resting.get(region, 0) > now)

    def _send(self, region: str, arguments: Mapping[str, Any]) -> str:
        try:
            return self._client(region).send_email(**_in_region(arguments, region))["MessageId"]
        except KeyError as error:  # a proxy's page, say
            raise exceptions.HTTPClientError(error="the answer is none of SES's") from error

    def _client(self, region: str) -> Any:
        with self._lock:  # a session is not for several threads, its clients are
            if region not in self._clients:
                make = cast("Any", self._session).client  # type stubs may be there for some services only
                self._clients[region] = make("sesv2", region_name=region, config=self._config)
            return self._clients[region]


def _may_be_taken(error: Exception) -> bool:
    """Tell whether a mail may have been taken, though this came instead of an answer."""
    if isinstance(error, exceptions.ClientError):
        return _status(error) >= 500 and _code(error) not in _REFUSED
    # TLS breaks while a connection begins, but also later.
    return isinstance(error, (exceptions.HTTPClientError, exceptions.SSLError))


def _concerns_region(error: Exception) -> bool:
    """Tell whether an error says that the Region, not the mail, is what is wrong."""
    if isinstance(error, exceptions.ClientError):
        return _code(error) in _REFUSED or _status(error) == 429
    return isinstance(error, _UNREACHED)


def _in_region(arguments: Mapping[str, Any], region: str) -> dict[str, Any]:
    named = {key: value.replace("{region}", region) for key, value in arguments.items() if key in _REGIONAL}
    content = arguments.get("Content", {})
    if arn := content.get("Template", {}).get("TemplateArn"):
        template = {**content["Template"], "TemplateArn": arn.replace("{region}", region)}
        named["Content"] = {**content, "Template": template}
    return {**arguments, **named}


def _code(error: exceptions.ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _status(error: exceptions.ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _listed(failures: Mapping[str, Exception]) -> str:
    return "; ".join(f"{region}: {error}" for region, error in failures.items())
