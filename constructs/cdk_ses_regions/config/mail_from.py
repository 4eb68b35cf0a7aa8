"""The configuration's `mail_from`: under which domain the mail of a domain is sent, and to which its bounces come."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cdk_ses_regions.config.base import Model, checked, refuse
from cdk_ses_regions.config.findings import REGION, regional_domain_problem


class MailFrom(Model):
    """The MAIL FROM domain. `mail_from: bounce.example.com` is short for `domain: bounce.example.com`."""

    domain: Annotated[str, checked(regional_domain_problem)]
    """A subdomain kept for it, which all Regions share; with `{region}` in it each Region has its own."""
    on_mx_failure: Literal["use_default", "reject"] = "use_default"
    """While its MX is wrong: `use_default` sends under a subdomain of amazonses.com, `reject` sends nothing."""

    @property
    def is_shared(self) -> bool:
        """Whether all Regions have the same one."""
        return REGION not in self.domain

    def name_in(self, region: str) -> str:
        """Return the MAIL FROM domain of a Region."""
        return self.domain.replace(REGION, region)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        if problem := regional_domain_problem(data):
            raise refuse(problem)
        return {"domain": data}


def _or_name(schema: dict[str, Any]) -> None:
    """Tell editors that the name is enough."""
    for one in schema.get("anyOf", []):
        if "$ref" in one:
            schema["anyOf"].insert(0, {"type": "string"})
            return


MailFromSection = Annotated[MailFrom | None, Field(json_schema_extra=_or_name)]
"""A `MailFrom`, or its domain, or nothing."""
