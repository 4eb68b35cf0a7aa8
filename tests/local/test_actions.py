from __future__ import annotations

from typing import Any

from cdk_ses_regions.local.receiving.actions import Actions, Step
from cdk_ses_regions.local.receiving.bounces import Bounce, SendBounce
from cdk_ses_regions.local.receiving.receipt import Match
from cdk_ses_regions.local.receiving.received import Mail

BOUNCE = {"SmtpReplyCode": "550", "StatusCode": "5.1.1", "Message": "No", "Sender": "mailer@example.com"}


def mail() -> Mail:
    return Mail(
        message_id="a" * 40,
        region="us-east-1",
        host="inbound-smtp.us-east-1.amazonaws.com",
        sender="someone@sender.example",
        recipients=("a@example.com",),
        raw=b"Subject: caf\xc3\xa9\r\n\r\nHello\r\n",
    )


def match(name: str, *actions: dict[str, Any]) -> Match:
    return Match(rule={"Name": name, "Actions": list(actions)}, recipients=("a@example.com",))


def run(*matches: Match, connect: Any = None, send_bounce: SendBounce = lambda _: None) -> tuple[Step, ...]:
    actions = Actions(
        connect=connect,
        region="us-east-1",
        partition="aws",
        account="000000000000",
        send_bounce=send_bounce,
        pause=0,
    )
    return actions.run(mail(), matches, rule_set="set")


def test_an_action_that_works_on_aws_only_is_a_recorded_failure_and_other_rules_go_on() -> None:
    steps = run(
        match("mailbox", {"WorkmailAction": {"OrganizationArn": "o"}}),
        match("contact-centre", {"ConnectAction": {"InstanceARN": "i", "IAMRoleARN": "r"}}),
        match("next", {"AddHeaderAction": {"HeaderName": "X-A", "HeaderValue": "1"}}),
    )
    assert [(step.rule, step.action, step.result) for step in steps] == [
        ("mailbox", "Workmail", "failed"),
        ("contact-centre", "Connect", "failed"),
        ("next", "AddHeader", "done"),
    ]
    assert steps[0].reason == "the local AWS has no Workmail action"


def test_an_action_that_fails_for_a_moment_is_done_in_the_end() -> None:
    tried: list[Bounce] = []

    def send(bounce: Bounce) -> None:
        tried.append(bounce)
        if len(tried) < 3:
            raise ConnectionError("not now")

    (step,) = run(match("r", {"BounceAction": BOUNCE}), send_bounce=send)
    assert step == Step(
        rule="r", action="Bounce", result="done", reason="550 5.1.1 to someone@sender.example"
    )
    assert len(tried) == 3


def test_an_action_that_keeps_failing_is_given_up_with_its_reason() -> None:
    tried: list[Bounce] = []

    def send(bounce: Bounce) -> None:
        tried.append(bounce)
        raise ConnectionError("never")

    (step,) = run(match("r", {"BounceAction": BOUNCE}), send_bounce=send)
    assert (step.result, step.reason) == ("failed", "ConnectionError: never")
    assert len(tried) == 3


def test_a_topic_that_fails_does_not_undo_or_repeat_the_action() -> None:
    sent: list[Bounce] = []

    def connect(service: str, region: str) -> Any:
        raise ConnectionError(f"no {service}")

    topic = "arn:aws:sns:us-east-1:000000000000:t"
    steps = run(
        match(
            "r",
            {"BounceAction": {**BOUNCE, "TopicArn": topic}},
            {"AddHeaderAction": {"HeaderName": "X-A", "HeaderValue": "1"}},
        ),
        connect=connect,
        send_bounce=sent.append,
    )
    assert [(step.action, step.result) for step in steps] == [("Bounce", "failed"), ("AddHeader", "done")]
    assert steps[0].reason.endswith("not announced: ConnectionError: no sns")
    assert len(sent) == 1


def test_a_topic_or_function_of_another_region_is_refused() -> None:
    steps = run(
        match("t", {"SNSAction": {"TopicArn": "arn:aws:sns:eu-west-1:000000000000:t"}}),
        match("f", {"LambdaAction": {"FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f"}}),
    )
    assert [step.result for step in steps] == ["failed", "failed"]
    assert all("is not in us-east-1, the Region of the rule" in step.reason for step in steps)
