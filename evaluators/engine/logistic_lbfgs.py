"""Batched L-BFGS for multinomial logistic regressions of one shape.

In: designs (rows, labels) of equal shape, each with its penalties. Out: the weights of each at the optimum. All step
together, so Python is paid once an iteration and not once a regression. One that has converged leaves.

What differs from the textbook (Nocedal and Wright 2006, chapter 7): the initial Hessian of every iteration is
error * variance of the column + penalty, where `error` is the mean squared residual now: it falls as rows become
certain. Value, gradient and line search are those of `logistic_objective.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray
from evaluators.engine.logistic_objective import Batch, Counts, Design, State, dot, flattened

MEMORY = 10
#: Least cosine of a step and the gradient's change that is no rounding error: the objective is convex.
_SEEN = 1e-7
#: A line along which nothing falls any more ends there: well, if the promised decrease is a rounding error.
_STALLED = 1e-5


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
    batch = Batch(designs, classes)
    state = batch.start()
    history = _History(len(batch.design), state.gradient[0].size)
    found: dict[int, Minimum] = {}
    for iteration in range(max_iter + 1):
        step = history.direction(state, batch.scale(state))
        slope = dot(state.gradient, step)
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
            state = state.take(kept)
            history.keep(kept)
            step, slope = step[kept], slope[kept]
        after = batch.search(state, step, slope)
        learnt = history.remember(after.weights - state.weights, after.gradient - state.gradient)
        state = replace(after, stalled=after.stalled | ~learnt)
        del after  # else it would hold the arrays of all while those that are left search
    ends = np.cumsum([len(design.penalties) for design in designs])
    minima = [found[number] for number in range(len(batch.design))]
    return [minima[end - len(d.penalties) : end] for end, d in zip(ends, designs, strict=True)], batch.counts


class _History:
    """The last steps and what the gradients did, flat, one row a regression."""

    def __init__(self, count: int, size: int) -> None:
        self._steps = np.zeros((MEMORY, count, size), dtype=np.float32)
        self._changes = np.zeros((MEMORY, count, size), dtype=np.float32)
        self._inverse = np.zeros((MEMORY, count))
        self._kept = 0

    def direction(self, state: State, scale: FloatArray) -> FloatArray:
        """Return the step (q, K, r + 1) of the two-loop recursion (Nocedal and Wright, algorithm 7.4)."""
        flat = flattened(state.gradient).copy()
        newest_first = [(self._kept - 1 - k) % MEMORY for k in range(min(self._kept, MEMORY))]
        shares = []
        for k in newest_first:
            share = (self._inverse[k] * dot(self._steps[k], flat)).astype(np.float32)
            flat -= share[:, None] * self._changes[k]
            shares.append(share)
        shaped = flat.reshape(state.gradient.shape)
        shaped /= scale
        if newest_first:
            newest = newest_first[0]
            changes = self._changes[newest].reshape(state.gradient.shape)
            curved = self._inverse[newest] * dot(changes / scale, changes)
            shaped /= np.where(curved > 0, curved, 1.0).astype(np.float32)[:, None, None]
        for k, share in zip(reversed(newest_first), reversed(shares), strict=True):
            rest = share - (self._inverse[k] * dot(self._changes[k], flat)).astype(np.float32)
            flat += rest[:, None] * self._steps[k]
        np.negative(flat, out=flat)
        return shaped

    def remember(self, steps: FloatArray, changes: FloatArray) -> NDArray[np.bool_]:
        """Keep a step; one along which float32 shows no curvature counts for nothing.

        Returns:
            (q,) whether something was learnt.
        """
        place = self._kept % MEMORY
        self._steps[place], self._changes[place] = flattened(steps), flattened(changes)
        curved = dot(steps, changes)
        seen = curved > _SEEN * np.sqrt(dot(steps, steps) * dot(changes, changes))
        self._inverse[place] = np.where(seen, 1 / np.where(seen, curved, 1.0), 0.0)
        self._kept += 1
        return np.asarray(seen, dtype=np.bool_)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget the others; one half is copied after the other, for this is most of the memory of a solution."""
        # Not by indexing, which is free to lay the result out another way: then bits would depend on the company.
        self._steps = self._steps.take(rows, axis=1)
        self._changes = self._changes.take(rows, axis=1)
        self._inverse = self._inverse.take(rows, axis=1)
