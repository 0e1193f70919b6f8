"""A score on a shifted set against the score on the task's own test, every arm a point: what a shift costs.

In: findings about a task. Out: a matplotlib figure a shifted set. On the diagonal nothing is lost; a point far above
the others' line stands a shift better than its score explains.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluators.estimate import share_ends
from evaluators.evidence import Findings, Summary
from evaluators.facts import TaskFacts
from evaluators.report.palette import style
from evaluators.wording import cut, is_baseline, ladder_position, metric_title, title

Arm = tuple[str, str, int]
_TEST = "test"
_LONGEST_NAME = 28


def shift_figure(findings: Findings, task: TaskFacts, set_name: str) -> Figure:
    """Return the picture of one shifted set."""
    own, shifted = _scores(findings, task, _TEST), _scores(findings, task, set_name)
    # The majority class reads nothing, loses nothing, and would take most of the height.
    both = {arm for arm in set(own) & set(shifted) if arm[1] != "majority"}
    arms = sorted(both, key=lambda arm: (ladder_position(arm[1]), arm[0], arm[2]))
    largest = max((size for _, _, size in arms), default=0)
    several = len({candidate for candidate, _, _ in arms if candidate}) > 1
    here = [arm for arm in arms if arm[2] == largest]
    figure = Figure(figsize=(8.4, max(4.8, 1.2 + 0.2 * len(here))), layout="constrained")
    axes = figure.subplots()
    ends = [100 * of_set[arm].estimate.value for of_set in (own, shifted) for arm in arms]
    low, high = max(0.0, min(ends, default=0.0) - 4), min(101.0, max(ends, default=100.0) + 4)
    axes.plot([low, high], [low, high], color="#999999", linewidth=0.9, linestyle=":")
    for arm in arms:
        if arm[2] != largest:
            _point(axes, arm, own[arm], shifted[arm], None, "")
    for number, arm in enumerate(here, start=1):
        on = f" on {cut(arm[0], _LONGEST_NAME)}" if arm[0] and several else ""
        _point(axes, arm, own[arm], shifted[arm], number, f"{number}  {title(arm[1])}{on}")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{metric_title(task.metric)} on test, %")
    axes.set_ylabel(f"{metric_title(task.metric)} on {cut(set_name, _LONGEST_NAME)}, %")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{task.id}: {cut(set_name, _LONGEST_NAME)} against the test",
        x=0.01, ha="left", fontsize=12, weight="bold",
    )  # fmt: skip
    axes.set_title(
        f"large: {largest} labels a class; small: fewer; dotted: nothing lost",
        loc="left", fontsize=8.5, color="#444444",
    )  # fmt: skip
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _scores(findings: Findings, task: TaskFacts, set_name: str) -> dict[Arm, Summary]:
    return {
        (row.candidate, row.strategy, row.labels_per_class): row
        for row in findings.summaries
        if (row.task, row.metric, row.set) == (task.id, task.metric, set_name)
    }


def _point(axes: Axes, arm: Arm, own: Summary, shifted: Summary, number: int | None, label: str) -> None:
    colour, marker = style(arm[1])
    x, y = 100 * own.estimate.value, 100 * shifted.estimate.value
    if number is not None:
        for row, along in ((own, "x"), (shifted, "y")):
            found = share_ends(row.estimate)
            if found is not None:
                ends = [100 * end for end in found]
                places = (ends, [y, y]) if along == "x" else ([x, x], ends)
                axes.plot(*places, color=colour, linewidth=1.0, alpha=0.6)
    axes.plot(
        [x], [y],
        color=colour, marker=marker, linestyle="none",
        markersize=7 if number else 4,
        alpha=1.0 if number else 0.55,
        markerfacecolor="white" if is_baseline(arm[1]) else colour,
        label=label or None,
    )  # fmt: skip
    if number is not None:
        axes.annotate(str(number), (x, y), xytext=(6, 4), textcoords="offset points", fontsize=8)
