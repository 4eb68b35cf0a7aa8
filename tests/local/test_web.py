"""The pages of the local AWS: what they show, that a mail on them does no harm, and that nobody else gets in."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from region import Region, unique

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.web import rendering

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
PAGES = ("", "/mails", "/feedback", "/suppression")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class References(HTMLParser):
    """Collects all that a page makes a browser load or lets a person follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]


def ask(
    local: LocalAws,
    path: str,
    *,
    prefix: str = "/_ses",
    method: str = "GET",
    body: str | None = None,
    **headers: str,
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(local.endpoint_url).port or 0, timeout=30)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"{prefix}{path}", body, sent)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


@pytest.fixture
def domain(here: Region) -> Iterator[str]:
    """A domain whose mail an active rule set stores and ends."""
    domain, name = here.verified_domain(), unique("rules")
    bucket = here.bucket(here.rule_arn(name))
    here.ses.create_receipt_rule_set(RuleSetName=name)
    actions = [
        {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": "in/"}},
        {"StopAction": {"Scope": "RuleSet"}},
    ]
    rule = {"Name": "store-it", "Enabled": True, "Recipients": [domain], "Actions": actions}
    here.ses.create_receipt_rule(RuleSetName=name, Rule=rule)
    here.ses.set_active_receipt_rule_set(RuleSetName=name)
    yield domain
    here.ses.set_active_receipt_rule_set()


def receive(here: Region, domain: str, raw: bytes | EmailMessage) -> str:
    """Send a mail in; return its path on the site."""
    message_id = here.local.deliver(
        here.name, sender="jane@example.net", recipients=[f"a@{domain}"], raw=bytes(raw)
    )
    return f"/mails/{quote(message_id, safe='')}"


def a_mail(*, html: str = "<p>Hello</p>", subject: str = "A mail") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Jane <jane@example.net>", "a@example.com", subject
    mail.set_content("Hello in text.")
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="order.pdf")
    return mail


def test_the_overview_shows_regions_doors_and_identities(local: LocalAws, here: Region) -> None:
    name = here.verified_domain()
    page = ask(local, "").text
    for region in local.regions:
        assert f'aria-label="{region}"' in page
        assert str(local.inbound_ports[region]) in page
        assert str(local.submission_ports[region]) in page
    assert local.endpoint_url in page
    section = page.partition(f'aria-label="{here.name}"')[2].partition("</section>")[0]
    assert re.search(rf"{re.escape(name)}</b>\s*<span class=\"badge good\">verified", section)
    assert f"127.0.0.1:{local.dns_port}" in page


def test_a_received_mail_shows_its_route_and_where_it_is_stored(here: Region, domain: str) -> None:
    page = unescape(ask(here.local, receive(here, domain, a_mail(subject="Grüße"))).text)
    assert "Grüße" in page
    assert "store-it" in page
    assert re.search(r"s3://mail-\w+/in/", page)
    assert f"a@{domain}" in page
    assert "Hello in text." in page
    assert "order.pdf" in page
    assert "Grüße" in ask(here.local, "/mails").text
    assert "Grüße" in ask(here.local, "/mails?show=received").text


def test_a_sent_mail_shows_what_became_of_it_and_the_feedback(here: Region) -> None:
    domain = here.verified_domain()
    topic = here.topic(here.arn("ses", f"identity/{domain}"))
    here.ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)
    message_id = here.sesv2.send_email(
        FromEmailAddress=f"jane@{domain}",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "Back"}, "Body": {"Text": {"Data": "Hello"}}}},
    )["MessageId"]
    page = unescape(ask(here.local, f"/mails/{message_id}").text)
    assert "bounce@simulator.amazonses.com" in page
    assert ">bounced<" in page
    assert topic in page
    assert '"notificationType": "Bounce"' in page
    assert topic in ask(here.local, "/feedback").text


