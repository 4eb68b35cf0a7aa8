"""Mails that applications send: what SES checks, how the mail leaves, and where it ends."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from collections.abc import Callable, Iterator
from typing import Any

import dkim
import dns.resolver
import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, unique
from waiting import eventually

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.control import SentMail
from cdk_ses_regions.local.receiving.received import EICAR

SUBJECT, TEXT = {"Data": "Grüße"}, {"Text": {"Data": "Hello, you"}}
BODY = {"Subject": SUBJECT, "Body": TEXT}
STRANGER = "someone@elsewhere.example"


def v1(region: Region, source: str, *to: str, **more: Any) -> str:
    answer = region.ses.send_email(Source=source, Destination={"ToAddresses": to}, Message=BODY, **more)
    return str(answer["MessageId"])


def v2(region: Region, source: str, *to: str, **more: Any) -> str:
    answer = region.sesv2.send_email(
        FromEmailAddress=source, Destination={"ToAddresses": to}, Content={"Simple": BODY}, **more
    )
    return str(answer["MessageId"])


def raw(source: str, to: str, *more: str) -> bytes:
    lines = [f"From: {source}", f"To: {to}", "Subject: Hello", *more, "", "Hello, you", ""]
    return "\r\n".join(lines).encode()


def v1_raw(region: Region, data: bytes, **more: Any) -> str:
    return str(region.ses.send_raw_email(RawMessage={"Data": data}, **more)["MessageId"])


def v2_raw(region: Region, data: bytes, **more: Any) -> str:
    return str(region.sesv2.send_email(Content={"Raw": {"Data": data}}, **more)["MessageId"])


def sent(region: Region, message_id: str) -> SentMail:
    (mail,) = [one for one in region.local.sent if one.message_id == message_id]
    return mail


def parsed(region: Region, message_id: str) -> Any:
    return email.message_from_bytes(sent(region, message_id).raw(), policy=email.policy.default)


def fate(region: Region, message_id: str) -> dict[str, str]:
    return {hop.recipient: hop.result for hop in sent(region, message_id).hops}


def told(region: Region, message_id: str) -> list[str]:
    """Return the kinds of what the event destination of a mail's configuration set was told."""
    return [one.kind for one in region.local.control.feedback(message_id)]


def error(send: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        send()
    found: Any = refused.value.response.get("Error", {})
    return str(found["Code"]), str(found["Message"])


@pytest.fixture(scope="module")
def domain(local: LocalAws) -> str:
    """A domain that is verified in two Regions."""
    name = Region(local, "us-west-2").verified_domain()
    return Region(local, "eu-west-1").verified_domain(name)


@pytest.fixture
def configuration_set(here: Region, domain: str) -> str:
    """A configuration set whose every event goes to a topic."""
    name = unique("c")
    topic = here.topic(here.arn("ses", f"configuration-set/{name}"))
    here.sesv2.create_configuration_set(ConfigurationSetName=name)
    kinds = ["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY"]
    destination = {"Enabled": True, "MatchingEventTypes": kinds, "SnsDestination": {"TopicArn": topic}}
    here.sesv2.create_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestinationName="all", EventDestination=destination
    )
    return name


# How a mail leaves


@pytest.mark.parametrize("send", [v1, v2])
def test_a_composed_mail_is_a_real_one(here: Region, domain: str, send: Callable[..., str]) -> None:
    message_id = send(here, f"News <news@{domain}>", f"Ann <{STRANGER}>", "b@elsewhere.example")
    mail = parsed(here, message_id)
    assert mail["From"] == f"News <news@{domain}>"
    assert mail["To"] == f"Ann <{STRANGER}>, b@elsewhere.example"
    assert mail["Subject"] == "Grüße"
    assert mail["Message-ID"] == f"<{message_id}@us-west-2.amazonses.com>"
    assert mail["Date"]
    assert mail["MIME-Version"] == "1.0"
    assert mail.get_content().strip() == "Hello, you"
    assert fate(here, message_id) == {STRANGER: "outbox", "b@elsewhere.example": "outbox"}
    assert sent(here, message_id).envelope_sender == f"{message_id}@us-west-2.amazonses.com"


