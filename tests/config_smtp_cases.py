"""What is refused in `smtp`, and with which words; `test_config.py` runs it."""

from __future__ import annotations

from cdk_ses_regions.regions import smtp_regions

HEAD = "regions: [us-east-1]\ndomains: [{name: example.com}]\n"
COMMERCIAL = [name for name in smtp_regions() if "gov" not in name]
EVERYWHERE = f"regions: [{', '.join(COMMERCIAL)}]\n"
MANY = "".join(f"  - name: a-domain-with-a-long-name-{number:02}.example.com\n" for number in range(40))

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "SMTP where no Region has it": (
        "regions: [eu-central-2, af-south-1]\ndomains: [{name: example.com}]\nsmtp: {}\n",
        [
            "3:1: smtp: SES has no SMTP endpoint in eu-central-2, af-south-1; it has in "
            + ", ".join(smtp_regions())
        ],
    ),
    "SMTP with nothing behind it": (
        HEAD + "smtp:\n",
        [
            "3:1: smtp: is empty; write {} for the defaults, or take the key out for no credentials",
        ],
    ),
    "SMTP that is no mapping": (
        HEAD + "smtp: true\n",
        ["3:7: smtp: must be a mapping (key: value lines), not true"],
    ),
    "a rotation every day before the first": (
        HEAD + "smtp: {rotation_days: 0}\n",
        ["3:23: smtp.rotation_days: must be at least 1, not 0"],
    ),
    "a rotation after more days than Secrets Manager takes, and a key that is none": (
        HEAD + "smtp: {rotation_days: 1001, rotate: true}\n",
        [
            "3:23: smtp.rotation_days: must be at most 1000, not 1001",
            "3:29: smtp.rotate: unknown key; allowed here are rotation_days",
        ],
    ),
    "a rotation after some days": (
        HEAD + "smtp: {rotation_days: monthly}\n",
        ["3:23: smtp.rotation_days: must be a whole number, not 'monthly'"],
    ),
    "more to send as than IAM has room for": (
        EVERYWHERE + "domains:\n" + MANY + "smtp: {}\n",
        [
            "43:1: smtp: what the SMTP user may send as, each identity in each Region, takes 11 IAM policies; a user "
            "has at most 10: take identities or Regions out, or make two deployments"
        ],
    ),
}
