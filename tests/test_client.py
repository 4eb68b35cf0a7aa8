"""The client that falls over from Region to Region: to which, upon what, and never twice. Regions are HTTP servers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError, SSLError

from cdk_ses_regions import NotSentError, SesClient, UncertainError

HERE, THERE, ELSEWHERE = REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
MAIL = {
    "FromEmailAddress": "a@example.com",
    "Destination": {"ToAddresses": ["b@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
}

ANSWERED, HANGS_UP, HANGS = 200, 0, -1


class Region:
    """SES of one Region as a server on loopback, that answers as it is told; 0 hangs up, -1 says nothing at all."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status, self.code, self.body = ANSWERED, "", b""
        self.asked: list[dict[str, Any]] = []
        self.over = threading.Event()
        region = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                region.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if region.status in (HANGS_UP, HANGS):
                    if region.status == HANGS:
                        region.over.wait(30)
                    self.close_connection = True
                    return
                good = region.status == ANSWERED
                body = json.dumps({"MessageId": f"id-{region.name}"} if good else {"message": "no"}).encode()
                body = region.body or body
                self.send_response(region.status)
                self.send_header("Content-Length", str(len(body)))
                if region.code:
                    self.send_header("x-amzn-ErrorType", region.code)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class Session(boto3.Session):
    """A session whose clients call the servers; a Region without one has a closed port."""

    def __init__(self, urls: dict[str, str]) -> None:
        super().__init__(aws_access_key_id="test", aws_secret_access_key="test")
        self.urls = urls

    def client(self, *arguments: Any, **named: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        make: Callable[..., Any] = super().client
        return make(*arguments, **named, endpoint_url=self.urls[named["region_name"]])


@pytest.fixture
def servers() -> Iterator[dict[str, Region]]:
    made = {name: Region(name) for name in REGIONS}
    yield made
    for one in made.values():
        one.close()


@pytest.fixture
def session(servers: dict[str, Region], monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.delenv("AWS_REGION", raising=False)
    return Session({name: one.url for name, one in servers.items()})


@pytest.fixture
def client(session: Session) -> SesClient:
    return SesClient(REGIONS, session=session)


def closed_port() -> str:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{door.getsockname()[1]}"


def asked(servers: dict[str, Region]) -> list[int]:
    return [len(one.asked) for one in servers.values()]


def test_the_first_region_that_takes_the_mail_is_the_only_one_asked(
    client: SesClient, servers: dict[str, Region]
) -> None:
    sent = client.send_email(**MAIL)
    assert (sent.region, sent.message_id, sent.failures) == (HERE, f"id-{HERE}", {})
    assert asked(servers) == [1, 0, 0]
    assert servers[HERE].asked[0]["FromEmailAddress"] == "a@example.com"


@pytest.mark.parametrize(
    ("preferred", "home", "order"),
    [
        (None, None, [HERE, THERE, ELSEWHERE]),
        (THERE, None, [THERE, HERE, ELSEWHERE]),
        (None, ELSEWHERE, [ELSEWHERE, HERE, THERE]),
        (THERE, ELSEWHERE, [THERE, HERE, ELSEWHERE]),
        (None, "ap-south-1", [HERE, THERE, ELSEWHERE]),
    ],
)
def test_it_begins_where_it_runs_unless_told_otherwise(
    preferred: str | None, home: str | None, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    if home:
        monkeypatch.setenv("AWS_REGION", home)
    assert SesClient(REGIONS, preferred=preferred).order() == order


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "TooManyRequestsException"),
        (400, "ThrottlingException"),
        (400, "LimitExceededException"),
        (400, "AccountSuspendedException"),
        (400, "SendingPausedException"),
        (429, "SomethingNewException"),
        (503, "ServiceUnavailable"),
    ],
)
def test_a_region_that_takes_no_mail_is_left_for_the_next(
    client: SesClient, servers: dict[str, Region], status: int, code: str
) -> None:
    servers[HERE].status, servers[HERE].code = status, code
    sent = client.send_email(**MAIL)
    assert sent.region == THERE
    assert isinstance(sent.failures[HERE], ClientError)
    assert asked(servers) == [1, 1, 0]


def test_a_region_that_cannot_be_reached_is_left_for_the_next(
    client: SesClient, session: Session, servers: dict[str, Region]
) -> None:
    session.urls[HERE] = closed_port()
    sent = client.send_email(**MAIL)
    assert sent.region == THERE
    assert isinstance(sent.failures[HERE], EndpointConnectionError)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "MessageRejected"),
        (400, "BadRequestException"),
        (404, "NotFoundException"),
        (400, "MailFromDomainNotVerifiedException"),
        (403, "AccessDeniedException"),
    ],
)
def test_what_is_wrong_with_the_mail_is_told_at_once(
    client: SesClient, servers: dict[str, Region], status: int, code: str
) -> None:
    servers[HERE].status, servers[HERE].code = status, code
    with pytest.raises(ClientError, match=code):
        client.send_email(**MAIL)
    assert asked(servers) == [1, 0, 0]
    assert client.order()[0] == HERE


UNCERTAIN = [(500, "InternalServiceError"), (502, ""), (504, ""), (HANGS_UP, ""), (HANGS, "")]


@pytest.mark.parametrize(("status", "code"), UNCERTAIN)
def test_a_mail_that_may_have_been_taken_is_not_sent_again(
    session: Session, servers: dict[str, Region], status: int, code: str
) -> None:
    client = SesClient(REGIONS, session=session, read_seconds=0.3)
    servers[HERE].status, servers[HERE].code = status, code
    with pytest.raises(UncertainError, match=f"may have taken the mail.*{HERE}") as caught:
        client.send_email(**MAIL)
    assert list(caught.value.failures) == [HERE]
    assert asked(servers) == [1, 0, 0]


