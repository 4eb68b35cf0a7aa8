"""What happens to a mail that a receipt rule took: the steps of the rule, in the order in which it has them.

SES itself only stores the mail; `MailPipeline` takes the steps. See docs/forwarding.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from cdk_ses_regions.domains import address_problem, domain_problem

DESTINATIONS = 50
"""Recipients of one mail that SES sends. https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""
FUNCTIONS = 20
"""Functions that steps may invoke: their ARNs are environment variables of one function, which hold 4 KB."""
PREFIX_LIMIT = 100
"""Characters before a subject."""

Verdict = Literal["spam", "virus", "spf", "dkim", "dmarc", "dmarc_reject"]


@dataclass(frozen=True, kw_only=True)
class PublishStep:
    """Tells of the mail, with the event of docs/received-mail.md.

    Args:
        to: "topic" (default), the topic `received` of the Region, or "event_bridge".
        event_bus_name: the bus in this account and Region, for "event_bridge" (default: `default`).
    """

    to: Literal["topic", "event_bridge"] = "topic"
    event_bus_name: str | None = None

    def problem(self) -> str | None:
        """Return what makes no sense, or None."""
        if self.event_bus_name is not None and self.to == "topic":
            return "publish: event_bus_name is for EventBridge; give to='event_bridge', or leave it out"
        return _several_problem("publish", event_bus_name=self.event_bus_name)


@dataclass(frozen=True, kw_only=True)
class DropStep:
    """Ends the steps when SES found something; the mail stays in its bucket.

    Args:
        verdicts: `spam`, `virus`, `spf`, `dkim`, `dmarc`: the verdict is FAIL; `dmarc_reject`: DMARC failed, and the
            sender's domain asks to reject such mail (default: spam and virus).
        unsure: a verdict that SES did not reach (GRAY, PROCESSING_FAILED) counts as well (default False).
    """

    verdicts: Sequence[Verdict] = ("spam", "virus")
    unsure: bool = False

    def problem(self) -> str | None:
        """Return what makes no sense, or None."""
        if not self.verdicts:
            return f"drop: no verdicts; give at least one of {', '.join(get_args(Verdict))}"
        unknown = [one for one in self.verdicts if one not in get_args(Verdict)]
        return f"drop: {unknown[0]!r} is none of {', '.join(get_args(Verdict))}" if unknown else None


@dataclass(frozen=True, kw_only=True)
class ForwardStep:
    """Sends the mail on in the name of a verified identity; answers go to the sender of the mail.

    Args:
        sender: the new From, an address of the identity.
        to: destinations by recipient: `support@example.com`, `@example.com` for its other addresses, `*` for all
            others. `support+x@example.com` is `support@example.com` unless it is there itself; an empty list keeps the
            mail of one recipient back.
        identity: the SES identity that sends (default: the domain of `sender`).
        subject_prefix: is put before the subject (default: nothing).
        configuration_set_name: of the mails that are sent; one that tracks opens or clicks changes the body (default:
            that of the identity).
        automatic: mailing lists and generated mail are forwarded as well (default False).
        unsure: mail whose spam or virus verdict SES did not reach is forwarded as well (default False).
    """

    sender: str
    to: Mapping[str, Sequence[str]]
    identity: str | None = None
    subject_prefix: str = ""
    configuration_set_name: str | None = None
    automatic: bool = False
    unsure: bool = False

    @property
    def identity_name(self) -> str:
        """The identity that sends."""
        return self.identity or self.sender.rpartition("@")[2]

    def problem(self) -> str | None:
        """Return what SES would not take, or what would forward nothing, or None."""
        found = address_problem(self.sender) or subject_prefix_problem(self.subject_prefix)
        if not self.to:
            found = found or "to is empty; say whose mail goes where"
        for recipient, destinations in self.to.items():
            found = found or mapped_problem(recipient) or destinations_problem(recipient, destinations)
        several = _several_problem(
            "forward", identity=self.identity_name, configuration_set_name=self.configuration_set_name
        )
        return f"forward: {found}" if found else several


