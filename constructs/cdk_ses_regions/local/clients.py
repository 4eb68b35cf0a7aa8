"""boto3 clients for the local AWS."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from cdk_ses_regions.local.faults import INSIDE

ROOT_KEY = "test"
"""ministack's root: the key and the secret that its server is started with."""

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
)


class Clients:
    """Clients with one pair of keys, made once each.

    Args:
        endpoint_url: of the local AWS.
        access_key_id: the key (default: root's).
        secret_access_key: its secret (default: root's).
        inside: whether the server asks itself, so that no fault is for it.
    """

    def __init__(
        self,
        endpoint_url: str,
        *,
        access_key_id: str = ROOT_KEY,
        secret_access_key: str = ROOT_KEY,
        inside: bool = False,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key
        )
        self._config = _CONFIG.merge(Config(user_agent_extra=INSIDE)) if inside else _CONFIG
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(  # pyright: ignore[reportCallIssue, reportUnknownMemberType]
                    service,  # pyright: ignore[reportArgumentType]
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    config=self._config,
                )
            return self._clients[service, region]


@cache
def as_root() -> Clients:
    """Return clients with which the server's own process asks itself, as root."""
    return Clients(f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", inside=True)
