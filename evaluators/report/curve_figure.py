"""What labels buy on one task: a panel a model, a line a strategy, as an SVG that git can hold.

In: rows of evidence. Out: bytes, equal for equal rows: no date, no random ids, text as text. A light card is drawn
behind it, so that it reads on a dark page too. Matplotlib's objects only, as in `plots`.
"""

from __future__ import annotations

import io
import math

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from evaluators.estimate import share_ends
from evaluators.report.choosing_rows import Row, TaskRows
from evaluators.report.palette import MANY, style
from evaluators.wording import is_baseline, metric_title

_SETTINGS = {"svg.hashsalt": "basehub", "svg.fonttype": "none", "font.family": "sans-serif"}
_CARD, _INK = "#ffffff", "#222222"
#: Sizes whose quotient is smaller would be written over each other.
_APART = 1.6


def curve_svg(task: TaskRows) -> bytes | None:
    """Return the picture of a task; None if fewer than two sizes were measured."""
    models = tuple(dict.fromkeys(row.candidate for row in task.rows if row.candidate))
    if len(task.sizes) < 2 or not models:
        return None
    labels = {row.label for row in task.rows}
    height = max(3.4, 0.8 + 0.18 * len(labels))  # the legend has a line for each
    figure = Figure(figsize=(1.9 + 3.6 * len(models), height), layout="constrained", facecolor=_CARD)
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for panel, model in zip(panels, models, strict=True):
        # The majority class would take most of the height to say what the table says.
        rows = [row for row in task.rows if row.candidate in ("", model) and row.strategy != "majority"]
        for row in rows:
            _line(panel, row, banded=len(labels) <= MANY)
        _dress(panel, task.sizes, model)
    panels[0].set_ylabel(f"{metric_title(task.facts.metric)} on validation, %")
    handles = {row.label: panel for panel in panels for row in task.rows}
    by_label = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        [by_label[label] for label in handles if label in by_label],
        [label for label in handles if label in by_label],
        loc="outside right upper",
        frameon=False,
        fontsize=8,
    )
    FigureCanvasSVG(figure)
    out = io.BytesIO()
    with mpl.rc_context(_SETTINGS):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _line(panel: Axes, row: Row, *, banded: bool) -> None:
    colour, marker = style(row.strategy)
    floor = is_baseline(row.strategy)
    sizes = list(row.options)
    means = [100 * option.estimate.value for option in row.options.values()]
    if banded:
        found = [option.estimate for option in row.options.values()]
        ends = [share_ends(estimate) or (estimate.value, estimate.value) for estimate in found]
        lows, highs = [100 * low for low, _ in ends], [100 * high for _, high in ends]
        panel.fill_between(sizes, lows, highs, color=colour, alpha=0.06 if floor else 0.15, linewidth=0)
    panel.plot(
        sizes,
        means,
        color=colour,
        marker=marker,
        markersize=4,
        linewidth=1.1 if floor else 1.7,
        linestyle="--" if floor else "-",
        label=row.label,
    )


def _size_labels(sizes: tuple[int, ...]) -> list[str]:
    """Return the labels of the sizes, the largest first to be written; one that would touch the next is left out."""
    labels: list[str] = []
    above = math.inf
    for size in reversed(sizes):
        apart = above / size >= _APART
        labels.append(f"{size:,}" if apart else "")
        above = size if apart else above
    return labels[::-1]


def _dress(panel: Axes, sizes: tuple[int, ...], model: str) -> None:
    panel.set_facecolor(_CARD)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(sizes))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels(_size_labels(sizes))
    panel.set_xlabel("labels in all (log scale)", color=_INK)
    panel.set_title(model, loc="left", fontsize=10, color=_INK)
    panel.tick_params(labelsize=8, colors=_INK)
    panel.grid(visible=True, color="#dddddd", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
