"""How long answers take, how many there are a second, and what must lie on disk: a row a strategy of a base."""

from __future__ import annotations

from evaluators.evidence import Evidence
from evaluators.observations import Observations
from evaluators.report.table import ResultTable
from evaluators.serving_evidence import Serving
from evaluators.wording import byte_count, ladder_position, machine_words, milliseconds, title

SERVING_NOTE = (
    "One raw input a call, from text or image to probabilities, after ten calls that were not counted; quantiles are "
    "the time that so many calls took at most. Bytes: the files of what was trained, and of the base beside them."
)


def serving_table(evidence: Evidence, task: str) -> ResultTable:
    """Return the rows of a task, lightest strategy first; none where nothing was timed."""
    observed = evidence.observations
    rows = sorted(
        (row for row in observed.serving if row.task == task),
        key=lambda row: (row.candidate, ladder_position(row.strategy)),
    )
    places = {row.environment for row in rows}
    several = len(places) > 1
    columns = ("strategy", "base", "p50, ms", "p95, ms", "p99, ms", "a second", "trained", "base's files")
    texts = tuple(
        (
            title(row.strategy),
            row.candidate or "the data alone",
            milliseconds(row.p50),
            milliseconds(row.p95),
            milliseconds(row.p99),
            _throughput(row),
            byte_count(row.trained_bytes),
            byte_count(row.base_bytes) if row.base_bytes else "none",
            *((_machine(observed, row),) if several else ()),
        )
        for row in rows
    )
    heading = f"How it answers on {task}"
    if len(places) == 1:
        heading += f", on {_machine(observed, rows[0])}"
    return ResultTable(heading, (*columns, "on") if several else columns, texts)


def _machine(observed: Observations, row: Serving) -> str:
    return machine_words(observed.environments[row.environment])


def _throughput(row: Serving) -> str:
    best = row.best_batch
    return f"{best[1]:,.0f}, {best[0]} a call" if best else ""
