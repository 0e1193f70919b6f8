"""Which classes are taken for which, as a matrix: the darker, the larger a share of the class.

In: answers of evidence. Out: a matplotlib figure of drawn squares. With many classes those with most mistakes stand,
and all others as one, so that every name stays readable; what is right is a frame, so that mistakes are what is dark.
"""

from __future__ import annotations

from collections import Counter

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evaluators.answer_evidence import Answers
from evaluators.facts import TaskFacts
from evaluators.report.answer_rows import class_names
from evaluators.wording import count, cut, title

#: Classes beyond which only the worst are shown.
MOST_CLASSES = 24
_LONGEST_NAME = 26
#: Names that stand beside each other without being turned.
_SHORT = 3
_WRONG, _RIGHT = "#8c2d04", "#555555"


def confusion_figure(answers: Answers, task: TaskFacts) -> Figure:
    """Return the picture of one set."""
    shown = _shown(answers, len(task.labels))
    names = [cut(class_names(task)[label], _LONGEST_NAME) for label in shown]
    others = len(task.labels) - len(shown)
    if others:
        names.append(f"{others} others")
    shares = _shares(answers, shown)
    side = len(names)
    figure = Figure(figsize=(max(8.4, 3.6 + 0.29 * side), 2.9 + 0.27 * side), layout="constrained")
    axes = figure.subplots()
    for (true, said), share in sorted(shares.items()):
        _square(axes, true, said, share)
    axes.set_xlim(-0.5, side - 0.5)
    axes.set_ylim(side - 0.5, -0.5)
    axes.set_aspect("equal")
    short = all(len(name) <= _SHORT for name in names)
    axes.set_xticks(range(side), names, rotation=0 if short else 90, fontsize=8)
    axes.set_yticks(range(side), names, fontsize=8)
    axes.set_xticks([place - 0.5 for place in range(1, side)], minor=True)
    axes.set_yticks([place - 0.5 for place in range(1, side)], minor=True)
    axes.grid(visible=True, which="minor", color="#eeeeee", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    figure.suptitle(
        f"{title(answers.strategy)} on {task.id}: what is taken for what",
        x=0.01, ha="left", fontsize=12, weight="bold",
    )  # fmt: skip
    aside = "; mistakes among the others are not drawn" if others else ""
    axes.set_title(
        f"% of each true class, {answers.set}, {count(answers.runs, 'run')}{aside}",
        loc="left", fontsize=8.5, color="#444444",
    )  # fmt: skip
    return figure


def _shown(answers: Answers, classes: int) -> list[int]:
    """Return the classes to show in the task's order: all, or those that are part of most mistakes."""
    if classes <= MOST_CLASSES:
        return list(range(classes))
    mistakes: Counter[int] = Counter()
    for true, said, number in answers.confusion:
        if true != said:
            mistakes[true] += number
            mistakes[said] += number
    worst = sorted(range(classes), key=lambda label: (-mistakes[label], label))
    return sorted(worst[: MOST_CLASSES - 1])


def _shares(answers: Answers, shown: list[int]) -> dict[tuple[int, int], float]:
    """Return (row, column) -> share of the row; the classes that are not shown are one row and one column.

    What is mistaken among those has no place: it counts in their row and stands nowhere.
    """
    places = {label: place for place, label in enumerate(shown)}
    counts: Counter[tuple[int, int]] = Counter()
    rows: Counter[int] = Counter()
    for true, said, number in answers.confusion:
        row, column = places.get(true, len(shown)), places.get(said, len(shown))
        rows[row] += number
        if true == said or row != column:
            counts[row, column] += number
    return {pair: number / rows[pair[0]] for pair, number in counts.items()}


def _square(axes: Axes, true: int, said: int, share: float) -> None:
    right = true == said
    axes.add_patch(
        Rectangle(
            (said - 0.5, true - 0.5), 1, 1,
            facecolor="none" if right else _WRONG,
            alpha=None if right else min(1.0, 0.08 + 2.0 * share),
            edgecolor=_RIGHT if right else "none",
            linewidth=1.0 if right else 0.0,
        )
    )  # fmt: skip
    if share >= 0.005:
        dark = not right and share > 0.25
        axes.text(
            said, true, f"{100 * share:.0f}",
            ha="center", va="center", fontsize=7,
            color="#ffffff" if dark else "#222222",
        )  # fmt: skip
