"""SMTP credentials of one Region: the password that belongs to a key, and whether SES lets them in.

Rests on the SES developer guide, "Obtaining Amazon SES SMTP credentials" and "Connecting to an Amazon SES SMTP
endpoint".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import ssl
from typing import Any

PORT = 587
"""Submission with STARTTLS; Lambda lets nobody out on port 25."""

_VERSION = b"\x04"
_STEPS = ("11111111", "{region}", "ses", "aws4_request", "SendRawEmail")
_SECONDS = 10


def password_of(secret_access_key: str, region: str) -> str:
    """Return the SMTP password of an access key in one Region.

    The package has the same function, in a module that a Lambda function cannot import.
    """
    key = f"AWS4{secret_access_key}".encode()
    for step in _STEPS:
        key = hmac.new(key, step.format(region=region).encode(), hashlib.sha256).digest()
    return base64.b64encode(_VERSION + key).decode()


def log_in(*, host: str, port: int, user_name: str, password: str) -> None:
    """Log in over TLS and leave again.

    Raises:
        smtplib.SMTPException: SES does not let them in.
        OSError: there is no way to SES, or it is somebody else who answers.
    """
    with _Smtp(host, port, local_hostname="localhost", timeout=_SECONDS) as smtp:
        smtp.starttls(context=ssl.create_default_context())
        smtp.login(user_name, password)


class _Smtp(smtplib.SMTP):
    """A connection that may be led elsewhere: the certificate still has to be the host's.

    `SMTP_ADDRESSES` in the environment, JSON such as `{"email-smtp.us-east-1.amazonaws.com": "10.0.0.5:587"}`, says
    where a host is when its name does not lead there: behind a VPC endpoint without private DNS, or on a local AWS.
    """

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        address = json.loads(os.environ.get("SMTP_ADDRESSES", "{}")).get(host, f"{host}:{port}")
        place, _, number = address.rpartition(":")
        return super().connect(place, int(number), source_address)
