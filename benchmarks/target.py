"""One measured figure and the limit it should keep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure of `make bench`.

    Args:
        name: what was measured.
        value: the figure.
        limit: the most it may be; None where the figure is only to know.
        unit: of value and limit; empty for a ratio.
    """

    name: str
    value: float
    limit: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the limit is kept; a figure without one always is."""
        return self.limit is None or self.value <= self.limit

    def line(self) -> str:
        """Return `target NAME: VALUE (limit LIMIT) met|missed`."""
        told = f"target {self.name}: {_number(self.value)}{self.unit and ' ' + self.unit}"
        if self.limit is None:
            return f"{told} (no limit)"
        return f"{told} (limit {_number(self.limit)}) {'met' if self.met else 'missed'}"


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
