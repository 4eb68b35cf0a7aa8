"""What a domain, an address and a rule recipient are."""

from __future__ import annotations

import pytest

from cdk_ses_regions.domains import address_problem, domain_problem, mail_from_problem, recipient_problem


@pytest.mark.parametrize(
    "name",
    ["example.com", "a.b.c.example.co.uk", "xn--mller-kva.de", "1.example", "a-b.example", "x" * 63 + ".com"],
)
def test_a_domain_is_a_domain(name: str) -> None:
    assert domain_problem(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "a domain may not be empty; write it like example.com"),
        ("a@example.com", "'a@example.com' is an email address, not a domain; write 'example.com'"),
        ("example.com.", "domain 'example.com.' ends with a dot; write 'example.com'"),
        ("Example.com", "domain 'Example.com' has upper-case letters; write 'example.com'"),
        ("müller.de", "domain 'müller.de' is not ASCII; write its IDNA form 'xn--mller-kva.de'"),
        ("straße.de", "domain 'straße.de' is not ASCII; write its IDNA form 'xn--strae-oqa.de'"),
        ("localhost", "domain 'localhost' has no dot; write it in full, like localhost.com"),
        ("10.0.0.1", "'10.0.0.1' is no domain: its last label is a number; write it like example.com"),
        (
            "x" * 64 + ".com",
            f"domain '{'x' * 64}.com' has a label of 64 characters; DNS allows 63 between two dots",
        ),
        (".".join(["a" * 49] * 6), "domain is 299 characters long; DNS allows 253"),
        (
            "a..com",
            "domain 'a..com' has an empty label; a label has letters a-z, digits and hyphens, "
            "and neither begins nor ends with a hyphen",
        ),
        (
            "-a.com",
            "domain '-a.com' has label '-a'; a label has letters a-z, digits and hyphens, "
            "and neither begins nor ends with a hyphen",
        ),
        (
            "http://a.com",
            "domain 'http://a.com' has label 'http://a'; a label has letters a-z, digits and hyphens, "
            "and neither begins nor ends with a hyphen",
        ),
        (
            "a.com\n",
            "domain 'a.com\\n' has label 'com\\n'; a label has letters a-z, digits and hyphens, "
            "and neither begins nor ends with a hyphen",
        ),
    ],
)
def test_what_is_no_domain_is_told_why(name: str, problem: str) -> None:
    assert domain_problem(name) == problem


@pytest.mark.parametrize(
    "address", ["a@example.com", "first.last+label@sub.example.com", "o'brien@example.com"]
)
def test_an_address_is_an_address(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    ["example.com", "@example.com", "a b@example.com", ".a@example.com", "a@b@example.com", "a@localhost"],
)
def test_what_is_no_address_is_told_so(address: str) -> None:
    assert address_problem(address) is not None


def test_an_overlong_local_part_is_told_the_limit() -> None:
    assert "has 65 characters before the @; SMTP allows 64" in str(address_problem("a" * 65 + "@example.com"))


@pytest.mark.parametrize(
    "recipient",
    [
        "support@example.com",
        "example.com",
        ".example.com",
        "sub.example.com",
        ".sub.example.com",
        "a@sub.example.com",
    ],
)
def test_ses_knows_six_forms_of_recipients(recipient: str) -> None:
    assert recipient_problem(recipient, domain="example.com") is None


@pytest.mark.parametrize("recipient", ["*@example.com", "*.example.com", "*", "sup*@example.com"])
def test_a_star_is_no_recipient_and_the_message_says_what_is(recipient: str) -> None:
    assert recipient_problem(recipient, domain="example.com") == (
        f"'{recipient}': SES has no '*' in recipients; write '.example.com' for all subdomains, "
        "'example.com' or no recipients for every address of the domain"
    )


@pytest.mark.parametrize("recipient", ["a@example.org", "example.org", "notexample.com", ".com"])
def test_a_recipient_must_be_of_the_rules_domain(recipient: str) -> None:
    assert recipient_problem(recipient, domain="example.com") is not None


@pytest.mark.parametrize("mail_from", ["example.com", "bounce.example.org", "notexample.com", "com"])
def test_a_mail_from_domain_must_be_below_its_domain(mail_from: str) -> None:
    assert mail_from_problem(mail_from, domain="example.com") is not None
    assert mail_from_problem("bounce.example.com", domain="example.com") is None
