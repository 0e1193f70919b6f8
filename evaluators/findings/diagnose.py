"""The numbers a reviewer asks for beside the score, for every arm: gaps, shift, calibration, curve, optimism.

In: the table of arms. Out: `Diagnostic` rows over runs with 95 % intervals, in key order. Where a set was not
opened or an arm did not run there is no row: absent, never zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators.diagnostics.efficiency import aulc
from evaluators.diagnostics.gaps import generalization_gap, shift_drop
from evaluators.diagnostics.slices import class_shares, worst_class
from evaluators.evidence import Diagnostic, DiagnosticName, Recommendation
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.corruptions import corruption_diagnostics, severities_of
from evaluators.findings.measurements import TEST, VALIDATION, Design
from evaluators.findings.summaries import diagnostic_of
from evaluators.statistics.crossed import crossed_interval
from evaluators.statistics.intervals import mean_interval

#: Diagnostics that are a metric of the judged set, averaged over runs.
_OF_METRICS: tuple[tuple[DiagnosticName, str], ...] = (
    ("calibration-error", "ece"),
    ("calibration-error-scaled", "ece_scaled"),
    ("selective-accuracy", "selective_accuracy"),
    ("risk-coverage", "aurc"),
    ("brier-score", "brier"),
    ("brier-score-scaled", "brier_scaled"),
    ("log-loss", "log_loss"),
    ("log-loss-scaled", "log_loss_scaled"),
)
#: Diagnostics that are a metric of an out-of-scope set.
_OF_OUT_OF_SCOPE: tuple[tuple[DiagnosticName, str], ...] = (
    ("out-of-scope-auroc", "auroc"),
    ("out-of-scope-fpr", "fpr_at_95_tpr"),
)


def diagnose(
    arms: ArmTable, design: Design, recommendations: tuple[Recommendation, ...]
) -> tuple[Diagnostic, ...]:
    """Compute every diagnostic that the measurements allow.

    Args:
        arms: All arms.
        design: Tasks and the judged set.
        recommendations: Selection optimism is that of the recommended strategy.
    """
    rows: list[Diagnostic] = []
    for arm in arms.arms.values():
        task = design.task(arm.key.task)
        judged, severities = arm.judged(design.judged_set, task.metric), severities_of(task)
        rows += _of_arm(arm, task.metric, judged)
        rows += _of_shifted_sets(arm, task.metric, severities)
        rows += _of_classes(arm, judged, severities)
        rows += _of_the_base(arm)
    rows += corruption_diagnostics(arms, design)
    rows += _sample_efficiency(arms, design)
    for row in recommendations:
        arm_of_row = arms.get(row.task, row.candidate, row.strategy, row.labels_per_class)
        if arm_of_row:
            rows += _selection_optimism(arm_of_row, design.task(row.task).metric)
    return tuple(sorted(rows, key=_order))


def _of_arm(arm: Arm, metric: str, judged_set: str) -> Iterator[Diagnostic]:
    judged, train = arm.values(judged_set, metric), arm.train_values()
    runs = [run for run in judged if run in train]
    if runs:
        gap = generalization_gap([train[run] for run in runs], [judged[run] for run in runs])
        yield diagnostic_of("generalization-gap", arm, judged_set, gap)
    for name, of_set in _OF_METRICS:
        values = list(arm.values(judged_set, of_set).values())
        if values:
            yield diagnostic_of(name, arm, judged_set, mean_interval(values))


def _of_shifted_sets(arm: Arm, metric: str, severities: frozenset[str]) -> Iterator[Diagnostic]:
    names = {scores.set for cell in arm.cells.values() for scores in cell.finding.scores}
    own = arm.values(TEST, metric)
    for name in sorted(names - {VALIDATION, TEST} - severities):
        shifted = arm.values(name, metric)
        runs = [run for run in own if run in shifted]
        if runs:
            drop = shift_drop([own[run] for run in runs], [shifted[run] for run in runs])
            yield diagnostic_of("shift-drop", arm, name, drop.absolute)
        for diagnostic, of_set in _OF_OUT_OF_SCOPE:
            values = list(arm.values(name, of_set).values())
            if values:
                yield diagnostic_of(diagnostic, arm, name, mean_interval(values))


def _of_classes(arm: Arm, judged_set: str, severities: frozenset[str]) -> Iterator[Diagnostic]:
    """The class with the lowest share right, of those with enough items, on the judged set and on shifted ones.

    Not on a single severity of a corruption.
    """
    for name in arm.answered_sets:
        if name == VALIDATION != judged_set or name in severities:
            continue
        answers = list(arm.answers(name).values())
        right = [row.predicted == row.labels for row in answers]
        worst = worst_class(class_shares(answers[0].labels, right))
        if worst is not None:
            yield diagnostic_of("worst-class", arm, name, worst.share)


def _of_the_base(arm: Arm) -> Iterator[Diagnostic]:
    """What adapting changed in the base: what was forgotten of the probe task, and how far features moved."""
    found = [cell.finding.drift for cell in arm.cells.values() if cell.finding.drift is not None]
    if not found:
        return
    forgotten = [cell.forgotten for cell in arm.cells.values() if cell.forgotten is not None]
    if forgotten:
        # Runs are asked about the same samples, so the interval is over both.
        yield diagnostic_of("forgetting", arm, found[0].probe, crossed_interval(np.stack(forgotten)))
    aligned = [row.cka for row in found if row.cka is not None]
    if aligned:
        yield diagnostic_of("feature-alignment", arm, found[0].probe, mean_interval(aligned))
    yield diagnostic_of(
        "neighbour-overlap", arm, found[0].probe, mean_interval([row.overlap for row in found])
    )


def _sample_efficiency(arms: ArmTable, design: Design) -> Iterator[Diagnostic]:
    """Area under the curve of each run over all sizes; a run that lacks a size has no curve."""
    curves: dict[tuple[str, str, str], list[Arm]] = {}
    for arm in arms.arms.values():
        curves.setdefault((arm.key.task, arm.key.candidate, arm.key.strategy), []).append(arm)
    for (task, _, _), curve in curves.items():
        sizes = [arm.key.labels_per_class for arm in curve]
        metric = design.task(task).metric
        judged = arms.common_set(task, design.judged_set, metric)
        values = [arm.values(judged, metric) for arm in curve]
        runs = [run for run in values[0] if all(run in points for points in values)]
        if len(sizes) > 1 and tuple(sizes) == arms.sizes(task) and runs:
            areas = [aulc(sizes, [points[run] for points in values]) for run in runs]
            yield diagnostic_of("sample-efficiency", curve[-1], judged, mean_interval(areas))


def _selection_optimism(arm: Arm, metric: str) -> Iterator[Diagnostic]:
    validation, test = arm.values(VALIDATION, metric), arm.values(TEST, metric)
    runs = [run for run in validation if run in test]
    if runs:
        optimism = generalization_gap([validation[run] for run in runs], [test[run] for run in runs])
        yield diagnostic_of("selection-optimism", arm, TEST, optimism)


def _order(row: Diagnostic) -> tuple[str, str, str, int, str, str]:
    return (row.task, row.candidate, row.strategy, row.labels_per_class, row.name, row.set)
