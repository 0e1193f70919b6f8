"""Every base with every strategy in one table of a task: scores at every size; and what a reviewer asks beside them.

In: evidence about a task. Out: `ResultTable`s for a wide page, bases in order, strategies lightest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evaluators.evidence import Diagnostic, DiagnosticName, Evidence, Findings
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.report.table import ResultTable, diagnostic_value, judged_set, result_table
from evaluators.wording import at_size, count, ladder_position, metric_title, title

#: Name of a diagnostic -> its heading; a set follows where there are several.
_HEADINGS: dict[DiagnosticName, str] = {
    "generalization-gap": "train minus judged",
    "shift-drop": "lost on",
    "out-of-scope-auroc": "AUROC against",
    "calibration-error": "calibration error",
    "calibration-error-scaled": "calibration error after temperature",
    "selective-accuracy": "accuracy of the surest 80 %",
    "risk-coverage": "area under risk-coverage",
    "selection-optimism": "validation minus test",
    "sample-efficiency": "mean over the curve",
    "worst-class": "worst class on",
    "out-of-scope-fpr": "false positives at 95 % against",
    "brier-score": "Brier score",
    "brier-score-scaled": "Brier score after temperature",
    "log-loss": "log loss",
    "log-loss-scaled": "log loss after temperature",
    "corruption-error": "error on",
    "corruption-error-added": "error added by corruptions",
    "corruption-error-ratio": "mCE against the best baseline, %",
    "corruption-error-ratio-relative": "relative mCE, %",
    "forgetting": "forgotten of",
    "feature-alignment": "CKA, %, on",
    "neighbour-overlap": "neighbours kept, %, on",
}
_NAMED_BY_SET = (
    "shift-drop",
    "out-of-scope-auroc",
    "worst-class",
    "out-of-scope-fpr",
    "corruption-error",
    "forgetting",
    "feature-alignment",
    "neighbour-overlap",
)
#: What stands under calibration; the rest are gaps, shift and curves.
CALIBRATION: frozenset[DiagnosticName] = frozenset(
    {
        "calibration-error",
        "calibration-error-scaled",
        "brier-score",
        "brier-score-scaled",
        "log-loss",
        "log-loss-scaled",
        "selective-accuracy",
        "risk-coverage",
    }
)
#: What stands in a table of its own (`corruption_rows.py`).
CORRUPTION: frozenset[DiagnosticName] = frozenset(
    {
        "corruption-error",
        "corruption-error-added",
        "corruption-error-ratio",
        "corruption-error-ratio-relative",
    }
)
#: What adapting changed in the base.
DRIFT: frozenset[DiagnosticName] = frozenset({"forgetting", "feature-alignment", "neighbour-overlap"})
OTHERS: frozenset[DiagnosticName] = frozenset(_HEADINGS) - CALIBRATION - CORRUPTION - DRIFT


def measured_candidates(findings: Findings, task: str) -> tuple[CandidateFacts, ...]:
    """Return the candidates, then the incumbents, that were measured on a task, each once."""
    measured = {cell.candidate for cell in findings.cells if cell.task == task}
    found: dict[str, CandidateFacts] = {}
    for facts in sorted(findings.candidates, key=lambda row: (row.role, row.name)):
        if facts.name in measured:
            found.setdefault(facts.name, facts)
    return tuple(found.values())


def arms_table(evidence: Evidence, task: TaskFacts) -> ResultTable:
    """Return the scores of all bases and strategies on a task; baselines on the data alone stand once, first."""
    findings = evidence.findings
    columns: list[str] = []
    rows: dict[tuple[str, str], Mapping[str, str]] = {}
    for facts in measured_candidates(findings, task.id) or (None,):
        table = result_table(evidence, task.id, facts.name if facts else "")
        columns += [heading for heading in table.columns[1:] if heading not in columns]
        alone = _titles_alone(findings, task.id)
        for row in table.rows:
            base = "" if facts is None or row[0].removesuffix(" *") in alone else _base(facts)
            rows[base, row[0]] = dict(zip(table.columns[1:], row[1:], strict=True))
    # What a fit takes belongs behind all sizes, whichever base had most of them.
    columns.sort(key=lambda heading: (not heading.endswith("a class"), _first_number(heading)))
    texts = [
        (name, base or "the data alone", *(values.get(heading, "") for heading in columns))
        for (base, name), values in sorted(rows.items(), key=lambda row: row[0][0] != "")
    ]
    runs = max((row.estimate.n for row in findings.summaries if row.task == task.id), default=0)
    heading = (
        f"{task.id}: {metric_title(task.metric)} on {judged_set(findings)}, "
        f"mean and 95 % interval over {count(runs, 'run')}"
    )
    return ResultTable(heading, ("strategy", "base", *columns), tuple(texts))


def diagnostics_table(
    findings: Findings, task: TaskFacts, names: frozenset[DiagnosticName], about: str
) -> ResultTable:
    """Return some diagnostics of every base and strategy, at its largest size.

    Args:
        findings: Where they stand.
        task: Of which task.
        names: Which.
        about: What they are, for the title.
    """
    rows = [row for row in findings.diagnostics if row.task == task.id and row.name in names]
    largest: dict[tuple[str, str], int] = {}
    for row in rows:
        arm = (row.candidate, row.strategy)
        largest[arm] = max(largest.get(arm, 0), row.labels_per_class)
    rows = [row for row in rows if row.labels_per_class == largest[row.candidate, row.strategy]]
    headings = dict.fromkeys(_heading(row) for name in _HEADINGS for row in rows if row.name == name)
    texts = []
    for candidate, name in sorted(largest, key=lambda arm: (arm[0], ladder_position(arm[1]), arm[1])):
        values = {
            _heading(row): diagnostic_value(row)
            for row in rows
            if (row.candidate, row.strategy) == (candidate, name)
        }
        texts.append(
            (title(name), candidate or "the data alone", *(values.get(heading, "") for heading in headings))
        )
    sizes = sorted(set(largest.values()))
    at = f" at {at_size(sizes[-1])}" if sizes else ""
    return ResultTable(
        f"{task.id}: {about}{at}, with 95 % intervals",
        ("strategy", "base", *headings),
        tuple(texts),
    )


def _heading(row: Diagnostic) -> str:
    words = _HEADINGS[row.name]
    return f"{words} {row.set}" if row.name in _NAMED_BY_SET else words


def _titles_alone(findings: Findings, task: str) -> frozenset[str]:
    """Return the titles of what was measured on the data alone."""
    return frozenset(
        _titles(cell.strategy for cell in findings.cells if (cell.task, cell.candidate) == (task, ""))
    )


def _titles(names: Iterable[str]) -> set[str]:
    return {title(name) for name in names}


def _base(facts: CandidateFacts) -> str:
    return f"{facts.name} (incumbent)" if facts.role == "incumbent" else facts.name


def _first_number(heading: str) -> int:
    word = heading.split()[0].replace(",", "")
    return int(word) if word.isdigit() else 0
