"""What is refused in `mail_from` and `dns_role_arn`, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = "regions: [us-east-1, eu-west-1]\ndomains:\n  - name: example.com\n    mail_from: "
ZONES = "regions: [us-east-1]\ndomains:\n  - name: example.com\n    "
ROLE = "arn:aws:iam::222222222222:role/dns"
ZONE = "Z0123456789EXAMPLE01"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "a MAIL FROM domain that is neither text nor mapping": (
        HEAD + "7\n",
        ["4:16: domains.0.mail_from: must be a mapping (key: value lines), not 7"],
    ),
    "a MAIL FROM section with keys that are wrong": (
        HEAD + "{name: bounce.example.com, on_mx_failure: bounce}\n",
        [
            "4:16: domains.0.mail_from.domain: is missing; write it here",
            "4:17: domains.0.mail_from.name: unknown key; allowed here are domain, on_mx_failure",
            "4:58: domains.0.mail_from.on_mx_failure: must be one of 'use_default' or 'reject', not 'bounce'",
        ],
    ),
    "a MAIL FROM domain in a section that is not below the domain": (
        HEAD + "{domain: bounce.example.org}\n",
        [
            "4:16: domains.0.mail_from: MAIL FROM domain 'bounce.example.org' is not below example.com; "
            "use a subdomain, like bounce.example.com"
        ],
    ),
    "a MAIL FROM domain of each Region that is none": (
        HEAD + "'{region}_bounce.example.com'\n",
        [
            "4:16: domains.0.mail_from: domain '{region}_bounce.example.com' has label 'us-east-1_bounce'; a label has "
            "letters a-z, digits and hyphens, and neither begins nor ends with a hyphen"
        ],
    ),
    "a MAIL FROM domain with something else in braces": (
        HEAD + "'{zone}.example.com'\n",
        [
            "4:16: domains.0.mail_from: domain '{zone}.example.com' has label '{zone}'; a label has "
            "letters a-z, digits and hyphens, and neither begins nor ends with a hyphen"
        ],
    ),
    "a MAIL FROM domain of each Region that is not below the domain, told once": (
        HEAD + "'{region}.bounce.example.org'\n",
        [
            "4:16: domains.0.mail_from: MAIL FROM domain 'us-east-1.bounce.example.org' is not below example.com; "
            "use a subdomain, like bounce.example.com"
        ],
    ),
    "a MAIL FROM domain that is too long in one Region": (
        HEAD.replace("eu-west-1", "ap-southeast-2") + f"'{{region}}{'a' * 50}.example.com'\n",
        [
            f"4:16: domains.0.mail_from: domain 'ap-southeast-2{'a' * 50}.example.com' has a label of 64 characters; "
            "DNS allows 63 between two dots"
        ],
    ),
    "a MAIL FROM domain of each Region, one of which is another domain's": (
        HEAD
        + "'{region}.bounce.example.com'\n"
        + "  - {name: bounce.example.com, mail_from: eu-west-1.bounce.example.com}\n",
        [
            "5:43: domains.1.mail_from: MAIL FROM domain 'eu-west-1.bounce.example.com' is that of example.com too; "
            "each needs its own"
        ],
    ),
    "a Region for bounces that nobody shares": (
        "mail_from_region: us-east-1\n" + HEAD + "'{region}.bounce.example.com'\n",
        [
            "1:1: mail_from_region: every mail_from has {region}, so each Region takes its own bounces; take this out"
        ],
    ),
    "a redirect domain that is the MAIL FROM domain of each Region": (
        HEAD
        + "{domain: '{region}.bounce.example.com'}\n"
        + "configuration_set: {redirect: {domain: '{region}.bounce.example.com'}}\n",
        [
            "5:40: configuration_set.redirect.domain: '{region}.bounce.example.com' is a MAIL FROM domain, which is "
            "for nothing else; write another name"
        ],
    ),
    "a role for DNS without a zone": (
        ZONES + f"dns_role_arn: {ROLE}\n",
        ["4:5: domains.0.dns_role_arn: needs hosted_zone_id too, the zone that the role may write to"],
    ),
    "a role for DNS that is none": (
        ZONES + f"hosted_zone_id: {ZONE}\n    dns_role_arn: arn:aws:iam::222222222222:user/dns\n",
        [
            "5:19: domains.0.dns_role_arn: 'arn:aws:iam::222222222222:user/dns' is no ARN of a role; write it like "
            "arn:aws:iam::222222222222:role/dns"
        ],
    ),
    "a role for DNS in another partition": (
        ZONES + f"hosted_zone_id: {ZONE}\n    dns_role_arn: {ROLE.replace('aws', 'aws-us-gov')}\n",
        [
            "5:19: domains.0.dns_role_arn: is a role of the partition aws-us-gov, and the Regions are in aws; "
            "credentials never reach both"
        ],
    ),
    "a zone that is written in two ways": (
        ZONES
        + f"hosted_zone_id: {ZONE}\n  - name: example.net\n    hosted_zone_id: {ZONE}\n    dns_role_arn: {ROLE}\n"
        + f"  - name: example.org\n    hosted_zone_id: {ZONE}\n",
        [
            f"7:19: domains.1.dns_role_arn: zone {ZONE} is written with {ROLE} here and without a role by domains.0; "
            "it is in one account, so write both the same way"
        ],
    ),
}
