"""What labels buy: how many a transfer saves, and between which sizes a strategy is first ahead of a lighter one.

In: the table of arms. Out: rows of evidence, over the runs that have every size. References of every transfer are from
scratch and the best baseline, and, around the recommended strategy: what is lighter against it, and it against what is
heavier. Intervals of a size are not adjusted for there being several sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.curve_evidence import LabelSaving, Overtaking
from evaluators.diagnostics.efficiency import confirmed_crossover, data_multiplier
from evaluators.evidence import Recommendation
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.comparisons import FROM_SCRATCH, best_baseline, crossed
from evaluators.findings.measurements import Design
from evaluators.statistics.intervals import mean_interval
from evaluators.wording import is_baseline, ladder_position

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Curve:
    """A strategy at every size of its task: its arms, (runs, sizes) of the metric, and which runs these are."""

    candidate: str
    strategy: str
    arms: tuple[Arm, ...]
    runs: tuple[int, ...]
    values: Matrix

    def of(self, runs: list[int]) -> Matrix:
        """Return the rows of some runs."""
        return self.values[[self.runs.index(run) for run in runs]]


def label_savings(arms: ArmTable, design: Design) -> tuple[LabelSaving, ...]:
    """Return for every transfer and size how many labels from scratch and the best baseline need to reach it."""
    found: list[LabelSaving] = []
    for task in design.tasks:
        sizes = arms.sizes(task.id)
        for candidate in _candidates(design) if len(sizes) > 1 else ():
            references = _floors(arms, design, task, candidate)
            for curve in _transfers(arms, design, task, candidate):
                for reference in references:
                    found += _savings(task, _set(arms, design, task), sizes, curve, reference)
    return tuple(found)


def overtakings(
    arms: ArmTable, design: Design, recommendations: tuple[Recommendation, ...]
) -> tuple[Overtaking, ...]:
    """Return from which size every transfer is ahead of the floors, and what is ahead around the recommended one."""
    found: list[Overtaking] = []
    for task in design.tasks:
        sizes = arms.sizes(task.id)
        for candidate in _candidates(design) if len(sizes) > 1 else ():
            curves = _transfers(arms, design, task, candidate)
            pairs = [(curve, floor) for curve in curves for floor in _floors(arms, design, task, candidate)]
            pairs += _around(curves, _chosen(recommendations, task.id, candidate))
            for curve, reference in pairs:
                row = _overtaking(task, _set(arms, design, task), sizes, curve, reference)
                found += [row] if row else []
    return tuple(found)


def _around(curves: list[_Curve], chosen: str | None) -> Iterator[tuple[_Curve, _Curve]]:
    """Yield (heavier, lighter) pairs of which one is the recommended strategy."""
    middle = next((curve for curve in curves if curve.strategy == chosen), None)
    if middle is None:
        return
    for other in curves:
        if ladder_position(other.strategy) < ladder_position(middle.strategy):
            yield middle, other
        elif other is not middle:
            yield other, middle


def _savings(
    task: TaskFacts, judged: str, sizes: tuple[int, ...], curve: _Curve, reference: _Curve
) -> Iterator[LabelSaving]:
    runs = [run for run in curve.runs if run in reference.runs]
    if not runs:
        return
    for size in sizes:
        found = data_multiplier(
            sizes,
            mean_transfer=curve.of(runs).mean(axis=0),
            mean_scratch=reference.of(runs).mean(axis=0),
            at=size,
        )
        yield LabelSaving(
            task=task.id,
            candidate=curve.candidate,
            strategy=curve.strategy,
            reference_candidate=reference.candidate,
            reference_strategy=reference.strategy,
            set=judged,
            labels_per_class=size,
            reference_labels=found.labels,
            multiplier=found.multiplier,
            bound=found.bound,
        )


def _overtaking(
    task: TaskFacts, judged: str, sizes: tuple[int, ...], curve: _Curve, reference: _Curve
) -> Overtaking | None:
    runs = [run for run in curve.runs if run in reference.runs]
    if len(runs) < 2:
        return None  # one run has no interval
    lows = [_low(task, judged, curve, reference, (place, runs)) for place in range(len(sizes))]
    found = confirmed_crossover(sizes, lows)
    return Overtaking(
        task=task.id,
        candidate=curve.candidate,
        strategy=curve.strategy,
        reference_candidate=reference.candidate,
        reference_strategy=reference.strategy,
        set=judged,
        runs=len(runs),
        above=found.above,
        up_to=found.up_to,
        holds=found.holds,
    )


def _low(
    task: TaskFacts, judged: str, curve: _Curve, reference: _Curve, at: tuple[int, list[int]]
) -> float | None:
    """Return the lower end of the paired interval of curve minus reference at one size (its place, and the runs)."""
    place, runs = at
    found = mean_interval((curve.of(runs) - reference.of(runs))[:, place])
    if found.low != found.high:
        return found.low
    # Runs that agree to the last item have no spread; items still do.
    both = crossed(curve.arms[place], reference.arms[place], judged, runs, metric=task.metric)
    return both.low if both else None


def _set(arms: ArmTable, design: Design, task: TaskFacts) -> str:
    """Return the set that all curves of a task are on: points of two sets make no curve."""
    return arms.common_set(task.id, design.judged_set, task.metric)


def _floors(arms: ArmTable, design: Design, task: TaskFacts, candidate: str) -> list[_Curve]:
    """Return from scratch, and the baseline that is best at the largest size."""
    best = best_baseline(arms, task, arms.sizes(task.id)[-1], _set(arms, design, task))
    wanted = [(candidate, FROM_SCRATCH)] + ([("", best.arm.key.strategy)] if best else [])
    found = (_curve(arms, design, task, *pair) for pair in wanted)
    return [curve for curve in found if curve]


def _transfers(arms: ArmTable, design: Design, task: TaskFacts, candidate: str) -> list[_Curve]:
    names = [name for name in arms.strategies(task.id, candidate) if not is_baseline(name)]
    found = (
        _curve(arms, design, task, candidate, name)
        for name in sorted(names, key=lambda n: (ladder_position(n), n))
    )
    return [curve for curve in found if curve]


def _curve(arms: ArmTable, design: Design, task: TaskFacts, candidate: str, strategy: str) -> _Curve | None:
    """Return a strategy's curve over the runs that have every size; None if there is no such run."""
    found = [arms.get(task.id, candidate, strategy, size) for size in arms.sizes(task.id)]
    points = tuple(arm for arm in found if arm)
    if len(points) < len(found):
        return None
    values = [arm.values(_set(arms, design, task), task.metric) for arm in points]
    runs = tuple(run for run in values[0] if all(run in each for each in values))
    if not runs:
        return None
    return _Curve(
        candidate, strategy, points, runs, np.array([[each[run] for each in values] for run in runs])
    )


def _candidates(design: Design) -> tuple[str, ...]:
    return tuple(sorted(facts.name for facts in design.candidates if facts.role == "candidate"))


def _chosen(recommendations: tuple[Recommendation, ...], task: str, candidate: str) -> str | None:
    return next(
        (row.strategy for row in recommendations if (row.task, row.candidate) == (task, candidate)), None
    )
