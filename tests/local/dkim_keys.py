"""Keys, signatures and signed mails, as tests of DKIM need them."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from region import Region, unique


@cache
def key(bits: int = 1024) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def as_given(private: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """Return a private key as SES takes it: base64 without the first and the last line of PEM."""
    return base64.b64encode(private.private_bytes(Encoding.DER, form, NoEncryption())).decode()


def record_of(private: rsa.RSAPrivateKey) -> str:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = f"p={base64.b64encode(public).decode()}"
    return '" "'.join((text[:200], text[200:]))  # a string of a TXT record has at most 255 characters


def sent(region: Region, sender: str) -> bytes:
    """Send a mail and return it as it left."""
    recipient = f"{unique('r')}@elsewhere.example"
    region.sesv2.send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    [mail] = [mail for mail in region.local.control.outbox() if mail.recipients == (recipient,)]
    return mail.raw()


def signature(raw: bytes, domain: str) -> str:
    """Return the selector of the signature of a domain, empty if there is none."""
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", raw).decode()
    found = re.search(rf"DKIM-Signature: .*d={re.escape(domain)};.*s=([^;\s]+)", unfolded)
    return found[1] if found else ""


def put_key(
    region: Region, domain: str, selector: str, private: str, origin: str = "EXTERNAL"
) -> dict[str, Any]:
    return region.sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=domain,
        SigningAttributesOrigin=origin,
        SigningAttributes={"DomainSigningSelector": selector, "DomainSigningPrivateKey": private},
    )
