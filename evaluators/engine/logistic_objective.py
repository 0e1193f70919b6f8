"""The objective of many logistic regressions at once: its value, its gradient, and a search along a line.

In: designs (rows, labels) of equal shape, each with its penalties. The matrix products of one design go in one call,
which is how BLAS is fast; what a design computes never depends on the others, to the bit. The search is nearly free,
because the logits along a line are known without another product. Float32 products; the objective is added up in
float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.logistic_space import Space

#: Armijo's share of the promised decrease, and the share of the slope that may be left (Wolfe).
_DECREASE, _SLOPE = 1e-4, 0.9
#: Relative rounding of the objective: float32 logits.
_ROUNDING = 1e-7
_TRIALS = 12
#: What keeps the intercept's curvature from 0 when every row is certain.
_CURVATURE = 1e-6

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Design:
    """Rows that several regressions share, which differ in the penalty.

    Attributes:
        space: The rows; all designs of a batch have one shape.
        labels: (n,) from 0 to K - 1, each of them present.
        penalties: L2 penalties of the mean loss, one a regression: lambda / 2 * |W|^2.
    """

    space: Space
    labels: IntArray
    penalties: tuple[float, ...]


@dataclass
class Counts:
    """What a solve cost, for tests and benchmarks.

    Attributes:
        fits: Regressions solved.
        batches: Calls of `minimise`: regressions that stepped together.
        iterations: Steps, over all regressions.
        rows: Rows that went through a matrix product, over all steps: once forward, once back.
        trials: Evaluations of the loss, those of line searches included.
    """

    fits: int = 0
    batches: int = 0
    iterations: int = 0
    rows: int = 0
    trials: int = 0

    def add(self, other: Counts) -> None:
        """Add what another solve cost."""
        self.fits += other.fits
        self.batches += other.batches
        self.iterations += other.iterations
        self.rows += other.rows
        self.trials += other.trials


@dataclass(frozen=True, eq=False)
class State:
    """Regressions that still step, one a row of every array.

    Attributes:
        ids: (q,) their numbers.
        weights: (q, K, r + 1).
        gradient: (q, K, r + 1).
        logits: (q, K, n).
        residual: (q, K, n) probabilities minus labels.
        objective: (q,).
        stalled: (q,) whether the last line search found nothing below.
    """

    ids: NDArray[np.intp]
    weights: FloatArray
    gradient: FloatArray
    logits: FloatArray
    residual: FloatArray
    objective: Doubles
    stalled: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> State:
        """Return some of them."""
        return State(
            self.ids[rows],
            self.weights[rows],
            self.gradient[rows],
            self.logits[rows],
            self.residual[rows],
            self.objective[rows],
            self.stalled[rows],
        )


class Batch:
    """The regressions of some designs, and the arithmetic on them."""

    def __init__(self, designs: Sequence[Design], classes: int) -> None:
        """Lay designs of one shape side by side."""
        self._classes = classes
        self._rows = [design.space.rows for design in designs]
        self._labels = np.stack([design.labels for design in designs])
        self._variances = np.stack([design.space.variances for design in designs])[:, None, :]
        self._count = self._rows[0].shape[0]
        self.design = np.repeat(np.arange(len(designs)), [len(design.penalties) for design in designs])
        penalties = np.concatenate([design.penalties for design in designs]).astype(np.float32)
        self._penalty = np.repeat(penalties[:, None, None], self._rows[0].shape[1], axis=2)
        self._penalty[:, :, -1] = 0.0
        self.counts = Counts(fits=len(self.design), batches=1)

    def start(self) -> State:
        """Return the beginning: no weights, and intercepts that give every class its share."""
        ids = np.arange(len(self.design))
        shares = np.stack([np.log(np.bincount(row, minlength=self._classes)) for row in self._labels])
        shares -= shares.mean(axis=1, keepdims=True)
        weights = np.zeros((len(ids), self._classes, self._rows[0].shape[1]), dtype=np.float32)
        weights[:, :, -1] = shares[self.design]
        logits = self._forward(ids, weights)
        loss, residual = self._loss(ids, logits)
        gradient = self._gradient(ids, weights, residual)
        return State(ids, weights, gradient, logits, residual, loss, np.zeros(len(ids), dtype=np.bool_))

    def scale(self, state: State) -> FloatArray:
        """Return the diagonal of the initial Hessian, (q, 1, r + 1)."""
        error = dot(state.residual, state.residual) / (self._count * self._classes)
        curvature = error.astype(np.float32)[:, None, None] * self._variances[self.design[state.ids]]
        diagonal: FloatArray = curvature + self._penalty[state.ids]
        diagonal[:, :, -1] += np.float32(_CURVATURE)
        return diagonal

    def search(self, state: State, step: FloatArray, slope: Doubles) -> State:
        """Return the state after a step along a direction, as long as the Wolfe conditions ask for.

        Logits are linear in the step, so every trial but the first costs exponentials only.
        """
        ids, penalty = state.ids, self._penalty[state.ids]
        logits = self._forward(ids, state.weights + step)
        change = logits - state.logits
        across, along = dot(penalty * state.weights, step), dot(penalty * step, step)
        loss, residual = self._loss(ids, logits)
        length = np.ones(len(ids))
        before = dot(penalty * state.weights, state.weights)
        objective = loss + (before + 2 * across + along) / 2
        steep = dot(residual, change) / self._count + across + along
        low, high = np.zeros(len(ids)), np.full(len(ids), np.inf)
        for _ in range(_TRIALS):
            limit = state.objective + _DECREASE * length * slope + _ROUNDING * np.abs(state.objective)
            again = np.flatnonzero(~((objective <= limit) & (np.abs(steep) <= _SLOPE * np.abs(slope))))
            if not len(again):
                break
            over = steep[again] > 0
            high[again[over]], low[again[~over]] = length[again[over]], length[again[~over]]
            length[again] = _next(length[again], slope[again], steep[again], low[again], high[again])
            t = length[again]
            trial = state.logits[again] + t.astype(np.float32)[:, None, None] * change[again]
            loss, residual[again] = self._loss(ids[again], trial)
            logits[again] = trial
            objective[again] = loss + (before[again] + 2 * t * across[again] + t * t * along[again]) / 2
            steep[again] = (
                dot(residual[again], change[again]) / self._count + across[again] + t * along[again]
            )
        weights = state.weights + length.astype(np.float32)[:, None, None] * step
        gradient = self._gradient(ids, weights, residual)
        self.counts.iterations += len(ids)
        stalled = objective > state.objective * (1 + _ROUNDING)
        if stalled.any():
            worse = np.flatnonzero(stalled)
            for new, old in ((weights, state.weights), (gradient, state.gradient), (logits, state.logits)):
                new[worse] = old[worse]
            residual[worse], objective[worse] = state.residual[worse], state.objective[worse]
        return State(ids, weights, gradient, logits, residual, objective, stalled)

    def _forward(self, ids: NDArray[np.intp], weights: FloatArray) -> FloatArray:
        """Return logits (q, K, n)."""
        logits = np.empty((len(ids), self._classes, self._count), dtype=np.float32)
        for design, part in self._parts(ids):
            flat = logits[part].reshape(-1, self._count)
            np.matmul(weights[part].reshape(len(flat), -1), self._rows[design].T, out=flat)
        self.counts.rows += len(ids) * self._count
        return logits

    def _gradient(self, ids: NDArray[np.intp], weights: FloatArray, residual: FloatArray) -> FloatArray:
        gradient = np.empty_like(weights)
        for design, part in self._parts(ids):
            flat = gradient[part].reshape(-1, weights.shape[2])
            np.matmul(residual[part].reshape(len(flat), -1), self._rows[design], out=flat)
        self.counts.rows += len(ids) * self._count
        gradient /= np.float32(self._count)
        gradient += self._penalty[ids] * weights
        return gradient

    def _loss(self, ids: NDArray[np.intp], logits: FloatArray) -> tuple[Doubles, FloatArray]:
        """Return the mean loss (q,) and probabilities minus labels (q, K, n), exact also where rows are certain."""
        self.counts.trials += len(ids)
        place = (np.arange(len(ids))[:, None], self._labels[self.design[ids]], np.arange(self._count))
        residual = logits - logits.max(axis=1, keepdims=True)
        own = residual[place]
        np.exp(residual, out=residual)
        share = residual[place]
        residual[place] = 0.0
        # 1 - p would be all rounding where p is near 1, so the others are added up.
        others = residual.sum(axis=1)
        total = others + share
        residual /= total[:, None, :]
        residual[place] = -others / total
        loss = np.log1p(others + (share - np.float32(1))) - own
        return loss.mean(axis=1, dtype=np.float64), residual

    def _parts(self, ids: NDArray[np.intp]) -> Iterator[tuple[int, slice]]:
        """Yield each design with the place of its regressions."""
        designs = self.design[ids]
        starts = np.flatnonzero(np.diff(designs, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            yield int(designs[start]), slice(int(start), int(end))


def _next(t: Doubles, slope: Doubles, steep: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """Return the next length: where a straight slope would be 0, inside the bracket; ten times as far at most."""
    bend = slope - steep
    wanted = t * slope / np.where(bend != 0, bend, -1e-30)
    inside = (wanted > low) & (wanted < high)
    halves = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0.0)) / 2, 10 * t)
    return np.minimum(np.where(inside, wanted, halves), 10 * t)


def flattened(arrays: FloatArray) -> FloatArray:
    """Return one row a regression."""
    return arrays.reshape(len(arrays), -1)


def dot(first: Any, second: Any) -> Doubles:
    """Return a product for each regression, (q,) float64."""
    return np.asarray(np.vecdot(flattened(first), flattened(second)), dtype=np.float64)