def test_the_first_region_has_names_of_its_own(local: LocalAws) -> None:
    first = Region(local, "us-east-1")
    message_id = v1(first, f"news@{first.verified_domain()}", STRANGER)
    assert parsed(first, message_id)["Message-ID"] == f"<{message_id}@email.amazonses.com>"
    assert sent(first, message_id).envelope_sender == f"{message_id}@amazonses.com"


def test_both_forms_of_a_body_headers_and_attachments_are_in_the_mail(here: Region, domain: str) -> None:
    picture = {
        "RawContent": b"\x89PNG",
        "FileName": "a.png",
        "ContentType": "image/png",
        "ContentDisposition": "INLINE",
        "ContentId": "a",
    }
    simple = {
        "Subject": SUBJECT,
        "Body": {"Text": {"Data": "plain é"}, "Html": {"Data": "<b>rich é</b>", "Charset": "ISO-8859-1"}},
        "Headers": [{"Name": "X-Campaign", "Value": "spring"}],
        "Attachments": [picture, {"RawContent": b"a,b", "FileName": "t.csv", "ContentType": "text/csv"}],
    }
    message_id = here.sesv2.send_email(
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": [STRANGER], "BccAddresses": ["hidden@elsewhere.example"]},
        ReplyToAddresses=[f"answers@{domain}"],
        Content={"Simple": simple},
    )["MessageId"]
    mail = parsed(here, message_id)
    assert (mail["X-Campaign"], mail["Reply-To"]) == ("spring", f"answers@{domain}")
    assert mail.get_body(("plain",)).get_content().strip() == "plain é"
    assert mail.get_body(("html",)).get_content().strip() == "<b>rich é</b>"
    inline, table = list(mail.iter_attachments())
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<a>", "inline")
    assert (inline.get_content(), table.get_filename()) == (b"\x89PNG", "t.csv")
    assert "hidden" not in str(mail)
    assert fate(here, message_id) == {STRANGER: "outbox", "hidden@elsewhere.example": "outbox"}


@pytest.mark.parametrize("send", [v1_raw, v2_raw])
def test_a_raw_mail_leaves_as_it_came_but_for_what_is_meant_for_ses(
    here: Region, domain: str, configuration_set: str, send: Callable[..., str]
) -> None:
    data = raw(
        f"News <news@{domain}>",
        STRANGER,
        "Bcc: hidden@elsewhere.example",
        "Message-ID: <own@example.com>",
        f"Return-Path: <bounces@{domain}>",
        "Date: Tue, 24 Nov 2026 10:00:00 +0000",
        "X-Folded: one\r\n  two",
        f"X-SES-CONFIGURATION-SET: {configuration_set}",
        "X-SES-MESSAGE-TAGS: campaign=spring, team=mail",
    )
    message_id = send(here, data)
    mail, left = sent(here, message_id), parsed(here, message_id)
    assert left["Message-ID"] == f"<{message_id}@us-west-2.amazonses.com>"
    assert left["Date"] == "Tue, 24 Nov 2026 10:00:00 +0000"
    assert b"X-Folded: one\r\n  two\r\n" in mail.raw()
    assert mail.raw().endswith(b"\r\n\r\nHello, you\r\n")
    assert not [name for name in left if name.lower().startswith(("bcc", "return-path", "x-ses"))]
    assert set(fate(here, message_id)) == {STRANGER, "hidden@elsewhere.example"}
    assert mail.return_path == f"bounces@{domain}"
    assert mail.configuration_set == configuration_set
    assert (mail.tags["campaign"], mail.tags["team"]) == (("spring",), ("mail",))
    assert mail.tags["ses:from-domain"] == (domain,)
    assert mail.tags["ses:caller-identity"] == ("deployer",)


@pytest.mark.parametrize("send", [v1_raw, v2_raw])
def test_eight_bit_mail_leaves_to_the_byte(here: Region, domain: str, send: Callable[..., str]) -> None:
    data = raw(f"news@{domain}", STRANGER) + b"\x80\xff caf\xc3\xa9\r\n.dot\r\n"
    assert sent(here, send(here, data)).raw().endswith(b"\r\n\x80\xff caf\xc3\xa9\r\n.dot\r\n")


def test_destinations_of_the_request_win_over_the_headers(here: Region, domain: str) -> None:
    data = raw(f"news@{domain}", "list@elsewhere.example")
    assert fate(here, v1_raw(here, data, Destinations=[STRANGER])) == {STRANGER: "outbox"}
    assert fate(here, v2_raw(here, data, Destination={"ToAddresses": [STRANGER]})) == {STRANGER: "outbox"}


