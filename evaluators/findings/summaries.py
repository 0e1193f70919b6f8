"""Each arm's score over its runs, on every set: mean, 95 % interval, spread, failed runs.

In: the table of arms. Out: `Summary` rows in key order. An arm without any scored run has no row; its cells
say why.
"""

from __future__ import annotations

import numpy as np

from evaluators.evidence import Diagnostic, DiagnosticName, Estimate, Summary
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.measurements import Design
from evaluators.statistics.intervals import Interval, mean_interval


def summarise(arms: ArmTable, design: Design) -> tuple[Summary, ...]:
    """Summarise every arm: the task's metric on sets of known labels, AUROC on the others."""
    rows: list[Summary] = []
    for arm in arms.arms.values():
        metric = design.task(arm.key.task).metric
        for name in _sets(arm):
            for wanted in (metric, "auroc"):
                values = list(arm.values(name, wanted).values())
                if values:
                    rows.append(_summary(arm, name, wanted, values))
    return tuple(rows)


def as_estimate(interval: Interval) -> Estimate:
    """Return an interval as the evidence writes it."""
    return Estimate(value=interval.value, low=interval.low, high=interval.high, n=interval.n)


def diagnostic_of(name: DiagnosticName, arm: Arm, set_name: str, interval: Interval) -> Diagnostic:
    """Return a diagnostic of an arm as the evidence writes it."""
    return Diagnostic(
        name=name,
        task=arm.key.task,
        candidate=arm.key.candidate,
        strategy=arm.key.strategy,
        labels_per_class=arm.key.labels_per_class,
        set=set_name,
        estimate=as_estimate(interval),
    )


def _summary(arm: Arm, set_name: str, metric: str, values: list[float]) -> Summary:
    return Summary(
        candidate=arm.key.candidate,
        strategy=arm.key.strategy,
        task=arm.key.task,
        labels_per_class=arm.key.labels_per_class,
        labels=arm.labels,
        set=set_name,
        metric=metric,
        estimate=as_estimate(mean_interval(values)),
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        failed_runs=arm.failed,
    )


def _sets(arm: Arm) -> tuple[str, ...]:
    names = (scores.set for cell in arm.cells.values() for scores in cell.finding.scores)
    return tuple(dict.fromkeys(names))
