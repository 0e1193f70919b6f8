"""Batched L-BFGS for multinomial logistic regressions of one shape.

In: designs (rows, labels) of equal shape, each with its penalties. Out: the weights of each at the optimum. All step
together, so Python is paid once an iteration and not once a regression; the matrix products of one design go in one
call, which is how BLAS is fast. One that has converged leaves. What a design computes never depends on the others, to
the bit.

What differs from the textbook (Nocedal and Wright 2006, chapter 7): the initial Hessian of every iteration is
error * variance of the column + penalty, where `error` is the mean squared residual now: it falls as rows become
certain. And the line search is nearly free, because the logits along a line are known without another matrix product.
Float32 products; the objective is added up in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.engine.logistic_space import Space
from evaluators.samples import FloatArray, IntArray

MEMORY = 10
#: Armijo's share of the promised decrease, and the share of the slope that may be left (Wolfe).
_DECREASE, _SLOPE = 1e-4, 0.9
#: Relative rounding of the objective: float32 logits.
_ROUNDING = 1e-7
_TRIALS = 12
#: Least cosine of a step and the gradient's change that is no rounding error: the objective is convex.
_SEEN = 1e-7
#: What keeps the intercept's curvature from 0 when every row is certain.
_CURVATURE = 1e-6
#: A line along which nothing falls any more ends there: well, if the promised decrease is a rounding error.
_STALLED = 1e-5

_Doubles = NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a regression ended.

    Attributes:
        weights: (K, r + 1) float32; the intercept stands last.
        objective: Mean loss with the penalty.
        iterations: Steps taken.
        converged: Whether the estimated gap to the optimum is within the tolerance, or within rounding.
    """

    weights: FloatArray
    objective: float
    iterations: int
    converged: bool


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


def minimise(
    designs: Sequence[Design], classes: int, *, tolerance: float, max_iter: int
) -> tuple[list[list[Minimum]], Counts]:
    """Solve every regression of some designs.

    Args:
        designs: At least one; equal in the shape of their rows.
        classes: K, at least 2; with 2 the caller doubles the penalty where it means one vector of weights.
        tolerance: Largest estimated gap to the optimum, as a share of the objective.
        max_iter: Steps at most.

    Returns:
        The minima by design and penalty, and what they cost.
    """
    batch = _Batch(designs, classes)
    state = batch.start()
    history = _History(len(batch.design), state.gradient[0].size)
    found: dict[int, Minimum] = {}
    for iteration in range(max_iter + 1):
        step = history.direction(state, batch.scale(state))
        slope = _dot(state.gradient, step)
        done = (-slope / 2 <= tolerance * state.objective) | state.stalled
        converged = -slope / 2 <= np.where(state.stalled, _STALLED, tolerance) * state.objective
        ended = done | (iteration == max_iter)
        for row in np.flatnonzero(ended):
            weights = state.weights[row].copy()
            objective = float(state.objective[row])
            found[int(state.ids[row])] = Minimum(weights, objective, iteration, bool(converged[row]))
        if ended.any():
            kept = np.flatnonzero(~ended)
            if not len(kept):
                break
            state, history = state.take(kept), history.take(kept)
            step, slope = step[kept], slope[kept]
        after = batch.search(state, step, slope)
        learnt = history.remember(after.weights - state.weights, after.gradient - state.gradient)
        state = replace(after, stalled=after.stalled | ~learnt)
    ends = np.cumsum([len(design.penalties) for design in designs])
    minima = [found[number] for number in range(len(batch.design))]
    return [minima[end - len(d.penalties) : end] for end, d in zip(ends, designs, strict=True)], batch.counts


@dataclass(frozen=True, eq=False)
class _State:
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
    objective: _Doubles
    stalled: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> _State:
        return _State(
            self.ids[rows],
            self.weights[rows],
            self.gradient[rows],
            self.logits[rows],
            self.residual[rows],
            self.objective[rows],
            self.stalled[rows],
        )


