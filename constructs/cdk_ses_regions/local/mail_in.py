"""Sending mail in through the SMTP doors, as a mail server of somebody else does."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from email.message import EmailMessage
from email.utils import getaddresses

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from cdk_ses_regions import regions as ses
from cdk_ses_regions.local.errors import LocalAwsError

_TIMEOUT_SECONDS = 60


class NoDoorError(LocalAwsError):
    """The MX of a domain leads to no door of this local AWS that is open."""


def through_door(port: int, *, sender: str, recipients: Sequence[str], raw: bytes) -> str:
    """Send a mail to a door on 127.0.0.1, with STARTTLS; return SES's message id.

    Raises:
        smtplib.SMTPException: the door refuses the mail.
        OSError: nobody listens there.
    """
    with smtplib.SMTP("127.0.0.1", port, timeout=_TIMEOUT_SECONDS) as smtp:
        # The certificate is made at each start; the door is on loopback.
        smtp.starttls(context=ssl._create_unverified_context())  # pyright: ignore[reportPrivateUsage]
        smtp.ehlo()
        smtp.mail(sender)
        for recipient in recipients:
            code, answer = smtp.rcpt(recipient)
            if code != 250:
                raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
        code, answer = smtp.data(re.sub(rb"\r?\n", b"\r\n", raw))
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)
        return answer.decode().rpartition(" ")[2]


def by_mx(mail: EmailMessage, *, dns_port: int, doors: Mapping[str, int]) -> tuple[str, ...]:
    """Send a mail where the MX of its recipients' domains leads, in that order; return SES's message ids.

    Args:
        mail: From is the envelope's sender; To, Cc and Bcc are its recipients.
        dns_port: of the name server.
        doors: AWS Region to the port of its door for incoming mail.

    Raises:
        NoDoorError: no MX leads to a door here, or all of these Regions are down.
        smtplib.SMTPException: a door refuses the mail.
    """
    [(_, sender), *_] = [*getaddresses(_all(mail, "From")), ("", "")]
    recipients = [address for _, address in getaddresses(_all(mail, "To", "Cc", "Bcc")) if address]
    if not recipients:
        raise LocalAwsError("the mail has no recipient in To, Cc or Bcc")
    mail = copy(mail)  # its headers are the copy's own as soon as one is deleted
    del mail["Bcc"]
    by_domain: dict[str, list[str]] = {}
    for recipient in recipients:
        by_domain.setdefault(recipient.rpartition("@")[2].lower(), []).append(recipient)
    return tuple(
        _to_first_open(domain, sender, those, bytes(mail), list(_doors(domain, dns_port, doors)))
        for domain, those in by_domain.items()
    )


def _to_first_open(domain: str, sender: str, recipients: list[str], raw: bytes, ports: list[int]) -> str:
    for port in ports:
        try:
            return through_door(port, sender=sender, recipients=recipients, raw=raw)
        except (ConnectionError, smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected):
            continue  # that Region is down
    what = "all its Regions are down" if ports else "the local DNS has no MX of it that leads to a door here"
    raise NoDoorError(f"mail to {domain} cannot be delivered: {what}")


def _doors(domain: str, dns_port: int, doors: Mapping[str, int]) -> Iterator[int]:
    """Give the ports of a domain's mail servers, best first."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], dns_port
    try:
        answer = resolver.resolve(domain, dns.rdatatype.MX, lifetime=5)
    except dns.exception.DNSException:
        return
    exchanges = sorted((one for one in answer if isinstance(one, MX)), key=lambda one: one.preference)
    hosts = {ses.region(name).inbound: port for name, port in doors.items()}
    for exchange in exchanges:
        port = hosts.get(exchange.exchange.to_text(omit_final_dot=True).lower())
        if port is not None:
            yield port


def _all(mail: EmailMessage, *names: str) -> list[str]:
    return [str(value) for name in names for value in mail.get_all(name, [])]
