"""Which identity a sender is, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, policy, unique

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.clients import Clients
from cdk_ses_regions.local.control import SentMail

BODY = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}
STRANGER = "someone@elsewhere.example"


def v1(region: Region, source: str, *to: str) -> str:
    destination = {"ToAddresses": list(to)}
    return str(region.ses.send_email(Source=source, Destination=destination, Message=BODY)["MessageId"])


def v2(region: Region, source: str, *to: str) -> str:
    answer = region.sesv2.send_email(
        FromEmailAddress=source, Destination={"ToAddresses": list(to)}, Content={"Simple": BODY}
    )
    return str(answer["MessageId"])


def sent(region: Region, message_id: str) -> SentMail:
    (mail,) = [one for one in region.local.sent if one.message_id == message_id]
    return mail


def refused(send: Callable[[], object]) -> str:
    with pytest.raises(ClientError, match="MessageRejected") as error:
        send()
    found: Any = error.value.response.get("Error", {})
    return str(found["Message"]).partition("US-WEST-2: ")[2]


@pytest.mark.parametrize("send", [v1, v2])
def test_a_verified_address_sends_with_any_label(here: Region, send: Callable[..., str]) -> None:
    address = here.verified_address(f"{unique('Ann')}@elsewhere.example")
    local = address.partition("@")[0]
    for source in (f"{local}+offers@elsewhere.example", f"Ann <{local}+a+b@Elsewhere.Example>"):
        assert sent(here, send(here, source, STRANGER)).identity == address
    assert refused(lambda: send(here, f"{local.lower()}@elsewhere.example", STRANGER))
    assert refused(lambda: send(here, f"{local}x@elsewhere.example", STRANGER))


def test_an_address_verified_with_a_label_sends_with_that_one(here: Region) -> None:
    local = unique("ann")
    address = here.verified_address(f"{local}+offers@elsewhere.example")
    assert sent(here, v2(here, address, STRANGER)).identity == address
    for source in (f"{local}@elsewhere.example", f"{local}+news@elsewhere.example"):
        assert refused(lambda source=source: v2(here, source, STRANGER)) == source


def test_letter_case_of_a_domain_does_not_matter(here: Region) -> None:
    domain = here.verified_domain()
    assert sent(here, v1(here, f"news@{domain.upper()}", STRANGER)).identity == domain


def test_an_address_that_must_not_sign_is_not_signed_as_its_domain(here: Region) -> None:
    domain = here.verified_domain()
    address = here.verified_address(f"own@{domain}")
    assert sent(here, v1(here, address, STRANGER)).message()["DKIM-Signature"]
    here.sesv2.put_email_identity_dkim_attributes(EmailIdentity=address, SigningEnabled=False)
    assert sent(here, v1(here, address, STRANGER)).message()["DKIM-Signature"] is None
    assert sent(here, v1(here, f"other@{domain}", STRANGER)).message()["DKIM-Signature"]


def test_an_address_is_signed_as_the_nearest_verified_domain(here: Region) -> None:
    domain = here.verified_domain()
    here.sesv2.create_email_identity(EmailIdentity=f"sub.{domain}")
    address = here.verified_address(f"own@sub.{domain}")
    assert f"d={domain};" in sent(here, v1(here, address, STRANGER)).message()["DKIM-Signature"]


def somebody(here: Region, action: str, resource: str) -> Clients:
    """Return the clients of a user who may do one thing."""
    iam, user = here.client("iam"), unique("user")
    iam.create_user(UserName=user)
    allow = {"Effect": "Allow", "Action": action, "Resource": resource}
    iam.put_user_policy(UserName=user, PolicyName="one", PolicyDocument=policy(allow))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return Clients(
        here.local.endpoint_url, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )


def test_iam_is_asked_about_the_identity_without_the_label(here: Region) -> None:
    address = here.verified_address()
    ses = somebody(here, "ses:SendEmail", here.arn("ses", f"identity/{address}"))("ses", here.name)
    labelled, other = address.replace("@", "+label@"), here.verified_address()
    to = {"ToAddresses": [STRANGER]}
    assert ses.send_email(Source=labelled, Destination=to, Message=BODY)["MessageId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        ses.send_email(Source=other, Destination=to, Message=BODY)


def test_a_raw_mail_takes_the_right_to_send_raw_ones_in_version_2_too(here: Region) -> None:
    source = f"news@{here.verified_domain()}"
    raw = f"From: {source}\r\nTo: {STRANGER}\r\n\r\nHello\r\n".encode()
    content, to = {"Raw": {"Data": raw}}, {"ToAddresses": [STRANGER]}
    may_send_raw = somebody(here, "ses:SendRawEmail", "*")("sesv2", here.name)
    may_send = somebody(here, "ses:SendEmail", "*")("sesv2", here.name)
    assert may_send_raw.send_email(Content=content)["MessageId"]
    with pytest.raises(ClientError, match=r"AccessDenied.*ses:SendRawEmail"):
        may_send.send_email(Content=content)
    with pytest.raises(ClientError, match=r"AccessDenied.*ses:SendEmail"):
        may_send_raw.send_email(FromEmailAddress=source, Destination=to, Content={"Simple": BODY})


# In the sandbox


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[LocalAws]:
    zones = {"Z0LOCAL00000000001": "local.example"}
    with LocalAws.start(["us-west-2"], hosted_zones=zones, sandbox=True) as local:
        yield local


@pytest.fixture
def sandbox(sandboxed: LocalAws) -> Region:
    sandboxed.reset()
    return Region(sandboxed, "us-west-2")


@pytest.mark.parametrize("send", [v1, v2])
def test_all_who_are_not_verified_are_named_at_once(sandbox: Region, send: Callable[..., str]) -> None:
    domain, sender = sandbox.verified_domain(), f"news@{a_domain()}"
    found = refused(lambda: send(sandbox, f"News <{sender}>", f"a@{domain}", STRANGER, "Bo <b@x.example>"))
    assert found == f"{sender}, {STRANGER}, b@x.example"


def test_who_is_verified_is_so_with_a_label_too(sandbox: Region) -> None:
    address = sandbox.verified_address("ann@elsewhere.example")
    assert v2(sandbox, address, "ann+copy@elsewhere.example")
