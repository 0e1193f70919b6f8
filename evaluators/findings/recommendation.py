"""Which strategy to use: the lightest one that is good enough, chosen on validation and never on the test.

Lightest-first is the rule of the ladder: a heavier strategy must pay for itself. "Good enough" is
non-inferiority (one side of TOST) to the best mean within the task's practical margin, paired over runs; "not
significantly worse" would reward too few runs. A protocol without validation leaves no choice: then there is
nothing to select on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evaluators.evidence import Recommendation
from evaluators.facts import TaskFacts
from evaluators.findings.arms import Arm, ArmTable
from evaluators.findings.comparisons import crossed
from evaluators.findings.measurements import VALIDATION
from evaluators.findings.summaries import as_estimate
from evaluators.statistics.equivalence import non_inferior
from evaluators.statistics.intervals import mean_interval
from evaluators.wording import at_size, count, is_baseline, ladder_position, percent, score, signed, title

Values = Mapping[int, float]


def recommend(arms: ArmTable, task: TaskFacts, candidate: str) -> Recommendation | None:
    """Recommend a strategy for a candidate on a task, at the largest size that was scored.

    Args:
        arms: All arms.
        task: Metric and margin.
        candidate: Name of the candidate.

    Returns:
        The recommendation, or None where no transfer strategy was scored.
    """
    ladder = sorted(
        (name for name in arms.strategies(task.id, candidate) if not is_baseline(name)), key=ladder_position
    )
    for size in reversed(arms.sizes(task.id)):
        found = {name: arms.get(task.id, candidate, name, size) for name in ladder}
        measured = {name: arm for name, arm in found.items() if arm and arm.values(VALIDATION, task.metric)}
        if measured:
            name, reason = _lightest_sufficient(measured, task, size)
            return _recommendation(task, candidate, name, size, VALIDATION, reason)
    return _only_by_protocol(arms, task, candidate, ladder)


def _lightest_sufficient(measured: Mapping[str, Arm], task: TaskFacts, size: int) -> tuple[str, str]:
    """Return the strategy and the reason. `measured` is in ladder order."""
    values_of = {name: arm.values(VALIDATION, task.metric) for name, arm in measured.items()}
    most = max(len(values) for values in values_of.values())
    # A strategy that failed in some runs is not recommended while another one ran in all of them.
    complete = {name: values for name, values in values_of.items() if len(values) == most}
    means = {name: float(np.mean(list(values.values()))) for name, values in complete.items()}
    best = max(means, key=lambda name: means[name])
    where = f"on validation at {at_size(size)}, {count(most, 'paired run')}; candidates: {len(measured)}"
    too_weak: list[str] = []
    for name, values in complete.items():
        if name == best:
            break
        runs = [run for run in values if run in complete[best]]
        paired = [values[run] - complete[best][run] for run in runs]
        both = crossed(measured[name], measured[best], VALIDATION, runs, metric=task.metric)
        if paired and non_inferior(paired, task.margin, both):
            return name, _non_inferior_reason(name, best, complete, paired, task.margin) + f" ({where})"
        too_weak.append(f"{title(name)} {signed(means[name] - means[best])}")
    reason = f"{title(best)} is best with {_score(complete[best])}"
    if too_weak:
        margin = percent(task.margin)
        reason += f"; lighter ones are not shown to be within {margin} points of it: {', '.join(too_weak)}"
    else:
        reason += " and nothing lighter was measured"
    return best, f"{reason} ({where})"


def _non_inferior_reason(
    name: str, best: str, complete: Mapping[str, Values], paired: list[float], margin: float
) -> str:
    interval = mean_interval(paired, level=0.90)
    bound = interval.value if interval.low is None else interval.low
    return (
        f"{title(name)} {_score(complete[name])} is not worse than the best, {title(best)} "
        f"{_score(complete[best])}, by {percent(margin)} points: "
        f"{signed(interval.value)}, lower 90 % bound {signed(bound)}"
    )


def _only_by_protocol(
    arms: ArmTable, task: TaskFacts, candidate: str, ladder: list[str]
) -> Recommendation | None:
    for size in reversed(arms.sizes(task.id)):
        scored = []
        for name in ladder:
            arm = arms.get(task.id, candidate, name, size)
            if arm and any(cell.finding.scores for cell in arm.cells.values()):
                scored.append(name)
        if scored:
            what = "the only transfer strategy measured" if len(scored) == 1 else "the lightest one measured"
            reason = f"{title(scored[0])} is {what}; the protocol keeps no validation set to choose on"
            return _recommendation(task, candidate, scored[0], size, "protocol", reason)
    return None


def _recommendation(
    task: TaskFacts, candidate: str, strategy: str, size: int, chosen_on: str, reason: str
) -> Recommendation:
    return Recommendation(
        task=task.id,
        candidate=candidate,
        strategy=strategy,
        labels_per_class=size,
        chosen_on=chosen_on,
        reason=reason,
    )


def _score(values: Values) -> str:
    return score(as_estimate(mean_interval(list(values.values()))))
