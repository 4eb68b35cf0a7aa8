"""The configuration's `actions`: what SES does with a mail that a rule takes, in SES's own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool

from cdk_ses_regions.config.base import Model, checked
from cdk_ses_regions.config.feedback import problem_of_region
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.domains import address_problem
from cdk_ses_regions.receipt import (
    bounce_message_problem,
    header_name_problem,
    header_value_problem,
    key_prefix_problem,
    reply_code_problem,
    status_code_problem,
)

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IN_REGION = r"([a-z0-9-]+|\{region\}):\d{12}"


def _bucket_problem(name: str) -> str | None:
    if _BUCKET.fullmatch(name.replace(REGION, "us-east-1")):
        return None
    return (
        f"{name!r} is no bucket name; write 3 to 63 of a-z, 0-9, hyphen and dot, and {REGION} where the name of the "
        "Region belongs"
    )


def _arn(what: str, pattern: str, example: str, *, regional: bool = True) -> Callable[[str], str | None]:
    """Return the check that a value is the ARN of `what`."""
    compiled = re.compile(pattern)

    def problem(arn: str) -> str | None:
        if compiled.fullmatch(arn):
            return problem_of_region(arn) if regional else None
        return f"{arn!r} is no ARN of {what}; write it like {example}"

    return problem


BucketName = Annotated[str, checked(_bucket_problem)]
FunctionArn = Annotated[
    str,
    checked(
        _arn(
            "a Lambda function",
            rf"arn:aws[a-z-]*:lambda:{_IN_REGION}:function:[A-Za-z0-9_-]{{1,64}}(:[A-Za-z0-9_$-]+)?",
            f"arn:aws:lambda:{REGION}:111111111111:function:tickets",
        )
    ),
]
TopicArn = Annotated[
    str,
    checked(
        _arn(
            "a topic",
            rf"arn:aws[a-z-]*:sns:{_IN_REGION}:[A-Za-z0-9_-]{{1,256}}",
            f"arn:aws:sns:{REGION}:111111111111:tickets",
        )
    ),
]
KeyArn = Annotated[
    str,
    checked(
        _arn(
            "a KMS key",
            rf"arn:aws[a-z-]*:kms:{_IN_REGION}:key/[A-Za-z0-9-]+",
            "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        )
    ),
]
RoleArn = Annotated[
    str,
    checked(
        _arn(
            "a role",
            r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
            "arn:aws:iam::111111111111:role/mail",
            regional=False,
        )
    ),
]


class Store(Model):
    """Stores the mail in the mail bucket and tells of it on the topic `received`, as a rule without actions does."""


class S3(Model):
    """Stores the mail, and no more."""

    bucket: BucketName | None = None
    """A bucket of yours, whose policy lets SES in; `{region}` stands for the Region. Left out: the mail bucket."""
    prefix: Annotated[str, checked(key_prefix_problem)] | None = None
    """Begins the keys; left out: `mail/`, with which it begins in the mail bucket in any case."""
    encryption: Literal["bucket", "client_side"] = "bucket"
    """`client_side`: SES encrypts before it stores, and S3 never sees the mail."""
    key_arn: KeyArn | None = None
    """KMS key for `client_side`, in the Region; left out: the Region's own."""
    role_arn: RoleArn | None = None
    """Role that SES takes to store; needed for a bucket where SES does not receive. `make_role` makes it."""
    make_role: StrictBool = False
    """Whether to make that role, which may do this alone."""
    bucket_key_arn: KeyArn | None = None
    """KMS key that your bucket encrypts with, for a role that is made."""
    topic_arn: TopicArn | None = None
    """Topic that hears of each mail stored."""


class Lambda(Model):
    """Invokes a function with envelope, headers and verdicts."""

    function_arn: FunctionArn
    """Function of this account; `{region}` stands for the Region."""
    invocation: Literal["event", "request_response"] = "event"
    """`request_response`: SES waits for the answer, which says whether rule or rule set stop."""
    topic_arn: TopicArn | None = None
    """Topic that hears of each invocation."""


class Sns(Model):
    """Publishes the whole mail."""

    topic_arn: TopicArn
    """Your topic, open to SES; `{region}` stands for the Region."""
    encoding: Literal["utf-8", "base64"] = "utf-8"
    """`base64` keeps every byte."""


class AddHeader(Model):
    """Adds a header for the actions that follow."""

    name: Annotated[str, checked(header_name_problem)]
    """Letters, digits and hyphens, at most 50."""
    value: Annotated[str, checked(header_value_problem)]
    """One line of at most 2048 characters."""


class Bounce(Model):
    """Answers the sender with a bounce."""

    sender: Annotated[str, checked(address_problem)]
    """Whom it comes from: an address of one of the domains, or one of `addresses`."""
    template: (
        Literal[
            "mailbox_does_not_exist",
            "message_too_large",
            "mailbox_full",
            "message_content_rejected",
            "unknown_failure",
            "temporary_failure",
        ]
        | None
    ) = None
    """SES's templates; fills in what is left out of the following."""
    smtp_reply_code: Annotated[str, checked(reply_code_problem)] | None = None
    """Three digits in quotes, like "550"."""
    status_code: Annotated[str, checked(status_code_problem)] | None = None
    """Enhanced status code, like 5.1.1."""
    message: Annotated[str, checked(bounce_message_problem)] | None = None
    """For people."""
    topic_arn: TopicArn | None = None
    """Topic that hears of each bounce."""


class Stop(Model):
    """Ends the rule set for this mail."""

    topic_arn: TopicArn | None = None
    """Topic that hears of each mail that stopped here."""


class Workmail(Model):
    """Hands the mail to Amazon WorkMail."""

    organization_arn: Annotated[
        str,
        checked(
            _arn(
                "a WorkMail organization",
                rf"arn:aws[a-z-]*:workmail:{_IN_REGION}:organization/m-[a-z0-9]+",
                "arn:aws:workmail:us-east-1:111111111111:organization/m-0123456789abcdef0123456789abcdef",
            )
        ),
    ]
    """The organization, in the Region of the rule."""
    topic_arn: TopicArn | None = None
    """Topic that hears of each mail handed over."""


class Connect(Model):
    """Starts an email contact in Amazon Connect."""

    instance_arn: Annotated[
        str,
        checked(
            _arn(
                "a Connect instance",
                rf"arn:aws[a-z-]*:connect:{_IN_REGION}:instance/[a-f0-9]{{8}}(-[a-f0-9]{{4}}){{3}}-[a-f0-9]{{12}}",
                "arn:aws:connect:us-east-1:111111111111:instance/12345678-1234-1234-1234-123456789012",
            )
        ),
    ]
    """The instance, in the Region of the rule."""
    role_arn: RoleArn
    """Role that SES may take and that may `connect:StartEmailContact` there."""


class Action(Model):
    """One action: exactly one of these keys."""

    # `lambda` is a word of Python's own.
    model_config = ConfigDict(serialize_by_alias=True)

    store: Store | None = None
    """Store the mail and tell of it."""
    s3: S3 | None = None
    """Store the mail where you want it."""
    lambda_: Annotated[Lambda | None, Field(alias="lambda")] = None
    """Invoke a function."""
    sns: Sns | None = None
    """Publish the mail."""
    add_header: AddHeader | None = None
    """Add a header."""
    bounce: Bounce | None = None
    """Answer with a bounce."""
    stop: Stop | None = None
    """Let no later rule see the mail; the last action of its rule."""
    workmail: Workmail | None = None
    """Hand the mail to Amazon WorkMail."""
    connect: Connect | None = None
    """Start a contact in Amazon Connect."""
