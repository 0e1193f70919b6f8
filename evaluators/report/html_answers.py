"""The section of mistakes: which classes are confused, every class worst first, and items of the worst ones.

In: evidence, and examples that whoever has the data at hand passes. Evidence holds none. Of a restricted task no
example is shown even if one is passed, and classes have numbers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from evaluators.answer_evidence import Answers
from evaluators.evidence import Evidence
from evaluators.facts import TaskFacts
from evaluators.report.answer_rows import answers_by_arm, class_names, classes_table, confused_pairs_table
from evaluators.report.example import Example
from evaluators.report.html_figure import drawn
from evaluators.report.html_page import Section, folded, paragraphs
from evaluators.report.html_scores import LONG
from evaluators.report.html_table import Cell, html_table, result_html
from evaluators.report.html_text import Html, element
from evaluators.wording import percent, title

_ABOUT = (
    "Of the recommended strategy, all runs together. The fuller the colour of a square, the more frequent the mistake; "
    "framed squares are right answers. A class with few items has a wide interval, and the lowest of many classes is "
    "low by chance too."
)
_EXAMPLES = (
    "Items of the validation set that the first run got wrong, of the worst classes. Never of the locked test: "
    "what stands on a page is not locked any more."
)


def answers_section(evidence: Evidence, examples: Sequence[Example] = ()) -> Section:
    """Return the section."""
    findings = evidence.findings
    parts: list[Html] = []
    tasks = {task.id: task for task in findings.tasks}
    for number, of_sets in enumerate(answers_by_arm(findings).values(), start=1):
        parts += _arm(tasks[of_sets[0].task], of_sets, number, examples)
    about = [paragraphs(_ABOUT)] if parts else []
    return Section("mistakes", "What it gets wrong", (*about, *parts))


def _arm(
    task: TaskFacts, of_sets: tuple[Answers, ...], number: int, examples: Sequence[Example]
) -> Iterator[Html]:
    first = of_sets[0]
    yield element("h3", f"{title(first.strategy)} on {first.candidate}, {task.id}")
    yield _matrix(first, task, number)
    for table in (confused_pairs_table(first, task), classes_table(of_sets, task)):
        if table.rows:
            part = result_html(table)
            yield folded(table.title, part) if len(table.rows) > LONG else part
    shown = [row for row in examples if (row.task, row.candidate) == (task.id, first.candidate)]
    if shown and task.sensitivity != "restricted":
        yield paragraphs(_EXAMPLES)
        yield _examples(shown, task)


def _matrix(answers: Answers, task: TaskFacts, number: int) -> Html:
    from evaluators.report.confusion_figure import confusion_figure  # matplotlib, see `drawn`

    return drawn(
        lambda: confusion_figure(answers, task),
        name=f"confusion-{number}",
        title=f"{answers.candidate} on {task.id}: which classes are taken for which on {answers.set}",
    )


def _examples(shown: Sequence[Example], task: TaskFacts) -> Html:
    names = class_names(task)
    rows = [
        (
            Cell(_item(row, names[row.label])),
            Cell(names[row.label]),
            Cell(names[row.predicted]),
            Cell(percent(row.confidence)),
        )
        for row in shown
    ]
    return html_table(
        f"Mistakes of {shown[0].candidate} on {task.id}, {shown[0].set}",
        ("item", "class", "taken for", "confidence, %"),
        rows,
    )


def _item(row: Example, name: str) -> str:
    if not row.picture:
        return row.text
    data = base64.b64encode(row.picture).decode("ascii")
    source = {"src": f"data:image/png;base64,{data}", "alt": f"an item of {name}", "class": "item"}
    return element("img", attributes=source)