def test_the_raw_mail_is_what_came(here: Region, domain: str) -> None:
    mail = a_mail()
    path = receive(here, domain, mail)
    answer = ask(here.local, f"{path}/raw")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.endswith(bytes(mail).replace(b"\n", b"\r\n"))


def test_suppressed_addresses_are_shown_in_their_region(local: LocalAws, here: Region) -> None:
    address = f"{unique('a')}@example.net"
    here.sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    try:
        page = ask(local, "/suppression").text
    finally:
        here.sesv2.delete_suppressed_destination(EmailAddress=address)
    section = page.partition(f'aria-label="{here.name}"')[2].partition("</section>")[0]
    assert address in section
    assert page.count(address) == 1


def test_the_link_in_a_verification_mail_verifies_the_address(local: LocalAws, here: Region) -> None:
    address = f"{unique('a')}@example.net"
    here.sesv2.create_email_identity(EmailIdentity=address)
    [mail] = [one for one in local.outbox if one.recipients == (address,)]
    body = mail.message().get_body(("plain",))
    assert body is not None
    [link] = re.findall(r"http://127\.0\.0\.1:\d+/_ses(/verify\S+)", body.get_content())
    assert not here.sesv2.get_email_identity(EmailIdentity=address)["VerifiedForSendingStatus"]
    answer = ask(local, link)
    assert answer.status == 200
    assert address in answer.text
    assert here.sesv2.get_email_identity(EmailIdentity=address)["VerifiedForSendingStatus"]
    assert ask(local, "/verify?token=wrong").status == 400


def test_pages_load_nothing_from_elsewhere_and_run_no_script(here: Region, domain: str) -> None:
    path = receive(here, domain, a_mail(html='<img src="https://example.org/spy.png">'))
    for page in (*PAGES, path):
        answer = ask(here.local, page)
        found = References(answer.text)
        assert answer.status == 200
        assert all(one.startswith(("/_ses", "data:image/svg+xml,")) for one in found.found), page
        assert "script" not in found.tags
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_a_mail_says_is_text_on_the_page(here: Region, domain: str) -> None:
    evil = "<script>alert(1)</script>"
    path = receive(here, domain, a_mail(subject=evil, html=evil))
    for page in ("/mails", path):
        assert evil not in ask(here.local, page).text
        assert "&lt;script&gt;" in ask(here.local, page).text


def test_what_turns_text_around_is_written_out(here: Region, domain: str) -> None:
    path = receive(here, domain, a_mail(subject="invoice\u202efdp.exe 👩\u200d💻", html="<p>a</p>"))
    for page in ("/mails", path):
        shown = ask(here.local, page).text
        assert "\u202e" not in shown
        assert "invoice\\u202efdp.exe 👩\u200d💻" in shown


def test_the_html_of_a_mail_is_locked_in(here: Region, domain: str) -> None:
    path = receive(here, domain, a_mail(html="<b>Hello</b>"))
    page, html = ask(here.local, path).text, ask(here.local, f"{path}/html")
    assert re.search(rf'<iframe [^>]*sandbox="" [^>]*src="/_ses{re.escape(path)}/html"', page)
    assert html.text.strip() == "<b>Hello</b>"
    rules = html.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"} <= set(rules)
    assert not any(rule.startswith(("script-src", "connect-src", "frame-src")) for rule in rules)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: \xff\xfe\x00\r\n\r\n\xff\xfe\x00\x1b[31m",
        b"Subject: =?nonsense?q?=FF?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n',
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n",
        b'Content-Disposition: attachment; filename="\xff"\r\n\r\n',
        b"To: <a@b\r\nFrom: @@@,,,:;\r\nDate: yesterday\r\n\r\n",
    ],
)
def test_a_broken_mail_breaks_no_page(here: Region, domain: str, raw: bytes) -> None:
    path = receive(here, domain, raw)
    assert ask(here.local, path).status == 200
    assert ask(here.local, f"{path}/raw").body.endswith(raw.removesuffix(b"\r\n") + b"\r\n")
    assert ask(here.local, f"{path}/html").status in (200, 404)
    assert ask(here.local, "/mails").status == 200
    assert here.local.received[-1].message() is not None


