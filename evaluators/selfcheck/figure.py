"""A number that others published, and what this program finds in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["PASS", "FAIL", "SKIPPED"]


@dataclass(frozen=True)
class Figure:
    """A published number.

    Attributes:
        check: Which check it belongs to, `A1` to `B2`.
        what: The number, in words.
        published: Its value.
        tolerance: Largest difference that passes.
        unit: Of the value: `%`, or empty.
    """

    check: str
    what: str
    published: float
    tolerance: float
    unit: str = ""


@dataclass(frozen=True)
class Outcome:
    """What was found of a figure.

    Attributes:
        figure: The published number.
        found: Ours; None where it was skipped.
        skipped: Why nothing was computed; empty where something was.
    """

    figure: Figure
    found: float | None
    skipped: str = ""

    @property
    def verdict(self) -> Verdict:
        """PASS within the tolerance (NaN is not), FAIL beyond, SKIPPED where what it needs is absent."""
        if self.found is None:
            return "SKIPPED"
        # A published number is rounded: half a unit of a far digit must not decide.
        return "PASS" if abs(self.found - self.figure.published) <= self.figure.tolerance + 1e-9 else "FAIL"


class AbsentError(Exception):
    """What a check needs is not on this machine; the message names it and says where it comes from."""
