"""The configuration's `feedback`: where bounces, complaints and deliveries are told, and who gets them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, model_validator

from cdk_ses_regions import regions
from cdk_ses_regions.config.base import Model, checked, refuse
from cdk_ses_regions.config.findings import REGION
from cdk_ses_regions.domains import address_problem, domain_problem
from cdk_ses_regions.naming import SHORT_NAME_PATTERN, short_name_problem

_FUNCTION = re.compile(
    r"arn:aws[a-z-]*:lambda:([a-z0-9-]+|\{region\}):(\d{12}):function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?"
)
_URL = re.compile(r"https://([^/:?#@\s]+)(:\d{1,5})?([/?][^\s#]*)?")


def _topic_problem(name: str) -> str | None:
    if name in ("received", "stored") or name.startswith("events-"):
        return f"topic name {name!r} is taken by this deployment's own topics; choose another"
    return short_name_problem(name)


def _function_problem(arn: str) -> str | None:
    if _FUNCTION.fullmatch(arn):
        return problem_of_region(arn)
    return (
        f"{arn!r} is no ARN of a Lambda function; write it like "
        f"arn:aws:lambda:{REGION}:111111111111:function:bounces"
    )


def _url_problem(url: str) -> str | None:
    if url.startswith("http://"):
        return f"{url!r} is not encrypted; write https://{url.removeprefix('http://')}"
    match = _URL.fullmatch(url)
    if match is None or domain_problem(match[1].lower()) is not None:
        return f"{url!r} is no https address; write it like https://example.com/bounces"
    return None


def problem_of_region(arn: str) -> str | None:
    """Return why the Region in an ARN is none, or None."""
    region = arn.split(":")[3]
    if region == REGION or any(one.name == region for one in regions.all_regions()):
        return None
    return f"{arn!r} names the unknown Region {region!r}; write {REGION} for the Region of each stack"


ShortName = Annotated[
    str, checked(short_name_problem), Field(json_schema_extra={"pattern": SHORT_NAME_PATTERN})
]
_TopicName = Annotated[str, checked(_topic_problem), Field(json_schema_extra={"pattern": SHORT_NAME_PATTERN})]


class Subscriptions(Model):
    """Who gets what a topic tells."""

    emails: tuple[Annotated[str, checked(address_problem)], ...] = ()
    """Email addresses; each gets a mail from SNS in every Region, whose link it has to follow."""
    queues: tuple[ShortName, ...] = ()
    """SQS queues to make in each Region, with a dead-letter queue; `bounces` is called `email-bounces`."""
    functions: tuple[Annotated[str, checked(_function_problem)], ...] = ()
    """ARNs of Lambda functions, in the Region of the topic: `{region}` stands for it."""
    urls: tuple[Annotated[str, checked(_url_problem)], ...] = ()
    """https addresses; each has to confirm its subscription."""

    @property
    def some(self) -> bool:
        """Whether there is any."""
        return bool(self.emails or self.queues or self.functions or self.urls)


class FeedbackTopics(Model):
    """Which topic tells of what; one name may stand for several."""

    bounce: _TopicName = "feedback"
    """Topic for bounces; `feedback` is called `email-feedback`."""
    complaint: _TopicName = "feedback"
    """Topic for complaints."""
    delivery: _TopicName | None = None
    """Topic for deliveries; left out: they are not told."""

    @property
    def names(self) -> tuple[str, ...]:
        """The topics, each once."""
        return tuple(dict.fromkeys(name for name in (self.bounce, self.complaint, self.delivery) if name))


class _Section(Model):
    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        """Let `email` stand for `by: email`."""
        if not isinstance(data, str):
            return data
        if data != "email":
            raise refuse(f"must be `email` or a mapping (key: value lines), not {data!r}")
        return {"by": "email"}


class Feedback(_Section):
    """How bounces, complaints and deliveries are told. `feedback: email` is short for `by: email`."""

    by: Literal["topics", "email"] = "topics"
    """`email`: SES forwards bounces and complaints to the sender of the mail, and there are no topics."""
    topics: FeedbackTopics = Field(default_factory=FeedbackTopics)
    """Which topic tells of what."""
    headers: StrictBool = True
    """Whether a notification has the headers of the mail it is about."""
    forwarding: StrictBool = False
    """Whether SES forwards by email as well."""
    subscriptions: Subscriptions = Field(default_factory=Subscriptions)
    """Who gets what the topics tell."""


class DomainTopics(Model):
    """Which topic tells of what in one domain or address; what is left out is as in the deployment."""

    bounce: _TopicName | None = None
    """Topic for bounces."""
    complaint: _TopicName | None = None
    """Topic for complaints."""
    delivery: _TopicName | None = None
    """Topic for deliveries."""


class DomainFeedback(_Section):
    """How one domain or address tells; what is left out is as in the deployment, but for the subscriptions."""

    by: Literal["topics", "email"] = "topics"
    """`email`: SES forwards bounces and complaints to the sender of the mail, and there are no topics."""
    topics: DomainTopics = Field(default_factory=DomainTopics)
    """Which topic tells of what."""
    headers: StrictBool | None = None
    """Whether a notification has the headers of the mail it is about."""
    forwarding: StrictBool | None = None
    """Whether SES forwards by email as well."""
    subscriptions: Subscriptions = Field(default_factory=Subscriptions)
    """Who gets what the topics tell; they need to be of this domain or address alone."""

    def over(self, base: Feedback) -> Feedback:
        """Return this, with what it leaves open taken from `base`; subscriptions are never taken over."""
        if self.by == "email":
            return Feedback(by="email")
        if base.by == "email":
            base = Feedback()
        return Feedback(
            topics=FeedbackTopics(
                bounce=self.topics.bounce or base.topics.bounce,
                complaint=self.topics.complaint or base.topics.complaint,
                delivery=self.topics.delivery or base.topics.delivery,
            ),
            headers=base.headers if self.headers is None else self.headers,
            forwarding=base.forwarding if self.forwarding is None else self.forwarding,
            subscriptions=self.subscriptions,
        )


def _or_email(schema: dict[str, Any]) -> None:
    for place in [schema, *schema.get("anyOf", [])]:
        if (reference := place.pop("$ref", None)) is not None:
            schema["anyOf"] = [{"const": "email"}, {"$ref": reference}, *schema.get("anyOf", [])]
    schema["anyOf"] = [one for one in schema["anyOf"] if one]


OrEmail = Field(json_schema_extra=_or_email)
"""Says in the JSON Schema that `email` may stand for the mapping."""
