"""What lets functions of this local AWS speak SMTP with its doors: where they are, and whom to trust.

On AWS the names of the endpoints lead there, and their certificates are anybody's to check. Here both are settings of
the environment, which functions inherit from the server: `SMTP_ADDRESSES` for those that know it, and `SSL_CERT_FILE`
for every TLS client of Python.
"""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

_certificates: list[str] = []


def trust(certificate: str) -> None:
    """Let functions that begin from now on trust a certificate, in PEM."""
    _certificates.append(certificate)


def tell(addresses: Mapping[str, str]) -> None:
    """Tell functions that begin from now on where hosts are.

    Args:
        addresses: host to `address:port`.
    """
    paths = ssl.get_default_verify_paths()
    known = Path(paths.cafile or paths.openssl_cafile)  # the first is None when there is no such file
    others = known.read_text(encoding="utf-8") if known.is_file() else ""
    bundle = Path(tempfile.gettempdir(), "trusted.pem")
    bundle.write_text("\n".join([others, *_certificates]), encoding="utf-8")
    os.environ["SSL_CERT_FILE"] = str(bundle)
    os.environ["SMTP_ADDRESSES"] = json.dumps(dict(addresses))
