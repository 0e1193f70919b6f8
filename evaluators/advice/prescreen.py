"""How good models look before anything is trained: scores of their shared features, beside their mere size.

In: features (n, width) and labels (n,) of TRAINING samples by model, parameters, and what the models really reached
where that is known. Out: `Prescreen`. A guess is worth what it ranks: each is held against the realised scores by
weighted tau (Vigna 2015), and marked where it does not beat the order by size alone ("How NOT to benchmark your SITE
metric", arXiv 2510.06448: a static list by size often wins). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.diagnostics.transferability import log_me, rank_correlation, regularised_h_score

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

#: The scores, in the order of the table, with their titles.
SCORES: Mapping[str, str] = {
    "size": "size",
    "log_me": "LogME",
    "h_score": "H-score",
    "neighbours": "kNN",
    "probe": "probe",
}
#: Models from which on an order says anything.
_ENOUGH = 3
_NEIGHBOURS = 5
#: Ridge of the probe, as a share of the features' mean spread.
_RIDGE = 0.1


@dataclass(frozen=True)
class Looks:
    """How a model looks.

    Attributes:
        candidate: The model.
        samples: Training samples that were looked at.
        size: Parameters.
        log_me: LogME (You et al. 2021), a sample and class, in nats.
        h_score: Regularised H-score (Ibrahim et al. 2022), which also stands fewer samples than the features are wide.
        neighbours: Accuracy of the 5 nearest others by cosine, leave-one-out.
        probe: Accuracy of a linear (ridge) classifier, leave-one-out.
        realised: The best score on validation that a strategy reached with it; None where none is known.
    """

    candidate: str
    samples: int
    size: int
    log_me: float
    h_score: float
    neighbours: float
    probe: float
    realised: float | None = None


@dataclass(frozen=True)
class Prescreen:
    """All models beside each other, and what each way of looking is worth here.

    Attributes:
        looks: By model, largest first: the static order by size.
        worth: Name of a score -> weighted tau against the realised scores; empty below 3 models with a realised score.
    """

    looks: tuple[Looks, ...]
    worth: Mapping[str, float]

    @property
    def no_better_than_size(self) -> tuple[str, ...]:
        """Names of the scores that do not beat the order by size."""
        return tuple(name for name, tau in self.worth.items() if name != "size" and tau <= self.worth["size"])

    @property
    def sentence(self) -> str:
        """What the table is worth."""
        if not self.worth:
            return (
                f"a guess from training features, not held against results: that takes {_ENOUGH} models "
                "with measured scores"
            )
        taus = ", ".join(f"{SCORES[name]} {tau:+.2f}" for name, tau in self.worth.items())
        poor = [SCORES[name] for name in self.no_better_than_size]
        verdict = f"not better than size alone: {', '.join(poor)}" if poor else "all beat size alone"
        few = len([row for row in self.looks if row.realised is not None])
        return f"weighted tau against the measured scores of {few} models: {taus}; {verdict}"


def looks(
    candidate: str, features: Matrix, labels: Labels, *, size: int, realised: float | None = None
) -> Looks:
    """Return how a model looks on training samples.

    Args:
        candidate: The model.
        features: (n, width), n at least 2.
        labels: (n,) class indices.
        size: Its parameters.
        realised: What it reached, where that is known.
    """
    _, dense = np.unique(labels, return_inverse=True)  # LogME counts classes up to the largest index
    wide = np.asarray(features, dtype=np.float64)
    return Looks(
        candidate,
        len(dense),
        size,
        log_me=log_me(wide, dense),
        h_score=regularised_h_score(wide, dense),
        neighbours=_neighbours(wide, dense),
        probe=_probe(wide, dense),
        realised=realised,
    )


def prescreen(rows: Sequence[Looks]) -> Prescreen:
    """Put models beside each other, and say what each score is worth where realised scores are known."""
    ordered = tuple(sorted(rows, key=lambda row: (-row.size, row.candidate)))
    known = [row for row in ordered if row.realised is not None]
    worth: dict[str, float] = {}
    if len(known) >= _ENOUGH:
        reached = np.array([row.realised for row in known], dtype=np.float64)
        for name in SCORES:
            guessed = np.array([getattr(row, name) for row in known], dtype=np.float64)
            tau = rank_correlation(guessed, reached)
            worth[name] = 0.0 if np.isnan(tau) else tau  # all equal: it orders nothing
    return Prescreen(ordered, worth)


def _neighbours(features: Matrix, labels: Labels) -> float:
    """Return the leave-one-out accuracy of the majority of the nearest others; of a tie the nearer class."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(norms == 0.0, 1.0, norms)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    k = min(_NEIGHBOURS, len(labels) - 1)
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, :k]
    votes = np.zeros((len(labels), int(labels.max()) + 1))
    for place in range(k):
        # The small part breaks ties by who stands nearer, and never outweighs a vote.
        np.add.at(votes, (np.arange(len(labels)), labels[nearest[:, place]]), 1.0 + 1e-3 * (k - place))
    return float(np.mean(votes.argmax(axis=1) == labels))


def _probe(features: Matrix, labels: Labels) -> float:
    """Return the exact leave-one-out accuracy of a ridge regression on class indicators, from one decomposition."""
    count = len(labels)
    wanted = np.eye(int(labels.max()) + 1)[labels]
    centred = features - features.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    squares = singular**2
    ridge = _RIDGE * max(float(squares.mean()), 1e-12)
    shrunk = squares / (squares + ridge)
    # The intercept is a column of its own, so a sample's own share of its fit is 1/n more.
    fitted = left @ (shrunk[:, None] * (left.T @ wanted)) + wanted.mean(axis=0)
    share = np.sum(left**2 * shrunk, axis=1) + 1.0 / count
    alone = (fitted - share[:, None] * wanted) / np.maximum(1.0 - share, 1e-9)[:, None]
    return float(np.mean(alone.argmax(axis=1) == labels))
