"""Every paired comparison that the gate needs, named reference and all: the gate only reads.

The claim is always about strategies, so pairs are runs (same draw, same seed) and the test is a paired t;
runs and items resampled together, and the share of runs won, are the sensitivity checks. The difference is
subject minus reference, in the task's metric.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Estimate, Recommendation
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmKey, ArmTable
from evaluators.findings.measurements import VALIDATION, Design
from evaluators.findings.summaries import as_estimate
from evaluators.statistics.crossed import Crossed, crossed_bootstrap
from evaluators.statistics.equivalence import equivalence
from evaluators.statistics.holm import holm
from evaluators.statistics.paired import paired_t
from evaluators.statistics.power import detectable_by_runs
from evaluators.statistics.superiority import probability_of_superiority
from evaluators.wording import is_baseline, ladder_position

Purpose = Literal[
    "gain-over-from-scratch",
    "gain-over-best-baseline",
    "gain-over-incumbent",
    "gain-over-lighter",
    "negative-transfer",
]
FROM_SCRATCH = "from-scratch"
#: What a transfer must beat besides the best baseline on the data alone, where it was measured.
UNTRAINED_FLOORS = (FROM_SCRATCH, "random-features")
_OF_FLOORS = ("gain-over-from-scratch", "gain-over-best-baseline")
RESAMPLES, SEED = 2000, 0


@dataclass(frozen=True)
class Baseline:
    """The best baseline at one size, and a note on how it was chosen ("" if on validation)."""

    arm: Arm
    note: str


@dataclass(frozen=True)
class _Judge:
    """On which set and in which metric a task is judged."""

    task: TaskFacts
    set_name: str

    def compare(self, subject: Arm, reference: Arm, *, purpose: Purpose, note: str = "") -> Comparison | None:
        """Compare two arms over the runs that both have, or return None if there is none."""
        set_name = self._set_of(subject, reference)
        a = subject.values(set_name, self.task.metric)
        b = reference.values(set_name, self.task.metric)
        runs = [run for run in a if run in b]
        if not runs:
            return None
        differences = np.array([a[run] - b[run] for run in runs])
        result = paired_t(differences)
        both = crossed(subject, reference, set_name, runs, metric=self.task.metric)
        low, high, p_value = result.low, result.high, result.p_value
        test = f"paired t over runs (df={result.df})"
        if result.low is None:
            test = "none: one run says nothing about another"
        elif result.degenerate and both:
            # Runs that agree to the last item have no spread; items still do.
            low, high, p_value = both.low, both.high, both.p_value
            test = "bootstrap over runs and items (all runs agree)"
        elif result.degenerate:
            low, high, test = None, None, "none: all runs agree, so they say nothing of the noise"
        within = equivalence(differences, self.task.margin, both) if self.task.margin > 0.0 else None
        return Comparison(
            claim="strategy",
            purpose=purpose,
            task=self.task.id,
            set=set_name,
            labels_per_class=subject.key.labels_per_class,
            candidate=subject.key.candidate,
            strategy=subject.key.strategy,
            reference_candidate=reference.key.candidate,
            reference_strategy=reference.key.strategy,
            difference=Estimate(value=result.estimate, low=low, high=high, n=len(runs)),
            p_value=p_value,
            test=test + note,
            crossed_low=both.low if both else None,
            crossed_high=both.high if both else None,
            detectable=0.0 if result.degenerate else _detectable(differences),
            superiority=as_estimate(probability_of_superiority(differences)),
            p_non_inferior=within.p_non_inferior if within else None,
            p_equivalent=within.p_equivalent if within else None,
        )

    def _set_of(self, subject: Arm, reference: Arm) -> str:
        """Return the set that both were judged on; two sets are never compared."""
        sets = {arm.judged(self.set_name, self.task.metric) for arm in (subject, reference)}
        return sets.pop() if len(sets) == 1 else VALIDATION


def crossed(
    subject: Arm, reference: Arm, set_name: str, runs: Sequence[int], *, metric: str
) -> Crossed | None:
    """Return the difference of two arms on a set, over the given runs and the items together.

    A macro-F1 is taken to first order as a mean over items (`item_values`).
    """
    a, b = subject.item_values(set_name, metric), reference.item_values(set_name, metric)
    if not runs:
        return None
    return crossed_bootstrap(
        np.stack([a[run] for run in runs]),
        np.stack([b[run] for run in runs]),
        clusters=subject.groups.get(set_name),
        resamples=RESAMPLES,
        seed=SEED,
    )


def compare_all(
    arms: ArmTable, design: Design, recommendations: tuple[Recommendation, ...]
) -> tuple[Comparison, ...]:
    """Make every comparison, in the order task, candidate, strategy, size, purpose, reference.

    Args:
        arms: All arms.
        design: Tasks, candidates and incumbents, the judged set.
        recommendations: At most one for each candidate and task.
    """
    found = [
        comparison
        for recommendation in recommendations
        for comparison in _of_recommended(arms, design, recommendation)
    ]
    gains = {(_subject(row), _reference(row)): row for row in found if row.purpose in _OF_FLOORS}
    for task in design.tasks:
        for name in _candidates(design):
            found += _negative_transfer(arms, _Judge(task, design.judged_set), name, known=gains)
    return tuple(sorted(_adjusted(found), key=_order))


def best_baseline(arms: ArmTable, task: TaskFacts, size: int, set_name: str) -> Baseline | None:
    """Return the baseline on data alone with the highest mean: on validation where there is one.

    Args:
        arms: All arms.
        task: The task.
        size: Labels a class.
        set_name: The judged set, used where nothing was scored on validation.
    """
    rows = [arms.get(task.id, "", name, size) for name in arms.strategies(task.id, "")]
    baselines = [arm for arm in rows if arm is not None and is_baseline(arm.key.strategy)]
    baselines.sort(key=lambda arm: ladder_position(arm.key.strategy))
    for name, note in ((VALIDATION, ""), (set_name, f"; best baseline chosen on {set_name}")):
        means = [(_mean(arm, name, task.metric), arm) for arm in baselines]
        scored = [(mean, arm) for mean, arm in means if mean is not None]
        if scored:
            return Baseline(max(scored, key=lambda pair: pair[0])[1], note)
    return None


def _of_recommended(arms: ArmTable, design: Design, recommendation: Recommendation) -> Iterator[Comparison]:
    task, name, chosen = design.task(recommendation.task), recommendation.candidate, recommendation.strategy
    judge = _Judge(task, design.judged_set)
    for size in arms.sizes(task.id):
        subject = arms.get(task.id, name, chosen, size)
        if subject is None:
            continue
        for purpose, reference, note in _references(arms, design, subject):
            found = judge.compare(subject, reference, purpose=purpose, note=note)
            if found:
                yield found


def _references(arms: ArmTable, design: Design, subject: Arm) -> Iterator[tuple[Purpose, Arm, str]]:
    task_id, name, chosen, size = subject.key
    scratch = arms.get(task_id, name, FROM_SCRATCH, size)
    if scratch:
        yield "gain-over-from-scratch", scratch, ""
    baseline = best_baseline(arms, design.task(task_id), size, design.judged_set)
    if baseline:
        yield "gain-over-best-baseline", baseline.arm, baseline.note
    for facts in design.candidates:
        approved_with = facts.incumbent_for.get(task_id) if facts.role == "incumbent" else None
        incumbent = arms.get(task_id, facts.name, approved_with, size) if approved_with else None
        if incumbent and incumbent.key != subject.key:
            yield "gain-over-incumbent", incumbent, ""
    for other in arms.strategies(task_id, name):
        lighter = arms.get(task_id, name, other, size)
        if lighter and not is_baseline(other) and ladder_position(other) < ladder_position(chosen):
            yield "gain-over-lighter", lighter, ""


def _negative_transfer(
    arms: ArmTable, judge: _Judge, candidate: str, *, known: Mapping[tuple[ArmKey, ArmKey], Comparison]
) -> Iterator[Comparison]:
    """Compare every transfer strategy with every floor; of the recommended one some was compared already."""
    for size in arms.sizes(judge.task.id):
        floors = _floors(arms, judge, candidate, size)
        for name in arms.strategies(judge.task.id, candidate):
            subject = arms.get(judge.task.id, candidate, name, size)
            if subject is None or is_baseline(name):
                continue
            for floor in floors:
                done = known.get((subject.key, floor.arm.key))
                if done:
                    yield done.model_copy(update={"purpose": "negative-transfer"})
                    continue
                found = judge.compare(subject, floor.arm, purpose="negative-transfer", note=floor.note)
                if found:
                    yield found


def _floors(arms: ArmTable, judge: _Judge, candidate: str, size: int) -> list[Baseline]:
    """Return the best baseline on the data alone, from scratch, and random frozen features."""
    best = best_baseline(arms, judge.task, size, judge.set_name)
    untrained = [arms.get(judge.task.id, candidate, name, size) for name in UNTRAINED_FLOORS]
    return ([best] if best else []) + [Baseline(arm, "") for arm in untrained if arm]


def _adjusted(found: list[Comparison]) -> list[Comparison]:
    """Adjust p where several candidates meet one incumbent: the best of many looks better than it is."""
    families: dict[tuple[str, int, str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(found):
        if row.purpose == "gain-over-incumbent" and row.p_value is not None:
            key = (row.task, row.labels_per_class, row.reference_candidate, row.reference_strategy)
            families[key].append(index)
    result = list(found)
    for members in families.values():
        if len(members) < 2:
            continue
        adjusted = holm([found[index].p_value or 0.0 for index in members])
        for index, p_value in zip(members, adjusted, strict=True):
            test = f"{found[index].test}, Holm over {len(members)} candidates"
            result[index] = found[index].model_copy(update={"p_adjusted": p_value, "test": test})
    return result


def _subject(row: Comparison) -> ArmKey:
    return ArmKey(row.task, row.candidate, row.strategy, row.labels_per_class)


def _reference(row: Comparison) -> ArmKey:
    return ArmKey(row.task, row.reference_candidate, row.reference_strategy, row.labels_per_class)


def _candidates(design: Design) -> tuple[str, ...]:
    return tuple(facts.name for facts in design.candidates if facts.role == "candidate")


def _mean(arm: Arm, set_name: str, metric: str) -> float | None:
    values = list(arm.values(set_name, metric).values())
    return float(np.mean(values)) if values else None


def _detectable(differences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    runs = len(differences)
    return detectable_by_runs(float(np.std(differences, ddof=1)), runs) if runs > 1 else None


def _order(row: Comparison) -> tuple[str, str, str, int, str, str, str]:
    return (
        row.task,
        row.candidate,
        row.strategy,
        row.labels_per_class,
        row.purpose,
        row.reference_candidate,
        row.reference_strategy,
    )
