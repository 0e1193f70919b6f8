"""The sections of shift and of calibration: what other data cost, and what confidence is worth."""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.answer_evidence import Answers
from evaluators.corruption_names import family_sets
from evaluators.evidence import Evidence, Findings
from evaluators.facts import TaskFacts
from evaluators.report.answer_rows import answers_by_arm
from evaluators.report.arm_tables import CALIBRATION, DRIFT, OTHERS, diagnostics_table
from evaluators.report.corruption_rows import corruption_table
from evaluators.report.html_figure import drawn
from evaluators.report.html_page import Section, folded, paragraphs
from evaluators.report.html_scores import LONG
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html
from evaluators.report.shift_rows import robustness_table
from evaluators.report.table import ResultTable

_SHIFT = (
    "Train minus judged: how much better the strategy is on its own training labels, in points. Lost on a set: points "
    "lost where the data are shifted; a worse model can lose less, so look at the score too. Worst class: "
    "the lowest share right of the classes with at least 30 items, with Wilson's interval of one run's items; some "
    "class is always the lowest. AUROC: how well confidence tells what the task is not about, 50 is chance. False "
    "positives at 95 %: the share of such items still accepted where 95 % of the test is. Mean over the curve: over "
    "all sizes, on their logarithm."
)
_ROBUSTNESS = (
    "Expected: from a line in logits through the other arms' scores on both sets, so a better score on the test is not "
    "taken for robustness. Only beyond 1.96 standard deviations of the others is a distance said to be one; below 8 "
    "other arms nothing is said. Arms of one base at several sizes resemble each other, so the "
    "line looks surer than it is."
)
_CORRUPTIONS = (
    "Error of accuracy in points, the mean over all five severities of each family: none is more right than another. "
    "Against the best baseline: each family's errors summed and divided by the baseline's, 100 % is as many errors "
    "(mCE, Hendrycks and Dietterich 2019); what is added: the same after the errors on clean inputs were taken off, "
    "which says how much is lost and not how good the strategy is."
)
_DRIFT = (
    "Forgotten: what a linear probe on the bare base scores on the probe task of its card, minus one that is fitted to "
    "the same labels on the adapted base, in points; below 0 the base got better at it. CKA: how much of the features' "
    "geometry is left, whatever was rotated or scaled. Neighbours kept: how many of a sample's ten nearest are still "
    "among them. Frozen strategies change nothing. Over runs, on the same samples in each."
)
_CALIBRATION = (
    "Calibration error: the mean distance between confidence and accuracy in 15 bins of equal mass, 0 is best; after "
    "temperature: once one number, fitted on validation, has scaled the confidence. Brier score: the squared distance "
    "to the right answer, 0 to 2. Log loss: in nats. Accuracy of the surest: what it would score if the "
    "least confident items went to a person. Area under risk-coverage: the mean error over every share that it might "
    "keep, 0 is best."
)


def shift_section(evidence: Evidence) -> Section:
    """Return gaps, drops, the worst class, out-of-scope detection and effective robustness of every arm."""
    findings, parts = evidence.findings, list(_shift_figures(evidence.findings))
    robust = [robustness_table(findings, task) for task in findings.tasks]
    corrupted = [corruption_table(findings, task) for task in findings.tasks]
    gaps = [diagnostics_table(findings, task, OTHERS, "gaps and shift") for task in findings.tasks]
    moved = [
        diagnostics_table(findings, task, DRIFT, "what adapting changed in the base")
        for task in findings.tasks
    ]
    parts += _tables(gaps, _SHIFT) + _tables(robust, _ROBUSTNESS) + _tables(corrupted, _CORRUPTIONS)
    parts += _tables(moved, _DRIFT)
    return Section("shift", "Gaps and shift", tuple(parts))


def calibration_section(evidence: Evidence) -> Section:
    """Return what confidence is worth: the recommended arms as pictures, every arm in numbers."""
    findings = evidence.findings
    tables = [diagnostics_table(findings, task, CALIBRATION, "calibration") for task in findings.tasks]
    parts = [*_reliability(findings), *_tables(tables, _CALIBRATION)]
    return Section("calibration", "Calibration", tuple(parts))


def _tables(tables: list[ResultTable], about: str) -> list[Html]:
    shown = [table for table in tables if table.rows]
    parts = [result_html(table) for table in shown]
    parts = [
        folded(table.title, part) if len(table.rows) > LONG else part
        for table, part in zip(shown, parts, strict=True)
    ]
    return [paragraphs(about), *parts] if parts else []


def _shift_figures(findings: Findings) -> Iterator[Html]:
    number = 0
    for task in findings.tasks:
        for name in _shifted_sets(findings, task):
            number += 1
            yield _shift_figure(findings, task, name, number)


def _shifted_sets(findings: Findings, task: TaskFacts) -> tuple[str, ...]:
    rows = (row for row in findings.summaries if (row.task, row.metric) == (task.id, task.metric))
    names = {row.set for row in rows}
    names -= {name for family in task.corruptions for name in family_sets(family)}
    return tuple(sorted(names - {"validation", "test"})) if "test" in names else ()


def _shift_figure(findings: Findings, task: TaskFacts, set_name: str, number: int) -> Html:
    from evaluators.report.shift_figure import shift_figure  # matplotlib, see `drawn`

    return drawn(
        lambda: shift_figure(findings, task, set_name),
        name=f"shift-{number}",
        title=f"{task.id}: score on {set_name} against score on the test, every strategy",
    )


def _reliability(findings: Findings) -> Iterator[Html]:
    for number, of_sets in enumerate(answers_by_arm(findings).values(), start=1):
        yield _reliability_figure(of_sets, number)


def _reliability_figure(of_sets: tuple[Answers, ...], number: int) -> Html:
    from evaluators.report.reliability_figure import reliability_figure  # matplotlib, see `drawn`

    first = of_sets[0]
    return drawn(
        lambda: reliability_figure(of_sets),
        name=f"reliability-{number}",
        title=f"{first.candidate} on {first.task}: share right by confidence, before and after temperature",
    )
