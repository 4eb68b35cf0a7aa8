"""The configuration's `dkim`: how the mail of a domain is signed."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cdk_ses_regions.config.base import Model, checked, refuse

KINDS = ("easy", "deterministic", "bring-your-own")

_SELECTOR = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
_SECRET = r"[A-Za-z0-9/_+=.@-]{1,512}"
_SPKI = b"0"  # a DER sequence, as every public key is


def _selector_problem(value: str) -> str | None:
    if re.fullmatch(_SELECTOR, value) and len(value) <= 63:
        return None
    return f"{value!r} is no selector; use at most 63 of a-z, 0-9, hyphen and dot, like mail2026"


def _secret_problem(value: str) -> str | None:
    if value.startswith("arn:"):
        return (
            f"{value!r} is the ARN of one Region's secret; write its name, by which each Region finds its own"
        )
    if re.fullmatch(_SECRET, value):
        return None
    return f"{value!r} is no name of a secret; use at most 512 letters, digits and / _ + = . @ -"


def _public_key_problem(value: str) -> str | None:
    hint = "write the base64 of the public key, without header and line breaks"
    if "BEGIN" in value:
        return f"has the header of a PEM file; {hint}"
    try:
        der = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return f"is no base64; {hint}"
    # RSA of 1024 to 2048 bits, which is what SES takes, has 160 to 300 bytes.
    if not (der.startswith(_SPKI) and 150 <= len(der) <= 310):
        return "is no public RSA key of 1024 to 2048 bits; make one with: openssl rsa -pubout -outform der | base64 -w0"
    return None


class Dkim(Model):
    """How mail is signed. `dkim: easy` is short for `kind: easy`, `dkim: deterministic` for `kind: deterministic`."""

    kind: Literal["easy", "deterministic", "bring-your-own"] = "easy"
    """`easy`: SES makes the keys of each Region. `deterministic`: the other Regions sign with the key of the primary
    one, and need no DNS. `bring-your-own`: one key of yours for all Regions."""
    key_length: Literal[1024, 2048] | None = None
    """Bits of the keys that SES makes; left out: 2048."""
    selector: (
        Annotated[str, checked(_selector_problem), Field(json_schema_extra={"pattern": f"^{_SELECTOR}$"})]
        | None
    ) = None
    """Your key's selector: its record is `SELECTOR._domainkey.DOMAIN`."""
    public_key: Annotated[str, checked(_public_key_problem)] | None = None
    """Your public key, base64: it goes into that one record."""
    private_key_secret: (
        Annotated[str, checked(_secret_problem), Field(json_schema_extra={"pattern": f"^{_SECRET}$"})] | None
    ) = None
    """Name of the Secrets Manager secret, there in each Region, whose text is your private key, base64."""
    private_key_version: (
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z0-9-]{32,64}$"),
        ]
        | None
    ) = None
    """Version id of the secret; left out: the current one at the first deployment. Change it to bring a new key."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        if data == "bring-your-own":
            raise refuse(
                "needs your key: a mapping with kind: bring-your-own, selector, public_key and private_key_secret"
            )
        if data not in KINDS:
            raise refuse(f"{data!r} is none of {', '.join(KINDS)}")
        return {"kind": data}


def _or_kind(schema: dict[str, Any]) -> None:
    """Tell editors that a word is enough."""
    if (reference := schema.pop("$ref", None)) is not None:
        schema["anyOf"] = [{"enum": ["easy", "deterministic"]}, {"$ref": reference}]


DkimSection = Annotated[Dkim, Field(json_schema_extra=_or_kind)]
"""A `Dkim`, or the word for one."""