def test_a_mail_that_is_not_there_is_not_found(local: LocalAws) -> None:
    for path in ("/mails/none", "/mails/none/raw", "/mails/none/html", "/api/mails/none/raw", "/nowhere"):
        assert ask(local, path).status == 404


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "[::1]", ""])
def test_only_this_machines_names_are_answered(local: LocalAws, host: str) -> None:
    for path in ("", "/api/sent"):
        assert ask(local, path, Host=host).status == 400
    assert ask(local, "", Host="localhost:1234").status == 200


def test_another_sites_form_changes_nothing(local: LocalAws) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = ask(
            local,
            "/api/faults",
            method="POST",
            body='{"kind": "dns"}',
            Content_Type=kind,
            Origin="https://example.com",
        )
        assert answer.status == 415
    assert ask(local, "/api/reset", method="POST").status == 415
    assert ask(local, "/api/reset").status == 405
    preflight = ask(local, "/api/faults", method="OPTIONS", Origin="https://example.com")
    assert "access-control-allow-origin" not in preflight.headers
    assert not local.control.faults().dns_fails


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("POST", "reset"),
        ("POST", "config"),
        ("GET", "ses/messages"),
        ("GET", "sqs/messages"),
        ("GET", "sns/sms-messages"),
    ],
)
def test_what_ministack_does_for_anybody_is_closed(here: Region, method: str, name: str) -> None:
    topic = here.topic()
    answer = ask(here.local, f"/_ministack/{name}", prefix="", method=method, Origin="https://example.com")
    assert answer.status == 403
    assert here.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic


def test_every_page_says_that_the_control_plane_is_limited(local: LocalAws) -> None:
    assert "1 request a second" not in ask(local, "/mails").text
    local.control.limit_control_plane(True)
    try:
        assert all("1 request a second" in ask(local, page).text for page in PAGES)
    finally:
        local.control.limit_control_plane(False)


def test_a_temporary_failure_is_a_warning_however_it_is_written() -> None:
    assert {rendering.tone(word) for word in ("TEMPORARY_FAILURE", "temporary failure")} == {"warn"}
    assert rendering.tone("something new") == "wait"


def test_a_body_that_is_no_json_object_is_refused(local: LocalAws) -> None:
    for body in ("", "{", "[]", "null"):
        answer = ask(local, "/api/faults", method="POST", body=body, Content_Type="application/json")
        assert answer.status == 400
        assert "JSON" in answer.text


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """A web server that only notes what is asked of it."""
    asked = list[str]()

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def browse(url: str, folder: Path, *options: str) -> str:
    """Open a page in headless Chromium; return its document as it is then."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
    done = subprocess.run(
        [*command, *options, "--dump-dom", url], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_browser_shows_a_mail_and_fetches_nothing_for_it(
    here: Region, domain: str, trap: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = trap
    html = (
        f'<img src="{address}/image"><link rel="stylesheet" href="{address}/style">'
        f'<meta http-equiv="refresh" content="0;url={address}/refresh">'
        f'<iframe src="{address}/frame"></iframe><style>@import url({address}/import);</style>'
        f'<div style="background:url({address}/background)">a</div>'
        f'<script>new Image().src="{address}/script"</script><form action="{address}/form"></form>'
    )
    path = receive(here, domain, a_mail(html=html, subject="Looked at"))
    url = f"{here.local.control.url}{path}"
    for page in (url, f"{url}/html"):
        document = browse(page, tmp_path, "--virtual-time-budget=3000")
        assert document
    assert "Looked at" in browse(url, tmp_path)
    assert asked == []
    browse(f"{address}/control", tmp_path)  # the trap does notice
    assert "/control" in asked
