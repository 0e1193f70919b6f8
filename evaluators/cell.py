"""One measurement's identity: subject x task x strategy x train size x run, and what came of it.

A cell's key is the digest of everything that its result depends on, and of nothing else: the same cell planned by
another protocol, beside other cells or on another machine has the same key.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.canonical import digest_of
from evaluators.protocol import SettingValue

Settings = tuple[tuple[str, SettingValue], ...]


@dataclass(frozen=True)
class Run:
    """A paired repetition: `draw` chooses the labels, `seed` initialisation and order."""

    index: int
    draw: int
    seed: int


@dataclass(frozen=True)
class Cell:
    """One measurement.

    Attributes:
        subject: Digest of what is measured: a candidate, an architecture, or "" for a baseline on data alone.
        candidate: Name of the candidate for people; "" for a baseline on data alone.
        task: Id of the task for people.
        splits_digest: Identity of the task's splits.
        strategy: Row of the ladder.
        strategy_version: Version of that row.
        settings: Sorted settings of the strategy, complete.
        labels_per_class: Train size a class.
        labels: Train size in all: n.
        run: Which repetition.
        sampler: How the labels were drawn, with the pool and selection rule: `nested/train/fixed`.
        dtype: Arithmetic of the forward pass.
    """

    subject: str
    candidate: str
    task: str
    splits_digest: str
    strategy: str
    strategy_version: int
    settings: Settings
    labels_per_class: int
    labels: int
    run: Run
    sampler: str
    dtype: str

    @property
    def key(self) -> str:
        """Digest of what the result depends on; names are for people and no part of it."""
        return digest_of(
            {
                "subject": self.subject,
                "task": self.splits_digest,
                "strategy": [self.strategy, self.strategy_version],
                "settings": [list(pair) for pair in self.settings],
                "labels_per_class": self.labels_per_class,
                "run": [self.run.draw, self.run.seed],
                "sampler": self.sampler,
                "dtype": self.dtype,
            }
        )


@dataclass(frozen=True)
class Measured:
    """Predictions of one cell on one set: where they are stored, and how many."""

    set: str
    predictions: str
    """Key of the predict node."""
    samples: int


@dataclass(frozen=True)
class Scored:
    """A cell that ran."""

    cell: Cell
    measured: tuple[Measured, ...]
    cost: FitCost


@dataclass(frozen=True)
class Failed:
    """A cell that could not be measured; the rest went on."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Skipped:
    """A cell that was not tried, with the reason."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class FitCost:
    """What a fit cost when it was computed. Observed, so no part of any key."""

    seconds: float = 0.0
    peak_bytes: int = 0
    trained_parameters: int = 0
    steps: int = 0
    converged: bool = True
    beside: int = 0
    """How many others were fitted in the same pass: time is an equal share of it, memory is that of all of them."""
    remedies: tuple[str, ...] = ()
    """What had to be changed so that it could be fitted: less memory, more precision. The last word counts."""


CellResult = Scored | Failed | Skipped
