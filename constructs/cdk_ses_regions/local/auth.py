"""Lets plain HTTP on loopback count as secure transport.

Gap: ministack trusts only TLS, so every policy that refuses insecure transport refuses all of the local AWS.
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

from ministack import app


def install() -> None:
    """Patch what ministack remembers of each request."""
    remember = app.pin_request_origin

    def remember_secure(source_ip: str, secure_transport: bool) -> None:
        remember(source_ip, True)

    app.pin_request_origin = remember_secure
