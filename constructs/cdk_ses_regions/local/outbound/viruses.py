"""Whether a mail has a virus: the test file that every virus scanner knows, plain or as an attachment."""

from __future__ import annotations

from email import message_from_bytes

from cdk_ses_regions.local.receiving.received import EICAR


def has_virus(raw: bytes) -> bool:
    """Tell whether the EICAR test file is in a mail."""
    if EICAR in raw:
        return True
    if b"base64" not in raw.lower():
        return False
    parts = message_from_bytes(raw).walk()
    return any(
        EICAR in bytes(part.get_payload(decode=True) or b"") for part in parts if not part.is_multipart()
    )
