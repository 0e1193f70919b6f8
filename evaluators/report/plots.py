"""Two pictures a candidate and task: what labels buy, and what is better than what beyond noise.

In: findings. Out: PNG and SVG files. Matplotlib's objects only: no pyplot, no global state, so that it works
in a worker thread and twice in one process. No two strategies look alike, however many there are (`palette`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from evaluators.canonical import short
from evaluators.comparison_evidence import Comparison
from evaluators.estimate import share_ends
from evaluators.evidence import Findings, Summary
from evaluators.facts import TaskFacts
from evaluators.report.palette import MANY, style
from evaluators.report.table import common_set, judged_set
from evaluators.wording import cut, is_baseline, ladder_position, metric_title, title

_PURPOSES = {
    "gain-over-from-scratch": "over from scratch",
    "gain-over-best-baseline": "over best baseline",
    "gain-over-incumbent": "over incumbent",
    "gain-over-lighter": "over lighter strategy",
}
_DPI = 130
#: Longer names would leave no room for what is drawn.
_LONGEST_NAME = 28


def write_plots(findings: Findings, folder: Path) -> tuple[Path, ...]:
    """Write the pictures of every candidate and task.

    Args:
        findings: What to show; what has no scores gets no picture.
        folder: Where to; made if it is missing.

    Returns:
        The files, PNG and SVG: `TASK-CANDIDATE-sample-efficiency.*`, `TASK-CANDIDATE-comparisons.*`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for task in findings.tasks:
        for facts in findings.candidates:
            if facts.role != "candidate":
                continue
            for name, figure in figures(findings, task, facts.name):
                written += _write(figure, folder / f"{task.id}-{facts.name}-{name}")
    return tuple(written)


def efficiency_png(findings: Findings, task: TaskFacts, candidate: str) -> bytes | None:
    """Return the picture of what labels buy, as PNG; None if the candidate was not scored on the task."""
    curves = _curves(findings, task, candidate)
    if not any(rows[0].candidate == candidate for rows in curves.values()):
        return None
    figure = _efficiency_figure(findings, task, candidate, curves)
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None})
    return out.getvalue()


def figures(findings: Findings, task: TaskFacts, candidate: str) -> Iterator[tuple[str, Figure]]:
    """Yield the pictures of a candidate on a task, each with its name; none of what has no scores."""
    curves = _curves(findings, task, candidate)
    if any(rows[0].candidate == candidate for rows in curves.values()):
        yield "sample-efficiency", _efficiency_figure(findings, task, candidate, curves)
    compared = [
        row
        for row in findings.comparisons
        if (row.task, row.candidate) == (task.id, candidate) and row.purpose in _PURPOSES
    ]
    if compared:
        yield "comparisons", _forest_figure(findings, task, candidate, compared)


def _curves(findings: Findings, task: TaskFacts, candidate: str) -> dict[str, list[Summary]]:
    """Return the judged summaries of every strategy, lightest first, smallest size first."""
    curves: dict[str, list[Summary]] = {}
    for row in findings.summaries:
        if (row.task, row.set, row.metric) == (
            task.id,
            common_set(findings, task.id),
            task.metric,
        ) and row.candidate in {
            "",
            candidate,
        }:
            curves.setdefault(row.strategy, []).append(row)
    return {
        name: sorted(curves[name], key=lambda row: row.labels_per_class)
        for name in sorted(curves, key=ladder_position)
    }


