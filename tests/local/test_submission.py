"""The SMTP endpoints: who gets in, and what becomes of the mail."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from office import unchecked
from region import Region, policy, unique

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.smtp.submission import reply_to
from cdk_ses_regions.smtp_password import smtp_password

STRANGER = "someone@elsewhere.example"
INVALID = (535, b"Authentication Credentials Invalid")
Keys = dict[str, Any]


def a_user(region: Region, *statements: dict[str, Any]) -> Keys:
    iam, name = region.client("iam"), unique("smtp")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=policy(*statements))
    return dict(iam.create_access_key(UserName=name)["AccessKey"])


@pytest.fixture(scope="module")
def domain(local: LocalAws) -> str:
    return Region(local, "us-west-2").verified_domain()


@pytest.fixture(scope="module")
def user(local: LocalAws, domain: str) -> Keys:
    here = Region(local, "us-west-2")
    may = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": here.arn("ses", f"identity/{domain}")}
    return a_user(here, may)


@contextmanager
def session(region: Region, *, tls: bool = True) -> Generator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", region.local.submission_ports[region.name], timeout=60) as smtp:
        smtp.ehlo()
        if tls:
            smtp.starttls(context=unchecked())
            smtp.ehlo()
        yield smtp


def login(smtp: smtplib.SMTP, user: Keys, region: str) -> tuple[int, bytes]:
    return smtp.login(user["AccessKeyId"], smtp_password(user["SecretAccessKey"], region))


def refused(region: Region, user: Keys, of: str | None = None) -> tuple[int, bytes]:
    with session(region) as smtp, pytest.raises(smtplib.SMTPAuthenticationError) as error:
        login(smtp, user, of or region.name)
    return error.value.smtp_code, bytes(error.value.smtp_error)


def mail(source: str, to: str = STRANGER) -> bytes:
    return f"From: {source}\r\nTo: {to}\r\nSubject: Hello\r\n\r\nHello, you\r\n".encode()


def send(region: Region, user: Keys, source: str, *to: str, raw: bytes = b"") -> str:
    with session(region) as smtp:
        login(smtp, user, region.name)
        smtp.mail(source)
        for one in to or (STRANGER,):
            assert smtp.rcpt(one)[0] == 250
        code, text = smtp.data(raw or mail(source))
    return f"{code} {text.decode()}"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_the_password_of_the_region_lets_in_by_both_mechanisms(
    here: Region, user: Keys, mechanism: str
) -> None:
    with session(here) as smtp:
        assert set(smtp.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}
        smtp.user, smtp.password = user["AccessKeyId"], smtp_password(user["SecretAccessKey"], here.name)
        how = smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login
        assert smtp.auth(mechanism, how) == (235, b"Authentication successful.")


def test_another_regions_password_does_not(here: Region, there: Region, user: Keys) -> None:
    assert refused(here, user, of=there.name) == INVALID
    assert refused(there, user, of=here.name) == INVALID
    with session(there) as smtp:
        assert login(smtp, user, there.name)[0] == 235


def test_only_an_active_key_of_a_user_lets_in(local: LocalAws, here: Region, user: Keys) -> None:
    assert refused(here, {**user, "SecretAccessKey": "wrong"}) == INVALID
    assert refused(here, {"AccessKeyId": "AKIAUNKNOWN", "SecretAccessKey": ""}) == INVALID
    assert refused(here, {"AccessKeyId": "test", "SecretAccessKey": "test"}) == INVALID
    role = here.client("iam").create_role(
        RoleName=unique("role"),
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": local.account}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )["Role"]["Arn"]
    temporary = local.root_client("sts", here.name).assume_role(RoleArn=role, RoleSessionName="session")
    assert refused(here, temporary["Credentials"]) == INVALID
    other = a_user(here)
    iam = here.client("iam")
    iam.update_access_key(UserName=other["UserName"], AccessKeyId=other["AccessKeyId"], Status="Inactive")
    assert refused(here, other) == INVALID


def test_nothing_goes_without_tls_and_a_password(here: Region, domain: str) -> None:
    with session(here, tls=False) as smtp:
        assert "auth" not in smtp.esmtp_features
        assert smtp.docmd("AUTH", "PLAIN AAAA")[0] == 538
        assert smtp.mail(f"news@{domain}") == (530, b"Must issue a STARTTLS command first")
    with session(here) as smtp:
        assert smtp.mail(f"news@{domain}") == (530, b"Authentication required")


def test_a_mail_leaves_as_the_user(here: Region, domain: str, user: Keys) -> None:
    answer = send(here, user, f"news@{domain}", STRANGER, "b@elsewhere.example")
    message_id = answer.removeprefix("250 Ok ")
    (sent,) = [one for one in here.local.outbox if one.message_id == message_id]
    assert sent.via == "SMTP"
    assert sent.recipients == (STRANGER, "b@elsewhere.example")
    assert sent.tags["ses:caller-identity"] == (user["UserName"],)
    assert b"X-SES" not in sent.raw()
    assert sent.raw().endswith(b"\r\n\r\nHello, you\r\n")


def test_ses_and_iam_refuse_what_they_refuse_anyway(here: Region, domain: str, user: Keys) -> None:
    assert send(here, a_user(here, {"Effect": "Allow", "Action": "*", "Resource": "*"}), "a@x.example") == (
        "554 Message rejected: Email address is not verified. The following identities failed the check in "
        "region US-WEST-2: a@x.example"
    )
    denied = send(here, a_user(here), f"news@{domain}")
    assert denied.startswith("554 Access denied: User")
    assert "ses:SendRawEmail" in denied
    many = [f"a{number}@elsewhere.example" for number in range(51)]
    assert send(here, user, f"news@{domain}", *many) == "554 Transaction failed: Recipient count exceeds 50."
    with session(here) as smtp:
        login(smtp, user, here.name)
        assert smtp.mail("nobody")[0] == 501


def test_nobody_but_the_endpoint_can_say_that_a_mail_came_by_smtp(here: Region, domain: str) -> None:
    raw = b"X-SES-Submitted-By: me\r\n" + mail(f"news@{domain}")
    message_id = here.ses.send_raw_email(RawMessage={"Data": raw})["MessageId"]
    (sent,) = [one for one in here.local.outbox if one.message_id == message_id]
    assert sent.via == "API v1"


def test_throttling_is_temporary_for_a_mail_client() -> None:
    assert (
        reply_to("Throttling", "Maximum sending rate exceeded.")
        == "454 Throttling failure: Maximum sending rate exceeded."
    )
    assert reply_to("SignatureDoesNotMatch", "?") == "535 Authentication Credentials Invalid"


def test_a_region_without_smtp_has_no_endpoint() -> None:
    with LocalAws.start(["us-east-1", "eu-south-1"]) as local:
        assert set(local.submission_ports) == {"us-east-1"}
        assert set(local.inbound_ports) == set(local.feedback_ports) == {"us-east-1", "eu-south-1"}
