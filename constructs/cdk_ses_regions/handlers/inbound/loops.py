"""Which mail is never sent on: what would come back, answer an answer, or carry what SES found to be harmful.

RFC 3834 says how automatic mail is recognised. A mail that is refused here stays in its bucket.
"""

from __future__ import annotations

from collections.abc import Collection

from headers import Headers
from notice import Notice

LOOP_HEADER = "X-Loop"
HOPS = 25
"""Received headers; SES's own is one of them. Far more than any honest way has."""

_SYSTEMS = frozenset({"mailer-daemon", "postmaster", "mail-daemon"})
_ANSWERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder")
_PASSES = frozenset({"PASS", "DISABLED"})  # DISABLED: the rule does not scan


def refusal(
    own: Headers, notice: Notice, *, senders: Collection[str], automatic: bool, unsure: bool
) -> str | None:
    """Return why the mail must not be sent on, one word for metric and tag, or None.

    Args:
        own: the headers of the mail.
        notice: what SES says of it.
        senders: addresses that this deployment forwards from, lower case.
        automatic: whether mailing lists and generated mail may pass; answers of machines never do.
        unsure: whether a spam or virus verdict that is neither PASS nor FAIL may pass.
    """
    return (
        _system(notice.sender)
        or _own(own, senders)
        or _verdict(notice, unsure=unsure)
        or _answer(own)
        or (None if automatic else _generated(own))
    )


def _system(sender: str) -> str | None:
    if not sender.strip("<> "):
        return "null_sender"  # a bounce: answering or passing it on is how loops begin
    local = sender.strip("<> ").partition("@")[0].lower()  # a host's own daemon may have no domain
    return "system_sender" if local in _SYSTEMS else None


def _own(own: Headers, senders: Collection[str]) -> str | None:
    if any(value.strip().lower() in senders for value in own.all(LOOP_HEADER)):
        return "own_mail"
    if own.all("X-SES-Configuration-Set"):
        return "own_mail"  # SES takes the header off whatever it delivers; only a copy that never left has it
    return "too_many_hops" if len(own.all("Received")) > HOPS else None


def _verdict(notice: Notice, *, unsure: bool) -> str | None:
    for name in ("virus", "spam"):
        status = notice.verdicts.get(name)
        if status == "FAIL" or (status not in _PASSES and not unsure):
            return f"{name}_verdict"
    return None


def _answer(own: Headers) -> str | None:
    if _submitted(own) in ("auto-replied", "auto-notified"):
        return "auto_submitted"
    if any(own.all(name) for name in _ANSWERS) or "auto_reply" in _precedence(own):
        return "auto_reply"
    return None


def _generated(own: Headers) -> str | None:
    if _submitted(own) not in ("", "no"):
        return "auto_submitted"
    if _precedence(own) & {"bulk", "list", "junk"}:
        return "precedence"
    if any(name.lower().startswith("list-") for name, _ in own.fields):
        return "list"
    return "auto_response_suppress" if own.all("X-Auto-Response-Suppress") else None


def _submitted(own: Headers) -> str:
    words = {value.partition(";")[0].partition("(")[0].strip().lower() for value in own.all("Auto-Submitted")}
    words -= {"", "no"}
    return min(words, key=lambda word: (word == "auto-generated", word), default="")


def _precedence(own: Headers) -> set[str]:
    return {value.partition("(")[0].strip().lower() for value in own.all("Precedence")}
