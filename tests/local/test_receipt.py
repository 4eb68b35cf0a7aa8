from __future__ import annotations

from typing import Any

import pytest

from cdk_ses_regions.local.receiving import receipt
from cdk_ses_regions.local.receiving.receipt import Answer


def rule(name: str, *recipients: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Enabled": True, "TlsPolicy": "Optional", "Recipients": list(recipients), **more}


@pytest.mark.parametrize(
    ("condition", "recipient", "taken"),
    [
        ("user@example.com", "user@example.com", True),
        ("user@example.com", "USER@Example.COM", True),
        ("User@Example.com", "user@example.com", True),
        ("user@example.com", "user+label@example.com", True),
        ("user@example.com", "user+one+two@example.com", True),
        ("user@example.com", "users@example.com", False),
        ("user@example.com", "user@sub.example.com", False),
        ("user+label@example.com", "user+label@example.com", True),
        ("user+label@example.com", "user@example.com", False),
        ("user+label@example.com", "user+other@example.com", False),
        ("example.com", "anyone@example.com", True),
        ("example.com", "anyone@EXAMPLE.com", True),
        ("example.com", "anyone@sub.example.com", False),
        ("example.com", "anyone@badexample.com", False),
        ("sub.example.com", "anyone@sub.example.com", True),
        ("sub.example.com", "anyone@example.com", False),
        ("sub.example.com", "anyone@deep.sub.example.com", False),
        (".example.com", "anyone@sub.example.com", True),
        (".example.com", "anyone@deep.sub.example.com", True),
        (".example.com", "anyone@example.com", False),
        (".example.com", "anyone@badexample.com", False),
        ("example.com", '"a@b"@example.com', True),
    ],
)
def test_a_recipient_condition_takes_what_it_takes_on_aws(
    condition: str, recipient: str, taken: bool
) -> None:
    assert receipt.selects(condition, recipient) is taken


def test_a_rule_without_recipients_takes_everyone() -> None:
    assert receipt.applies(rule("all"), "anyone@example.com")


def test_a_disabled_rule_takes_nobody() -> None:
    assert not receipt.applies(rule("off", "example.com", Enabled=False), "anyone@example.com")


def test_rules_are_met_in_order_each_with_the_recipients_it_takes() -> None:
    rules = [
        rule("subdomains", ".example.com"),
        rule("off", "example.com", Enabled=False),
        rule("user", "user@example.com"),
        rule("nobody", "nobody@example.com"),
        rule("all"),
    ]
    recipients = ("user+a@example.com", "x@sub.example.com", "other@example.com")
    assert [(match.name, match.recipients) for match in receipt.matches(rules, recipients)] == [
        ("subdomains", ("x@sub.example.com",)),
        ("user", ("user+a@example.com",)),
        ("all", recipients),
    ]


def test_a_match_lists_the_actions_in_order() -> None:
    actions = [{"S3Action": {"BucketName": "b"}}, {"StopAction": {"Scope": "RuleSet"}}]
    (match,) = receipt.matches([rule("r", Actions=actions, ScanEnabled=True)], ["a@example.com"])
    assert match.actions == (("S3Action", {"BucketName": "b"}), ("StopAction", {"Scope": "RuleSet"}))
    assert match.scans


@pytest.mark.parametrize(
    ("rules", "verified", "tls", "said"),
    [
        ([], True, True, Answer.UNKNOWN),
        ([rule("r", "example.com")], True, False, Answer.ACCEPTED),
        ([rule("r", "example.com")], False, True, Answer.UNKNOWN),
        ([rule("r", "other.example")], True, True, Answer.UNKNOWN),
        ([rule("r", "example.com", TlsPolicy="Require")], True, False, Answer.TLS_REQUIRED),
        ([rule("r", "example.com", TlsPolicy="Require")], True, True, Answer.ACCEPTED),
        ([rule("r", "example.com", TlsPolicy="Require")], False, False, Answer.UNKNOWN),
        ([rule("r", "example.com", TlsPolicy="Require", Enabled=False)], True, False, Answer.UNKNOWN),
        ([rule("r"), rule("s", "example.com", TlsPolicy="Require")], True, False, Answer.TLS_REQUIRED),
        ([rule("r"), rule("s", "other.example", TlsPolicy="Require")], True, False, Answer.ACCEPTED),
    ],
)
def test_a_recipient_is_answered_by_the_rules_its_identity_and_tls(
    rules: list[dict[str, Any]], verified: bool, tls: bool, said: Answer
) -> None:
    assert receipt.answer(rules, "user@example.com", verified=verified, tls=tls) is said


def test_a_recipient_may_be_below_the_verified_identity() -> None:
    assert receipt.identities("User@A.b.Example.com") == ("a.b.example.com", "b.example.com", "example.com")
    assert receipt.identities("postmaster") == ()
