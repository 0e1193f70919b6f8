"""The section of accuracy against cost, a task after the other."""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.evidence import Evidence
from evaluators.facts import TaskFacts
from evaluators.report.cost_rows import cost_rows, cost_table
from evaluators.report.html_figure import drawn
from evaluators.report.html_page import Section, paragraphs
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html
from evaluators.report.serving_rows import SERVING_NOTE, serving_table
from evaluators.report.table import common_set

_ONE_MACHINE = "All were measured on one machine; the best for its time is what nothing else beat in less."
_SEVERAL_MACHINES = (
    "They are of several machines, or an encoding was not timed, so times are shown and not compared."
)


def cost_section(evidence: Evidence) -> Section:
    """Return the section."""
    parts = [
        part
        for number, task in enumerate(evidence.findings.tasks, start=1)
        for part in _cost(evidence, task, number)
    ]
    return Section("cost", "Accuracy against cost", tuple(parts))


def _cost(evidence: Evidence, task: TaskFacts, number: int) -> Iterator[Html]:
    rows = cost_rows(evidence, task.id)
    if not rows:
        return
    from evaluators.report.cost_figure import cost_figure  # matplotlib, see `drawn`

    judged = common_set(evidence.findings, task.id)
    yield drawn(
        lambda: cost_figure(task, rows, judged=judged),
        name=f"cost-{number}",
        title=f"{task.id}: score by seconds a fit",
    )
    yield result_html(cost_table(evidence, task.id))
    comparable = rows[0].best_for_its_time is not None
    yield paragraphs(
        "Seconds are the mean of a fit, with the encoding of its labels once where a frozen base reads them and that "
        "was timed; where settings are chosen on a part of the draw, with that. FLOPs are counted from the model's "
        "shape and the texts' lengths: of one training (with the encoding of its labels), and of choosing its settings "
        "beside it. " + (_ONE_MACHINE if comparable else _SEVERAL_MACHINES)
    )
    answers = serving_table(evidence, task.id)
    if answers.rows:
        yield result_html(answers)
        yield paragraphs(SERVING_NOTE)
