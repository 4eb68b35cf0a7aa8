"""DKIM as a mail's reader meets it: a signature, and a key that DNS has under the signature's selector."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dkim
import dns.rdatatype
import dns.resolver
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat
from deployed import Stack
from dkim_keys import as_given, key, put_key, record_of, sent, signature
from region import ZONE, Region, a_domain, unique

from cdk_ses_regions.local import LocalAws

DAY = 24


@pytest.fixture(scope="module")
def own() -> Iterator[LocalAws]:
    """A server whose clock is moved."""
    with LocalAws.start(["us-west-2"], hosted_zones={ZONE: "local.example"}) as local:
        yield local


def texts(region: Region, name: str) -> list[str]:
    """Ask the local DNS for texts, as a reader of mail does."""
    try:
        answer = dns.resolver.resolve_at("127.0.0.1", name, "TXT", port=region.local.dns_port)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(rdata.strings).decode() for rdata in answer]


def public_bits(record: str) -> int:
    loaded = serialization.load_der_public_key(base64.b64decode(record.removeprefix("p=")))
    assert isinstance(loaded, rsa.RSAPublicKey)
    return loaded.key_size


def attributes(region: Region, domain: str) -> dict[str, Any]:
    return region.sesv2.get_email_identity(EmailIdentity=domain)["DkimAttributes"]


def verifies(region: Region, raw: bytes) -> bool:
    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        found = texts(region, name.decode())
        return found[0].encode() if found else None

    return dkim.verify(raw, dnsfunc=ask)


# Easy DKIM


def test_the_key_comes_in_one_answer_with_the_records_that_lead_to_it(here: Region) -> None:
    domain = here.verified_domain()
    for name, target in here.dkim_records(domain):
        answer = dns.resolver.resolve_at("127.0.0.1", name, "TXT", port=here.local.dns_port)
        chain = [(rrset.name.to_text(omit_final_dot=True), rrset.rdtype) for rrset in answer.response.answer]
        assert chain == [(name, dns.rdatatype.CNAME), (target, dns.rdatatype.TXT)]
        assert public_bits(texts(here, name)[0]) == 2048


def test_every_selector_region_and_domain_has_a_key_of_its_own(here: Region, there: Region) -> None:
    domain, other = a_domain(), a_domain()
    keys: list[str] = []
    for region, name in ((here, domain), (there, domain), (here, other)):
        region.sesv2.create_email_identity(EmailIdentity=name)
        keys += [texts(region, target)[0] for _, target in region.dkim_records(name)]
    assert len(set(keys)) == 9


def test_a_token_of_nobody_and_one_in_the_zone_of_another_region_have_no_key(
    local: LocalAws, here: Region
) -> None:
    assert texts(here, f"{'0' * 32}.dkim.amazonses.com") == []
    cape, domain = Region(local, "af-south-1"), a_domain()
    [token, *_] = cape.sesv2.create_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]
    assert texts(here, f"{token}.dkim.amazonses.com") == []
    assert texts(here, f"{token}.dkim.af-south-1.amazonses.com") != []
    cape.sesv2.delete_email_identity(EmailIdentity=domain)
    assert texts(here, f"{token}.dkim.af-south-1.amazonses.com") == []


def test_a_mail_is_signed_and_the_signature_holds(here: Region) -> None:
    domain = here.verified_domain()
    raw = sent(here, f"news@{domain}")
    assert signature(raw, domain) in attributes(here, domain)["Tokens"]
    assert verifies(here, raw)
    assert not verifies(here, raw.replace(b"Hello", b"Hullo"))


def test_a_subdomain_signs_as_the_domain_that_is_verified(here: Region) -> None:
    domain = here.verified_domain()
    raw = sent(here, f"news@sub.{domain}")
    assert signature(raw, domain)
    assert verifies(here, raw)


def test_nothing_is_signed_when_signing_is_disabled(here: Region) -> None:
    domain = here.verified_domain()
    here.sesv2.put_email_identity_dkim_attributes(EmailIdentity=domain, SigningEnabled=False)
    assert not signature(sent(here, f"news@{domain}"), domain)


def test_nothing_is_signed_before_dkim_succeeds_though_the_domain_is_verified(here: Region) -> None:
    domain = a_domain()
    token = here.ses.verify_domain_identity(Domain=domain)["VerificationToken"]
    here.publish(f"_amazonses.{domain}", "TXT", token)
    assert not signature(sent(here, f"news@{domain}"), domain)
    here.ses.verify_domain_dkim(Domain=domain)
    assert not signature(sent(here, f"news@{domain}"), domain)
    for name, target in here.dkim_records(domain):
        here.publish(name, "CNAME", target)
    assert signature(sent(here, f"news@{domain}"), domain)


def test_a_shorter_key_takes_the_next_selector_and_the_old_one_stays(own: LocalAws) -> None:
    here = Region(own, "us-west-2")
    domain = here.verified_domain()
    old = sent(here, f"news@{domain}")

    def change(length: str) -> None:
        here.sesv2.put_email_identity_dkim_signing_attributes(
            EmailIdentity=domain,
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes={"NextSigningKeyLength": length},
        )

    with pytest.raises(ClientError, match="BadRequestException"):
        change("RSA_2048_BIT")  # which it is
    with pytest.raises(ClientError, match="BadRequestException"):
        change("RSA_4096_BIT")
    change("RSA_1024_BIT")
    found = attributes(here, domain)
    assert (found["CurrentSigningKeyLength"], found["Status"]) == ("RSA_1024_BIT", "SUCCESS")
    new = sent(here, f"news@{domain}")
    assert signature(new, domain) != signature(old, domain)
    assert public_bits(texts(here, f"{signature(new, domain)}._domainkey.{domain}")[0]) == 1024
    assert verifies(here, new)
    assert verifies(here, old)
    with pytest.raises(ClientError, match="once per day"):
        change("RSA_2048_BIT")
    own.control.forward(DAY)
    change("RSA_2048_BIT")
    assert attributes(here, domain)["LastKeyGenerationTimestamp"] > found["LastKeyGenerationTimestamp"]


def test_an_identity_is_created_with_the_length_it_asks_for(here: Region) -> None:
    domain = a_domain()
    created = here.sesv2.create_email_identity(
        EmailIdentity=domain, DkimSigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"}
    )["DkimAttributes"]
    assert created["CurrentSigningKeyLength"] == created["NextSigningKeyLength"] == "RSA_1024_BIT"
    assert public_bits(texts(here, here.dkim_records(domain)[0][1])[0]) == 1024


# A key that is brought along


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_of_ones_own_signs_when_its_public_half_is_in_dns(here: Region, form: PrivateFormat) -> None:
    domain = a_domain()
    created = here.sesv2.create_email_identity(
        EmailIdentity=domain,
        DkimSigningAttributes={
            "DomainSigningSelector": "mine",
            "DomainSigningPrivateKey": as_given(key(), form),
        },
    )["DkimAttributes"]
    assert created["Tokens"] == ["mine"]
    assert (created["SigningAttributesOrigin"], created["Status"]) == ("EXTERNAL", "PENDING")
    record = f"mine._domainkey.{domain}"
    here.publish(record, "TXT", record_of(key(2048)))
    info = here.sesv2.get_email_identity(EmailIdentity=domain)["VerificationInfo"]
    assert info["ErrorType"] == "INVALID_VALUE"
    here.publish(record, "TXT", f"v=DKIM1; k=rsa; {record_of(key())}")
    assert attributes(here, domain)["Status"] == "SUCCESS"
    raw = sent(here, f"news@{domain}")
    assert signature(raw, domain) == "mine"
    assert verifies(here, raw)


WRONG_KEYS: dict[str, Callable[[], str]] = {
    "no base64": lambda: "MIIC",
    "no key": lambda: base64.b64encode(b"a key").decode(),
    "no RSA key": lambda: as_given(ec.generate_private_key(ec.SECP256R1())),
    "too long a key": lambda: as_given(key(3072)),
}


@pytest.mark.parametrize("which", WRONG_KEYS)
def test_what_is_no_key_for_dkim_is_refused(here: Region, which: str) -> None:
    domain, wrong = a_domain(), WRONG_KEYS[which]()
    given = {"DomainSigningSelector": "mine", "DomainSigningPrivateKey": wrong}
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.create_email_identity(EmailIdentity=domain, DkimSigningAttributes=given)
    here.sesv2.create_email_identity(EmailIdentity=domain)  # nothing is left of it
    with pytest.raises(ClientError, match="BadRequestException"):
        put_key(here, domain, "mine", wrong)
    assert attributes(here, domain)["SigningAttributesOrigin"] == "AWS_SES"


def test_no_answer_of_the_api_has_a_private_key(here: Region) -> None:
    domain, private = a_domain(), as_given(key())
    here.sesv2.create_email_identity(EmailIdentity=domain)
    answers = [
        put_key(here, domain, "mine", private),
        here.sesv2.get_email_identity(EmailIdentity=domain),
        here.ses.get_identity_dkim_attributes(Identities=[domain]),
    ]
    assert "mine" in str(answers)
    assert private[40:80] not in str(answers)
    assert "PRIVATE" not in str(answers)


def test_a_domain_goes_over_to_its_own_key_and_back_and_is_verified_meanwhile(here: Region) -> None:
    domain = here.verified_domain()
    tokens = attributes(here, domain)["Tokens"]
    answer = put_key(here, domain, "mine", as_given(key()))
    assert (answer["DkimStatus"], answer["DkimTokens"]) == ("PENDING", ["mine"])
    assert not signature(sent(here, f"news@{domain}"), domain)
    here.publish(f"mine._domainkey.{domain}", "TXT", record_of(key()))
    assert signature(sent(here, f"news@{domain}"), domain) == "mine"
    here.sesv2.put_email_identity_dkim_signing_attributes(
        EmailIdentity=domain, SigningAttributesOrigin="AWS_SES"
    )
    found = attributes(here, domain)
    assert (found["SigningAttributesOrigin"], found["Tokens"]) == ("AWS_SES", tokens)
    assert verifies(here, sent(here, f"news@{domain}"))


@pytest.mark.parametrize("origin", ["AWS_SES_EU_WEST_1", "EXTERNAL"])
def test_an_identity_is_not_changed_into_a_replica_nor_to_a_key_it_lacks(here: Region, origin: str) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.put_email_identity_dkim_signing_attributes(
            EmailIdentity=domain, SigningAttributesOrigin=origin
        )


def test_an_address_has_no_signing_attributes(here: Region) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        here.sesv2.create_email_identity(
            EmailIdentity=f"{unique('a')}@elsewhere.example",
            DkimSigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
        )


def test_a_stack_brings_a_key_changes_it_and_gives_it_up(here: Region) -> None:
    domain, stack = a_domain(), Stack(here, unique("stack"))

    def deploy(**signing: str) -> dict[str, Any]:
        properties = {"EmailIdentity": domain, "DkimSigningAttributes": signing}
        resources = {"It": {"Type": "AWS::SES::EmailIdentity", "Properties": properties}}
        assert stack.deploy(resources).endswith("_COMPLETE"), stack.reasons()
        return attributes(here, domain)

    for selector, private in (("one", key()), ("two", key(2048))):
        found = deploy(DomainSigningSelector=selector, DomainSigningPrivateKey=as_given(private))
        assert (found["SigningAttributesOrigin"], found["Tokens"]) == ("EXTERNAL", [selector])
        here.publish(f"{selector}._domainkey.{domain}", "TXT", record_of(private))
        assert attributes(here, domain)["Status"] == "SUCCESS"
    found = deploy(NextSigningKeyLength="RSA_1024_BIT")
    assert (found["SigningAttributesOrigin"], found["CurrentSigningKeyLength"]) == ("AWS_SES", "RSA_1024_BIT")


def test_a_stack_with_a_wrong_key_fails_and_leaves_nothing(here: Region) -> None:
    domain, stack = a_domain(), Stack(here, unique("stack"))
    properties = {
        "EmailIdentity": domain,
        "DkimSigningAttributes": {"DomainSigningSelector": "one", "DomainSigningPrivateKey": "MIIC"},
    }
    stack.deploy({"It": {"Type": "AWS::SES::EmailIdentity", "Properties": properties}})
    assert "DomainSigningPrivateKey is not a valid private key" in stack.reasons()
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.get_email_identity(EmailIdentity=domain)


def test_keys_are_there_again_when_state_is_kept(tmp_path: Path) -> None:
    def start() -> LocalAws:
        return LocalAws.start(
            ["us-west-2"], hosted_zones={ZONE: "local.example"}, state_dir=tmp_path, keep=True, persist=True
        )

    local = start()
    try:
        here = Region(local, "us-west-2")
        easy, mine = here.verified_domain(), a_domain()
        here.sesv2.create_email_identity(EmailIdentity=mine)
        put_key(here, mine, "mine", as_given(key()))
        here.publish(f"mine._domainkey.{mine}", "TXT", record_of(key()))
        before = sent(here, f"news@{easy}")
        local.stop()
        local = start()
        here = Region(local, "us-west-2")
        assert verifies(here, before)
        assert verifies(here, sent(here, f"news@{easy}"))
        assert verifies(here, sent(here, f"news@{mine}"))
    finally:
        local.stop()
