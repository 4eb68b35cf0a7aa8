"""The configuration of addresses that are identities, and of who else may send in the name of an identity."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool

from cdk_ses_regions.config.base import Model, checked, refuse
from cdk_ses_regions.config.feedback import DomainFeedback, OrEmail
from cdk_ses_regions.domains import identity_address_problem
from cdk_ses_regions.senders import (
    DEFAULT_ACTIONS,
    SENDER_NAME_PATTERN,
    SendAction,
    account_problem,
    principal_problem,
    sender_name_problem,
    source_ip_problem,
    time_problem,
)


class Sender(Model):
    """Somebody else who may send in the name of the domain or address; what is left out does not restrict."""

    name: Annotated[
        str, checked(sender_name_problem), Field(json_schema_extra={"pattern": SENDER_NAME_PATTERN})
    ]
    """Names the policy: letters, digits, hyphens and underscores; unique at its domain or address."""
    accounts: (
        Annotated[
            tuple[
                Annotated[str, checked(account_problem), Field(json_schema_extra={"pattern": "^[0-9]{12}$"})],
                ...,
            ],
            Field(min_length=1),
        ]
        | None
    ) = None
    """Account ids in quotes; all users of these accounts may send, if their own policies let them."""
    principals: (
        Annotated[tuple[Annotated[str, checked(principal_problem)], ...], Field(min_length=1)] | None
    ) = None
    """ARNs of IAM users and roles; `"*"` is everybody who has an AWS account, with `allow_anyone` only."""
    from_addresses: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """From addresses they may use, `*` for any characters, compared by the letter; left out: all of the identity."""
    source_ips: (
        Annotated[tuple[Annotated[str, checked(source_ip_problem)], ...], Field(min_length=1)] | None
    ) = None
    """IP addresses or CIDR ranges that their requests come from; left out: any."""
    not_before: Annotated[str, checked(time_problem)] | None = None
    """When they may begin to send, `2027-01-31T00:00:00Z`; left out: at once."""
    not_after: Annotated[str, checked(time_problem)] | None = None
    """Until when they may send; left out: for ever."""
    actions: Annotated[tuple[SendAction, ...], Field(min_length=1)] = DEFAULT_ACTIONS
    """What they may call."""
    allow_anyone: StrictBool = False
    """Whether `"*"` in `principals` is meant."""


class Address(Model):
    """One address that is an identity of its own in every Region."""

    name: Annotated[str, checked(identity_address_problem)]
    """The address."""
    adopt: StrictBool = False
    """Whether the identity may be there already: taken over, and left as it was found at the end."""
    senders: tuple[Sender, ...] = ()
    """Who else may send in its name."""
    feedback: Annotated[DomainFeedback | None, OrEmail] = None
    """How its bounces and complaints are told; what it leaves open is as in `feedback` of the deployment."""
    default_configuration_set: StrictBool = True
    """Whether its mail uses the `configuration_set` unless it names one."""


def _named(value: Any) -> Any:
    """Let an address stand for the mapping that has nothing but its name."""
    if isinstance(value, (Address, dict)):
        return value  # pyright: ignore[reportUnknownVariableType] - the model looks into it
    if not isinstance(value, str):
        raise refuse("must be an address, or a mapping with its name and senders")
    if problem := identity_address_problem(value):
        raise refuse(problem)
    return {"name": value}


AddressEntry = Annotated[Address, BeforeValidator(_named, json_schema_input_type=str | Address)]
