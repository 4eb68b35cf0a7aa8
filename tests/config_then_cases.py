"""What is refused in `then`, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = (
    "regions: [us-east-1, eu-west-1]\ndomains:\n  - name: example.com\n    receiving:\n      rules:\n"
    "        - name: a\n"
)
AT = "domains.0.receiving.rules.0.then"
KINDS = "publish, drop, forward, invoke"


def then(*entries: str, more: str = "") -> str:
    """A rule in two Regions; its first step is in line 8, and begins in column 15."""
    return HEAD + "          then:\n" + "".join(f"            - {entry}\n" for entry in entries) + more


def forward(**keys: str) -> str:
    """A step `forward`, the value of whose first key begins in column 25 or so."""
    options = {"sender": "f@example.com", "to": "{'*': [a@example.net]}"} | keys
    return "forward: {" + ", ".join(f"{key}: {value}" for key, value in options.items()) + "}"


# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "no steps": (
        then("{}").replace("            - {}\n", "            []\n"),
        [f"8:13: {AT}: may not be empty; give at least one"],
    ),
    "a step that is none, an empty one, one without value, and two in one": (
        then("{throw: {}}", "{}", "publish:", "{publish: {}, invoke: {function_arn: f}}"),
        [
            f"8:16: {AT}.0.throw: unknown key; allowed here are drop, forward, invoke, publish",
            f"9:15: {AT}.1: is empty; a step is one of {KINDS}",
            f"10:15: {AT}.2: publish has no value; write publish: {{}}; a step is one of {KINDS}",
            f"11:15: {AT}.3: has publish and invoke; write an entry of the list for each, in their order",
            f"11:52: {AT}.3.invoke.function_arn: 'f' is no ARN of a Lambda function; write it like "
            "arn:aws:lambda:{region}:111111111111:function:tickets",
        ],
    ),
    "a step twice, and a bus of no bridge": (
        then("publish: {}", "publish: {}", "publish: {event_bus: 'a b'}"),
        [
            f"9:15: {AT}.1.publish: is the same as then.0; keep one",
            f"10:25: {AT}.2.publish.event_bus: is for to: event_bridge; write that too, or take this out",
            f"10:36: {AT}.2.publish.event_bus: 'a b' is no name of an event bus; EventBridge has letters, digits and "
            ". _ / - in it, at most 256",
        ],
    ),
    "a drop that drops nothing": (
        then("drop: {verdicts: []}", "drop: {verdicts: [bad]}", "drop: {}"),
        [
            f"8:32: {AT}.0.drop.verdicts: may not be empty; give at least one",
            f"9:33: {AT}.1.drop.verdicts.0: must be one of 'spam', 'virus', 'spf', 'dkim', 'dmarc' or 'dmarc_reject', "
            "not 'bad'",
            f"10:15: {AT}.2.drop: nothing comes after it; put it before what it shall hold back",
        ],
    ),
    "a drop by verdicts that there are none of": (
        then("drop: {verdicts: [spam, dmarc]}", "publish: {}", more="          scan: false\n"),
        [
            f"8:15: {AT}.0.drop: SES gives no verdict on spam where scan: false; take that out of the rule, or the "
            "verdict out of here",
        ],
    ),
    "a sender of somebody else": (
        then(forward(sender="f@example.org"), forward(sender="f")),
        [
            f"8:33: {AT}.0.forward.sender: 'f@example.org' is not verified here: it is in none of the domains "
            "(example.com) and not one of addresses; write another, or add it",
            f"9:33: {AT}.1.forward.sender: 'f' is no email address; write it like someone@example.com",
        ],
    ),
    "a forward that goes nowhere, and one that says nothing": (
        then(forward(to="{}"), "forward: {}"),
        [
            f"8:48: {AT}.0.forward.to: is empty; say whose mail goes where",
            f"9:24: {AT}.1.forward.sender: is missing; write it here",
            f"9:24: {AT}.1.forward.to: is missing; write it here",
        ],
    ),
    "recipients whose mail never comes": (
        then(
            forward(to="{'*@example.com': [], example.com: [], b@example.org: [], '@Example.com': []}"),
            forward(to="{b@example.com: [a@example.net], B@example.com: []}"),
        ),
        [
            f"8:53: {AT}.0.forward.to.*@example.com: '*@example.com': '*' stands for all others, alone; write "
            "'@example.com' for a domain",
            f"8:74: {AT}.0.forward.to.example.com: 'example.com' is no email address; write it like "
            "someone@example.com; or '@example.com' for a domain, '*' for all others",
            f"8:91: {AT}.0.forward.to.b@example.org: no rule takes mail for 'example.org'; the rules take that for "
            "example.com",
            f"8:110: {AT}.0.forward.to.@Example.com: domain 'Example.com' has upper-case letters; write "
            "'example.com'; or '@example.com' for a domain, '*' for all others",
            f"9:85: {AT}.1.forward.to.B@example.com: is given twice, first as 'b@example.com'; keep one",
        ],
    ),
    "destinations that are none, come twice, or come back": (
        then(
            forward(
                to="{b@example.com: [a], c@example.com: [x@y.example, X@y.example], '*': [d@example.com]}"
            )
        ),
        [
            f"8:68: {AT}.0.forward.to.b@example.com: 'a' is no email address; write it like someone@example.com",
            f"8:88: {AT}.0.forward.to.c@example.com: destination 'X@y.example' of 'c@example.com' is given twice; "
            "keep one",
            f"8:122: {AT}.0.forward.to.*.0: 'd@example.com' is received here as well, and forwarded mail is not "
            "forwarded again; write where its mail goes in the end",
        ],
    ),
    "fifty-one destinations": (
        then(forward(to="{'*': [" + ", ".join(f"a{n}@x.example" for n in range(51)) + "]}")),
        [f"8:58: {AT}.0.forward.to.*: 51 destinations of '*'; SES sends a mail to 50 at most"],
    ),
    "options that do not fit": (
        then(
            forward(subject_prefix='"a\\nb"', configuration_set="a b", automatic="sometimes"),
            forward(subject_prefix="x" * 101),
        ),
        [
            f"8:92: {AT}.0.forward.subject_prefix: subject prefix 'a\\nb' must be one line of printable characters",
            f"8:119: {AT}.0.forward.configuration_set: 'a b' is no name of a configuration set; SES has letters, "
            "digits, _ and - in it, at most 64",
            f"8:135: {AT}.0.forward.automatic: must be true or false, not 'sometimes'",
            f"9:92: {AT}.1.forward.subject_prefix: subject prefix is 101 characters long; at most 100",
        ],
    ),
    "a function in one of the Regions": (
        then("invoke: {function_arn: 'arn:aws:lambda:us-east-1:111111111111:function:f'}"),
        [
            f"8:38: {AT}.0.invoke.function_arn: is in us-east-1, but eu-west-1 needs one of its own; write {{region}} "
            "for the Region and have it under one name in each",
        ],
    ),
    "twenty-one functions": (
        then(
            *[
                f"invoke: {{function_arn: 'arn:aws:lambda:{{region}}:111111111111:function:f{n}'}}"
                for n in range(21)
            ]
        ),
        [f"7:11: {AT}: 21 functions are invoked up to here; at most 20: let one invoke others"],
    ),
    "nothing to go on with": (
        then("publish: {}", more="          actions:\n            - s3: {}\n"),
        [
            f"7:11: {AT}: actions has no store, so there is no mail to go on with; write - store: {{}} there, or take "
            "this out",
        ],
    ),
}
