"""What SES checks before it takes a mail, in its order and with its words.

Rests on the SES API references (errors of SendEmail, SendRawEmail) and the SES developer guide, "Service quotas"
(https://docs.aws.amazon.com/ses/latest/dg/quotas.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ses, ses_v2

from cdk_ses_regions.errors import SesRegionsError
from cdk_ses_regions.local.account import account
from cdk_ses_regions.local.account.account import Refusal
from cdk_ses_regions.local.identities import identity_policies, verification
from cdk_ses_regions.local.identities.senders import identity_of
from cdk_ses_regions.local.outbound import sending_rights
from cdk_ses_regions.local.outbound.headers import Fields, fields_of
from cdk_ses_regions.local.outbound.letter import Letter, Simple, Templated
from cdk_ses_regions.local.outbound.sent import addresses

RECIPIENTS_MOST = 50
MIB = 1024 * 1024
COMPOSED_MOST = 10 * MIB
"""Bytes of the largest mail that SES composes for version 1 of the API."""
MAIL_MOST = 40 * MIB
"""Bytes of the largest mail otherwise."""
TAGS_MOST = 50
HEADERS_MOST = 15

_TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_SES_WRITES = frozenset(
    {"bcc", "cc", "date", "from", "message-id", "reply-to", "return-path", "subject", "to"}
)
_NO_SENDER = "Missing required header 'From'."
_ONCE = ("From", "To", "Cc", "Subject", "Date", "Sender", "Reply-To")


class RefusedError(SesRegionsError):
    """SES does not take the mail."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A mail that SES takes.

    Attributes:
        identity: the verified identity it is sent from.
        owner: account of the identity: this one, or one that lets this one send in its name.
        source: the sender with or without a name.
        return_path: whom to tell of bounces by email.
        recipients: addresses without names, each once.
        configuration_set: its name; empty for none.
    """

    identity: str
    owner: str
    source: str
    return_path: str
    recipients: tuple[str, ...]
    configuration_set: str


def invalid(message: str) -> RefusedError:
    """Return the error of a request that makes no sense."""
    return RefusedError(Refusal(code="InvalidParameterValue", code_v2="BadRequestException", message=message))


def admit(letter: Letter, size: int) -> Admitted:
    """Check a mail and count it against the account's quota.

    Args:
        letter: what the request says.
        size: bytes of the whole mail.

    Raises:
        RefusedError: SES does not take it.
    """
    fields = fields_of(letter.content) if isinstance(letter.content, bytes) else Fields()
    author = fields.first("From") or letter.source
    if isinstance(letter.content, bytes):
        _check_headers(fields)
    elif not author:
        raise invalid(_NO_SENDER)
    senders = [letter.source, author, fields.first("Sender"), letter.return_path]
    for address in filter(None, [*senders, *letter.reply_to, *letter.recipients]):
        _check_address(address)
    _check_recipients(letter)
    _check_tags(letter)
    most = COMPOSED_MOST if letter.version == 1 and not isinstance(letter.content, bytes) else MAIL_MOST
    if size > most:
        raise invalid(f"Message length is more than {most} bytes long: '{size}'.")
    if isinstance(letter.content, Templated):
        require_template(letter.content)
    recipients = tuple(dict.fromkeys(parseaddr(recipient)[1] for recipient in letter.recipients))
    owner, identity = _check_senders(letter, author, senders, recipients)
    configuration_set = _configuration_set(letter, owner, identity)
    with request_scope(owner, get_region()):
        domain = verification.needs_mail_from(_with_mail_from(identity))
    if domain:
        raise RefusedError(
            Refusal(
                code="MailFromDomainNotVerifiedException",
                message=f"MAIL FROM domain {domain} is not verified.",
            )
        )
    if refusal := account.refusal(recipients, configuration_set):
        raise RefusedError(refusal)
    return Admitted(
        identity=identity,
        owner=owner,
        source=letter.source or _first(fields, "From"),
        return_path=parseaddr(letter.return_path or letter.source or author)[1],
        recipients=recipients,
        configuration_set=configuration_set,
    )


def require_template(template: Templated) -> dict[str, str]:
    """Return the parts of a template: the request's own or those of the stored one.

    Raises:
        RefusedError: there is none of this name.
    """
    if template.parts is not None:
        return dict(template.parts)
    stored = ses._templates.get(template.name)
    if stored is None:
        raise RefusedError(
            Refusal(
                code="TemplateDoesNotExist",
                code_v2="NotFoundException",
                message=f"Template {template.name} does not exist",
                status=404,
            )
        )
    return {part: stored.get(part) or "" for part in ("SubjectPart", "TextPart", "HtmlPart")}


def require_shared(letter: Letter) -> None:
    """Check what the mails of a bulk request share: sender, template, configuration set.

    Raises:
        RefusedError: SES takes none of them.
    """
    _check_address(letter.source)
    if isinstance(letter.content, Templated):
        require_template(letter.content)
    _configuration_set(
        letter, *_check_senders(letter, letter.source, [letter.source, letter.return_path], ())
    )


def mail_from(identity: str) -> str:
    """Return the MAIL FROM domain with which an identity of this account sends now; empty when none works."""
    return verification.mail_from(_with_mail_from(identity))


def _with_mail_from(identity: str) -> str:
    """Return whose MAIL FROM settings count: an address without its own inherits its domain's."""
    own = ses_v2._identities.get(identity, {}).get("MailFromAttributes", {})
    if "@" in identity and not own.get("MailFromDomain"):
        return identity_of(f"@{identity.rpartition('@')[2]}")
    return identity


