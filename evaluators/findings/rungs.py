"""The ladder, rung by rung: what a tier gained over the best of what is lighter, and whether to climb on.

In: the table of arms, of which validation scores alone are looked at. Out: a `Climb`. The runner asks the same function
after every tier that findings ask at the end, so a climb that was stopped is the climb that is reported. Pure.

A tier stops the climb if the whole 95 % interval of its gain is under the task's margin. One that straddles it is
undecided and does not: stopping on "not shown to pay" would stop for want of runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluators.evidence import Estimate
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.comparisons import best_baseline, crossed
from evaluators.findings.measurements import VALIDATION
from evaluators.findings.summaries import as_estimate
from evaluators.ladder.row import Tier
from evaluators.statistics.intervals import mean_interval
from evaluators.statistics.paired import paired_t
from evaluators.strategy import strategy
from evaluators.trail import Climb, Rung, Tried, Verdict
from evaluators.wording import difference, ladder_position, percent, score, title

#: Tiers that are climbed; baselines always run.
CLIMBED: tuple[Tier, ...] = (Tier.FROZEN, Tier.EFFICIENT, Tier.PARTIAL, Tier.FULL)


def climb(arms: ArmTable, task: TaskFacts, candidate: str) -> Climb | None:
    """Return a candidate's climb on a task, up to the rung that stops it; None where no rung was scored.

    Args:
        arms: What is known; arms of tiers that were not tried may be missing.
        task: Metric and margin.
        candidate: Name of the candidate.
    """
    size = _size(arms, task, candidate)
    if size is None:
        return None
    baseline = best_baseline(arms, task, size, VALIDATION)
    before = baseline.arm if baseline else None
    rungs: list[Rung] = []
    for tier in CLIMBED:
        of_tier = [
            arm for arm in _arms(arms, task, candidate, size) if strategy(arm.key.strategy).tier is tier
        ]
        if not of_tier:
            continue
        if rungs and rungs[-1].verdict == "stop":
            break
        rung, best = _rung(tier, of_tier, before, task)
        rungs.append(rung)
        before = _better(best, before, task)
    return (
        Climb(task=task.id, candidate=candidate, labels_per_class=size, rungs=tuple(rungs)) if rungs else None
    )


def refusal(found: Climb, tier: Tier, margin: float) -> str | None:
    """Return why a tier is not tried after a climb; None if it may be."""
    last = found.rungs[-1]
    if last.verdict != "stop" or last.gain is None:
        return None
    best = next(title(row.strategy) for row in last.tried if row.status == "best")
    return (
        f"not climbed to {tier.value}: {best} gained {difference(last.gain)} points over {title(last.over or '')}, "
        f"under the margin of {percent(margin)}"
    )


def _size(arms: ArmTable, task: TaskFacts, candidate: str) -> int | None:
    """Return the largest size at which a transfer strategy of the candidate was scored."""
    for size in reversed(arms.sizes(task.id)):
        if any(_values(arm, task) for arm in _arms(arms, task, candidate, size)):
            return size
    return None


def _arms(arms: ArmTable, task: TaskFacts, candidate: str, size: int) -> Sequence[Arm]:
    """Return the candidate's transfer strategies at a size, lightest first."""
    names = [name for name in arms.strategies(task.id, candidate) if not strategy(name).is_baseline]
    found = [arms.get(task.id, candidate, name, size) for name in sorted(names, key=ladder_position)]
    return [arm for arm in found if arm is not None]


def _values(arm: Arm, task: TaskFacts) -> Mapping[int, float]:
    return arm.values(VALIDATION, task.metric)


def _rung(tier: Tier, arms: Sequence[Arm], before: Arm | None, task: TaskFacts) -> tuple[Rung, Arm | None]:
    """Return a rung and its best arm."""
    most = max(len(_values(arm, task)) for arm in arms)
    if not most:
        tried = tuple(_unscored(arm) for arm in arms)
        return Rung(
            tier=tier.value, tried=tried, verdict="not measured", reason="no run of it was scored"
        ), None
    means = {arm.key.strategy: _mean(arm, task) for arm in arms if len(_values(arm, task)) == most}
    name = max(means, key=lambda row: means[row])  # the lightest of equal ones: arms are in their order
    best = next(arm for arm in arms if arm.key.strategy == name)
    tried = tuple(_tried(arm, best, task, most) for arm in arms)
    gain = _gain(best, before, task) if before else None
    verdict, reason = _verdict(gain, task.margin)
    over = before.key.strategy if before else None
    return Rung(tier=tier.value, tried=tried, over=over, gain=gain, verdict=verdict, reason=reason), best


def _verdict(gain: Estimate | None, margin: float) -> tuple[Verdict, str]:
    if gain is None:
        return "undecided", "nothing lighter was scored, so there is no gain to judge"
    words = f"a gain of {difference(gain)} points, margin {percent(margin)}"
    if gain.low is None or gain.high is None:
        return "undecided", f"{words}: no interval, so nothing is shown"
    if gain.high < margin:
        return "stop", f"{words}: what is heavier is not tried"
    if gain.low >= margin:
        return "pays", f"{words}: it pays"
    return "undecided", f"{words}: the interval holds the margin, so climbing goes on"


def _gain(best: Arm, before: Arm, task: TaskFacts) -> Estimate | None:
    a, b = _values(best, task), _values(before, task)
    runs = [run for run in a if run in b]
    if not runs:
        return None
    found = paired_t([a[run] - b[run] for run in runs])
    low, high = found.low, found.high
    if found.degenerate:
        both = crossed(best, before, VALIDATION, runs, metric=task.metric)
        low, high = (both.low, both.high) if both else (None, None)
    return Estimate(value=found.estimate, low=low, high=high, n=len(runs))


def _better(best: Arm | None, before: Arm | None, task: TaskFacts) -> Arm | None:
    """Return what the next rung is measured against: the best up to here."""
    if best is None or before is None:
        return best or before
    return best if _mean(best, task) > _mean(before, task) else before


def _tried(arm: Arm, best: Arm, task: TaskFacts, most: int) -> Tried:
    values = list(_values(arm, task).values())
    if not values:
        return _unscored(arm)
    estimate = as_estimate(mean_interval(values))
    if arm is best:
        return Tried(
            strategy=arm.key.strategy, status="best", estimate=estimate, reason="highest mean of its tier"
        )
    if len(values) < most:
        reason = f"scored in {len(values)} of {most} runs"
    else:
        reason = f"{score(estimate)}, below {title(best.key.strategy)}"
    return Tried(strategy=arm.key.strategy, status="lost", estimate=estimate, reason=reason)


def _unscored(arm: Arm) -> Tried:
    cells = [cell.finding for cell in arm.cells.values()]
    failed = any(cell.status == "failed" for cell in cells)
    reason = next((cell.reason for cell in cells if cell.reason), "not scored on validation")
    return Tried(strategy=arm.key.strategy, status="failed" if failed else "skipped", reason=reason)


def _mean(arm: Arm, task: TaskFacts) -> float:
    return float(np.mean(list(_values(arm, task).values())))
