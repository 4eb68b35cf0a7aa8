"""Physical names keep within the limits of the services, whatever the configuration says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_ses_regions import naming
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.naming import Names
from cdk_ses_regions.regions import all_regions

PREFIXES = st.from_regex(naming.PREFIX_PATTERN.replace("$", r"\Z"), fullmatch=True)
DOMAINS = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\.){1,6}[a-z]{2,10}", fullmatch=True)
RULES = st.from_regex(naming.RULE_NAME_PATTERN.replace("$", r"\Z"), fullmatch=True)


def test_names_begin_with_the_prefix() -> None:
    names = Names("email")
    assert names.shared_dns_stack == "Email-shared-dns"
    assert names.regional_stack("us-west-2") == "Email-us-west-2"
    assert names.rule_set == "email-received"
    assert names.feedback_topic == "email-feedback"
    assert names.received_topic == "email-received"
    assert names.rule("example.com", "support") == "example.com-support"


def test_two_deployments_share_no_name() -> None:
    assert Names("email").rule_set != Names("mail").rule_set
    assert Names("email").regional_stack("eu-west-1") != Names("mail").regional_stack("eu-west-1")


@given(PREFIXES)
def test_every_allowed_prefix_gives_names_that_the_services_take(prefix: str) -> None:
    names = Names(prefix)
    stacks = [names.shared_dns_stack, *(names.regional_stack(one.name) for one in all_regions())]
    for stack in stacks:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", stack)
        assert len(stack) <= naming.STACK_LIMIT
    for topic in (names.feedback_topic, names.received_topic):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", topic)
        assert len(topic) <= naming.TOPIC_LIMIT
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]", names.rule_set)
    assert len(names.rule_set) <= naming.RULE_LIMIT


@given(DOMAINS, RULES)
def test_every_domain_and_rule_give_a_name_that_ses_takes(domain: str, rule: str) -> None:
    name = Names("email").rule(domain, rule)
    assert re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name)
    assert len(name) <= naming.RULE_LIMIT
    assert name == Names("other").rule(domain, rule)


def test_a_long_rule_name_is_cut_and_stays_unique() -> None:
    domain = "a-rather-long-label." * 3 + "example.com"
    first, second = Names("email").rule(domain, "support"), Names("email").rule(domain, "support2")
    assert len(first) == len(second) == 64
    assert first != second
    assert first.startswith("a-rather-long-label.")


def test_the_policies_of_senders_begin_with_the_prefix_and_keep_within_ses_limit() -> None:
    names = Names("email")
    assert names.sender_policy("agency") == "email-agency"
    first, second = names.sender_policy("x" * 64), names.sender_policy("x" * 63 + "y")
    assert len(first) == len(second) == 64
    assert first != second


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("", "must begin with a letter"),
        ("Email", "must begin with a letter"),
        ("1mail", "must begin with a letter"),
        ("e_mail", "must begin with a letter"),
        ("email\n", "must begin with a letter"),
        ("a" * 21, "is 21 characters long; at most 20"),
    ],
)
def test_a_prefix_that_a_service_would_refuse_is_refused_first(prefix: str, message: str) -> None:
    with pytest.raises(InvalidNameError, match=message):
        Names(prefix)


@pytest.mark.parametrize("rule", ["", "-a", "a-", ".a", "a b", "a/b", "ü", "a\n", "x" * 65])
def test_a_rule_name_that_ses_would_refuse_is_refused_first(rule: str) -> None:
    with pytest.raises(InvalidNameError, match="rule name"):
        Names("email").rule("example.com", rule)