class _Batch:
    """The regressions of some designs, and the arithmetic on them."""

    def __init__(self, designs: Sequence[Design], classes: int) -> None:
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

    def start(self) -> _State:
        """Return the beginning: no weights, and intercepts that give every class its share."""
        ids = np.arange(len(self.design))
        shares = np.stack([np.log(np.bincount(row, minlength=self._classes)) for row in self._labels])
        shares -= shares.mean(axis=1, keepdims=True)
        weights = np.zeros((len(ids), self._classes, self._rows[0].shape[1]), dtype=np.float32)
        weights[:, :, -1] = shares[self.design]
        logits = self._forward(ids, weights)
        loss, residual = self._loss(ids, logits)
        gradient = self._gradient(ids, weights, residual)
        return _State(ids, weights, gradient, logits, residual, loss, np.zeros(len(ids), dtype=np.bool_))

    def scale(self, state: _State) -> FloatArray:
        """Return the diagonal of the initial Hessian, (q, 1, r + 1)."""
        error = _dot(state.residual, state.residual) / (self._count * self._classes)
        curvature = error.astype(np.float32)[:, None, None] * self._variances[self.design[state.ids]]
        diagonal: FloatArray = curvature + self._penalty[state.ids]
        diagonal[:, :, -1] += np.float32(_CURVATURE)
        return diagonal

    def search(self, state: _State, step: FloatArray, slope: _Doubles) -> _State:
        """Return the state after a step along a direction, as long as the Wolfe conditions ask for.

        Logits are linear in the step, so every trial but the first costs exponentials only.
        """
        ids, penalty = state.ids, self._penalty[state.ids]
        logits = self._forward(ids, state.weights + step)
        change = logits - state.logits
        across, along = _dot(penalty * state.weights, step), _dot(penalty * step, step)
        loss, residual = self._loss(ids, logits)
        length = np.ones(len(ids))
        before = _dot(penalty * state.weights, state.weights)
        objective = loss + (before + 2 * across + along) / 2
        steep = _dot(residual, change) / self._count + across + along
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
                _dot(residual[again], change[again]) / self._count + across[again] + t * along[again]
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
        return _State(ids, weights, gradient, logits, residual, objective, stalled)

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

    def _loss(self, ids: NDArray[np.intp], logits: FloatArray) -> tuple[_Doubles, FloatArray]:
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


class _History:
    """The last steps and what the gradients did, flat, one row a regression."""

    def __init__(self, count: int, size: int) -> None:
        self._steps = np.zeros((MEMORY, count, size), dtype=np.float32)
        self._changes = np.zeros((MEMORY, count, size), dtype=np.float32)
        self._inverse = np.zeros((MEMORY, count))
        self._kept = 0

    def direction(self, state: _State, scale: FloatArray) -> FloatArray:
        """Return the step (q, K, r + 1) of the two-loop recursion (Nocedal and Wright, algorithm 7.4)."""
        flat = _flat(state.gradient).copy()
        newest_first = [(self._kept - 1 - k) % MEMORY for k in range(min(self._kept, MEMORY))]
        shares = []
        for k in newest_first:
            share = (self._inverse[k] * _dot(self._steps[k], flat)).astype(np.float32)
            flat -= share[:, None] * self._changes[k]
            shares.append(share)
        shaped = flat.reshape(state.gradient.shape)
        shaped /= scale
        if newest_first:
            newest = newest_first[0]
            changes = self._changes[newest].reshape(state.gradient.shape)
            curved = self._inverse[newest] * _dot(changes / scale, changes)
            shaped /= np.where(curved > 0, curved, 1.0).astype(np.float32)[:, None, None]
        for k, share in zip(reversed(newest_first), reversed(shares), strict=True):
            rest = share - (self._inverse[k] * _dot(self._changes[k], flat)).astype(np.float32)
            flat += rest[:, None] * self._steps[k]
        np.negative(flat, out=flat)
        return shaped

    def remember(self, steps: FloatArray, changes: FloatArray) -> NDArray[np.bool_]:
        """Keep a step; one along which float32 shows no curvature counts for nothing.

        Returns:
            (q,) whether something was learnt.
        """
        place = self._kept % MEMORY
        self._steps[place], self._changes[place] = _flat(steps), _flat(changes)
        curved = _dot(steps, changes)
        seen = curved > _SEEN * np.sqrt(_dot(steps, steps) * _dot(changes, changes))
        self._inverse[place] = np.where(seen, 1 / np.where(seen, curved, 1.0), 0.0)
        self._kept += 1
        return np.asarray(seen, dtype=np.bool_)

    def take(self, rows: NDArray[np.intp]) -> _History:
        taken = _History(0, 0)
        # Not by indexing, which is free to lay the result out another way: then bits would depend on the company.
        taken._steps, taken._changes = self._steps.take(rows, axis=1), self._changes.take(rows, axis=1)
        taken._inverse, taken._kept = self._inverse.take(rows, axis=1), self._kept
        return taken


def _next(t: _Doubles, slope: _Doubles, steep: _Doubles, low: _Doubles, high: _Doubles) -> _Doubles:
    """Return the next length: where a straight slope would be 0, inside the bracket; ten times as far at most."""
    bend = slope - steep
    wanted = t * slope / np.where(bend != 0, bend, -1e-30)
    inside = (wanted > low) & (wanted < high)
    halves = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0.0)) / 2, 10 * t)
    return np.minimum(np.where(inside, wanted, halves), 10 * t)


def _flat(arrays: FloatArray) -> FloatArray:
    return arrays.reshape(len(arrays), -1)


def _dot(first: Any, second: Any) -> _Doubles:
    return np.asarray(np.vecdot(_flat(first), _flat(second)), dtype=np.float64)
