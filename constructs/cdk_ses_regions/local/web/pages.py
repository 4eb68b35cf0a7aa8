"""The pages for people: rendered here, without a script, and nothing on them comes from anywhere else."""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from cdk_ses_regions.local.identities import address_verification
from cdk_ses_regions.local.journal import JOURNAL, KEPT, Received, Sent
from cdk_ses_regions.local.web import entries, overview
from cdk_ses_regions.local.web.place import Place, current
from cdk_ses_regions.local.web.rendering import TEMPLATES, page

_SHOWN_CHARACTERS = 200_000
_LISTED = 200
_HEAD_BYTES = 65536
# What a stranger wrote is shown as a page of its own, without an origin, scripts or anything from outside.
_STRANGERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; form-action 'none'; base-uri 'none'",
    "X-DNS-Prefetch-Control": "off",
}

Entry = dict[str, Any]


def routes() -> list[BaseRoute]:
    """Return the routes."""
    return [
        Route("/_ses", _overview),
        Route("/_ses/", _overview),
        Route("/_ses/mails", _mails),
        Route("/_ses/mails/{message_id}", _mail),
        Route("/_ses/mails/{message_id}/raw", _raw),
        Route("/_ses/mails/{message_id}/html", _html),
        Route("/_ses/feedback", _feedback),
        Route("/_ses/suppression", _suppression),
        Route("/_ses/verify", _verify),
        Route("/_ses/style.css", _style),
    ]


def _overview(request: Request) -> Response:
    counts = {
        "sent": len(JOURNAL.sent()),
        "received": len(JOURNAL.received()),
        "outbox": len(JOURNAL.sent(entries.in_outbox)),
    }
    return page(request, "overview.html", page="Overview", status=overview.status(_place()), counts=counts)


def _mails(request: Request) -> Response:
    sent, received, outbox = JOURNAL.sent(), JOURNAL.received(), JOURNAL.sent(entries.in_outbox)
    kinds: dict[str, tuple[Sent | Received, ...]] = {
        "all": (*sent, *received),
        "sent": sent,
        "received": received,
        "outbox": outbox,
    }
    show = request.query_params.get("show", "")
    show = show if show in kinds else "all"
    newest = sorted(kinds[show], key=_at, reverse=True)
    return page(
        request,
        "mails.html",
        page="Mails",
        mails=[_entry(mail) for mail in newest[:_LISTED]],
        older=max(len(newest) - _LISTED, 0),
        tabs=[(name, len(those)) for name, those in kinds.items()],
        show=show,
        kept=KEPT,
    )


def _at(mail: Sent | Received) -> datetime:
    return mail.mail.sent_at if isinstance(mail, Sent) else mail.route.received_at


def _entry(mail: Sent | Received) -> Entry:
    if isinstance(mail, Sent):
        return {**entries.sent([mail])[0], "way": "sent"}
    return {**entries.received([mail])[0], "via": "", "way": "received"}


def _mail(request: Request) -> Response:
    found = entries.find(request.path_params["message_id"])
    if found is None:
        return _no_mail(request)
    message = entries.parsed(entries.raw(found))
    mail = _entry(found)
    facts = _facts_of_sent(mail) if isinstance(found, Sent) else _facts_of_received(mail)
    return page(
        request,
        "mail.html",
        page="Mails",
        mail=mail,
        facts=[(name, value) for name, value in facts if value],
        other=_other_way(message, mail["way"]),
        told=entries.feedback(mail["message_id"])[::-1],
        has_html=_body(message, "html") is not None,
        text=_shown(_body(message, "plain")),
        attachments=_attachments(message),
        headers=[(name, entries.one_line(value)) for name, value in message.raw_items()],
        raw=_shown(entries.raw(found).decode("utf-8", "replace")),
    )


def _raw(request: Request) -> Response:
    found = entries.find(request.path_params["message_id"])
    if found is None:
        return _no_mail(request)
    return PlainTextResponse(entries.raw(found), headers=_STRANGERS)


