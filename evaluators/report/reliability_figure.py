"""Confidence against accuracy as a picture, a panel a set: on the diagonal confidence says what it means.

In: answers of one arm, a set each. Out: a matplotlib figure. Below the diagonal answers are surer than they are right.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluators.answer_evidence import Answers, ConfidenceBin
from evaluators.wording import cut, title

_BEFORE, _AFTER = "#D55E00", "#0072B2"
_MOST_PANELS = 3


def reliability_figure(of_sets: tuple[Answers, ...]) -> Figure:
    """Return the picture of at least one set; of many, the first ones."""
    shown = of_sets[:_MOST_PANELS]
    figure = Figure(figsize=(8.4, 4.0 if len(shown) > 1 else 4.6), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for panel, answers in zip(panels, shown, strict=True):
        _panel(panel, answers)
    panels[0].set_ylabel("share that is right, %")
    first = shown[0]
    figure.suptitle(
        f"{title(first.strategy)} on {cut(first.candidate, 28)}, {first.task}: what confidence is worth",
        x=0.01, ha="left", fontsize=12, weight="bold",
    )  # fmt: skip
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False, fontsize=9
    )
    return figure


def _panel(axes: Axes, answers: Answers) -> None:
    axes.plot([0, 100], [0, 100], color="#999999", linewidth=0.9, linestyle=":", label="as sure as right")
    _line(axes, answers.reliability, "as predicted", _BEFORE, "o", "-")
    if answers.reliability_scaled:
        _line(axes, answers.reliability_scaled, "after temperature", _AFTER, "s", "--")
    axes.set_xticks([0, 50, 100])
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 102)
    axes.set_aspect("equal")
    axes.set_xlabel("confidence, %")
    axes.set_title(answers.set, loc="left", fontsize=10)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _line(
    axes: Axes, bins: tuple[ConfidenceBin, ...], label: str, colour: str, marker: str, line: str
) -> None:
    axes.plot(
        [100 * row.confidence for row in bins],
        [100 * row.accuracy for row in bins],
        color=colour, marker=marker, markersize=4, linewidth=1.4, linestyle=line, label=label,
    )  # fmt: skip
