"""What is refused in receiving: actions, IP filters, Regions, the mail bucket; `test_config.py` runs it."""

from __future__ import annotations

from cdk_ses_regions.regions import all_regions

TWO = "regions: [us-east-1, eu-west-1]\n"
HEAD = TWO + "domains:\n  - name: example.com\n    receiving:\n      rules:\n        - name: a\n"
DOMAIN = "domains: [{name: example.com, receiving: {rules: [{name: a}]}}]\n"


def actions(*entries: str) -> str:
    """A rule in two Regions; its first action is in line 8, and begins in column 15."""
    return HEAD + "          actions:\n" + "".join(f"            - {entry}\n" for entry in entries)


def defaults(*lines: str) -> str:
    """The section `receiving`, whose keys begin in line 4, column 3."""
    return TWO + DOMAIN + "receiving:\n" + "".join(f"  {line}\n" for line in lines)


KNOWN = ", ".join(one.name for one in all_regions())
AT = "domains.0.receiving.rules.0.actions"


# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "no actions": (
        actions("{}").replace("            - {}\n", "            []\n"),
        [
            f"8:13: {AT}: may not be empty; give at least one",
        ],
    ),
    "an action that is none, and an empty one": (
        actions("{keep: {}}", "{}"),
        [
            f"8:16: {AT}.0.keep: unknown key; allowed here are "
            "add_header, bounce, connect, lambda, s3, sns, stop, store, workmail",
            f"9:15: {AT}.1: is empty; an action is one of store, s3, "
            "lambda, sns, add_header, bounce, stop, workmail, connect",
        ],
    ),
    "two actions in one, and one without value": (
        actions("{s3: {}, stop: {}}", "stop:"),
        [
            f"8:15: {AT}.0: has s3 and stop; write an entry of the list for each, in the order they run",
            f"8:24: {AT}.0.stop: nothing runs after it; make it the last action of the rule",
            f"9:15: {AT}.1: stop has no value; write stop: {{}}; an "
            "action is one of store, s3, lambda, sns, add_header, bounce, stop, workmail, connect",
        ],
    ),
    "eleven actions": (
        actions(*["s3: {}"] * 11),
        [
            f"7:11: {AT}: 11 actions; SES allows 10 in a rule: split it",
        ],
    ),
    "something after a stop": (
        actions("stop: {}", "s3: {}"),
        [
            f"8:15: {AT}.0.stop: nothing runs after it; make it the last action of the rule",
        ],
    ),
    "unknown keys of actions": (
        actions("lambda: {function: x}", "s3: {bukcet: x}"),
        [
            f"8:23: {AT}.0.lambda.function_arn: is missing; write it here",
            f"8:24: {AT}.0.lambda.function: unknown key; allowed here "
            "are function_arn, invocation, topic_arn; did you mean 'function_arn'?",
            f"9:20: {AT}.1.s3.bukcet: unknown key; allowed here are "
            "bucket, bucket_key_arn, encryption, key_arn, make_role, prefix, role_arn, topic_arn; "
            "did you mean 'bucket'?",
        ],
    ),
    "a function of one Region, of another account, and what is no function": (
        'account: "222222222222"\n'
        + actions(
            "lambda: {function_arn: 'arn:aws:lambda:us-east-1:222222222222:function:f'}",
            "lambda: {function_arn: 'arn:aws:lambda:{region}:333333333333:function:f'}",
            "lambda: {function_arn: f}",
            "lambda: {function_arn: 'arn:aws:lambda:moon-1:222222222222:function:f'}",
        ),
        [
            f"9:38: {AT}.0.lambda.function_arn: is in us-east-1, but "
            "eu-west-1 needs one of its own; write {region} for the Region and have it under one "
            "name in each",
            f"10:38: {AT}.1.lambda.function_arn: is in the account "
            "333333333333; SES may be let in to a function of 222222222222 only",
            f"11:38: {AT}.2.lambda.function_arn: 'f' is no ARN of a "
            "Lambda function; write it like arn:aws:lambda:{region}:111111111111:function:tickets",
            f"12:38: {AT}.3.lambda.function_arn: "
            "'arn:aws:lambda:moon-1:222222222222:function:f' names the unknown Region 'moon-1'; "
            "write {region} for the Region of each stack",
        ],
    ),
    "a prefix outside of the mail bucket's, and roles for it": (
        actions(
            "s3: {prefix: inbox/, make_role: true}", "s3: {role_arn: 'arn:aws:iam::222222222222:role/r'}"
        ),
        [
            f"8:28: {AT}.0.s3.prefix: 'inbox/': in the mail bucket SES "
            "may write below mail/ only; write mail/inbox/",
            f"8:36: {AT}.0.s3.make_role: the mail bucket needs no role; name your bucket, or take this out",
            f"9:20: {AT}.1.s3.role_arn: the mail bucket needs no role; name your bucket, or take this out",
        ],
    ),
    "two roles, a key for no role, a key for no encryption": (
        actions(
            "s3: {bucket: b-c, make_role: true, role_arn: 'arn:aws:iam::222222222222:role/r'}",
            "s3: {bucket: b-c, bucket_key_arn: 'arn:aws:kms:eu-central-2:222222222222:key/1'}",
            "s3: {key_arn: 'arn:aws:kms:{region}:222222222222:key/mrk-1'}",
        ),
        [
            f"8:33: {AT}.0.s3.make_role: there is role_arn already; take one of both out",
            f"9:33: {AT}.1.s3.bucket_key_arn: is for a role that is "
            "made; write make_role: true, or take this out",
            f"10:20: {AT}.2.s3.key_arn: is for encryption: client_side; write that too, or take this out",
        ],
    ),
    "names and ARNs of S3 that are none": (
        actions(
            "s3: {bucket: My_Bucket, prefix: 'a*', role_arn: me, bucket_key_arn: alias/x, topic_arn: t, encryption: x}"
        ),
        [
            f"8:28: {AT}.0.s3.bucket: 'My_Bucket' is no bucket name; "
            "write 3 to 63 of a-z, 0-9, hyphen and dot, and {region} where the name of the Region "
            "belongs",
            f"8:47: {AT}.0.s3.prefix: prefix 'a*' may not have *, ? or $",
            f"8:63: {AT}.0.s3.role_arn: 'me' is no ARN of a role; "
            "write it like arn:aws:iam::111111111111:role/mail",
            f"8:67: {AT}.0.s3.bucket_key_arn: is for a role that is "
            "made; write make_role: true, or take this out",
            f"8:83: {AT}.0.s3.bucket_key_arn: 'alias/x' is no ARN of a "
            "KMS key; write it like "
            "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            f"8:103: {AT}.0.s3.topic_arn: 't' is no ARN of a topic; "
            "write it like arn:aws:sns:{region}:111111111111:tickets",
            f"8:118: {AT}.0.s3.encryption: must be one of 'bucket' or 'client_side', not 'x'",
        ],
    ),
    "headers that SES would not take": (
        actions(
            "add_header: {name: 'X Y', value: ''}",
            'add_header: {name: X-Y, value: "a\\nb"}',
            "add_header: {name: X-Y}",
            f"add_header: {{name: X-Y, value: {'x' * 2049}}}",
        ),
        [
            f"8:34: {AT}.0.add_header.name: header name 'X Y' must "
            "have 1 to 50 letters a-z, digits and hyphens",
            f"8:48: {AT}.0.add_header.value: header value is 0 characters long; SES allows 1 to 2048",
            f"9:46: {AT}.1.add_header.value: a header value has one line; take the line break out",
            f"10:27: {AT}.2.add_header.value: is missing; write it here",
            f"11:46: {AT}.3.add_header.value: header value is 2049 characters long; SES allows 1 to 2048",
        ],
    ),
    "bounces that say nothing, or two things": (
        actions(
            "bounce: {sender: postmaster@example.com}",
            "bounce: {sender: a@sub.example.com, template: full}",
            "bounce: {sender: a@example.org, smtp_reply_code: '550', status_code: 4.0.0, message: no}",
            'bounce: {sender: me, smtp_reply_code: "250", status_code: "5.1", message: "a\\nb"}',
        ),
        [
            f"8:15: {AT}.0.bounce: needs a template, or smtp_reply_code and message",
            f"9:61: {AT}.1.bounce.template: must be one of "
            "'mailbox_does_not_exist', 'message_too_large', 'mailbox_full', "
            "'message_content_rejected', 'unknown_failure' or 'temporary_failure', not 'full'",
            f"10:32: {AT}.2.bounce.sender: 'a@example.org' is not "
            "verified here: it is in none of the domains (example.com) and not one of addresses; "
            "write another, or add it",
            f"10:84: {AT}.2.bounce.status_code: SMTP reply code 550 "
            "and status code 4.0.0 say different things; both begin with 4 (try again later) or both "
            "with 5 (never)",
            f'10:100: {AT}.2.bounce.message: must be quoted: YAML reads no as false; write "no"',
            f"11:32: {AT}.3.bounce.sender: 'me' is no email address; write it like someone@example.com",
            f"11:53: {AT}.3.bounce.smtp_reply_code: '250' is no SMTP "
            "reply code of a bounce; write three digits that begin with 4 or 5, like 550",
            f"11:73: {AT}.3.bounce.status_code: '5.1' is no enhanced "
            "status code of a bounce; write it as in RFC 3463, like 5.1.1",
            f"11:89: {AT}.3.bounce.message: the message of a bounce has one line; take the line break out",
        ],
    ),
    "a topic of one Region, an encoding that is none": (
        actions("sns: {topic_arn: 'arn:aws:sns:us-east-1:222222222222:t', encoding: utf8}", "sns: {}"),
        [
            f"8:32: {AT}.0.sns.topic_arn: is in us-east-1, but "
            "eu-west-1 needs one of its own; write {region} for the Region and have it under one "
            "name in each",
            f"8:82: {AT}.0.sns.encoding: must be one of 'utf-8' or 'base64', not 'utf8'",
            f"9:20: {AT}.1.sns.topic_arn: is missing; write it here",
        ],
    ),
    "WorkMail and Connect elsewhere": (
        actions(
            "workmail: {organization_arn: 'arn:aws:workmail:us-east-1:222222222222:organization/m-1'}",
            "connect: {instance_arn: i, role_arn: r}",
        ),
        [
            f"8:44: {AT}.0.workmail.organization_arn: is in us-east-1, "
            "but the rule is in eu-west-1 too; write regions: [us-east-1] in the rule, and a rule "
            "for the others",
            f"9:39: {AT}.1.connect.instance_arn: 'i' is no ARN of a "
            "Connect instance; write it like "
            "arn:aws:connect:us-east-1:111111111111:instance/12345678-1234-1234-1234-123456789012",
            f"9:52: {AT}.1.connect.role_arn: 'r' is no ARN of a role; "
            "write it like arn:aws:iam::111111111111:role/mail",
        ],
    ),
    "Regions of a rule and of the MX where the domain does not receive": (
        "regions: [us-east-1, eu-west-1, ca-west-1]\ndomains:\n  - name: example.com\n    receiving:\n"
        "      mx_regions: [ca-west-1, us-east-1, us-east-1, moon]\n      rules:\n"
        "        - {name: a, regions: [us-east-1, us-west-2]}\n",
        [
            "5:7: domains.0.receiving.mx_regions: no MX is published; write mx: true, or take this out",
            "5:20: domains.0.receiving.mx_regions.0: the domain receives in us-east-1, eu-west-1 "
            "only, not in 'ca-west-1'; leave it out here or add it there",
            "5:42: domains.0.receiving.mx_regions.2: Region 'us-east-1' is given twice; keep one",
            f"5:53: domains.0.receiving.mx_regions.3: unknown Region 'moon'; SES has {KNOWN}",
            "6:7: domains.0.receiving.rules: no rule is for eu-west-1, where mail of the domain "
            "would be refused; let a rule have it, or leave it out of the domain's regions",
            "7:42: domains.0.receiving.rules.0.regions.1: the domain receives in us-east-1, "
            "eu-west-1 only, not in 'us-west-2'; leave it out here or add it there",
        ],
    ),
    "no Regions of a rule": (
        HEAD + "          regions: []\n",
        [
            "7:20: domains.0.receiving.rules.0.regions: may not be empty; give at least one",
        ],
    ),
    "IP filters that are none, IPv6, or given twice": (
        defaults(
            "filters: {block: [203.0.113.7/24, 2001:db8::/32, x, 203.0.113.7], allow: [203.0.113.7/32]}"
        ),
        [
            "4:21: receiving.filters.block.0: '203.0.113.7/24' has bits beyond its length; write "
            "203.0.113.0/24",
            "4:37: receiving.filters.block.1: '2001:db8::/32' is IPv6; SES filters by IPv4 addresses only",
            "4:52: receiving.filters.block.2: 'x' is no range of IP addresses; write it like "
            "203.0.113.0/24 or 203.0.113.7",
            "4:77: receiving.filters.allow.0: 203.0.113.7/32 is given twice, first as block.3; keep one",
        ],
    ),
    "IP filters where no domain receives": (
        TWO + "domains: [{name: example.com}]\nreceiving:\n  filters: {block: [203.0.113.7]}\n",
        [
            "4:3: receiving.filters: no domain receives, so there is nothing to filter; take this out",
        ],
    ),
    "more rules in an existing rule set than the bucket policy has room for": (
        TWO
        + "domains: [{name: example.com, receiving: {rules: ["
        + ", ".join(f"{{name: r{n}}}" for n in range(91))
        + "]}}]\n"
        + "receiving: {rule_set: theirs}\noverrides: {eu-west-1: {receiving: {rule_set: other}}}\n",
        [
            "2:43: domains.0.receiving.rules: 91 rules up to here for an existing rule set in us-east-1, eu-west-1; "
            "the policy of the mail bucket names each and has room for 90: join rules, or receive fewer domains there",
        ],
    ),
    "copies without versions, with a key of every Region, or without one": (
        defaults("replicate_to: {bucket: copies, key_arn: 'arn:aws:kms:{region}:111111111111:key/1'}")
        + "overrides: {eu-west-1: {receiving: {versioning: true, replicate_to: {bucket: X}}}}\n",
        [
            "4:3: receiving.replicate_to: S3 copies versions only; write versioning: true, or take this out",
            "4:3: receiving.replicate_to: the key is in the Region of the bucket with the copies; write that for "
            "{region}",
            "5:69: overrides.eu-west-1.receiving.replicate_to.key_arn: is missing; write it here",
            "5:78: overrides.eu-west-1.receiving.replicate_to.bucket: 'X' is no bucket name; write 3 to 63 of a-z, "
            "0-9, hyphen and dot, and {region} where the name of the Region belongs",
        ],
    ),
    "101 IP filters": (
        defaults(f"filters: {{block: [{', '.join(f'203.0.113.{n}' for n in range(101))}]}}"),
        [
            "4:3: receiving.filters: 101 IP filters; SES allows 100 in a Region",
        ],
    ),
    "an existing rule set that is taken over, a rule without one": (
        defaults("take_over: true", "rule_set: theirs"),
        [
            "4:3: receiving.take_over: rule_set is there already, and is not activated by us; take "
            "one of both out",
        ],
    ),
    "a rule to follow in no rule set, and a name that is none": (
        defaults("after: their-rule"),
        [
            "4:3: receiving.after: is for rules in a rule set that is there already; write rule_set, "
            "or take this out",
        ],
    ),
    "names of rule sets that are none": (
        defaults("rule_set: a b", "after: ''"),
        [
            "4:13: receiving.rule_set: 'a b' is no name of a rule set or rule; SES has letters, "
            "digits, dots, hyphens and underscores in it, at most 64",
            "5:10: receiving.after: '' is no name of a rule set or rule; SES has letters, digits, "
            "dots, hyphens and underscores in it, at most 64",
        ],
    ),
    "deleted mail kept without versions, mail archived after it is gone": (
        defaults("deleted_days: 3", "archive_after_days: 30", "retention_days: 30"),
        [
            "4:3: receiving.deleted_days: what is deleted is gone without versions; write "
            "versioning: true, or take this out",
            "5:3: receiving.archive_after_days: mail is deleted after 30 days, before it would be "
            "archived; write fewer days",
        ],
    ),
    "days that are none": (
        defaults("archive_after_days: 0", "versioning: 1", "access_logs: 'yes'"),
        [
            "4:23: receiving.archive_after_days: must be at least 1, not 0",
            "5:15: receiving.versioning: must be true or false, not 1",
            "6:16: receiving.access_logs: must be true or false, not 'yes'",
        ],
    ),
    "overrides of Regions that are not there or do not receive": (
        "regions: [us-east-1, ca-west-1]\n"
        + DOMAIN
        + "overrides:\n  eu-west-1: {receiving: {take_over: true}}\n  ca-west-1: {receiving: {take_over: true}}\n",
        [
            "4:3: overrides.eu-west-1: 'eu-west-1' is not one of the configured Regions (us-east-1, "
            "ca-west-1); take it out or add it",
            "5:15: overrides.ca-west-1.receiving: no domain receives in ca-west-1; take this out",
        ],
    ),
    "overrides that do not fit what they override": (
        defaults("retention_days: 30", "rule_set: theirs")
        + "overrides:\n  us-east-1:\n    receiving: {archive_after_days: 40, take_over: true, filters: {allow: [x]}}\n"
        + "    recieving: {}\n",
        [
            "8:17: overrides.us-east-1.receiving.archive_after_days: mail is deleted after 30 days, "
            "before it would be archived; write fewer days",
            "8:41: overrides.us-east-1.receiving.take_over: rule_set is there already, and is not "
            "activated by us; take one of both out",
            "8:76: overrides.us-east-1.receiving.filters.allow.0: 'x' is no range of IP addresses; "
            "write it like 203.0.113.0/24 or 203.0.113.7",
            "9:5: overrides.us-east-1.recieving: unknown key; allowed here are receiving; did you "
            "mean 'receiving'?",
        ],
    ),
}
