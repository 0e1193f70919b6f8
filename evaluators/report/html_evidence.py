"""Evidence as sections of a page: scores, what labels buy, cost, shift and calibration, what is missing.

In: evidence. Out: sections in the order in which a reviewer asks; the verdict is not known here. Of samples there is
nothing to show: evidence holds none. Names of classes are left out where the task is restricted.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.canonical import short
from evaluators.evidence import Evidence, Findings, TaskFacts
from evaluators.report.arm_tables import arms_table, diagnostics_table, measured_candidates
from evaluators.report.candidates import candidates_table
from evaluators.report.cost_rows import cost_rows, cost_table
from evaluators.report.html_page import Section, folded, paragraphs
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html, code, element, facts, joined
from evaluators.report.marks import ABOUT_TIES
from evaluators.report.table import comparison_table, failures, judged_set, transfer_table
from evaluators.wording import count, percent, title


def evidence_sections(evidence: Evidence) -> tuple[Section, ...]:
    """Return scores, curves, cost, and shift with calibration; what has nothing to show has no parts."""
    findings = evidence.findings
    scores: list[Html] = [paragraphs(_opened(findings))]
    cost: list[Html] = []
    shift: list[Html] = []
    for task in findings.tasks:
        scores += _scores(evidence, task)
        cost += _cost(evidence, task)
        table = diagnostics_table(findings, task)
        shift += [result_html(table)] if table.rows else []
    pictures = tuple(_figures(evidence))
    if shift:
        shift.insert(0, paragraphs(_DIAGNOSTICS))
    return (
        Section("scores", "Every base with every strategy", tuple(scores)),
        Section("curves", "What labels buy", pictures),
        Section("cost", "Accuracy against cost", tuple(cost)),
        Section("shift", "Shift and calibration", tuple(shift)),
    )


def missing_parts(findings: Findings) -> tuple[Html, ...]:
    """Return what failed or was skipped, each with its reason."""
    table = failures(findings)
    if not table.rows:
        return (paragraphs("Every cell of the plan was scored."),)
    return (result_html(table),)


def recommendation_rows(findings: Findings) -> tuple[tuple[str, str], ...]:
    """Return which strategy is recommended for which base and task, and why."""
    return tuple(
        (
            f"strategy for {row.task}, {row.candidate}",
            f"{title(row.strategy)}, chosen on {row.chosen_on}: {row.reason}.",
        )
        for row in findings.recommendations
    )


#: Longer tables of comparisons, and their pictures, wait behind their title: the whole ladder has some 160 rows.
_FOLDED = 40

_DIAGNOSTICS = (
    "Train minus judged: how much better the strategy is on its own training labels. Lost on a set: points of the "
    "test lost where the data are shifted. Calibration error: the mean distance between confidence and accuracy, 0 is "
    "best; after temperature: once one number, fitted on validation, has scaled the confidence. Accuracy of the "
    "surest: what it would score if the least confident items went to a person. Area under risk-coverage: the mean "
    "error over every share that it might keep, 0 is best. AUROC: how well confidence tells what the task is not "
    "about, 50 is chance. Mean over the curve: over all sizes, on their logarithm."
)


def _opened(findings: Findings) -> str:
    opened = (
        "The locked test was opened: scores are on it."
        if findings.final
        else "The locked test was not opened: all scores are on validation."
    )
    runs = findings.protocol.get("runs", "?")
    return (
        f"{opened} Protocol {findings.protocol.get('id', '?')}, {runs} paired runs; brackets are 95 % intervals "
        "over runs (Student's t). !k after a score: k runs failed and are not in it. "
        f"{ABOUT_TIES + ' ' if findings.tie_groups else ''}A click on a heading sorts."
    )


def _scores(evidence: Evidence, task: TaskFacts) -> Iterator[Html]:
    findings = evidence.findings
    yield element("h3", task.id)
    yield _task(task)
    yield result_html(arms_table(evidence, task))
    side_by_side = candidates_table(evidence, task.id)
    if side_by_side:
        yield result_html(side_by_side)
    for facts_of in measured_candidates(findings, task.id):
        if facts_of.role == "candidate":
            for table in (
                transfer_table(findings, task.id, facts_of.name),
                comparison_table(findings, task.id, facts_of.name),
            ):
                if table.rows:
                    shown = result_html(table)
                    yield folded(table.title, shown) if len(table.rows) > _FOLDED else shown


def _task(task: TaskFacts) -> Html:
    sizes = ", ".join(f"{name} {number:,}" for name, number in sorted(task.sizes.items()))
    copies = ", ".join(f"{number:,} {kind}" for kind, number in sorted(task.duplicates.items()))
    rows: list[tuple[str, str]] = [
        ("title", task.title),
        ("data", code(short(task.digest))),
        ("samples", sizes),
        ("largest class", f"{percent(task.majority_share)} %"),
        ("copies between train and test", copies or "not counted"),
        ("margin", f"{percent(task.margin)} points"),
        ("sensitivity", task.sensitivity),
    ]
    classes = count(len(task.labels), "label")
    if task.sensitivity == "restricted":
        rows.append((classes, "a restricted task: no example and no name of a class is shown"))
    else:
        names = element("details", element("summary", "their names"), element("p", joined(task.labels, ", ")))
        rows.append((classes, names))
    if not task.promotable:
        rows.append(("use", "a personal task: it can promote nothing"))
    return facts(rows)


def _figures(evidence: Evidence) -> Iterator[Html]:
    # Matplotlib takes a second to import: not for those who only want a table.
    from evaluators.report.plots import figures
    from evaluators.report.svg_figure import figure_html, plain_drawing, svg_text

    findings, number = evidence.findings, 0
    for task in findings.tasks:
        for row in findings.candidates:
            if row.role != "candidate":
                continue
            with plain_drawing():
                drawn = [(name, svg_text(figure)) for name, figure in figures(findings, task, row.name)]
            for name, svg in drawn:
                number += 1
                words = f"{row.name} on {task.id}: {_SHOWN.get(name, name)}"
                picture = figure_html(svg, name=f"{name}-{number}", title=words)
                compared = len(comparison_table(findings, task.id, row.name).rows)
                many = name == "comparisons" and compared > _FOLDED
                yield folded(words, picture) if many else picture


_SHOWN = {
    "sample-efficiency": "score by labels a class, each strategy against training from scratch and the baselines",
    "comparisons": "paired differences of the recommended strategy, with 95 % intervals",
}


def _cost(evidence: Evidence, task: TaskFacts) -> Iterator[Html]:
    rows = cost_rows(evidence, task.id)
    if not rows:
        return
    from evaluators.report.cost_figure import cost_figure  # matplotlib, as above
    from evaluators.report.svg_figure import figure_html, plain_drawing, svg_text

    place = [facts_of.id for facts_of in evidence.findings.tasks].index(task.id) + 1
    with plain_drawing():
        svg = svg_text(cost_figure(task, rows, judged=judged_set(evidence.findings)))
    yield figure_html(svg, name=f"cost-{place}", title=f"{task.id}: score by seconds a fit")
    yield result_html(cost_table(evidence, task.id))
    comparable = rows[0].best_for_its_time is not None
    yield paragraphs(
        "Seconds are the mean of a fit, with the encoding of its labels once where a frozen base reads them and that "
        "was timed. " + (_ONE_MACHINE if comparable else _SEVERAL_MACHINES)
    )


_ONE_MACHINE = "All were measured on one machine; the best for its time is what nothing else beat in less."
_SEVERAL_MACHINES = (
    "They are of several machines, or an encoding was not timed, so times are shown and not compared."
)
