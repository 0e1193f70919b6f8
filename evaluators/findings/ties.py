"""Tie groups: at each task and size the arms that are not shown to be worse than the best one.

In: the table of arms. Out: a `TieGroup` a task and size, in the task's metric, on the judged set if all arms were
scored there, else on validation. Baselines on the data alone are arms as others: a base that ties with one has shown
nothing.
"""

from __future__ import annotations

import numpy as np

from evaluators.comparison_evidence import TiedArm, TieGroup
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.measurements import Design
from evaluators.statistics.ties import against_the_best
from evaluators.wording import ladder_position


def tie_groups(arms: ArmTable, design: Design) -> tuple[TieGroup, ...]:
    """Group the arms of every task and size, in this order; none where fewer than two arms were scored."""
    found = [
        _group(arms, task, size, arms.common_set(task.id, design.judged_set, task.metric))
        for task in sorted(design.tasks, key=lambda row: row.id)
        for size in arms.sizes(task.id)
    ]
    return tuple(group for group in found if group is not None)


def _group(arms: ArmTable, task: TaskFacts, size: int, set_name: str) -> TieGroup | None:
    here = [arm for key, arm in arms.arms.items() if (key.task, key.labels_per_class) == (task.id, size)]
    # Lightest first: of equal means the lightest stands as the best.
    here.sort(key=lambda arm: (ladder_position(arm.key.strategy), arm.key.candidate))
    scored = [(arm, values) for arm in here if (values := arm.values(set_name, task.metric))]
    if len(scored) < 2:
        return None
    runs = sorted({run for _, values in scored for run in values})
    matrix = np.array([[values.get(run, np.nan) for run in runs] for _, values in scored])
    answers = [arm.item_values(set_name, task.metric) for arm, _ in scored]
    found = against_the_best(matrix, answers, groups=scored[0][0].groups.get(set_name))
    rows = [_arm(arm, found.p_adjusted[index]) for index, (arm, _) in enumerate(scored)]
    others = [index for index in range(len(rows)) if index != found.best]
    return TieGroup(
        task=task.id,
        set=set_name,
        metric=task.metric,
        labels_per_class=size,
        best=rows[found.best],
        tied=tuple(rows[index] for index in others if not found.is_worse(index)),
        worse=tuple(rows[index] for index in others if found.is_worse(index)),
        comparisons=found.comparisons,
    )


def _arm(arm: Arm, p_adjusted: float) -> TiedArm:
    return TiedArm(candidate=arm.key.candidate, strategy=arm.key.strategy, p_adjusted=p_adjusted)
