"""What is refused beside `adopt` at a domain, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = "regions: [us-east-1]\ndomains:\n  - name: example.com\n    adopt: true\n    dkim: "
KEY = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC" + "A" * 176 + "B"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "an adopted domain with a key of one's own": (
        HEAD + f"{{kind: bring-your-own, selector: x, public_key: {KEY}, private_key_secret: mail/dkim}}\n",
        [
            "5:5: domains.0.dkim: SES never gives a private key back, so a domain with adopt keeps its Easy DKIM; take "
            "one of them out, or import the identity with `cdk import`"
        ],
    ),
    "an adopted domain with keys of another length": (
        HEAD + "{key_length: 1024}\n",
        ["5:12: domains.0.dkim.key_length: adopt leaves the keys of a domain as they are; take this out"],
    ),
    "an adoption that is neither true nor false, of a domain and an address": (
        "regions: [us-east-1]\ndomains:\n  - name: example.com\n    adopt: maybe\n"
        "addresses:\n  - name: alerts@example.org\n    adopt: 1\n",
        [
            "4:12: domains.0.adopt: must be true or false, not 'maybe'",
            "7:12: addresses.0.adopt: must be true or false, not 1",
        ],
    ),
}