@pytest.mark.parametrize("send", [v1, v2])
def test_the_signature_verifies_against_the_local_dns(
    here: Region, domain: str, send: Callable[..., str]
) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], here.local.dns_port

    def text(name: bytes, timeout: int = 5) -> bytes:
        answer: Any = resolver.resolve(name.decode(), "TXT")
        return b"".join(answer[0].strings)

    mail = sent(here, send(here, f"news@{domain}", STRANGER)).raw()
    assert dkim.verify(mail, dnsfunc=text)
    assert not dkim.verify(mail.replace(b"Hello, you", b"Hello, me!"), dnsfunc=text)
    signature = parsed(here, here.local.sent[-1].message_id)["DKIM-Signature"]
    assert f"d={domain}" in signature
    here.sesv2.put_email_identity_dkim_attributes(EmailIdentity=domain, SigningEnabled=False)
    unsigned = parsed(here, send(here, f"news@{domain}", STRANGER))
    here.sesv2.put_email_identity_dkim_attributes(EmailIdentity=domain, SigningEnabled=True)
    assert unsigned["DKIM-Signature"] is None


def test_bounces_come_back_to_the_mail_from_domain_once_it_works(here: Region) -> None:
    name = here.verified_domain()
    mail_from = f"bounce.{name}"
    here.sesv2.put_email_identity_mail_from_attributes(EmailIdentity=name, MailFromDomain=mail_from)
    before = v1(here, f"news@{name}", STRANGER)
    here.publish(mail_from, "MX", "10 feedback-smtp.eu-west-1.amazonses.com")
    here.publish(mail_from, "TXT", "v=spf1 include:amazonses.com ~all")
    after = v1(here, f"news@{name}", STRANGER)
    assert sent(here, before).envelope_sender == f"{before}@us-west-2.amazonses.com"
    assert sent(here, after).envelope_sender == f"{after}@{mail_from}"


def test_an_address_is_signed_and_bounces_as_its_domain(here: Region) -> None:
    name = here.verified_domain()
    mail_from = f"bounce.{name}"
    here.sesv2.put_email_identity_mail_from_attributes(EmailIdentity=name, MailFromDomain=mail_from)
    here.publish(mail_from, "MX", "10 feedback-smtp.us-west-2.amazonses.com")
    here.publish(mail_from, "TXT", "v=spf1 include:amazonses.com ~all")
    address = here.verified_address(f"own@{name}")
    message_id = v1(here, address, STRANGER)
    mail = sent(here, message_id)
    assert (mail.identity, mail.envelope_sender) == (address, f"{message_id}@{mail_from}")
    assert f"d={name}" in parsed(here, message_id)["DKIM-Signature"]


# What SES refuses


@pytest.mark.parametrize("send", [v1, v2])
def test_a_sender_is_verified_in_its_region(
    local: LocalAws, here: Region, domain: str, send: Callable[..., str]
) -> None:
    assert send(here, f"news@sub.{domain}", STRANGER)
    elsewhere = Region(local, "us-east-1")
    assert error(lambda: send(elsewhere, f"news@{domain}", STRANGER)) == (
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region US-EAST-1: "
        f"news@{domain}",
    )


@pytest.mark.parametrize("send", [v1_raw, v2_raw])
def test_everyone_who_sends_a_raw_mail_is_verified(
    here: Region, domain: str, send: Callable[..., str]
) -> None:
    data = raw("a@stranger.example", STRANGER, f"Sender: b@{domain}", "Return-Path: c@stranger.example")
    code, message = error(lambda: send(here, data))
    assert code == "MessageRejected"
    assert message.endswith("US-WEST-2: a@stranger.example, c@stranger.example")


