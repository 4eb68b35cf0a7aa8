"""The password with which an IAM user sends mail over SMTP: made of the secret access key, for one Region only.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html#smtp-credentials-convert
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_VERSION = b"\x04"
_STEPS = ("11111111", "{region}", "ses", "aws4_request", "SendRawEmail")


def smtp_password(secret_access_key: str, region: str) -> str:
    """Return the SMTP password that belongs to a secret access key in one Region.

    The user name is the access key's id, in every Region. Temporary credentials have no such password.

    Args:
        secret_access_key: of an IAM user.
        region: AWS Region whose SMTP endpoint takes the password.
    """
    key = f"AWS4{secret_access_key}".encode()
    for step in _STEPS:
        key = hmac.new(key, step.format(region=region).encode(), hashlib.sha256).digest()
    return base64.b64encode(_VERSION + key).decode()
