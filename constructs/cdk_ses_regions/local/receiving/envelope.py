"""Client-side encryption, as SES does it before it stores a mail: the envelope of the S3 Encryption Client, version 2.

Each object has a data key of its own, wrapped by KMS; how to open it is in the object's metadata. Rests on the SES
developer guide, "Deliver to S3 bucket action", and on the fixture of an object of SES's in the test
`AesGcmDecryptUsingMetadata` of https://github.com/aws/amazon-s3-encryption-client-dotnet.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_TAG_BITS = 128
_NONCE_BYTES = 12


def seal(
    content: bytes, *, kms: Any, key_arn: str, message_id: str, rule: str, account: str
) -> tuple[bytes, dict[str, str]]:
    """Return the encrypted content, and the object's metadata.

    Args:
        content: the mail.
        kms: client of the key's Region.
        key_arn: the KMS key.
        message_id: SES's id of the mail; a part of the encryption context, as are the following.
        rule: name of the receipt rule.
        account: of the rule.
    """
    context = {
        "aws:ses:message-id": message_id,
        "aws:ses:rule-name": rule,
        "aws:ses:source-account": account,
        "kms_cmk_id": key_arn,
    }
    key = kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256", EncryptionContext=context)
    nonce = os.urandom(_NONCE_BYTES)
    return AESGCM(key["Plaintext"]).encrypt(nonce, content, None), {
        "x-amz-key-v2": base64.b64encode(key["CiphertextBlob"]).decode(),
        "x-amz-iv": base64.b64encode(nonce).decode(),
        "x-amz-cek-alg": "AES/GCM/NoPadding",
        "x-amz-tag-len": str(_TAG_BITS),
        "x-amz-wrap-alg": "kms",
        "x-amz-matdesc": json.dumps(context),
        "x-amz-unencrypted-content-length": str(len(content)),
    }
