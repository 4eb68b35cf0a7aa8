"""What is refused in the `dkim` of a domain, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = "regions: [us-east-1]\ndomains:\n  - name: example.com\n    dkim: "
HINT = "write the base64 of the public key, without header and line breaks"
KEY = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC" + "A" * 176 + "B"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "a kind of DKIM that is none": (
        HEAD + "hard\n",
        ["4:11: domains.0.dkim: 'hard' is none of easy, deterministic, bring-your-own"],
    ),
    "DKIM that is no text": (
        HEAD + "7\n",
        ["4:11: domains.0.dkim: must be a mapping (key: value lines), not 7"],
    ),
    "a key of one's own without the key": (
        HEAD + "bring-your-own\n",
        [
            "4:11: domains.0.dkim: needs your key: a mapping with kind: bring-your-own, selector, public_key and "
            "private_key_secret"
        ],
    ),
    "a key of one's own of which half is wrong": (
        HEAD
        + "{kind: bring-your-own, selector: Mail 1, public_key: '-----BEGIN PUBLIC KEY-----', key_length: 1024}\n",
        [
            "4:5: domains.0.dkim: kind bring-your-own needs private_key_secret too",
            "4:44: domains.0.dkim.selector: 'Mail 1' is no selector; use at most 63 of a-z, 0-9, hyphen and dot, "
            "like mail2026",
            f"4:64: domains.0.dkim.public_key: has the header of a PEM file; {HINT}",
            "4:94: domains.0.dkim.key_length: your key has the length it has; take this out",
        ],
    ),
    "a secret of one Region, and a key that is none": (
        HEAD
        + "{kind: bring-your-own, selector: x, public_key: aGFsbG8=, "
        + "private_key_secret: 'arn:aws:secretsmanager:us-east-1:1:secret:x'}\n",
        [
            "4:59: domains.0.dkim.public_key: is no public RSA key of 1024 to 2048 bits; make one with: "
            "openssl rsa -pubout -outform der | base64 -w0",
            "4:89: domains.0.dkim.private_key_secret: 'arn:aws:secretsmanager:us-east-1:1:secret:x' is the ARN of one "
            "Region's secret; write its name, by which each Region finds its own",
        ],
    ),
    "a public key that is no base64, a secret that is no name": (
        HEAD + "{kind: bring-your-own, selector: x, public_key: '!', private_key_secret: 'a b'}\n",
        [
            f"4:59: domains.0.dkim.public_key: is no base64; {HINT}",
            "4:84: domains.0.dkim.private_key_secret: 'a b' is no name of a secret; use at most 512 letters, digits "
            "and / _ + = . @ -",
        ],
    ),
    "keys of one's own beside those of SES": (
        HEAD + f"{{kind: deterministic, selector: x, public_key: {KEY}, key_length: 512}}\n",
        [
            "4:33: domains.0.dkim.selector: is for kind bring-your-own only, not deterministic; take it out",
            "4:46: domains.0.dkim.public_key: is for kind bring-your-own only, not deterministic; take it out",
            f"4:{46 + 12 + len(KEY) + 2 + 12}: domains.0.dkim.key_length: must be one of 1024 or 2048, not 512",
        ],
    ),
}
