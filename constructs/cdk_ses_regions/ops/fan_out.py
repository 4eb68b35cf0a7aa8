"""Asking several Regions at the same time: one that fails tells why and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What one Region said.

    Attributes:
        region: the AWS Region.
        value: the answer; None when there is none.
        failure: why there is none.
    """

    region: str
    value: T | None = None
    failure: str = ""


def ask_each(regions: Sequence[str], ask: Callable[[str], T]) -> list[Answer[T]]:
    """Ask all Regions at once; return their answers in the order of the Regions.

    Args:
        regions: names of the AWS Regions.
        ask: asks one; what it raises of boto3's errors is its answer.
    """

    def answer(region: str) -> Answer[T]:
        try:
            return Answer(region=region, value=ask(region))
        except (BotoCoreError, ClientError) as error:
            return Answer(region=region, failure=_reason(error))

    if not regions:
        return []
    with ThreadPoolExecutor(len(regions)) as pool:
        return list(pool.map(answer, regions))


def _reason(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{told.get('Code', 'error')}: {told.get('Message', '')}"
    return str(error)