@pytest.mark.parametrize(("send", "code"), [(v1, "InvalidParameterValue"), (v2, "BadRequestException")])
def test_what_makes_no_sense_is_refused(
    here: Region, domain: str, send: Callable[..., str], code: str
) -> None:
    source = f"news@{domain}"
    many = [f"a{number}@elsewhere.example" for number in range(51)]
    assert error(lambda: send(here, source, "nobody")) == (code, "Missing final '@domain'")
    assert error(lambda: send(here, source, "a@bücher.example")) == (code, "Missing final '@domain'")
    assert error(lambda: send(here, source, *many)) == (code, "Recipient count exceeds 50.")
    assert len(fate(here, send(here, source, *many[:50]))) == 50
    tags = {"Tags" if send is v1 else "EmailTags": [{"Name": "campaign", "Value": "not this"}]}
    assert error(lambda: send(here, source, STRANGER, **tags))[0] == code
    assert error(lambda: send(here, source, STRANGER, ConfigurationSetName="missing")) == (
        "ConfigurationSetDoesNotExist" if send is v1 else "NotFoundException",
        "Configuration set <missing> does not exist.",
    )


@pytest.mark.parametrize(
    "header",
    [("To", STRANGER), ("X A", "1"), ("X-A:", "1"), ("X-A", "1\r\nBcc: x@y.example"), ("X-A", "a" * 871)],
)
def test_a_header_that_is_none_is_refused(here: Region, domain: str, header: tuple[str, str]) -> None:
    simple = {**BODY, "Headers": [{"Name": header[0], "Value": header[1]}]}
    content = {"Simple": simple}
    source, to = f"news@{domain}", {"ToAddresses": [STRANGER]}

    def send() -> None:
        here.sesv2.send_email(FromEmailAddress=source, Destination=to, Content=content)

    assert error(send)[0] == "BadRequestException"


@pytest.mark.parametrize("send", [v1, v2])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
def test_an_address_does_not_begin_a_header(
    here: Region, domain: str, send: Callable[..., str], end: str
) -> None:
    hidden, source = f"X{end}X-Hidden: 1", f"news@{domain}"
    assert error(lambda: send(here, source, f"{hidden} <{STRANGER}>"))[1] == "Illegal address"
    assert error(lambda: send(here, f"{hidden} <{source}>", STRANGER))[1] == "Illegal address"
    answers = {"ReplyToAddresses": [f"{hidden} <{STRANGER}>"]}
    assert error(lambda: send(here, source, STRANGER, **answers))[1] == "Illegal address"


@pytest.mark.parametrize("field", ["ContentType", "FileName", "ContentDescription", "ContentId"])
def test_an_attachment_does_not_begin_a_header(here: Region, domain: str, field: str) -> None:
    attachment = {"RawContent": b"a", "FileName": "a.txt", "ContentType": "text/plain"}
    simple = {**BODY, "Attachments": [{**attachment, field: "text/plain\r\nX-Hidden: 1"}]}

    def send() -> str:
        return here.sesv2.send_email(
            FromEmailAddress=f"news@{domain}",
            Destination={"ToAddresses": [STRANGER]},
            Content={"Simple": simple},
        )["MessageId"]

    try:
        leaves = send()
    except ClientError as refused:
        assert "BadRequestException" in str(refused)  # noqa: PT017 - or it is taken, and harmless
    else:
        assert b"\r\nX-Hidden" not in sent(here, leaves).raw()


def test_a_mail_needs_a_sender(here: Region, domain: str) -> None:
    def send() -> None:
        here.sesv2.send_email(Destination={"ToAddresses": [STRANGER]}, Content={"Simple": BODY})

    assert error(send) == ("BadRequestException", "Missing required header 'From'.")


def test_raw_mails_have_one_from(here: Region, domain: str) -> None:
    twice = raw(f"news@{domain}", STRANGER, f"From: news@{domain}")
    assert error(lambda: v1_raw(here, twice)) == ("InvalidParameterValue", "Duplicate header 'From'.")
    none = b"To: someone@elsewhere.example\r\n\r\nHello\r\n"
    assert error(lambda: v2_raw(here, none)) == ("BadRequestException", "Missing required header 'From'.")


