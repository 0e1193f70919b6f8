"""Accuracy against cost as a picture: seconds of a fit to the right, score up; up and to the left is better.

In: rows of `cost_rows`. Out: a matplotlib figure. A strategy looks as in every other picture; several bases are told
apart by the numbers beside their points, which the legend explains.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from evaluators.estimate import share_ends
from evaluators.facts import TaskFacts
from evaluators.report.cost_rows import CostRow
from evaluators.report.palette import style
from evaluators.wording import at_size, cut, is_baseline, metric_title, title

#: Longer names would leave no room for what is drawn.
_LONGEST_NAME = 28
#: Seconds that are drawn as this many: a logarithm has no zero.
_LEAST = 1e-3


def cost_figure(task: TaskFacts, rows: tuple[CostRow, ...], *, judged: str) -> Figure:
    """Return the picture.

    Args:
        task: Of which task the rows are.
        rows: At least one, best first: the legend has them in this order.
        judged: The set that they were scored on.
    """
    figure = Figure(figsize=(8.4, max(4.2, 1.0 + 0.2 * len(rows))), layout="constrained")
    axes = figure.subplots()
    several = len({row.candidate for row in rows if row.candidate}) > 1
    for number, row in enumerate(rows, start=1):
        colour, marker = style(row.strategy)
        value, seconds = row.estimate.value, max(row.seconds, _LEAST)
        on = f" on {cut(row.candidate, _LONGEST_NAME)}" if row.candidate and several else ""
        ends = share_ends(row.estimate)
        if ends is not None:
            axes.plot([seconds] * 2, [100 * end for end in ends], color=colour, linewidth=1.2, alpha=0.7)
        axes.plot(
            [seconds],
            [100 * value],
            color=colour,
            marker=marker,
            markersize=7,
            markerfacecolor="white" if is_baseline(row.strategy) else colour,
            linestyle="none",
            label=f"{number}  {title(row.strategy)}{on}",
        )
        axes.annotate(
            str(number), (seconds, 100 * value), xytext=(6, 4), textcoords="offset points", fontsize=8
        )
    front = sorted(
        (max(row.seconds, _LEAST), 100 * row.estimate.value) for row in rows if row.best_for_its_time
    )
    if len(front) > 1:
        axes.step(
            *zip(*front, strict=True), where="post", color="#999999", linewidth=0.9, linestyle=":", zorder=0
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds a fit (log scale)")
    axes.set_ylabel(f"{metric_title(task.metric)} on {judged}, %")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{task.id}: what a fit costs", x=0.01, ha="left", fontsize=12, weight="bold")
    axes.set_title(
        f"at {at_size(rows[0].labels_per_class)}; bars: 95 % intervals; open: baselines; dotted: the best for its time",
        loc="left",
        fontsize=8.5,
        color="#444444",
    )
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure
