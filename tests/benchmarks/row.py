"""One line of the table: what was raced, whether the race was fair, and whether the goal was met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.contest import Timed


@dataclass(frozen=True)
class Gate:
    """What must hold before a ratio means anything.

    Attributes:
        what: What is compared, in words.
        found: The difference found.
        bound: The largest that is accepted.
    """

    what: str
    found: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the difference is within the bound (NaN is not)."""
        return self.found <= self.bound

    def __str__(self) -> str:
        return f"{self.what}: {self.found:.3g} (bound {self.bound:.3g})"


@dataclass(frozen=True)
class Row:
    """A race.

    Attributes:
        goal: `G1` to `G8`.
        work: What was done.
        against: Whether the peer is what people paste, or tuned.
        peer: What it is.
        theirs: The peer's side.
        ours: Our side.
        wanted: Ratio of seconds that is the goal; None where a number stands beside the goals.
        gates: What must hold.
        note: Why a number is as it is.
    """

    goal: str
    work: str
    against: Literal["default", "tuned"]
    peer: str
    theirs: Timed
    ours: Timed
    wanted: float | None
    gates: tuple[Gate, ...]
    note: str = ""
    in_bf16: bool = False
    """Whether our side multiplies in bf16, whose ceiling is another."""

    @property
    def ratio(self) -> float:
        """Peer's seconds over ours."""
        return self.theirs.seconds / self.ours.seconds

    @property
    def cpu_ratio(self) -> float:
        """Peer's processor time over ours."""
        return self.theirs.cpu_seconds / max(self.ours.cpu_seconds, 1e-9)

    @property
    def verdict(self) -> Literal["met", "missed", "beside"]:
        """Whether the goal was met; a ratio without its gates is void."""
        if self.wanted is None:
            return "beside"
        return "met" if self.ratio >= self.wanted and all(gate.holds for gate in self.gates) else "missed"

    @property
    def reason(self) -> str:
        """Why a goal was missed, and what else is to be said."""
        broken = [f"void, {gate}" for gate in self.gates if not gate.holds]
        short = (
            [f"{self.ratio:.2f}x of {self.wanted:g}x"]
            if self.wanted is not None and self.ratio < self.wanted
            else []
        )
        return "; ".join([*broken, *short, *([self.note] if self.note else [])])

    def fraction_of(self, ceiling: float) -> float | None:
        """Return the share of a ceiling (FLOP/s) that our side reached; None where FLOPs were not counted."""
        return self.ours.flops / self.ours.seconds / ceiling if self.ours.flops else None


def same_accuracy(theirs: Timed, ours: Timed, points: float) -> Gate:
    """Both reach the same mean accuracy, within so many points, over the cells that both ran."""
    return Gate("difference of mean accuracy, points", abs(_ahead(theirs, ours)), points)


def no_worse(theirs: Timed, ours: Timed, points: float) -> Gate:
    """Ours is not behind by more than so many points: for an estimator that is not the peer's."""
    return Gate("peer ahead, points", _ahead(theirs, ours), points)


def sums(rows: Sequence[Row]) -> str:
    """Return the last line of the table."""
    verdicts = [row.verdict for row in rows]
    return f"goals: {verdicts.count('met')} met, {verdicts.count('missed')} missed"


def _ahead(theirs: Timed, ours: Timed) -> float:
    """Return by how many points the peer's mean accuracy is above ours; NaN, which no gate lets pass, without any."""
    both = [cell for cell in theirs.scores if cell in ours.scores]
    if not both:
        return float("nan")
    return 100.0 * statistics.fmean(theirs.scores[cell] - ours.scores[cell] for cell in both)
