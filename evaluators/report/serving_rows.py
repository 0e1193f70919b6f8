"""How long answers take, how many there are a second, and what must lie on disk: a row a strategy of a base."""

from __future__ import annotations

from evaluators.evidence import Evidence
from evaluators.observations import Environment
from evaluators.report.table import ResultTable
from evaluators.serving_evidence import Serving
from evaluators.wording import ladder_position, title

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
            size(row.trained_bytes),
            size(row.base_bytes) if row.base_bytes else "none",
            *((machine_of(observed.environments.get(row.environment)),) if several else ()),
        )
        for row in rows
    )
    heading = f"How it answers on {task}"
    if len(places) == 1:
        heading += f", on {machine_of(observed.environments.get(places.pop()))}"
    return ResultTable(heading, (*columns, "on") if several else columns, texts)


def milliseconds(seconds: float | None) -> str:
    """Return seconds as milliseconds with two digits that count; empty where too few calls were timed."""
    if seconds is None:
        return ""
    value = 1000.0 * seconds
    if value < 0.01:
        return "< 0.01"
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def size(number: int) -> str:
    """Return bytes in the unit that people read: `5.0 kB`, `91 MB`."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000.0:
            break
        value, unit = value / 1000.0, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 10.0 else f"{value:.0f} {unit}"


def machine_of(place: Environment | None) -> str:
    """Return a machine for people, in a few words."""
    if place is None:
        return "a machine that is not known"
    facts = place.hardware
    return (
        facts.get("gpu", facts.get("cpu", "a processor"))
        if place.device == "cuda"
        else facts.get("cpu", "a processor")
    )


def _throughput(row: Serving) -> str:
    best = row.best_batch
    return f"{best[1]:,.0f}, {best[0]} a call" if best else ""