def _html(request: Request) -> Response:
    found = entries.find(request.path_params["message_id"])
    html = None if found is None else _body(entries.parsed(entries.raw(found)), "html")
    if html is None:
        return _no_mail(request)
    return HTMLResponse(html.encode("utf-8", "replace"), headers=_STRANGERS)


def _feedback(request: Request) -> Response:
    return page(request, "feedback.html", page="Feedback", told=entries.feedback()[::-1])


def _suppression(request: Request) -> Response:
    regions = [
        {
            "name": name,
            "addresses": overview.suppressed(name),
            "suppresses": overview.account(name)["suppresses"],
        }
        for name in _place().regions
    ]
    return page(request, "suppression.html", page="Suppression", regions=regions)


def _verify(request: Request) -> Response:
    """Where the link of a verification mail leads."""
    address = address_verification.verify_address(request.query_params.get("token", ""))
    if address is None:
        text = "This link has been used or is older than 24 hours. Ask SES to send the mail again."
        return page(request, "message.html", 400, page="", heading="Not verified", text=text)
    text = f"SES sends mail from {address} now."
    return page(request, "message.html", page="", heading="Verified", text=text)


def _style(_: Request) -> Response:
    return Response(TEMPLATES.joinpath("style.css").read_bytes(), media_type="text/css")


def _no_mail(request: Request) -> Response:
    text = "There is no such mail or part. Only the last mails are kept, and none over a reset."
    return page(request, "message.html", 404, page="Mails", heading="Not here", text=text)


def _facts_of_sent(mail: Entry) -> list[tuple[str, str]]:
    return [
        ("From", mail["source"]),
        ("Recipients", ", ".join(mail["recipients"])),
        ("Message id", mail["message_id"]),
        ("Identity", mail["identity"] or "SES itself"),
        ("Envelope sender", mail["envelope_sender"] or "<>"),
        ("Feedback goes to", mail["return_path"]),
        ("Configuration set", mail["configuration_set"]),
        ("Tags", ", ".join(f"{name}={' '.join(values)}" for name, values in mail["tags"].items())),
    ]


def _facts_of_received(mail: Entry) -> list[tuple[str, str]]:
    return [
        ("From", mail["source"]),
        ("Envelope sender", mail["sender"] or "<>"),
        ("Recipients", ", ".join(mail["recipients"])),
        ("Message id", mail["message_id"]),
    ]


def _other_way(message: EmailMessage, way: str) -> list[Entry]:
    """Return a mail that went through here twice, out of one Region and into another, as it was the other way."""
    name = entries.header(message, "Message-ID")
    if not name:
        return []
    if way == "sent":
        twins = JOURNAL.received(lambda mail: name.encode() in mail.raw[:_HEAD_BYTES])
        return [entry for entry in entries.received(twins) if entry["message_id_header"] == name]
    return entries.sent(JOURNAL.sent(lambda mail: f"<{mail.mail.message_id}@" in name))


def _body(message: EmailMessage, kind: str) -> str | None:
    try:
        part = message.get_body((kind,))
        return None if part is None else entries.readable(str(part.get_content()))
    except (
        MessageError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
    ):  # as broken as strangers make it
        return None


def _attachments(message: EmailMessage) -> list[Entry]:
    found: list[Entry] = []
    try:
        for part in message.iter_attachments():
            content = part.get_payload(decode=True)
            size = len(content) if isinstance(content, bytes) else 0
            found.append(
                {
                    "name": entries.one_line(part.get_filename() or "(no name)"),
                    "kind": part.get_content_type(),
                    "size": size,
                }
            )
    except (MessageError, ValueError, LookupError, AttributeError, TypeError):
        return found
    return found


def _shown(text: str | None) -> str | None:
    if text is None or len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}\n… {len(text) - _SHOWN_CHARACTERS:,} more characters"


def _place() -> Place:
    place = current()
    assert place is not None  # the guard lets nobody in before
    return place