def _efficiency_figure(
    findings: Findings, task: TaskFacts, candidate: str, curves: dict[str, list[Summary]]
) -> Figure:
    # The legend has a line for every curve.
    figure = Figure(figsize=(8.4, max(4.6, 1.0 + 0.2 * len(curves))), layout="constrained")
    axes = figure.subplots()
    sizes = sorted({row.labels_per_class for rows in curves.values() for row in rows})
    banded = len(curves) <= MANY
    for rows in curves.values():
        _curve(axes, rows, banded=banded)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(size) for size in sizes])
    axes.set_xlabel("labels a class (log scale)")
    axes.set_ylabel(f"{metric_title(task.metric)} on {common_set(findings, task.id)}, %")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{candidate} on {task.id}: what labels buy", x=0.01, ha="left", fontsize=12, weight="bold"
    )
    runs = max(row.estimate.n for rows in curves.values() for row in rows)
    axes.set_title(
        f"mean{' and 95 % interval' if banded else ''} over {runs} runs; dashed: baselines; data {short(task.digest)}",
        loc="left",
        fontsize=8.5,
        color="#444444",
    )
    figure.legend(*_legend(axes, curves), loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _curve(axes: Axes, rows: list[Summary], *, banded: bool) -> None:
    name = rows[0].strategy
    colour, marker = style(name)
    sizes = [row.labels_per_class for row in rows]
    means = [100 * row.estimate.value for row in rows]
    floor = is_baseline(name)
    if banded:
        ends = [share_ends(row.estimate) or (row.estimate.value, row.estimate.value) for row in rows]
        lows, highs = [100 * low for low, _ in ends], [100 * high for _, high in ends]
        axes.fill_between(sizes, lows, highs, color=colour, alpha=0.08 if floor else 0.18, linewidth=0)
    axes.plot(
        sizes,
        means,
        color=colour,
        marker=marker,
        markersize=5,
        linewidth=1.2 if floor else 1.8,
        linestyle="--" if floor else "-",
        label=title(name),
    )


def _legend(axes: Axes, curves: dict[str, list[Summary]]) -> tuple[list[Artist], list[str]]:
    """Return handles and labels, the highest curve at the right end first."""
    handles, labels = axes.get_legend_handles_labels()
    ends = {title(name): rows[-1].estimate.value for name, rows in curves.items()}
    pairs = sorted(zip(handles, labels, strict=True), key=lambda pair: -ends[pair[1]])
    return [handle for handle, _ in pairs], [label for _, label in pairs]


def _forest_figure(findings: Findings, task: TaskFacts, candidate: str, compared: list[Comparison]) -> Figure:
    order = list(_PURPOSES)
    rows = sorted(
        compared,
        key=lambda row: (
            order.index(row.purpose),
            row.reference_candidate,
            ladder_position(row.reference_strategy),
            row.labels_per_class,
        ),
    )
    figure = Figure(figsize=(8.4, 1.5 + 0.27 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for position, row in enumerate(rows):
        _forest_row(axes, position, row)
    for position in range(1, len(rows)):
        if _reference(rows[position]) != _reference(rows[position - 1]):
            axes.axhline(position - 0.5, color="#eeeeee", linewidth=0.8)
    axes.axvline(0.0, color="#333333", linewidth=0.9)
    axes.set_yticks(range(len(rows)), [_forest_label(row, candidate) for row in rows], fontsize=8.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(f"difference in {metric_title(task.metric)}, points")
    axes.grid(visible=True, axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    chosen = title(rows[0].strategy)
    figure.suptitle(
        f"{candidate} on {task.id}: {chosen} minus ...", x=0.01, ha="left", fontsize=12, weight="bold"
    )
    axes.set_title(
        f"paired over runs on {judged_set(findings)}, 95 % intervals; filled: the interval excludes 0; "
        f"data {short(task.digest)}",
        loc="left",
        fontsize=8.5,
        color="#444444",
    )
    return figure


def _reference(row: Comparison) -> tuple[str, str, str]:
    return row.purpose, row.reference_candidate, row.reference_strategy


def _forest_row(axes: Axes, position: int, row: Comparison) -> None:
    value, low, high = row.difference.value, row.difference.low, row.difference.high
    better, worse = low is not None and low > 0.0, high is not None and high < 0.0
    colour = "#0072B2" if better else "#D55E00" if worse else "#777777"
    if low is not None and high is not None:
        axes.plot(
            [100 * low, 100 * high], [position] * 2, color=colour, linewidth=1.6, marker="|", markersize=7
        )
    axes.plot(
        [100 * value],
        [position],
        marker="D" if worse else "o",
        markersize=4.5,
        color=colour,
        markerfacecolor=colour if better or worse else "white",
        linestyle="none",
    )


def _forest_label(row: Comparison, candidate: str) -> str:
    reference = title(row.reference_strategy)
    if row.reference_candidate not in {"", candidate}:
        reference += f" on {cut(row.reference_candidate, _LONGEST_NAME)} (incumbent)"
    return f"{reference}, {row.labels_per_class} a class"


def _write(figure: Figure, stem: Path) -> list[Path]:
    FigureCanvasAgg(figure)
    png, svg = Path(f"{stem}.png"), Path(f"{stem}.svg")
    figure.savefig(png, dpi=_DPI, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None})
    return [png, svg]
