"""The configuration's `smtp`: credentials for applications that send over SMTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from cdk_ses_regions.config.base import Model


class Smtp(Model):
    """SMTP credentials of one IAM user, in a secret that each Region has; `smtp: {}` takes the defaults."""

    rotation_days: Annotated[StrictInt, Field(ge=1, le=1000)] = 90
    """Days until the access key behind the passwords is replaced. The key before works until the next time."""
