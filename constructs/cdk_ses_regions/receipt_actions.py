"""The actions of a receipt rule: what SES does with a mail, in the order in which a rule has them.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action.html and the pages below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from cdk_ses_regions.domains import address_problem
from cdk_ses_regions.limits import ACTIONS_PER_RULE
from cdk_ses_regions.mail_bucket import MAIL_PREFIX
from cdk_ses_regions.receipt import (
    BOUNCE_TEMPLATES,
    bounce_message_problem,
    codes_problem,
    header_name_problem,
    header_value_problem,
    key_prefix_problem,
    reply_code_problem,
    status_code_problem,
)

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns

BounceTemplateName = Literal[
    "mailbox_does_not_exist",
    "message_too_large",
    "mailbox_full",
    "message_content_rejected",
    "unknown_failure",
    "temporary_failure",
]


@dataclass(frozen=True, kw_only=True)
class StoreAction:
    """Stores the mail in the mail bucket, for `then` of the rule to go on with: what a rule without actions does."""

    def problem(self) -> str | None:
        """Return None: there is nothing that could be wrong."""
        return None


@dataclass(frozen=True, kw_only=True)
class S3Action:
    """Stores the mail, and no more.

    Args:
        bucket: where (default: the mail bucket of the Region). A bucket made elsewhere keeps its policy, and then needs
            the statement that docs/receiving.md shows, or a role.
        prefix: begins the key, before SES's message id (default `mail/`); in the mail bucket it begins with `mail/`.
        client_side: SES encrypts before it stores, so that S3 never sees the mail; docs/receiving.md shows how to read
            it (default False: the bucket encrypts).
        client_side_key: the key for that, of this Region (default: the key of the mail bucket).
        role_arn: a role that SES takes to store, to use the key and to tell the topic; needed for a bucket in a
            Region where SES does not receive (default: SES itself).
        make_role: make that role, with what it needs for this rule and no more (default False).
        bucket_key_arn: the key that the bucket encrypts with, which a role that is made may then use (default: that of
            a bucket of the same app; of a bucket made elsewhere, none).
        topic: hears of each mail that was stored (default: none).
    """

    bucket: s3.IBucket | None = None
    prefix: str = MAIL_PREFIX
    client_side: bool = False
    client_side_key: kms.IKey | None = None
    role_arn: str | None = None
    make_role: bool = False
    bucket_key_arn: str | None = None
    topic: sns.ITopic | None = None

    def problem(self) -> str | None:
        """Return what SES or the mail bucket would not take, or None."""
        if self.role_arn is not None and self.make_role:
            return "S3: role_arn and make_role exclude each other; give one"
        if self.bucket_key_arn is not None and not self.make_role:
            return "S3: bucket_key_arn is for a role that is made; give make_role=True, or leave it out"
        if self.client_side_key is not None and not self.client_side:
            return "S3: client_side_key is for client_side=True; give both, or leave it out"
        if self.bucket is None and not self.prefix.startswith(MAIL_PREFIX):
            return f"S3: prefix {self.prefix!r} in the mail bucket must begin with {MAIL_PREFIX!r}"
        if self.bucket is None and (self.role_arn is not None or self.make_role):
            return "S3: the mail bucket needs no role; give a bucket, or no role"
        return _of("S3", key_prefix_problem(self.prefix))


@dataclass(frozen=True, kw_only=True)
class LambdaAction:
    """Invokes a function. It gets envelope, headers and verdicts; the mail itself is where an S3 action stored it.

    Args:
        function_arn: a function of this account and Region.
        invocation: "Event" (default), or "RequestResponse": SES waits up to 30 seconds, and the function's answer
            `{"disposition": "STOP_RULE"}`, `STOP_RULE_SET` or `CONTINUE` says how it goes on.
        topic: hears of each invocation (default: none).
    """

    function_arn: str
    invocation: Literal["Event", "RequestResponse"] = "Event"
    topic: sns.ITopic | None = None

    def problem(self) -> str | None:
        """Return None: the Region is looked at where the rule is."""
        return None


@dataclass(frozen=True, kw_only=True)
class SnsAction:
    """Publishes the whole mail in a notification; one of more than 150 KB is bounced.

    Args:
        topic: a topic of this Region. An encrypted one needs a customer key that SES may use.
        encoding: "UTF-8" (default), or "Base64", which keeps every byte.
    """

    topic: sns.ITopic
    encoding: Literal["UTF-8", "Base64"] = "UTF-8"

    def problem(self) -> str | None:
        """Return None: the types say it all."""
        return None


@dataclass(frozen=True, kw_only=True)
class AddHeaderAction:
    """Adds a header to the mail, for the actions that come after it.

    Args:
        name: 1 to 50 letters, digits and hyphens.
        value: one line of 1 to 2048 characters.
    """

    name: str
    value: str

    def problem(self) -> str | None:
        """Return what SES would not take, or None."""
        return _of("AddHeader", header_name_problem(self.name) or header_value_problem(self.value))


@dataclass(frozen=True, kw_only=True)
class BounceAction:
    """Answers the sender with a bounce.

    Args:
        sender: whom the bounce comes from: an address that SES has verified in this Region.
        template: fills in what is not given below (default: nothing).
        smtp_reply_code: three digits that begin with 4 or 5.
        status_code: enhanced status code, like 5.1.1 (default without template: none).
        message: for people; one line.
        topic: hears of each bounce (default: none).
    """

    sender: str
    template: BounceTemplateName | None = None
    smtp_reply_code: str | None = None
    status_code: str | None = None
    message: str | None = None
    topic: sns.ITopic | None = None

    def codes(self) -> tuple[str, str | None, str]:
        """Return reply code, status code and message; empty where neither template nor argument says one."""
        base = BOUNCE_TEMPLATES.get(self.template or "")
        return (
            self.smtp_reply_code or (base.smtp_reply_code if base else ""),
            self.status_code or (base.status_code if base else None),
            self.message or (base.message if base else ""),
        )

    def problem(self) -> str | None:
        """Return what SES would not take, or None."""
        if self.template is not None and self.template not in get_args(BounceTemplateName):
            return (
                f"Bounce: no template {self.template!r}; there are {', '.join(get_args(BounceTemplateName))}"
            )
        reply, status, message = self.codes()
        if not reply or not message:
            return "Bounce: give a template, or smtp_reply_code and message"
        found = address_problem(self.sender) or reply_code_problem(reply) or bounce_message_problem(message)
        if status is not None:
            found = found or status_code_problem(status) or codes_problem(reply, status)
        return _of("Bounce", found)


@dataclass(frozen=True, kw_only=True)
class StopAction:
    """Ends here: no later rule of the set sees the mail. It is the last action of its rule.

    Args:
        topic: hears of each mail that stopped here (default: none).
    """

    topic: sns.ITopic | None = None

    def problem(self) -> str | None:
        """Return None: there is nothing that could be wrong."""
        return None


@dataclass(frozen=True, kw_only=True)
class WorkmailAction:
    """Hands the mail to Amazon WorkMail.

    Args:
        organization_arn: the WorkMail organization, in this Region.
        topic: hears of each mail that was handed over (default: none).
    """

    organization_arn: str
    topic: sns.ITopic | None = None

    def problem(self) -> str | None:
        """Return None: the Region is looked at where the rule is."""
        return None


@dataclass(frozen=True, kw_only=True)
class ConnectAction:
    """Starts an email contact in Amazon Connect.

    Args:
        instance_arn: the Connect instance.
        role_arn: a role that SES may take and that may `connect:StartEmailContact` there.
    """

    instance_arn: str
    role_arn: str

    def problem(self) -> str | None:
        """Return None: Connect's own matter."""
        return None


Action = (
    StoreAction
    | S3Action
    | LambdaAction
    | SnsAction
    | AddHeaderAction
    | BounceAction
    | StopAction
    | WorkmailAction
    | ConnectAction
)

DEFAULT_ACTIONS: tuple[Action, ...] = (StoreAction(),)


def actions_problems(actions: Sequence[Action]) -> list[str]:
    """Return all that is wrong with the actions of one rule."""
    problems = [problem for action in actions if (problem := action.problem())]
    if not actions:
        problems.append("no actions: the mail would be accepted and lost; give at least one")
    if len(actions) > ACTIONS_PER_RULE:
        problems.append(f"{len(actions)} actions; SES allows {ACTIONS_PER_RULE} in a rule")
    if sum(isinstance(action, StoreAction) for action in actions) > 1:
        problems.append("Store: the mail is stored already; keep one")
    if any(isinstance(action, StopAction) for action in actions[:-1]):
        problems.append("Stop: nothing runs after it; make it the last action")
    return problems


def _of(action: str, problem: str | None) -> str | None:
    return None if problem is None else f"{action}: {problem}"
