"""What receipt rules and IP filters may say: each check takes what SES takes, and says what is wrong with the rest."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cdk_ses_regions import receipt


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (receipt.header_name_problem, "X-Queue"),
        (receipt.header_name_problem, "x" * 50),
        (receipt.header_value_problem, "Grüße: 100 %"),
        (receipt.header_value_problem, "x" * 2048),
        (receipt.reply_code_problem, "450"),
        (receipt.reply_code_problem, "599"),
        (receipt.status_code_problem, "5.1.1"),
        (receipt.status_code_problem, "4.123.999"),
        (receipt.bounce_message_problem, "Mailbox does not exist"),
        (receipt.key_prefix_problem, ""),
        (receipt.key_prefix_problem, "mail/support/"),
        (receipt.filter_problem, "203.0.113.7"),
        (receipt.filter_problem, "0.0.0.0/0"),
        (receipt.filter_problem, "203.0.113.0/24"),
    ],
)
def test_what_ses_takes_has_no_problem(check: Callable[[str], str | None], good: str) -> None:
    assert check(good) is None


@pytest.mark.parametrize(
    ("check", "bad", "said"),
    [
        (receipt.header_name_problem, "X Queue", "'X Queue' must have 1 to 50"),
        (receipt.header_name_problem, "", "1 to 50"),
        (receipt.header_name_problem, "x" * 51, "1 to 50"),
        (receipt.header_value_problem, "a\r\nBcc: b@example.com", "one line"),
        (receipt.header_value_problem, "", "0 characters"),
        (receipt.header_value_problem, "x" * 2049, "2049 characters"),
        (receipt.reply_code_problem, "250", "begin with 4 or 5"),
        (receipt.reply_code_problem, "55", "three digits"),
        (receipt.status_code_problem, "2.0.0", "enhanced status code"),
        (receipt.status_code_problem, "5.1", "like 5.1.1"),
        (receipt.bounce_message_problem, "a\nb", "one line"),
        (receipt.bounce_message_problem, " ", "1 to 1000"),
        (receipt.key_prefix_problem, "mail/*", "may not have"),
        (receipt.key_prefix_problem, "ü" * 500, "1000 bytes"),
        (receipt.filter_problem, "203.0.113.7/24", "write 203.0.113.0/24"),
        (receipt.filter_problem, "2001:db8::/32", "is IPv6"),
        (receipt.filter_problem, "example.com", "no range of IP addresses"),
    ],
)
def test_what_ses_would_not_take_is_explained(
    check: Callable[[str], str | None], bad: str, said: str
) -> None:
    assert said in (check(bad) or "")


def test_codes_of_a_bounce_say_the_same_thing() -> None:
    assert receipt.codes_problem("550", "5.1.1") is None
    assert "550" in (receipt.codes_problem("550", "4.0.0") or "")


@pytest.mark.parametrize("template", receipt.BOUNCE_TEMPLATES.values(), ids=list(receipt.BOUNCE_TEMPLATES))
def test_a_template_is_itself_a_good_bounce(template: receipt.BounceTemplate) -> None:
    assert receipt.reply_code_problem(template.smtp_reply_code) is None
    assert receipt.status_code_problem(template.status_code) is None
    assert receipt.codes_problem(template.smtp_reply_code, template.status_code) is None
    assert receipt.bounce_message_problem(template.message) is None


def test_one_address_is_a_range_of_one() -> None:
    assert receipt.whole_range("203.0.113.7") == "203.0.113.7/32"
    assert re.fullmatch(r"[0-9.]+/24", receipt.whole_range("203.0.113.0/24"))
