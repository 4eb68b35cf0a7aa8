"""Wrong feedback, subscriptions and configuration sets, and what is said about each: a part of the table of
test_config.py.
"""

from __future__ import annotations

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "feedback that is neither email nor a mapping": (
        ("regions: [us-east-1]\ndomains: [{name: example.com}]\nfeedback: sns\n"),
        [
            "3:11: feedback: must be `email` or a mapping (key: value lines), not 'sns'",
        ],
    ),
    "feedback that is a list": (
        ("regions: [us-east-1]\ndomains: [{name: example.com}]\nfeedback: [email]\n"),
        [
            "3:11: feedback: must be a mapping (key: value lines), not a list",
        ],
    ),
    "unknown keys of feedback": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback: {topic: a, topics: {bounces: b}, subscriptions: {sqs: [a]}}\n"
        ),
        [
            (
                "3:12: feedback.topic: unknown key; allowed here are by, forwarding, headers, "
                "subscriptions, topics; did you mean 'topics'?"
            ),
            (
                "3:31: feedback.topics.bounces: unknown key; allowed here are bounce, complaint, "
                "delivery; did you mean 'bounce'?"
            ),
            (
                "3:60: feedback.subscriptions.sqs: unknown key; allowed here are emails, functions, "
                "queues, urls"
            ),
        ],
    ),
    "keys that mean nothing when feedback comes by email": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  by: email\n"
            "  headers: false\n"
            "  subscriptions: {queues: [a]}\n"
        ),
        [
            (
                "5:3: feedback.headers: has no meaning while feedback comes by email; take it out, or "
                "`by: email`"
            ),
            (
                "6:3: feedback.subscriptions: has no meaning while feedback comes by email; take it out, "
                "or `by: email`"
            ),
        ],
    ),
    "topics with names that are taken or wrong": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  topics: {bounce: received, complaint: events-a, delivery: A_b}\n"
        ),
        [
            (
                "4:20: feedback.topics.bounce: topic name 'received' is taken by this deployment's own "
                "topics; choose another"
            ),
            (
                "4:41: feedback.topics.complaint: topic name 'events-a' is taken by this deployment's "
                "own topics; choose another"
            ),
            (
                "4:61: feedback.topics.delivery: name 'A_b' must have a-z, 0-9 and single hyphens, with "
                "a letter at the beginning and after a hyphen"
            ),
        ],
    ),
    "topic name that is too long": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  topics: {bounce: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb}\n"
        ),
        [
            (
                "4:20: feedback.topics.bounce: name 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' is 41 "
                "characters long; at most 40"
            ),
        ],
    ),
    "subscribers that are none": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  subscriptions:\n"
            "    emails: [nobody]\n"
            "    queues: [a_b]\n"
            "    functions: [bounces, 'arn:aws:lambda:moon:222222222222:function:a']\n"
            "    urls: ['http://example.com/a', example.com, 'https://user:x@example.com']\n"
        ),
        [
            (
                "5:14: feedback.subscriptions.emails.0: 'nobody' is no email address; write it like "
                "someone@example.com"
            ),
            (
                "6:14: feedback.subscriptions.queues.0: name 'a_b' must have a-z, 0-9 and single "
                "hyphens, with a letter at the beginning and after a hyphen"
            ),
            (
                "7:17: feedback.subscriptions.functions.0: 'bounces' is no ARN of a Lambda function; "
                "write it like arn:aws:lambda:{region}:111111111111:function:bounces"
            ),
            (
                "7:26: feedback.subscriptions.functions.1: 'arn:aws:lambda:moon:222222222222:function:a' "
                "names the unknown Region 'moon'; write {region} for the Region of each stack"
            ),
            (
                "8:12: feedback.subscriptions.urls.0: 'http://example.com/a' is not encrypted; write "
                "https://example.com/a"
            ),
            (
                "8:36: feedback.subscriptions.urls.1: 'example.com' is no https address; write it like "
                "https://example.com/bounces"
            ),
            (
                "8:49: feedback.subscriptions.urls.2: 'https://user:x@example.com' is no https address; "
                "write it like https://example.com/bounces"
            ),
        ],
    ),
    "subscribers given twice": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  subscriptions:\n"
            "    emails: [a@example.com, a@example.com]\n"
            "    queues: [a, a]\n"
            "    functions: ['arn:aws:lambda:us-east-1:222222222222:function:a', "
            "'arn:aws:lambda:us-east-1:222222222222:function:a']\n"
            "    urls: ['https://a.com', 'https://a.com']\n"
        ),
        [
            "5:29: feedback.subscriptions.emails.1: address 'a@example.com' is given twice; keep one",
            "6:17: feedback.subscriptions.queues.1: queue 'a' is given twice; keep one",
            (
                "7:69: feedback.subscriptions.functions.1: function "
                "'arn:aws:lambda:us-east-1:222222222222:function:a' is given twice; keep one"
            ),
            "8:29: feedback.subscriptions.urls.1: URL 'https://a.com' is given twice; keep one",
        ],
    ),
    "a function in one Region for two, and one of another account": (
        (
            'account: "222222222222"\n'
            "regions: [us-east-1, eu-west-1]\n"
            "domains: [{name: example.com}]\n"
            "feedback:\n"
            "  subscriptions:\n"
            "    functions:\n"
            "      - arn:aws:lambda:us-east-1:222222222222:function:a\n"
            "      - arn:aws:lambda:{region}:333333333333:function:a\n"
        ),
        [
            (
                "7:9: feedback.subscriptions.functions.0: is in us-east-1, but eu-west-1 needs one of "
                "its own; write {region} for the Region and have it under one name in each"
            ),
            (
                "8:9: feedback.subscriptions.functions.1: is in the account 333333333333; SNS may be let "
                "in to a function of 222222222222 only"
            ),
        ],
    ),
    "a queue that two lists want to make": (
        (
            "regions: [us-east-1]\n"
            "domains:\n"
            "  - name: example.com\n"
            "    feedback:\n"
            "      topics: {bounce: shop, complaint: shop}\n"
            "      subscriptions: {queues: [bounces]}\n"
            "  - name: example.org\n"
            "feedback:\n"
            "  subscriptions: {queues: [bounces]}\n"
        ),
        [
            (
                "6:32: domains.0.feedback.subscriptions.queues.0: queue 'bounces' is made by "
                "feedback.subscriptions already; give each list its own queues"
            ),
        ],
    ),
    "a domain or address that subscribes to what tells of others": (
        (
            "regions: [us-east-1]\n"
            "domains:\n"
            "  - name: example.com\n"
            "    feedback:\n"
            "      subscriptions: {queues: [a]}\n"
            "  - name: example.net\n"
            "    feedback:\n"
            "      topics: {bounce: shop, complaint: shop}\n"
            "      subscriptions: {queues: [b]}\n"
            "addresses:\n"
            "  - name: a@example.org\n"
            "    feedback:\n"
            "      topics: {bounce: alerts, complaint: shop}\n"
            "      subscriptions: {queues: [c]}\n"
        ),
        [
            (
                "5:7: domains.0.feedback.subscriptions: would tell of other mail too: the topic "
                "'feedback' is also that of the configuration; name topics that nothing else has, like "
                "topics: {bounce: NAME, complaint: NAME}"
            ),
            (
                "9:7: domains.1.feedback.subscriptions: would tell of other mail too: the topic 'shop' is "
                "also that of addresses.0; name topics that nothing else has, like "
                "topics: {bounce: NAME, complaint: NAME}"
            ),
            (
                "14:7: addresses.0.feedback.subscriptions: would tell of other mail too: the topic 'shop' "
                "is also that of domains.1; name topics that nothing else has, like "
                "topics: {bounce: NAME, complaint: NAME}"
            ),
        ],
    ),
    "subscriptions to a topic that no domain uses": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com, feedback: email}]\n"
            "feedback:\n"
            "  subscriptions: {queues: [a]}\n"
        ),
        [
            (
                "4:3: feedback.subscriptions: there is nothing to subscribe to: no domain uses the topic "
                "'feedback'; take this out, or let a domain use it"
            ),
        ],
    ),
    "options of a configuration set that are none": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  tls: always\n"
            "  max_delivery_seconds: 60\n"
            "  suppression: [bounces]\n"
            "  validation: off\n"
            "  engagement_metrics: enabled\n"
            "  zzz: 1\n"
        ),
        [
            "4:8: configuration_set.tls: must be one of 'optional' or 'require', not 'always'",
            "5:25: configuration_set.max_delivery_seconds: must be at least 300, not 60",
            ("6:17: configuration_set.suppression.0: must be one of 'bounce' or 'complaint', not 'bounces'"),
            (
                "7:15: configuration_set.validation: must be one of 'disabled', 'managed', 'medium' or "
                "'high', not false"
            ),
            "8:23: configuration_set.engagement_metrics: must be true or false, not 'enabled'",
            (
                "9:3: configuration_set.zzz: unknown key; allowed here are archives, engagement_metrics, "
                "event_destinations, max_delivery_seconds, optimized_shared_delivery, redirect, "
                "reputation_metrics, sending, sending_pool, suppression, tls, validation"
            ),
        ],
    ),
    "suppression reasons given twice": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set: {suppression: [bounce, bounce]}\n"
        ),
        [
            "3:43: configuration_set.suppression.1: reason 'bounce' is given twice; keep one",
        ],
    ),
    "validation without suppression": (
        ("regions: [us-east-1]\ndomains: [{name: example.com}]\nconfiguration_set: {validation: managed}\n"),
        [
            (
                "3:21: configuration_set.validation: needs suppression, with which SES stores it; write "
                "suppression: [bounce, complaint]"
            ),
        ],
    ),
    "a redirect domain in none of the domains": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  redirect: {domain: click.example.org}\n"
        ),
        [
            (
                "4:22: configuration_set.redirect.domain: 'click.example.org' is in none of the domains "
                "(example.com), which SES has to have verified"
            ),
        ],
    ),
    "a redirect domain that is a domain itself": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  redirect: {domain: example.com}\n"
        ),
        [
            (
                "4:22: configuration_set.redirect.domain: 'example.com' is a domain of its own; write a "
                "name in it, like click.example.com"
            ),
        ],
    ),
    "one redirect domain for two Regions": (
        (
            "regions: [us-east-1, eu-west-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  redirect: {domain: click.example.com}\n"
        ),
        [
            (
                "4:22: configuration_set.redirect.domain: 'click.example.com' can lead to one Region "
                "only, and each tracks its own mail; write {region} for the Region, like "
                "click.{region}.example.com"
            ),
        ],
    ),
    "a redirect domain that is none": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  redirect: {domain: 'https://click.example.com', https: always}\n"
        ),
        [
            (
                "4:22: configuration_set.redirect.domain: domain 'https://click.example.com' has label "
                "'https://click'; a label has letters a-z, digits and hyphens, and neither begins nor "
                "ends with a hyphen"
            ),
            (
                "4:58: configuration_set.redirect.https: must be one of 'optional', 'require' or "
                "'require_open_only', not 'always'"
            ),
        ],
    ),
    "archives that are none or elsewhere": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  archives:\n"
            "    us-east-1: arn:aws:ses:eu-west-1:222222222222:mailmanager-archive/a-1\n"
            "    us-west-2: arn:aws:ses:us-west-2:222222222222:mailmanager-archive/a-1\n"
        ),
        [
            (
                "5:16: configuration_set.archives.us-east-1: is in eu-west-1; SES archives in its own "
                "Region only"
            ),
            (
                "6:5: configuration_set.archives.us-west-2: 'us-west-2' is not one of the configured "
                "Regions (us-east-1); take it out or add it"
            ),
        ],
    ),
    "an archive that is no ARN": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  archives: {us-east-1: a-1}\n"
        ),
        [
            (
                "4:25: configuration_set.archives.us-east-1: 'a-1' is no ARN of a Mail Manager archive; "
                "write it like arn:aws:ses:us-east-1:111111111111:mailmanager-archive/a-0123456789"
            ),
        ],
    ),
    "event destinations without what they need": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a}\n"
            "    - {to: sns}\n"
            "    - {name: c, to: cloudwatch}\n"
            "    - {name: d, to: firehose}\n"
            "    - {name: e, to: kafka}\n"
        ),
        [
            "5:7: configuration_set.event_destinations.0.to: is missing; write it here",
            "6:7: configuration_set.event_destinations.1.name: is missing; write it here",
            (
                "7:21: configuration_set.event_destinations.2.to: needs dimensions, at least one; write "
                "dimensions: [{name: ..., default: ...}]"
            ),
            (
                "8:21: configuration_set.event_destinations.3.to: needs delivery_stream, the ARN of the "
                "Firehose stream"
            ),
            (
                "9:21: configuration_set.event_destinations.4.to: must be one of 'cloudwatch', "
                "'event_bridge', 'sns' or 'firehose', not 'kafka'"
            ),
        ],
    ),
    "event destinations with what others need": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a, to: sns, dimensions: [{name: x, default: y}]}\n"
            "    - {name: b, to: event_bridge, delivery_stream: "
            "'arn:aws:firehose:us-east-1:222222222222:deliverystream/a'}\n"
            "    - {name: c, to: firehose, delivery_stream: "
            "'arn:aws:firehose:us-east-1:222222222222:deliverystream/a', subscriptions: {queues: "
            "[a]}}\n"
        ),
        [
            (
                "5:26: configuration_set.event_destinations.0.dimensions: is for destinations to "
                "cloudwatch only, not sns"
            ),
            (
                "6:35: configuration_set.event_destinations.1.delivery_stream: is for destinations to "
                "firehose only, not event_bridge"
            ),
            (
                "7:108: configuration_set.event_destinations.2.subscriptions: is for destinations to sns "
                "only, not firehose"
            ),
        ],
    ),
    "events that are none, empty or given twice": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a, to: sns, events: []}\n"
            "    - {name: b, to: sns, events: [opened]}\n"
            "    - {name: c, to: sns, events: [open, open]}\n"
        ),
        [
            "5:34: configuration_set.event_destinations.0.events: may not be empty; give at least one",
            (
                "6:35: configuration_set.event_destinations.1.events.0: must be one of 'send', 'reject', "
                "'bounce', 'complaint', 'delivery', 'open', 'click', 'rendering_failure', "
                "'delivery_delay' or 'subscription', not 'opened'"
            ),
            ("7:41: configuration_set.event_destinations.2.events.1: event 'open' is given twice; keep one"),
        ],
    ),
    "event destinations with one name, or a wrong one": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a, to: sns}\n"
            "    - {name: a, to: event_bridge}\n"
            "    - {name: a b, to: sns}\n"
        ),
        [
            (
                "6:14: configuration_set.event_destinations.1.name: event destination 'a' is given "
                "twice, first as event_destinations.0; rename one"
            ),
            (
                "7:14: configuration_set.event_destinations.2.name: name 'a b' must have a-z, 0-9 and "
                "single hyphens, with a letter at the beginning and after a hyphen"
            ),
        ],
    ),
    "more than ten event destinations": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: e0, to: event_bridge}\n"
            "    - {name: e1, to: event_bridge}\n"
            "    - {name: e2, to: event_bridge}\n"
            "    - {name: e3, to: event_bridge}\n"
            "    - {name: e4, to: event_bridge}\n"
            "    - {name: e5, to: event_bridge}\n"
            "    - {name: e6, to: event_bridge}\n"
            "    - {name: e7, to: event_bridge}\n"
            "    - {name: e8, to: event_bridge}\n"
            "    - {name: e9, to: event_bridge}\n"
            "    - {name: e10, to: event_bridge}\n"
        ),
        [
            (
                "4:3: configuration_set.event_destinations: 11 event destinations; SES allows 10 in a "
                "configuration set: join some"
            ),
        ],
    ),
    "dimensions that are wrong, given twice or too many": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a, to: cloudwatch, dimensions: [{name: a b, default: c}, {name: x, "
            "default: a/b}, {name: x, default: c, source: tag}]}\n"
            "    - {name: b, to: cloudwatch, dimensions: [{name: d0, default: x}, {name: d1, "
            "default: x}, {name: d2, default: x}, {name: d3, default: x}, {name: d4, default: x}, "
            "{name: d5, default: x}, {name: d6, default: x}, {name: d7, default: x}, {name: d8, "
            "default: x}, {name: d9, default: x}, {name: d10, default: x}]}\n"
        ),
        [
            (
                "5:53: configuration_set.event_destinations.0.dimensions.0.name: dimension name 'a b' "
                "must have letters, digits, _ - and : only, at most 256"
            ),
            (
                "5:90: configuration_set.event_destinations.0.dimensions.1.default: dimension value "
                "'a/b' must have letters, digits, _ and - only, at most 256"
            ),
            (
                "5:103: configuration_set.event_destinations.0.dimensions.2.name: dimension 'x' is given "
                "twice; keep one"
            ),
            (
                "5:126: configuration_set.event_destinations.0.dimensions.2.source: must be one of "
                "'message_tag', 'email_header' or 'link_tag', not 'tag'"
            ),
            (
                "6:33: configuration_set.event_destinations.1.dimensions: 11 dimensions; SES allows 10 "
                "in an event destination"
            ),
        ],
    ),
    "a stream that is none, and one in one Region for two": (
        (
            "regions: [us-east-1, eu-west-1]\n"
            "domains: [{name: example.com}]\n"
            "configuration_set:\n"
            "  event_destinations:\n"
            "    - {name: a, to: firehose, delivery_stream: mail}\n"
            "    - name: b\n"
            "      to: firehose\n"
            "      delivery_stream: arn:aws:firehose:us-east-1:222222222222:deliverystream/a\n"
        ),
        [
            (
                "5:48: configuration_set.event_destinations.0.delivery_stream: 'mail' is no ARN of a "
                "Firehose stream; write it like "
                "arn:aws:firehose:{region}:111111111111:deliverystream/mail"
            ),
            (
                "8:24: configuration_set.event_destinations.1.delivery_stream: is in us-east-1, but "
                "eu-west-1 needs one of its own; write {region} for the Region and have it under one "
                "name in each"
            ),
        ],
    ),
    "a default set without any": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com, default_configuration_set: false}]\n"
            "addresses: [{name: a@example.org, default_configuration_set: false}]\n"
        ),
        [
            (
                "2:31: domains.0.default_configuration_set: there is no configuration_set; write one, or "
                "take this out"
            ),
            (
                "3:35: addresses.0.default_configuration_set: there is no configuration_set; write one, "
                "or take this out"
            ),
        ],
    ),
    "a default set for identities that delegates send with": (
        (
            "regions: [us-east-1]\n"
            "configuration_set: {}\n"
            "domains:\n"
            "  - name: example.com\n"
            "    senders: [{name: a, accounts: ['222222222222']}]\n"
            "addresses:\n"
            "  - name: a@example.org\n"
            "    senders: [{name: a, accounts: ['222222222222']}]\n"
        ),
        [
            (
                "5:5: domains.0.senders: SES refuses mail of delegate senders for an identity with a "
                "default configuration set, which they cannot use; write default_configuration_set: "
                "false here, and name the set when you send yourself"
            ),
            (
                "8:5: addresses.0.senders: SES refuses mail of delegate senders for an identity with a "
                "default configuration set, which they cannot use; write default_configuration_set: "
                "false here, and name the set when you send yourself"
            ),
        ],
    ),
    "a redirect domain that is a MAIL FROM domain": (
        (
            "regions: [us-east-1]\n"
            "domains: [{name: example.com, mail_from: mail.example.com}]\n"
            "configuration_set:\n"
            "  redirect: {domain: mail.example.com}\n"
        ),
        [
            (
                "4:22: configuration_set.redirect.domain: 'mail.example.com' is a MAIL FROM domain, "
                "which is for nothing else; write another name"
            ),
        ],
    ),
}
