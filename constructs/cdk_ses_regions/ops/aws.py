"""boto3 for the commands: the clients of all Regions, with the credentials that the person has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from cdk_ses_regions.errors import SesRegionsError

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"max_attempts": 5, "mode": "standard"},
    max_pool_connections=4,
)


class UnknownProfileError(SesRegionsError, ValueError):
    """There is no such profile in the AWS configuration."""


def connect(*, profile: str | None = None, endpoint_url: str | None = None) -> Callable[[str, str], Any]:
    """Return (service, Region) -> boto3 client; a client is made once.

    Args:
        profile: of the AWS configuration (default: as boto3 finds credentials).
        endpoint_url: of every service (default: AWS, or AWS_ENDPOINT_URL).

    Raises:
        UnknownProfileError: there is no such profile.
    """
    try:
        session = boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        raise UnknownProfileError(f"{error}; name one of the AWS configuration with --profile") from None
    lock, clients = threading.Lock(), dict[tuple[str, str], Any]()

    def client(service: str, region: str) -> Any:
        with lock:  # a session is not for several threads at once
            if (service, region) not in clients:
                clients[service, region] = session.client(  # pyright: ignore[reportCallIssue, reportUnknownMemberType]
                    service,  # pyright: ignore[reportArgumentType]
                    region_name=region,
                    endpoint_url=endpoint_url,
                    config=_CONFIG,
                )
            return clients[service, region]

    return client