def test_a_composed_mail_has_at_most_ten_megabytes_in_version_1(here: Region, domain: str) -> None:
    body = {"Subject": SUBJECT, "Body": {"Text": {"Data": "0123456789abcde\n" * (11 * 1024 * 1024 // 16)}}}
    source, to = f"news@{domain}", {"ToAddresses": [STRANGER]}
    code, message = error(lambda: here.ses.send_email(Source=source, Destination=to, Message=body))
    assert code == "InvalidParameterValue"
    assert message.startswith("Message length is more than 10485760 bytes long: '")


def test_a_mail_from_domain_that_is_needed_and_missing_stops_the_mail(here: Region) -> None:
    name = here.verified_domain()
    here.sesv2.put_email_identity_mail_from_attributes(
        EmailIdentity=name, MailFromDomain=f"bounce.{name}", BehaviorOnMxFailure="REJECT_MESSAGE"
    )
    for send in (v1, v2):
        assert error(lambda send=send: send(here, f"a@{name}", STRANGER))[0] == (
            "MailFromDomainNotVerifiedException"
        )


def test_an_identitys_own_configuration_set_is_used(here: Region, configuration_set: str) -> None:
    name = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=name, ConfigurationSetName=configuration_set)
    for record, target in here.dkim_records(name):
        here.publish(record, "CNAME", target)
    message_id = v2(here, f"a@{name}", STRANGER)
    assert sent(here, message_id).configuration_set == configuration_set
    assert told(here, message_id) == ["Send", "Delivery"]


# Where it ends


@pytest.mark.parametrize(
    ("address", "result", "kinds"),
    [
        ("success", "delivered", ["Send", "Delivery"]),
        ("bounce", "bounced", ["Send", "Bounce"]),
        ("complaint", "complained", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist", "bounced", ["Send", "Bounce"]),
        ("ooto", "delivered", ["Send", "Delivery"]),
    ],
)
@pytest.mark.parametrize("label", ["", "+label"])
def test_the_simulators_addresses_have_a_known_fate(
    here: Region, domain: str, configuration_set: str, address: str, result: str, kinds: list[str], label: str
) -> None:
    to = f"{address}{label}@simulator.amazonses.com"
    message_id = v2(here, f"news@{domain}", to, ConfigurationSetName=configuration_set)
    assert fate(here, message_id) == {to: result}
    events = [one for one in here.local.control.feedback(message_id) if one.channel == "event destination"]
    assert [event.kind for event in events] == kinds
    if address in ("bounce", "suppressionlist"):
        bounce = events[-1].body["bounce"]
        sub_type = "General" if address == "bounce" else "Suppressed"
        assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", sub_type)
    assert to not in [one.address for one in here.local.control.suppression()]


def test_an_out_of_office_answer_reaches_the_sender(here: Region, domain: str) -> None:
    v1(here, f"office@{domain}", "ooto@simulator.amazonses.com")

    def answers() -> list[SentMail]:
        return [one for one in here.local.outbox if one.recipients == (f"office@{domain}",)]

    (answer,) = eventually(answers)
    assert answer.source == "ooto@simulator.amazonses.com"
    assert answer.subject == "Out of the office"


def test_a_suppressed_address_gets_nothing(here: Region, domain: str, configuration_set: str) -> None:
    address = f"{unique('a')}@elsewhere.example"
    here.sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    message_id = v2(here, f"news@{domain}", address.upper(), ConfigurationSetName=configuration_set)
    assert fate(here, message_id) == {address.upper(): "suppressed"}
    assert not [one for one in here.local.outbox if one.message_id == message_id]
    _, event = (one for one in here.local.control.feedback(message_id) if one.channel == "event destination")
    bounce = event.body["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "OnAccountSuppressionList")


@pytest.mark.parametrize("form", ["plain", "attached"])
def test_a_mail_with_a_virus_is_taken_and_rejected(
    here: Region, domain: str, configuration_set: str, form: str
) -> None:
    virus = raw(f"news@{domain}", STRANGER, f"X-SES-CONFIGURATION-SET: {configuration_set}")
    if form == "plain":
        virus += EICAR
    else:
        virus = virus.partition(b"\r\n\r\n")[0] + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        virus += base64.encodebytes(EICAR).replace(b"\n", b"\r\n")
    message_id = v1_raw(here, virus)
    assert fate(here, message_id) == {STRANGER: "rejected"}
    (event,) = here.local.control.feedback(message_id)
    assert (event.kind, event.body["reject"]) == ("Reject", {"reason": "Bad content"})


# Templates


@pytest.fixture
def template(here: Region) -> str:
    name = unique("template")
    content = {
        "Subject": "Hi {{name}}",
        "Text": "{{#each items}}{{this}};{{/each}}",
        "Html": "<b>{{name}}</b>{{#if vip}} VIP{{else}} guest{{/if}}",
    }
    here.sesv2.create_email_template(TemplateName=name, TemplateContent=content)
    return name


def test_a_template_is_filled_in(here: Region, domain: str, template: str) -> None:
    data = json.dumps({"name": "Ann & Bo", "items": ["a", "b"], "vip": True})
    source, to = f"news@{domain}", {"ToAddresses": [STRANGER]}
    ids = [
        here.ses.send_templated_email(Source=source, Destination=to, Template=template, TemplateData=data),
        here.sesv2.send_email(
            FromEmailAddress=source,
            Destination=to,
            Content={"Template": {"TemplateName": template, "TemplateData": data}},
        ),
    ]
    for answer in ids:
        mail = parsed(here, answer["MessageId"])
        assert mail["Subject"] == "Hi Ann & Bo"
        assert mail.get_body(("plain",)).get_content().strip() == "a;b;"
        assert mail.get_body(("html",)).get_content().strip() == "<b>Ann & Bo</b> VIP"


def test_a_template_that_lacks_data_is_taken_and_told(
    here: Region, domain: str, template: str, configuration_set: str
) -> None:
    message_id = here.ses.send_templated_email(
        Source=f"news@{domain}",
        Destination={"ToAddresses": [STRANGER]},
        Template=template,
        TemplateData="{}",
        ConfigurationSetName=configuration_set,
    )["MessageId"]
    (event,) = here.local.control.feedback(message_id)
    assert event.kind == "RenderingFailure"
    assert event.body["failure"] == {
        "errorMessage": "Attribute 'name' is not present in the rendering data.",
        "templateName": template,
    }
    assert fate(here, message_id) == {STRANGER: "rejected"}


def test_a_missing_template_is_refused(here: Region, domain: str) -> None:
    source, to = f"news@{domain}", {"ToAddresses": [STRANGER]}
    assert error(
        lambda: here.ses.send_templated_email(Source=source, Destination=to, Template="no", TemplateData="{}")
    ) == ("TemplateDoesNotExist", "Template no does not exist")
    content = {"Template": {"TemplateName": "no", "TemplateData": "{}"}}
    assert (
        error(lambda: here.sesv2.send_email(FromEmailAddress=source, Destination=to, Content=content))[0]
        == "NotFoundException"
    )


def test_each_mail_of_a_bulk_request_has_its_own_fate(here: Region, domain: str, template: str) -> None:
    data, own = json.dumps({"name": "you", "items": []}), json.dumps({"name": "Ann", "items": []})
    first = here.sesv2.send_bulk_email(
        FromEmailAddress=f"news@{domain}",
        DefaultContent={"Template": {"TemplateName": template, "TemplateData": data}},
        BulkEmailEntries=[
            {
                "Destination": {"ToAddresses": [STRANGER]},
                "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": own}},
            },
            {"Destination": {"ToAddresses": ["nobody"]}},
            {"Destination": {"ToAddresses": [STRANGER]}},
        ],
    )["BulkEmailEntryResults"]
    assert [one["Status"] for one in first] == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert parsed(here, first[0]["MessageId"])["Subject"] == "Hi Ann"
    assert parsed(here, first[2]["MessageId"])["Subject"] == "Hi you"
    second = here.ses.send_bulk_templated_email(
        Source=f"news@{domain}",
        Template=template,
        DefaultTemplateData=data,
        Destinations=[
            {"Destination": {"ToAddresses": [STRANGER]}, "ReplacementTemplateData": own},
            {"Destination": {"ToAddresses": ["nobody"]}},
        ],
    )["Status"]
    assert [one["Status"] for one in second] == ["Success", "InvalidParameterValue"]
    assert parsed(here, second[0]["MessageId"])["Subject"] == "Hi Ann"


# To our own doors


@pytest.fixture(scope="module")
def receiving(local: LocalAws) -> Iterator[str]:
    """A domain that two Regions receive for, the first one preferred; `full@` is refused for good."""
    first, second = Region(local, "us-west-2"), Region(local, "eu-west-1")
    name, rule_set = first.verified_domain(), unique("s")
    second.verified_domain(name)
    first.publish(
        name, "MX", "10 inbound-smtp.us-west-2.amazonaws.com", "20 inbound-smtp.eu-west-1.amazonaws.com"
    )
    action = {"AddHeaderAction": {"HeaderName": "X-A", "HeaderValue": "1"}}
    rule = {"Name": "r", "Enabled": True, "Recipients": [f"a@{name}", f"b@{name}"], "Actions": [action]}
    for region in (first, second):
        region.ses.create_receipt_rule_set(RuleSetName=rule_set)
        region.ses.set_active_receipt_rule_set(RuleSetName=rule_set)
        region.ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
    yield name
    for region in (first, second):
        region.ses.set_active_receipt_rule_set()


def test_a_mail_to_a_domain_that_is_here_goes_through_its_door(
    here: Region, there: Region, domain: str, receiving: str, configuration_set: str
) -> None:
    message_id = v2(here, f"news@{domain}", f"a@{receiving}", ConfigurationSetName=configuration_set)
    (hop,) = sent(here, message_id).hops
    assert hop.result == "delivered"
    received = here.local.received[-1]
    assert hop.how == f"inbound-smtp.us-west-2.amazonaws.com: 250 OK {received.message_id}"
    assert (received.region, received.sender) == ("us-west-2", sent(here, message_id).envelope_sender)
    assert received.tls
    assert received.raw() == sent(here, message_id).raw()
    assert told(here, message_id) == ["Send", "Delivery"]


def test_a_refused_recipient_bounces_and_the_others_get_the_mail(
    here: Region, domain: str, receiving: str, configuration_set: str
) -> None:
    nobody = f"nobody@{receiving}"
    message_id = v2(here, f"news@{domain}", f"a@{receiving}", nobody, ConfigurationSetName=configuration_set)
    assert fate(here, message_id) == {f"a@{receiving}": "delivered", nobody: "bounced"}
    events = {one.kind: one.body for one in here.local.control.feedback(message_id)}
    bounce = events["Bounce"]["bounce"]
    assert bounce["bouncedRecipients"] == [
        {
            "emailAddress": nobody,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 Requested action not taken: mailbox unavailable",
        }
    ]
    assert nobody in [one.address for one in here.local.control.suppression() if one.region == here.name]


@pytest.fixture
def repaired(local: LocalAws) -> Iterator[None]:
    yield
    local.control.clear_faults()


@pytest.mark.usefixtures("repaired")
def test_a_region_that_is_down_is_passed_over(
    here: Region, there: Region, domain: str, receiving: str
) -> None:
    here.local.control.fault("down", "us-west-2")
    message_id = v2(there, f"news@{domain}", f"a@{receiving}")
    (hop,) = sent(there, message_id).hops
    assert (hop.result, here.local.received[-1].region) == ("delivered", "eu-west-1")
    assert hop.how.startswith("inbound-smtp.eu-west-1.amazonaws.com: 250 OK")
    here.local.control.clear_faults()
    v2(there, f"news@{domain}", f"a@{receiving}")
    assert here.local.received[-1].region == "us-west-2"


@pytest.mark.usefixtures("repaired")
def test_a_mail_waits_until_a_door_opens_again(
    local: LocalAws, here: Region, domain: str, receiving: str, configuration_set: str
) -> None:
    outside = Region(local, "us-east-1")
    name = outside.verified_domain()
    for region in ("us-west-2", "eu-west-1"):
        here.local.control.fault("down", region)
    message_id = v2(outside, f"news@{name}", f"b@{receiving}")
    (hop,) = sent(outside, message_id).hops
    assert hop.result == "delayed"
    assert "4.4.1 Unable to connect to inbound-smtp.eu-west-1.amazonaws.com" in hop.how
    here.local.control.clear_faults()
    assert eventually(lambda: fate(outside, message_id)[f"b@{receiving}"] == "delivered")


@pytest.mark.usefixtures("repaired")
def test_dns_that_fails_delays_a_mail(
    here: Region, domain: str, receiving: str, configuration_set: str
) -> None:
    here.local.control.fault("dns")
    message_id = v2(here, f"news@{domain}", f"b@{receiving}", ConfigurationSetName=configuration_set)
    assert fate(here, message_id) == {f"b@{receiving}": "delayed"}
    delay = here.local.control.feedback(message_id)[-1].body["deliveryDelay"]
    assert delay["delayType"] == "TransientCommunicationFailure"
    assert "Unable to lookup DNS" in delay["delayedRecipients"][0]["diagnosticCode"]
    here.local.control.clear_faults()
    assert eventually(lambda: fate(here, message_id)[f"b@{receiving}"] == "delivered")
    assert told(here, message_id) == ["Send", "DeliveryDelay", "Delivery"]
