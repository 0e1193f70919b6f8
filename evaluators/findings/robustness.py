"""Effective robustness of every arm on every shifted set, against a line that the other arms of its evaluation give.

In: the table of arms. Out: rows of evidence; none where fewer than eight other arms were scored on both sets. The
majority class is no reference: it reads nothing, so a shift of the inputs does not touch it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators.diagnostics.robustness import BEYOND, robustness_line
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.corruptions import severities_of
from evaluators.findings.measurements import TEST, VALIDATION, Design
from evaluators.shift_evidence import EffectiveRobustness

_READS_NOTHING = "majority"


def effective_robustness(arms: ArmTable, design: Design) -> tuple[EffectiveRobustness, ...]:
    """Return a row for every arm and shifted set that can be judged; accuracy, whatever the task's metric."""
    found: list[EffectiveRobustness] = []
    for task in design.tasks:
        here = [
            arm
            for key, arm in arms.arms.items()
            if key.task == task.id and key.strategy != _READS_NOTHING and arm.values(TEST, "accuracy")
        ]
        sets = sorted(
            {name for arm in here for name in arm.answered_sets} - {VALIDATION, TEST} - severities_of(task)
        )
        for name in sets:
            found += _on(task, name, [arm for arm in here if arm.values(name, "accuracy")])
    return tuple(found)


def _on(task: TaskFacts, set_name: str, arms: list[Arm]) -> Iterator[EffectiveRobustness]:
    own = np.array([_mean(arm, TEST) for arm in arms])
    shifted = np.array([_mean(arm, set_name) for arm in arms])
    items = (task.sizes.get(TEST, 0) or 1, task.sizes.get(set_name, 0) or 1)
    for place, arm in enumerate(arms):
        others = np.arange(len(arms)) != place
        line = robustness_line(own[others], shifted[others], items=items)
        if line is None:
            continue
        expected = line.at(float(own[place]), items=items[0])
        value = float(shifted[place]) - expected
        yield EffectiveRobustness(
            task=arm.key.task,
            candidate=arm.key.candidate,
            strategy=arm.key.strategy,
            labels_per_class=arm.key.labels_per_class,
            set=set_name,
            value=value,
            expected=expected,
            residual_sd=line.residual_sd,
            references=line.references,
            beyond=abs(value) > BEYOND * line.residual_sd,
        )


def _mean(arm: Arm, set_name: str) -> float:
    return float(np.mean(list(arm.values(set_name, "accuracy").values())))
