"""What a domain, an email address and a rule recipient are, as SES sees them.

The functions return what is wrong, or None, so that the configuration can add a line number and a construct
can raise.

Recipients of receipt rules:
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-receipt-rules-console-walkthrough.html
"""

from __future__ import annotations

import re
import unicodedata

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# RFC 5321 dot-atom; quoted local parts are legal but SES documents none.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def domain_problem(name: str) -> str | None:
    """Return why `name` is no domain as SES and DNS want it (lower case, IDNA, no trailing dot), or None."""
    if not name:
        return "a domain may not be empty; write it like example.com"
    if "@" in name:
        return f"{name!r} is an email address, not a domain; write {name.rsplit('@', 1)[1]!r}"
    if name.endswith("."):
        return f"domain {name!r} ends with a dot; write {name.rstrip('.')!r}"
    if not name.isascii():
        return f"domain {name!r} is not ASCII; write its IDNA form {_idna(name)!r}"
    if name != name.lower():
        return f"domain {name!r} has upper-case letters; write {name.lower()!r}"
    if len(name) > 253:
        return f"domain is {len(name)} characters long; DNS allows 253"
    labels = name.split(".")
    for label in labels:
        if len(label) > 63:
            return f"domain {name!r} has a label of {len(label)} characters; DNS allows 63 between two dots"
        if not _LABEL.fullmatch(label):
            part = f"label {label!r}" if label else "an empty label"
            return (
                f"domain {name!r} has {part}; a label has letters a-z, digits and hyphens, "
                "and neither begins nor ends with a hyphen"
            )
    if len(labels) < 2:
        return f"domain {name!r} has no dot; write it in full, like {name}.com"
    if labels[-1].isdigit():
        return f"{name!r} is no domain: its last label is a number; write it like example.com"
    return None


def address_problem(address: str) -> str | None:
    """Return why `address` is no email address (`local-part@domain`), or None."""
    local, at, domain = address.rpartition("@")
    if not at:
        return f"{address!r} is no email address; write it like someone@example.com"
    if len(local) > 64:
        return f"address {address!r} has {len(local)} characters before the @; SMTP allows 64"
    if not _LOCAL_PART.fullmatch(local):
        return (
            f"address {address!r} has {local!r} before the @; allowed are letters, digits, single dots and "
            "!#$%&'*+/=?^_`{|}~-"
        )
    problem = domain_problem(domain)
    return f"address {address!r}: {problem}" if problem else None


def identity_address_problem(address: str) -> str | None:
    """Return why `address` cannot be an identity, or None: in the ARNs of policies some characters mean more."""
    if problem := address_problem(address):
        return problem
    special = sorted(set(address) & set("*?$"))
    if special:
        return (
            f"address {address!r} has {' and '.join(special)}, which in a policy would stand for other addresses too; "
            "use another address"
        )
    return None


def identity_problem(name: str) -> str | None:
    """Return why `name`, a domain or an address, cannot be an identity, or None."""
    return identity_address_problem(name) if "@" in name else domain_problem(name)


def recipient_problem(recipient: str, *, domain: str) -> str | None:
    """Return why `recipient` cannot stand in a receipt rule of `domain`, or None.

    Args:
        recipient: `user@example.com` (takes `user+label@` too), `example.com` (not its subdomains),
            `sub.example.com`, `.example.com` (all subdomains, not the domain itself), `user@sub.example.com`.
        domain: The verified domain whose rule it is.
    """
    if "*" in recipient:
        return (
            f"{recipient!r}: SES has no '*' in recipients; write '.{domain}' for all subdomains, "
            f"'{domain}' or no recipients for every address of the domain"
        )
    if "@" in recipient:
        host, problem = recipient.rpartition("@")[2], address_problem(recipient)
    else:
        host = recipient.removeprefix(".")
        problem = domain_problem(host)
    if problem is not None:
        return problem
    if host != domain and not is_below(host, domain):
        return f"{recipient!r} is not of the domain {domain}; put it under its own entry in domains"
    return None


def mail_from_problem(mail_from: str, *, domain: str) -> str | None:
    """Return why `mail_from` cannot be the MAIL FROM domain of `domain`, or None.

    It must be a subdomain, neither sent from nor received on:
    https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
    """
    if mail_from == domain:
        return f"MAIL FROM domain may not be the domain itself; use a subdomain of it, like bounce.{domain}"
    if not is_below(mail_from, domain):
        return f"MAIL FROM domain {mail_from!r} is not below {domain}; use a subdomain, like bounce.{domain}"
    return None


def is_below(name: str, parent: str) -> bool:
    """Return whether `name` is a subdomain of `parent` at any depth."""
    return name.endswith(f".{parent}")


def _idna(name: str) -> str:
    # Not the standard library's "idna" codec: that is IDNA 2003 and would turn straße.de into strasse.de.
    labels = unicodedata.normalize("NFC", name.lower()).split(".")
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
    )