@pytest.mark.parametrize(("status", "code"), UNCERTAIN)
def test_unless_it_is_told_to(session: Session, servers: dict[str, Region], status: int, code: str) -> None:
    client = SesClient(REGIONS, session=session, read_seconds=0.3, resend_when_uncertain=True)
    servers[HERE].status, servers[HERE].code = status, code
    sent = client.send_email(**MAIL)
    assert (sent.region, list(sent.failures)) == (THERE, [HERE])
    assert asked(servers) == [1, 1, 0]


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_an_answer_that_is_none_of_sess_is_uncertain(
    client: SesClient, servers: dict[str, Region], body: bytes
) -> None:
    servers[HERE].body = body  # a proxy in between, for example
    with pytest.raises(UncertainError, match="may have taken the mail"):
        client.send_email(**MAIL)
    assert asked(servers) == [1, 0, 0]


def test_a_tls_connection_that_breaks_is_uncertain(session: Session, servers: dict[str, Region]) -> None:
    session.urls[HERE] = servers[HERE].url.replace("http:", "https:")  # it does not speak TLS
    with pytest.raises(UncertainError) as caught:
        SesClient([HERE, THERE], session=session).send_email(**MAIL)
    assert isinstance(caught.value.failures[HERE], SSLError)
    assert (
        SesClient([HERE, THERE], session=session, resend_when_uncertain=True).send_email(**MAIL).region
        == THERE
    )


def test_a_silence_is_a_read_timeout(session: Session, servers: dict[str, Region]) -> None:
    servers[HERE].status = HANGS
    with pytest.raises(UncertainError) as caught:
        SesClient([HERE], session=session, read_seconds=0.3).send_email(**MAIL)
    assert isinstance(caught.value.failures[HERE], ReadTimeoutError)


def test_when_no_region_takes_it_every_reason_is_told(client: SesClient, servers: dict[str, Region]) -> None:
    for one in servers.values():
        one.status, one.code = 400, "SendingPausedException"
    with pytest.raises(NotSentError, match="no Region took the mail") as caught:
        client.send_email(**MAIL)
    assert list(caught.value.failures) == list(REGIONS)
    assert asked(servers) == [1, 1, 1]


@pytest.mark.parametrize("code", ["SendingPausedException", "MessageRejected"])
def test_what_was_uncertain_stays_so_whatever_the_others_say(
    session: Session, servers: dict[str, Region], code: str
) -> None:
    client = SesClient([HERE, THERE], session=session, resend_when_uncertain=True)
    servers[HERE].status = HANGS_UP
    servers[THERE].status, servers[THERE].code = 400, code
    with pytest.raises(UncertainError) as caught:
        client.send_email(**MAIL)
    assert list(caught.value.failures) == [HERE, THERE]


def test_a_region_that_failed_is_tried_last_for_a_while(session: Session, servers: dict[str, Region]) -> None:
    client = SesClient(REGIONS, session=session, rest_seconds=1000)
    servers[HERE].status, servers[HERE].code = 429, "TooManyRequestsException"
    assert client.send_email(**MAIL).region == THERE
    assert client.order() == [THERE, ELSEWHERE, HERE]
    assert client.send_email(**MAIL).region == THERE
    assert asked(servers) == [1, 2, 0]


def test_it_is_the_first_again_after_that(session: Session, servers: dict[str, Region]) -> None:
    client = SesClient(REGIONS, session=session, rest_seconds=0)
    servers[HERE].status, servers[HERE].code = 429, "TooManyRequestsException"
    client.send_email(**MAIL)
    servers[HERE].status = ANSWERED
    assert client.send_email(**MAIL).region == HERE


def test_the_region_stands_in_names_and_nowhere_else(client: SesClient, servers: dict[str, Region]) -> None:
    servers[HERE].status, servers[HERE].code = 429, "TooManyRequestsException"
    client.send_email(
        FromEmailAddress="{region}@example.com",
        FromEmailAddressIdentityArn="arn:aws:ses:{region}:111111111111:identity/example.com",
        Destination={"ToAddresses": ["b@example.com"]},
        ConfigurationSetName="mail-{region}",
        Content={
            "Template": {
                "TemplateArn": "arn:aws:ses:{region}:111111111111:template/hello",
                "TemplateData": '{"text": "{region}"}',
            }
        },
    )
    [told] = servers[THERE].asked
    assert told["FromEmailAddress"] == "{region}@example.com"
    assert told["FromEmailAddressIdentityArn"] == f"arn:aws:ses:{THERE}:111111111111:identity/example.com"
    assert told["ConfigurationSetName"] == f"mail-{THERE}"
    assert told["Content"]["Template"] == {
        "TemplateArn": f"arn:aws:ses:{THERE}:111111111111:template/hello",
        "TemplateData": '{"text": "{region}"}',
    }


@pytest.mark.parametrize(
    ("regions", "preferred", "message"),
    [
        ([], None, "at least one"),
        ("us-east-1", None, "must be a list"),
        ([HERE, HERE], None, "each once"),
        ([HERE], THERE, f"preferred '{THERE}' is not one of the regions"),
    ],
)
def test_wrong_regions_are_refused(regions: Any, preferred: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SesClient(regions, preferred=preferred)


def test_many_threads_share_one_client(client: SesClient, servers: dict[str, Region]) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(client.send_email(**MAIL).region)) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [HERE] * 8
    assert asked(servers) == [8, 0, 0]


def test_it_starts_neither_cdk_nor_the_model() -> None:
    code = (
        "import sys\nfrom cdk_ses_regions import SesClient\n"
        "print([name for name in ('aws_cdk', 'constructs', 'jsii', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
