"""What corruptions cost every arm: mean error over all severities, alone and against the best baseline on the data.

In: the table of arms. Out: `Diagnostic` rows, each over runs; an arm that was not scored on every severity has none.
Errors are of accuracy, whatever the task's metric, as in the paper; the drop of the task's metric stands as
`shift-drop` of each family, the mean over its severities.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from evaluators.corruption_names import ALL_FAMILIES, family_name, family_sets
from evaluators.diagnostics.corruption import error_ratio, mean_error, relative_error_ratio
from evaluators.diagnostics.gaps import shift_drop
from evaluators.evidence import Diagnostic, DiagnosticName
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.measurements import TEST, Design
from evaluators.findings.summaries import diagnostic_of
from evaluators.statistics.intervals import mean_interval

_READS_NOTHING = "majority"
_ByFamily = dict[str, list[float]]


def severities_of(task: TaskFacts) -> frozenset[str]:
    """Return the sets that are one severity of a corruption: they are read together and never alone."""
    return frozenset(name for family in task.corruptions for name in family_sets(family))


def corruption_diagnostics(arms: ArmTable, design: Design) -> Iterator[Diagnostic]:
    """Yield the rows of every arm of the tasks that have corruptions."""
    for task in design.tasks:
        for arm in arms.arms.values():
            if task.corruptions and arm.key.task == task.id:
                yield from _of_arm(arm, task, _reference(arms, arm, task))


def _of_arm(arm: Arm, task: TaskFacts, reference: Arm | None) -> Iterator[Diagnostic]:
    errors, clean = _errors(arm, task), _clean(arm)
    runs = [run for run in errors if run in clean]
    if not runs:
        return
    for family in task.corruptions:
        values = [fmean(errors[run][family]) for run in runs]
        yield diagnostic_of("corruption-error", arm, family_name(family), mean_interval(values))
        yield from _drop(arm, task, family)
    means = {run: mean_error(errors[run]) for run in runs}
    yield diagnostic_of("corruption-error", arm, ALL_FAMILIES, mean_interval(list(means.values())))
    added = [means[run] - clean[run] for run in runs]
    yield diagnostic_of("corruption-error-added", arm, ALL_FAMILIES, mean_interval(added))
    if reference is not None:
        yield from _against(arm, task, reference)


def _against(arm: Arm, task: TaskFacts, reference: Arm) -> Iterator[Diagnostic]:
    errors, clean = _errors(arm, task), _clean(arm)
    others, others_clean = _errors(reference, task), _clean(reference)
    runs = [run for run in errors if run in clean and run in others and run in others_clean]
    ratios = [error_ratio(errors[run], others[run]) for run in runs]
    relative = [
        relative_error_ratio(errors[run], others[run], clean=clean[run], reference_clean=others_clean[run])
        for run in runs
    ]
    found: tuple[tuple[DiagnosticName, list[float | None]], ...] = (
        ("corruption-error-ratio", ratios),
        ("corruption-error-ratio-relative", relative),
    )
    for name, values in found:
        defined = [value for value in values if value is not None]
        # A mean over the runs that happen to have a ratio would be of other runs than the rest of the row.
        if defined and len(defined) == len(values):
            yield diagnostic_of(name, arm, ALL_FAMILIES, mean_interval(defined))


def _drop(arm: Arm, task: TaskFacts, family: str) -> Iterator[Diagnostic]:
    """The drop that the gate judges is the mean over all severities of a family.

    One set for each would let the hardest decide, and how hard that is was chosen by us and not by the task's owner.
    """
    own = arm.values(TEST, task.metric)
    of_sets = [arm.values(name, task.metric) for name in family_sets(family)]
    runs = [run for run in own if all(run in values for values in of_sets)]
    if runs:
        means = [fmean(values[run] for values in of_sets) for run in runs]
        drop = shift_drop([own[run] for run in runs], means)
        yield diagnostic_of("shift-drop", arm, family_name(family), drop.absolute)


def _reference(arms: ArmTable, arm: Arm, task: TaskFacts) -> Arm | None:
    """Return the best baseline on the data alone at the arm's size, by accuracy on the clean test."""
    found = [
        other
        for key, other in arms.arms.items()
        if (key.task, key.candidate, key.labels_per_class) == (task.id, "", arm.key.labels_per_class)
        and key.strategy != _READS_NOTHING
        and _errors(other, task)
        and _clean(other)
    ]
    return min(found, key=lambda other: fmean(_clean(other).values()), default=None)


def _clean(arm: Arm) -> dict[int, float]:
    return {run: 1.0 - value for run, value in arm.values(TEST, "accuracy").items()}


def _errors(arm: Arm, task: TaskFacts) -> dict[int, _ByFamily]:
    """Return the errors of the runs that were scored on every severity of every family."""
    by_set = {name: arm.values(name, "accuracy") for name in severities_of(task)}
    runs = [run for run in arm.cells if all(run in values for values in by_set.values())]
    return {
        run: {
            family: [1.0 - by_set[name][run] for name in family_sets(family)] for family in task.corruptions
        }
        for run in runs
    }
