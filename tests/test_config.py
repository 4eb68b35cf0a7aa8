"""The configuration file: what it means, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import config_account_cases
import config_adopt_cases
import config_alarms_cases
import config_dkim_cases
import config_feedback_cases
import config_mail_from_cases
import config_receiving_cases
import config_smtp_cases
import config_sync_cases
import config_then_cases
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cdk_ses_regions import config
from cdk_ses_regions.config import Settings
from cdk_ses_regions.errors import ConfigError
from cdk_ses_regions.regions import all_regions, receiving_regions

ROOT = Path(__file__).parent.parent
EXAMPLES = [ROOT / "ses-regions.yaml", *sorted((ROOT / "examples").glob("*.yaml"))]

KNOWN = ", ".join(one.name for one in all_regions())
RECEIVING = ", ".join(receiving_regions())
TOP_KEYS = (
    "account, addresses, alarms, configuration_set, dedicated_ip_pool, domains, feedback, global_endpoint, "
    "mail_from_region, name, overrides, primary_region, receiving, regions, smtp, suppression, suppression_sync, tags, "
    "termination_protection, vdm"
)
DOMAIN_KEYS = (
    "adopt, default_configuration_set, dkim, dmarc, dns_role_arn, feedback, hosted_zone_id, mail_from, name, "
    "receiving, senders"
)
RULE_KEYS = "actions, enabled, name, recipients, regions, scan, then, tls"

ONE_REGION = "regions: [us-east-1]\n"
ONE_DOMAIN = "domains: [{name: example.com}]\n"


def domain(entry: str, *, regions: str = "us-east-1") -> str:
    """A configuration with one domain; its entry begins in line 3, column 5."""
    lines = dedent(entry).strip().splitlines()
    return f"regions: [{regions}]\ndomains:\n  - " + "\n    ".join(lines) + "\n"


def rules(entries: str, *, regions: str = "us-east-1") -> str:
    """A configuration with one domain that receives; its rules begin in line 6, column 11."""
    indented = "\n".join("    " + line for line in dedent(entries).strip().splitlines())
    return domain(f"name: example.com\nreceiving:\n  rules:\n{indented}", regions=regions)


def senders(entries: str) -> str:
    """A configuration with one domain that others send for; they begin in line 5, column 9."""
    indented = "\n".join("  " + line for line in dedent(entries).strip().splitlines())
    return domain(f"name: example.com\nsenders:\n{indented}")


def one_sender(keys: str) -> str:
    """A configuration with one sender, of a good account; the keys begin in line 7, column 9."""
    lines = "\n".join("  " + line for line in dedent(keys).strip().splitlines())
    return senders(f'- name: agency\n  accounts: ["222222222222"]\n{lines}')


SENDER = "domains.0.senders.0"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "unknown key, with the nearest known": (
        ONE_REGION + ONE_DOMAIN + "termination_protecton: true\n",
        [
            f"3:1: termination_protecton: unknown key; allowed here are {TOP_KEYS}; "
            "did you mean 'termination_protection'?"
        ],
    ),
    "unknown key of a domain": (
        domain("name: example.com\nrecieving: {}"),
        [f"4:5: domains.0.recieving: unknown key; allowed here are {DOMAIN_KEYS}; did you mean 'receiving'?"],
    ),
    "unknown key of a rule, like no other": (
        rules("- name: a\n  zzz: 1"),
        [f"7:11: domains.0.receiving.rules.0.zzz: unknown key; allowed here are {RULE_KEYS}"],
    ),
    "missing keys": (
        "name: email\n",
        ["1:1: regions: is missing; write it here", "1:1: domains: is missing; write it here"],
    ),
    "domain without name": (
        domain("hosted_zone_id: Z0123456789EXAMPLE01"),
        ["3:5: domains.0.name: is missing; write it here"],
    ),
    "empty lists": (
        "regions: []\ndomains: []\n",
        [
            "1:10: regions: may not be empty; give at least one",
            "2:10: domains: may not be empty; give at least one",
        ],
    ),
    "a text where a list belongs": (
        "regions: us-east-1\n" + ONE_DOMAIN,
        ["1:10: regions: must be a list, not 'us-east-1'; write [us-east-1]"],
    ),
    "a list where a mapping belongs": (
        "- us-east-1\n",
        ["1:1: must be a mapping (key: value lines), not a list"],
    ),
    "a key without value": (
        ONE_REGION + ONE_DOMAIN + "name:\n",
        ["3:6: name: has no value; write one, or leave the key out"],
    ),
    "unknown Region, with the nearest": (
        "regions: [us-east-1, eu-wst-1]\n" + ONE_DOMAIN,
        ["1:22: regions.1: unknown Region 'eu-wst-1'; did you mean 'eu-west-1'?"],
    ),
    "only unknown Regions": (
        "regions: [moon]\n" + ONE_DOMAIN,
        [f"1:11: regions.0: unknown Region 'moon'; SES has {KNOWN}"],
    ),
    "Region without SES": (
        "regions: [mx-central-1]\n" + ONE_DOMAIN,
        [f"1:11: regions.0: there is no SES in mx-central-1, Mexico (Central); SES has {KNOWN}"],
    ),
    "duplicate Region": (
        "regions:\n  - us-east-1\n  - us-west-2\n  - us-east-1\n" + ONE_DOMAIN,
        ["4:5: regions.2: Region 'us-east-1' is given twice; keep one"],
    ),
    "Regions of two partitions": (
        "regions: [us-east-1, us-gov-west-1]\n" + ONE_DOMAIN,
        [
            "1:22: regions.1: us-gov-west-1 is in the partition aws-us-gov, us-east-1 in aws; "
            "credentials never reach both, so write one configuration for each"
        ],
    ),
    "primary Region not among the Regions": (
        "regions: [us-east-1, us-west-2]\nprimary_region: eu-west-1\n" + ONE_DOMAIN,
        [
            "2:17: primary_region: 'eu-west-1' is not one of the configured Regions (us-east-1, us-west-2); "
            "name one of them or add it"
        ],
    ),
    "MAIL FROM Region not among the Regions": (
        "regions: [us-east-1, us-west-2]\nmail_from_region: eu-west-1\n" + ONE_DOMAIN,
        [
            "2:19: mail_from_region: 'eu-west-1' is not one of the configured Regions (us-east-1, us-west-2); "
            "name one of them or add it"
        ],
    ),
    "explicit receiving in a Region that cannot": (
        domain(
            """
            name: example.com
            receiving:
              regions: [us-east-1, ca-west-1]
              rules: [{name: inbox}]
            """,
            regions="us-east-1, ca-west-1",
        ),
        [
            "5:28: domains.0.receiving.regions.1: SES does not receive mail in ca-west-1, "
            "Canada West (Calgary); "
            f"it does in {RECEIVING}"
        ],
    ),
    "receiving where no configured Region can": (
        rules("- name: inbox", regions="ca-west-1, ap-south-2"),
        [
            "4:5: domains.0.receiving: SES does not receive mail in ca-west-1, ap-south-2; "
            f"it does in {RECEIVING}"
        ],
    ),
    "receiving in a Region that is not deployed to, and in one twice": (
        domain(
            """
            name: example.com
            receiving:
              regions: [us-east-1, us-east-1, eu-west-1]
              rules: [{name: inbox}]
            """
        ),
        [
            "5:28: domains.0.receiving.regions.1: Region 'us-east-1' is given twice; keep one",
            "5:39: domains.0.receiving.regions.2: 'eu-west-1' is not one of the configured "
            "Regions (us-east-1); "
            "leave it out here or add it",
        ],
    ),
    "receiving without rules": (
        domain("name: example.com\nreceiving: {mx: true}"),
        ["4:16: domains.0.receiving.rules: is missing; write it here"],
    ),
    "a domain that is none": (
        ONE_REGION
        + "domains:\n  - name: example\n  - name: Example.com.\n  - name: müller.de\n  - name: a_b.com\n",
        [
            "3:11: domains.0.name: domain 'example' has no dot; write it in full, like example.com",
            "4:11: domains.1.name: domain 'Example.com.' ends with a dot; write 'Example.com'",
            "5:11: domains.2.name: domain 'müller.de' is not ASCII; write its IDNA form 'xn--mller-kva.de'",
            "6:11: domains.3.name: domain 'a_b.com' has label 'a_b'; "
            "a label has letters a-z, digits and hyphens, "
            "and neither begins nor ends with a hyphen",
        ],
    ),
    "duplicate domain": (
        ONE_REGION + "domains:\n  - name: example.com\n  - name: example.com\n",
        ["4:11: domains.1.name: domain 'example.com' is given twice, first as domains.0; make it one entry"],
    ),
    "MAIL FROM equal to the domain": (
        domain("name: example.com\nmail_from: example.com"),
        [
            "4:16: domains.0.mail_from: MAIL FROM domain may not be the domain itself; "
            "use a subdomain of it, like bounce.example.com"
        ],
    ),
    "MAIL FROM not below the domain": (
        domain("name: example.com\nmail_from: bounce.example.org"),
        [
            "4:16: domains.0.mail_from: MAIL FROM domain 'bounce.example.org' is not below example.com; "
            "use a subdomain, like bounce.example.com"
        ],
    ),
    "MAIL FROM that is itself a domain": (
        ONE_REGION
        + "domains:\n  - name: example.com\n    mail_from: m.example.com\n  - name: m.example.com\n",
        [
            "4:16: domains.0.mail_from: MAIL FROM domain 'm.example.com' is itself one of the domains; "
            "SES takes only a subdomain that neither sends nor receives"
        ],
    ),
    "MAIL FROM used in a rule": (
        domain(
            """
            name: example.com
            mail_from: bounce.example.com
            receiving:
              rules:
                - name: bounces
                  recipients: [a@example.com, b@bounce.example.com]
            """
        ),
        [
            "4:16: domains.0.mail_from: MAIL FROM domain 'bounce.example.com' is used for receiving by "
            "domains.0.receiving.rules.0.recipients.1; "
            "its MX belongs to SES's feedback, so receive on another name"
        ],
    ),
    "two domains with one MAIL FROM": (
        ONE_REGION
        + "domains:\n  - {name: example.com, mail_from: bounce.a.example.com}\n"
        + "  - {name: a.example.com, mail_from: bounce.a.example.com}\n",
        [
            "4:38: domains.1.mail_from: MAIL FROM domain 'bounce.a.example.com' is that of example.com too; "
            "each needs its own"
        ],
    ),
    "hosted zone id malformed": (
        ONE_REGION
        + "domains:\n  - {name: a.com, hosted_zone_id: example.com}\n"
        + "  - {name: b.com, hosted_zone_id: /hostedzone/Z0123456789}\n",
        [
            "3:35: domains.0.hosted_zone_id: 'example.com' is no hosted zone id; "
            "Route 53 writes it as Z with up to "
            "31 capitals and digits, like Z0123456789EXAMPLE01",
            "4:35: domains.1.hosted_zone_id: hosted zone id '/hostedzone/Z0123456789': leave "
            "out '/hostedzone/'",
        ],
    ),
    "name too long for the names derived from it": (
        "name: the-mail-of-our-company\n" + ONE_REGION + ONE_DOMAIN,
        [
            "1:7: name: name 'the-mail-of-our-company' is 23 characters long; "
            "at most 20, because the names of "
            "stacks and resources begin with it"
        ],
    ),
    "name with other characters": (
        "name: Our_Mail\n" + ONE_REGION + ONE_DOMAIN,
        [
            "1:7: name: name 'Our_Mail' must begin with a letter a-z and go on with a-z, 0-9 "
            "and hyphens, at most 20"
        ],
    ),
    "recipient with a star": (
        rules('- name: all\n  recipients: ["*@example.com"]'),
        [
            "7:24: domains.0.receiving.rules.0.recipients.0: '*@example.com': SES has no '*' in recipients; "
            "write '.example.com' for all subdomains, 'example.com' or no recipients for every "
            "address of the domain"
        ],
    ),
    "recipient of another domain, and one given twice": (
        rules("- name: a\n  recipients: [a@example.com, a@example.org, a@example.com]"),
        [
            "7:39: domains.0.receiving.rules.0.recipients.1: 'a@example.org' is not of the "
            "domain example.com; "
            "put it under its own entry in domains",
            "7:54: domains.0.receiving.rules.0.recipients.2: recipient 'a@example.com' is given "
            "twice; keep one",
        ],
    ),
    "duplicate rule name": (
        rules("- name: a\n- name: b\n- name: a"),
        [
            "8:17: domains.0.receiving.rules.2.name: rule 'a' is given twice for this domain, "
            "first as rules.0; "
            "rename one"
        ],
    ),
    "rule name that SES would not take": (
        rules("- name: my rule"),
        [
            "6:17: domains.0.receiving.rules.0.name: rule name 'my rule' must have letters, "
            "digits, dots, hyphens "
            "and underscores only, and begin and end with a letter or digit"
        ],
    ),
    "more than 100 recipients in a rule": (
        rules(f"- name: a\n  recipients: [{', '.join(f'a{n}@example.com' for n in range(101))}]"),
        [
            "7:11: domains.0.receiving.rules.0.recipients: 101 recipients in a rule; SES allows 100: "
            "split the rule, or leave recipients out for the whole domain"
        ],
    ),
    "more than 200 rules in a Region, over all domains": (
        "regions: [us-east-1, us-west-2]\ndomains:\n"
        + "  - name: a.com\n    receiving:\n      rules: ["
        + ", ".join(f"{{name: r{n}}}" for n in range(150))
        + "]\n  - name: b.com\n    receiving:\n      regions: [us-west-2]\n      rules: ["
        + ", ".join(f"{{name: r{n}}}" for n in range(51))
        + "]\n",
        [
            "9:7: domains.1.receiving.rules: 201 rules up to here in us-west-2; SES allows 200 in a Region's "
            "rule set: join rules, or receive fewer domains there"
        ],
    ),
    "account without quotes": (
        "account: 111111111111\n" + ONE_REGION + ONE_DOMAIN,
        [
            "1:10: account: must be quoted: YAML reads 111111111111 as the number 111111111111; "
            'write "111111111111"'
        ],
    ),
    "account without quotes that is octal": (
        "account: 012345670123\n" + ONE_REGION + ONE_DOMAIN,
        [
            "1:10: account: must be quoted: YAML reads 012345670123 as the octal number 1402433619; "
            'write "012345670123"'
        ],
    ),
    "account with hyphens": (
        'account: "1111-1111-1111"\n' + ONE_REGION + ONE_DOMAIN,
        ["1:10: account: '1111-1111-1111' is no account id; it has 12 digits, without hyphens"],
    ),
    "a word that YAML takes for a boolean": (
        rules("- name: on"),
        ['6:17: domains.0.receiving.rules.0.name: must be quoted: YAML reads on as true; write "on"'],
    ),
    "a word where true or false belongs": (
        rules("- name: a\n  scan: always"),
        ["7:17: domains.0.receiving.rules.0.scan: must be true or false, not 'always'"],
    ),
    "a choice that is none": (
        rules("- name: a\n  tls: required"),
        ["7:16: domains.0.receiving.rules.0.tls: must be one of 'optional' or 'require', not 'required'"],
    ),
    "retention that is no number of days": (
        ONE_REGION + ONE_DOMAIN + "receiving:\n  retention_days: 0\n  on_removal: keep\n",
        [
            "4:19: receiving.retention_days: must be at least 1, not 0",
            "5:15: receiving.on_removal: must be one of 'retain' or 'destroy', not 'keep'",
        ],
    ),
    "DMARC report address": (
        domain("name: example.com\ndmarc:\n  rua: [mailto:a@example.com, nobody]"),
        [
            "5:13: domains.0.dmarc.rua.0: 'mailto:a@example.com': leave out mailto:, it is added",
            "5:35: domains.0.dmarc.rua.1: 'nobody' is no email address; write it like someone@example.com",
        ],
    ),
    "tags that AWS would refuse": (
        ONE_REGION
        + ONE_DOMAIN
        + f'tags:\n  aws:team: a\n  cost: 7\n  "a#b": "x"\n  big: "{"x" * 257}"\n  on: "y"\n',
        [
            "4:3: tags.aws:team: tag keys that begin with aws: belong to AWS; choose another",
            '5:9: tags.cost: must be quoted: YAML reads 7 as the number 7; write "7"',
            "6:3: tags.a#b: tag keys have letters, digits, spaces and _ . : / = + - @ only",
            "7:8: tags.big: tag value is 257 characters long; AWS allows 256",
            '8:3: tags.on: key must be quoted; write "on"',
        ],
    ),
    "too many tags": (
        ONE_REGION + ONE_DOMAIN + "tags:\n" + "".join(f"  t{n}: x\n" for n in range(51)),
        ["3:1: tags: 51 tags; AWS allows 50 on a resource"],
    ),
    "a key given twice": (
        ONE_REGION + ONE_DOMAIN + "name: a\nname: b\n",
        ["4:1: name: is given twice, first in line 3; keep one"],
    ),
    "a key given twice beside other problems": (
        ONE_REGION
        + domain("name: example.com\nname: example.org\nmail_from: example.org").partition("\n")[2],
        [
            "4:5: domains.0.name: is given twice, first in line 3; keep one",
            "5:16: domains.0.mail_from: MAIL FROM domain may not be the domain itself; "
            "use a subdomain of it, like bounce.example.org",
        ],
    ),
    "YAML that is broken": (
        "regions: [us-east-1\ndomains:\n  - name: example.com\n",
        ["2:8: YAML syntax error: expected ',' or ']', but got ':' (while parsing a flow sequence)"],
    ),
    "a tab": (
        "regions: [us-east-1]\ndomains:\n\t- name: example.com\n",
        [
            "3:1: YAML syntax error: found character '\\t' that cannot start any token "
            "(while scanning for the next token)"
        ],
    ),
    "a control character": (
        ONE_REGION + "name: a\x07b\n",
        ["2:8: YAML syntax error: character U+0007 is not allowed"],
    ),
    "two documents": (
        ONE_REGION + ONE_DOMAIN + "---\nname: email\n",
        [
            "3:1: YAML syntax error: but found another document (expected a single document in the stream)",
        ],
    ),
    "an address that is none, would name others in a policy, or is given twice": (
        ONE_REGION
        + ONE_DOMAIN
        + 'addresses: [example.org, "*@example.org", 5, a@example.org, A@example.org, a@example.org]\n',
        [
            "3:13: addresses.0: 'example.org' is no email address; write it like someone@example.com",
            "3:26: addresses.1: address '*@example.org' has *, which in a policy would stand for other addresses too; "
            "use another address",
            "3:43: addresses.2: must be an address, or a mapping with its name and senders",
            # A@example.org is another one: SES compares by the letter.
            "3:76: addresses.5: address 'a@example.org' is given twice; keep one",
        ],
    ),
    "an address with keys that are wrong": (
        ONE_REGION
        + ONE_DOMAIN
        + "addresses:\n  - {name: a@b}\n  - {senders: []}\n  - {name: a@example.org, to: x}\n",
        [
            "4:12: addresses.0.name: address 'a@b': domain 'b' has no dot; write it in full, like b.com",
            "5:5: addresses.1.name: is missing; write it here",
            "6:27: addresses.2.to: unknown key; allowed here are adopt, default_configuration_set, feedback, "
            "name, senders",
        ],
    ),
    "a single address where a list belongs": (
        ONE_REGION + ONE_DOMAIN + "addresses: a@example.org\n",
        ["3:12: addresses: must be a list, not 'a@example.org'; write [a@example.org]"],
    ),
    "a sender that lets nobody in, and one that is no mapping": (
        senders("- name: agency\n- partner"),
        [
            f"5:9: {SENDER}: nobody is let in; give accounts or principals",
            "6:9: domains.0.senders.1: must be a mapping (key: value lines), not 'partner'",
        ],
    ),
    "empty lists of a sender, of which one would lift a restriction": (
        senders("- name: a\n  accounts: []\n  from_addresses: []\n  source_ips: []\n  actions: []"),
        [
            f"6:19: {SENDER}.accounts: may not be empty; give at least one",
            f"7:25: {SENDER}.from_addresses: may not be empty; give at least one",
            f"8:21: {SENDER}.source_ips: may not be empty; give at least one",
            f"9:18: {SENDER}.actions: may not be empty; give at least one",
        ],
    ),
    "a sender's name, and one given twice": (
        senders(
            f"""
            - {{name: a b, accounts: ["222222222222"]}}
            - {{name: {"x" * 65}, accounts: ["222222222222"]}}
            - {{name: c, accounts: ["222222222222"]}}
            - {{name: c, accounts: ["222222222222"]}}
            """
        ),
        [
            f"5:16: {SENDER}.name: sender name 'a b' must have letters, digits, hyphens and underscores only",
            "6:16: domains.0.senders.1.name: sender name is 65 characters long; SES allows 64",
            "8:16: domains.0.senders.3.name: sender 'c' is given twice here, first as senders.2; rename one",
        ],
    ),
    "accounts of a sender": (
        'account: "111111111111"\n'
        + senders(
            '- name: a\n  accounts: [222222222222, "22", "111111111111", "333333333333", "333333333333"]'
        ),
        [
            f"7:20: {SENDER}.accounts.0: must be quoted: YAML reads 222222222222 as the number 222222222222; "
            'write "222222222222"',
            f"7:34: {SENDER}.accounts.1: '22' is no account id; it has 12 digits, without hyphens",
            f"7:40: {SENDER}.accounts.2: '111111111111' is the account of this deployment: its own users and roles "
            "need a policy in IAM (grant_send), not one of the identity; leave it out",
            f"7:72: {SENDER}.accounts.4: account '333333333333' is given twice; keep one",
        ],
    ),
    "principals of a sender": (
        senders(
            """
            - name: a
              principals:
                - arn:aws:iam::222222222222:root
                - "222222222222"
                - arn:aws:sts::222222222222:assumed-role/mailer/session
                - ses.amazonaws.com
                - arn:aws-us-gov:iam::222222222222:user/mailer
            """
        ),
        [
            f"7:13: {SENDER}.principals.0: 'arn:aws:iam::222222222222:root' is a whole account; "
            "write '222222222222' under accounts",
            f"8:13: {SENDER}.principals.1: '222222222222' is an account; write it under accounts",
            f"9:13: {SENDER}.principals.2: 'arn:aws:sts::222222222222:assumed-role/mailer/session' is a session of a "
            "role; name the role: arn:aws:iam::222222222222:role/mailer",
            f"10:13: {SENDER}.principals.3: 'ses.amazonaws.com' is no IAM user or role; write its ARN, like "
            "arn:aws:iam::222222222222:user/mailer, or the whole account under accounts",
            f"11:13: {SENDER}.principals.4: 'arn:aws-us-gov:iam::222222222222:user/mailer' is in the partition "
            "aws-us-gov, us-east-1 in aws; nobody sends from one to the other",
        ],
    ),
    "everybody let in without meaning it, beside others, or meant without need": (
        senders(
            """
            - {name: a, principals: ["*"]}
            - {name: b, principals: ["*"], accounts: ["222222222222"], allow_anyone: true}
            - {name: c, accounts: ["222222222222"], allow_anyone: true}
            """
        ),
        [
            f"5:19: {SENDER}.principals: '*' lets everybody who has an AWS account send in your name; "
            "name accounts or principals, or set allow_anyone: true",
            "6:19: domains.0.senders.1.principals: '*' lets everybody in; leave out the others, "
            "in accounts and principals",
            "7:47: domains.0.senders.2.allow_anyone: is for '*' in principals; leave it out",
        ],
    ),
    "From addresses of a sender": (
        one_sender(
            'from_addresses: [news@example.net, "*", news, "*@*.example.com", "*@example.com", "*@example.com"]'
        ),
        [
            f"7:26: {SENDER}.from_addresses.0: 'news@example.net' is not of the domain example.com; "
            "put it under the domain or address it belongs to",
            f"7:44: {SENDER}.from_addresses.1: '*' restricts nothing; leave from_addresses out",
            f"7:49: {SENDER}.from_addresses.2: 'news' is no From address; write it like news@example.com, "
            "where * stands for any characters and ? for one",
            f"7:91: {SENDER}.from_addresses.5: From address '*@example.com' is given twice; keep one",
        ],
    ),
    "From addresses of an address's sender": (
        ONE_REGION
        + ONE_DOMAIN
        + dedent(
            """\
            addresses:
              - name: a@example.org
                senders:
                  - name: x
                    accounts: ["222222222222"]
                    from_addresses: [a@example.org, a+1@example.org, b@example.org]
            """
        ),
        [
            "8:58: addresses.0.senders.0.from_addresses.2: 'b@example.org' is not a@example.org, the address whose "
            "sender it is, nor that with a +label"
        ],
    ),
    "source addresses of a sender": (
        one_sender("source_ips: [203.0.113.7, 203.0.113.7/24, office, 0.0.0.0/0]"),
        [
            f"7:35: {SENDER}.source_ips.1: '203.0.113.7/24' has bits beyond its prefix; write '203.0.113.0/24'",
            f"7:51: {SENDER}.source_ips.2: 'office' is no IP address or CIDR range; "
            "write it like 203.0.113.7 or 203.0.113.0/24",
            f"7:59: {SENDER}.source_ips.3: '0.0.0.0/0' is every address; leave source_ips out",
        ],
    ),
    "times that are none": (
        one_sender("not_before: 2027-01-01\nnot_after: soon"),
        [
            f"7:21: {SENDER}.not_before: '2027-01-01' does not say its time zone; "
            "write it like 2027-01-31T00:00:00Z, for UTC",
            f"8:20: {SENDER}.not_after: 'soon' is no time; write it like 2027-01-31T00:00:00Z",
        ],
    ),
    "a time window that never opens": (
        one_sender("not_before: 2027-01-02T00:00:00+02:00\nnot_after: 2027-01-01T22:00:00Z"),
        [
            f"8:20: {SENDER}.not_after: not_after is not later than not_before: nobody could ever send; "
            "move one of them"
        ],
    ),
    "actions that do not send, and one given twice": (
        one_sender("actions: [SendMail, SendEmail, SendEmail]"),
        [
            f"7:19: {SENDER}.actions.0: must be one of 'SendEmail', 'SendRawEmail', 'SendTemplatedEmail', "
            "'SendBulkEmail' or 'SendBulkTemplatedEmail', not 'SendMail'",
            f"7:40: {SENDER}.actions.2: action 'SendEmail' is given twice; keep one",
        ],
    ),
    "more than 20 senders": (
        senders("".join(f'- {{name: s{n}, accounts: ["222222222222"]}}\n' for n in range(21))),
        [
            "4:5: domains.0.senders: 21 senders; SES allows 20 policies at an identity: join those that share "
            "their conditions"
        ],
    ),
    "a policy of more than 4 KB": (
        one_sender(f"from_addresses: [{', '.join(f'news{n:03}@example.com' for n in range(200))}]"),
        [
            f"5:9: {SENDER}: its policy has 4686 bytes; SES allows 4096: split it into several senders, "
            "each with its own name"
        ],
    ),
    "problems in many places, in the order of the file": (
        dedent(
            """\
            nam: email
            regions: [us-east-1, us-east-1, nowhere-1]
            primary_region: us-west-2
            domains:
              - name: EXAMPLE.com
                mail_from: EXAMPLE.com
                receiving:
                  rules: []
              - example.org
            """
        ),
        [
            f"1:1: nam: unknown key; allowed here are {TOP_KEYS}; did you mean 'name'?",
            "2:22: regions.1: Region 'us-east-1' is given twice; keep one",
            f"2:33: regions.2: unknown Region 'nowhere-1'; SES has {KNOWN}",
            "3:17: primary_region: 'us-west-2' is not one of the configured Regions "
            "(us-east-1, us-east-1, nowhere-1); name one of them or add it",
            "5:11: domains.0.name: domain 'EXAMPLE.com' has upper-case letters; write 'example.com'",
            "6:16: domains.0.mail_from: domain 'EXAMPLE.com' has upper-case letters; write 'example.com'",
            "8:14: domains.0.receiving.rules: may not be empty; give at least one",
            "9:5: domains.1: must be a mapping (key: value lines), not 'example.org'",
        ],
    ),
}


BAD.update(config_feedback_cases.BAD)
BAD.update(config_dkim_cases.BAD)
BAD.update(config_receiving_cases.BAD)
BAD.update(config_smtp_cases.BAD)
BAD.update(config_sync_cases.BAD)
BAD.update(config_mail_from_cases.BAD)
BAD.update(config_adopt_cases.BAD)
BAD.update(config_account_cases.BAD)
BAD.update(config_alarms_cases.BAD)
BAD.update(config_then_cases.BAD)


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem).removeprefix(f"{path}:").strip() for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD.keys())
def test_a_wrong_file_is_told_every_problem_with_its_place(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "ses-regions.yaml"
    path.write_text(text, encoding="utf-8")
    assert problems_of(path) == expected


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null\n"])
def test_an_empty_file_is_told_what_it_needs(text: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(text, encoding="utf-8")
    assert problems_of(path) == ["the configuration is empty; it needs at least regions and domains"]


def test_a_missing_file_is_told_how_to_name_another(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "no.yaml") == [
        "there is no such file; create it, or name another with --config (cdk: -c config=FILE)"
    ]


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == ["is a folder; name the file in it"]


def test_a_file_in_another_encoding_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    assert problems_of(path) == ["is not UTF-8 text (byte 9); save it as UTF-8"]


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 100_000, encoding="utf-8")
    assert problems_of(path) == ["the YAML is nested too deeply"]


def test_a_file_that_contains_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text("regions: &a [*a]\ndomains: &b {x: *b}\n", encoding="utf-8")
    assert len(problems_of(path)) == 2


def test_a_tag_that_its_text_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tag.yaml"
    path.write_text("regions: !!int abc\n", encoding="utf-8")
    assert problems_of(path) == [
        "a value does not fit its YAML type: invalid literal for int() with base 10: 'abc'"
    ]


def test_yaml_cannot_run_python(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    assert problems_of(path)[0].startswith("1:7: YAML syntax error: could not determine a constructor")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["regions", "domains", "name", "receiving", "rules", "recipients", "tags", "mail_from"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_no_shape_of_data_makes_anything_but_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, data: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-shape.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigError):  # no such data has a good Region and a good domain
        config.load(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    assert config.load(path).domains


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("regions: [us-west-2, us-east-1]\ndomains: [{name: example.com}]\n", encoding="utf-8")
    settings = config.load(path)
    assert settings.name == "email"
    assert settings.names.rule_set == "email-received"
    assert settings.account is None
    assert settings.primary_region == "us-west-2"
    assert settings.receiving.on_removal == "retain"
    assert settings.receiving.retention_days is None
    assert not settings.receiving.take_over
    assert not settings.termination_protection
    only = settings.domain("example.com")
    assert (only.dkim.kind, only.mail_from, only.hosted_zone_id, only.dmarc, only.receiving) == (
        "easy",
        None,
        None,
        None,
        None,
    )


def test_the_example_says_what_it_seems_to_say() -> None:
    settings = config.load(ROOT / "ses-regions.yaml")
    assert settings.regions == ("us-east-1", "us-west-2", "eu-west-1")
    assert settings.primary_region == "us-east-1"
    domain = settings.domain("example.com")
    assert domain.mail_from is not None
    assert (domain.mail_from.domain, domain.mail_from.is_shared) == ("bounce.example.com", True)
    assert domain.receiving is not None
    assert [rule.name for rule in domain.receiving.rules] == ["support", "hello"]
    assert domain.receiving.rules[0].recipients == ("support@example.com",)
    assert domain.receiving.rules[0].tls == "require"
    assert domain.receiving.rules[1].recipients == ("hello@example.com",)


def test_a_domain_receives_in_every_configured_region_that_can(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(rules("- name: inbox", regions="eu-west-1, ca-west-1, us-east-1"), encoding="utf-8")
    settings = config.load(path)
    assert settings.receiving_regions_of("example.com") == ("eu-west-1", "us-east-1")


def test_chosen_receiving_regions_keep_their_order() -> None:
    settings = Settings.model_validate(
        {
            "regions": ["us-east-1", "eu-west-1"],
            "domains": [
                {
                    "name": "example.com",
                    "receiving": {"regions": ["eu-west-1", "us-east-1"], "rules": [{"name": "a"}]},
                },
                {"name": "example.org"},
            ],
        }
    )
    assert settings.receiving_regions_of(settings.domains[0]) == ("eu-west-1", "us-east-1")
    assert settings.receiving_regions_of("example.org") == ()
    with pytest.raises(KeyError):
        settings.domain("example.net")


def test_settings_cannot_be_changed() -> None:
    settings = config.load(ROOT / "ses-regions.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        settings.name = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_settings_made_in_python_are_checked_as_a_whole_too() -> None:
    domain = config.Domain(name="example.com", mail_from="bounce.example.org")
    with pytest.raises(ValidationError, match=r"is not below example\.com"):
        Settings(regions=("us-east-1",), domains=(domain,))


def test_a_yaml_merge_key_may_be_overridden_and_problems_in_it_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "merge.yaml"
    path.write_text(
        dedent(
            """\
            regions: [us-east-1]
            domains:
              - &base
                name: example.com
                hosted_zone_id: bad
              - <<: *base
                name: example.org
            """
        ),
        encoding="utf-8",
    )
    assert [line.partition(": ")[0] for line in problems_of(path)] == ["5:21", "5:21"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text(ONE_REGION + ONE_DOMAIN, encoding="utf-8-sig")
    assert config.load(path).regions == ("us-east-1",)


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "ses-regions.yaml").write_text(ONE_REGION + ONE_DOMAIN, encoding="utf-8")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert config.find(below) == (tmp_path / "ses-regions.yaml").resolve()


def test_no_file_anywhere_is_told_where_was_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ses-regions\.yaml: not found in .* or above; create it"):
        config.find(tmp_path)


def test_the_schema_describes_every_key() -> None:
    schema = config.json_schema()
    for model in (schema, *schema["$defs"].values()):
        for key, entry in model["properties"].items():
            target = schema["$defs"].get(entry.get("$ref", "").rpartition("/")[2], {})
            assert entry.get("description") or target.get("description"), key
        assert model["additionalProperties"] is False
    assert set(schema["required"]) == {"regions", "domains"}
    assert "us-east-1" in schema["properties"]["regions"]["items"]["enum"]