def _first(fields: Fields, name: str) -> str:
    return next(iter(addresses(fields, name)), "")


def _check_headers(fields: Fields) -> None:
    for name in _ONCE:
        if len(fields.values(name)) > 1:
            raise invalid(f"Duplicate header '{name}'.")
    if not fields.first("From"):
        raise invalid(_NO_SENDER)


def check_headers_of(content: Simple) -> None:
    """Check the further headers of a mail that SES composes.

    Raises:
        RefusedError: there are too many, or one is none.
    """
    if len(content.headers) > HEADERS_MOST:
        raise invalid(f"Header count exceeds {HEADERS_MOST}.")
    for name, value in content.headers:
        if (
            not _HEADER_NAME.fullmatch(name)
            or name.lower().startswith(("content-", "mime-"))
            or name.lower() in _SES_WRITES
        ):
            raise invalid(f"Header '{name}' is not allowed.")
        if not 0 < len(value) <= 870 or not value.isprintable():
            raise invalid(f"The value of header '{name}' is not valid.")


def _check_address(address: str) -> None:
    if _CONTROL.search(address):  # a line end would begin a header of the sender's choice
        raise invalid("Illegal address")
    _, separator, domain = parseaddr(address)[1].rpartition("@")
    if not separator or not domain or not parseaddr(address)[1].isascii():
        raise invalid("Missing final '@domain'")
    if re.search(r"[\s\x00-\x1f]", domain):
        raise invalid("Domain contains control or whitespace")


def _check_recipients(letter: Letter) -> None:
    if not letter.recipients:
        raise invalid("Missing required header 'To'.")
    if len(letter.recipients) > RECIPIENTS_MOST:
        raise invalid(f"Recipient count exceeds {RECIPIENTS_MOST}.")


def _check_tags(letter: Letter) -> None:
    if len(letter.tags) > TAGS_MOST:
        raise invalid(f"Too many tags: {len(letter.tags)}, at most {TAGS_MOST} are allowed.")
    for name, value in letter.tags:
        if name.startswith("ses:") or not _TAG_NAME.fullmatch(name):
            raise invalid(
                f"Invalid tag name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
            )
        if not _TAG_VALUE.fullmatch(value):
            raise invalid(
                f"Invalid tag value <{value}>: only alphanumeric ASCII characters, '_',  '-' , '.' and '@' "
                "are allowed."
            )


def _check_senders(
    letter: Letter, author: str, senders: list[str], recipients: tuple[str, ...]
) -> tuple[str, str]:
    """Return account and name of the identity a mail is sent from, once whoever must be verified is."""
    source = letter.arns.get("from") or letter.arns.get("source", "")
    bounces = letter.arns.get("return_path", "")
    failed = [
        sender
        for sender in dict.fromkeys(parseaddr(one)[1] for one in senders if one)
        if not _may_use(
            sender, bounces if sender == parseaddr(letter.return_path)[1] and bounces else source, letter
        )
    ]
    named = identity_policies.split(source)
    owner = named[1] if named else get_account_id()
    if failed := [*failed, *account.unverified(recipients, owner)]:
        raise RefusedError(
            Refusal(
                code="MessageRejected",
                message="Email address is not verified. The following identities failed the check in region "
                f"{get_region().upper()}: {', '.join(dict.fromkeys(failed))}",
            )
        )
    return owner, named[2] if named else identity_of(author)


def _may_use(sender: str, arn: str, letter: Letter) -> bool:
    """Tell whether a sender is a verified identity: of this account, or of one whose policy lets the caller in."""
    if not arn:
        return bool(identity_of(sender))
    region, owner, name = identity_policies.split(arn) or ("", "", "")
    if region != get_region():
        return False
    own = owner == get_account_id()
    with request_scope(owner, region):
        verification.refresh()
        if identity_of(sender, name) != name:
            return False
    return own or identity_policies.lets(
        arn,
        action=sending_rights.action_of(letter),
        principal=caller_arn(),
        account=get_account_id(),
        keys=sending_rights.keys_of((letter,)),
    )


def _configuration_set(letter: Letter, owner: str, identity: str) -> str:
    """Return the configuration set of a mail: the one it names, else its identity's, if that is of this account."""
    own = letter.configuration_set
    ours = ses_v2._identities.get(identity, {}) if owner == get_account_id() else {}
    name = own or ours.get("ConfigurationSetName", "")
    if own and own not in ses_v2._config_sets and own not in ses._configuration_sets:
        raise RefusedError(
            Refusal(
                code="ConfigurationSetDoesNotExist",
                code_v2="NotFoundException",
                message=f"Configuration set <{own}> does not exist.",
                status=404,
            )
        )
    return name
