"""The picture of a run: each race's ratio as a bar, its goal as a mark, on a log scale.

On a white ground, so that it reads the same on a light and a dark page. Colours are Okabe and Ito's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tests.benchmarks.machine import Machine
from tests.benchmarks.row import Row

_COLOURS = {"met": "#009E73", "missed": "#D55E00", "beside": "#777777"}


def write_plot(path: Path, rows: Sequence[Row], here: Machine, day: str) -> None:
    """Write the picture as SVG."""
    figure = Figure(figsize=(8.4, 1.4 + 0.32 * len(rows)), layout="constrained", facecolor="white")
    axes = figure.subplots()
    for position, row in enumerate(rows):
        axes.barh(position, row.ratio - 1.0, left=1.0, height=0.62, color=_COLOURS[row.verdict])
        at = max(row.ratio, 1.0)
        axes.annotate(
            f"{row.ratio:.1f}x", (at, position), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
        if row.wanted is not None:
            axes.plot([row.wanted] * 2, [position - 0.42, position + 0.42], color="#222222", linewidth=1.6)
    axes.set_xscale("log")
    axes.axvline(1.0, color="#333333", linewidth=0.9)
    axes.set_yticks(
        range(len(rows)), [f"{row.goal} {_short(row.work)} ({row.against})" for row in rows], fontsize=8
    )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.set_xlabel("times as fast as the peer (log scale); the black mark is the goal")
    axes.grid(visible=True, axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle("What a user would run instead, over ours", x=0.01, ha="left", fontsize=12, weight="bold")
    axes.set_title(
        f"{day}, {here.hardware.get('gpu') or here.hardware['cpu']}, {here.threads} threads; green met, red missed",
        loc="left", fontsize=8.5, color="#444444",
    )  # fmt: skip
    FigureCanvasSVG(figure)
    figure.savefig(path, metadata={"Date": None})


def _short(work: str) -> str:
    words = work.split(":")[0]
    return words if len(words) <= 52 else f"{words[:51]}…"