@dataclass(frozen=True, kw_only=True)
class InvokeStep:
    """Invokes a function of this Region, asynchronously, with the event of docs/received-mail.md.

    Args:
        function_arn: the function.
    """

    function_arn: str

    def problem(self) -> str | None:
        """Return why it is not one function, or None; the Region is looked at where the function is invoked."""
        return _several_problem("invoke", function_arn=self.function_arn)


Step = PublishStep | DropStep | ForwardStep | InvokeStep

DEFAULT_STEPS: tuple[Step, ...] = (PublishStep(),)
"""Tell of the mail on the topic `received`."""


@dataclass(frozen=True, kw_only=True)
class HandledMailTable:
    """Where it is noted what was done with a mail, so that it is done once; see `HandledMail`.

    Args:
        name: physical name of the table.
        region: its Region.
    """

    name: str
    region: str


@dataclass(frozen=True, kw_only=True)
class StepsFile:
    """The steps of all rules as the function reads them.

    Attributes:
        functions: ARNs that steps invoke; the file says their numbers, since an ARN may be a token.
    """

    functions: list[str] = field(default_factory=list[str])

    def content(self, rules: Mapping[str, Sequence[Step]]) -> dict[str, object]:
        """Return what is written into the file."""
        return {name: [self._step(step) for step in steps] for name, steps in rules.items()}

    def _step(self, step: Step) -> dict[str, object]:
        match step:
            case PublishStep(to="topic"):
                return {"publish": {}}
            case PublishStep():
                return {"publish": {"to": step.to, "bus": step.event_bus_name or "default"}}
            case DropStep():
                return {"drop": {"verdicts": list(step.verdicts), "unsure": step.unsure}}
            case ForwardStep():
                return {
                    "forward": {
                        "sender": step.sender,
                        "to": {key: list(to) for key, to in step.to.items()},
                        "subject_prefix": step.subject_prefix,
                        "configuration_set": step.configuration_set_name,
                        "automatic": step.automatic,
                        "unsure": step.unsure,
                    }
                }
            case InvokeStep():
                if step.function_arn not in self.functions:
                    self.functions.append(step.function_arn)
                return {"invoke": {"function": self.functions.index(step.function_arn)}}


def steps_problems(steps: Sequence[Step]) -> list[str]:
    """Return all that is wrong with the steps of one rule."""
    problems = [problem for step in steps if (problem := step.problem())]
    if not steps:
        problems.append("no steps; give at least one, or leave them out to publish")
    elif isinstance(steps[-1], DropStep):
        problems.append("drop: nothing comes after it; put it before what it shall hold back")
    return problems


def _several_problem(step: str, **names: str | None) -> str | None:
    """Return which name IAM would read as a pattern, and so allow more than is used; or None."""
    return next(
        (
            f"{step}: {key} {name!r} must name one; '*' and '?' are in no such name"
            for key, name in names.items()
            if name and not {"*", "?"}.isdisjoint(name)
        ),
        None,
    )


def subject_prefix_problem(prefix: str) -> str | None:
    """Return why `prefix` cannot be put before a subject, or None."""
    if len(prefix) > PREFIX_LIMIT:
        return f"subject prefix is {len(prefix)} characters long; at most {PREFIX_LIMIT}"
    if not prefix.isprintable():
        return f"subject prefix {prefix!r} must be one line of printable characters"
    return None


def mapped_problem(recipient: str) -> str | None:
    """Return why `recipient` is nobody whose mail is forwarded, or None."""
    if recipient == "*":
        return None
    if "*" in recipient:
        return f"{recipient!r}: '*' stands for all others, alone; write '@example.com' for a domain"
    found = domain_problem(recipient[1:]) if recipient.startswith("@") else address_problem(recipient)
    return found and f"{found}; or '@example.com' for a domain, '*' for all others"


def destinations_problem(recipient: str, destinations: Sequence[str]) -> str | None:
    """Return why mail of `recipient` cannot go to `destinations`, or None."""
    if len(destinations) > DESTINATIONS:
        return (
            f"{len(destinations)} destinations of {recipient!r}; SES sends a mail to {DESTINATIONS} at most"
        )
    seen: set[str] = set()
    for one in destinations:
        if problem := address_problem(one):
            return problem
        if one.lower() in seen:
            return f"destination {one!r} of {recipient!r} is given twice; keep one"
        seen.add(one.lower())
    return None
