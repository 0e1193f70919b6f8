"""The trail of a climb as tables: rung by rung what was tried, what it gained, and why it ended there.

In: findings. Out: `ResultTable`s that fit 80 columns, one a candidate and task; none where the protocol does not climb.
"""

from __future__ import annotations

from evaluators.evidence import Findings
from evaluators.report.table import ResultTable
from evaluators.trail import Climb, Rung, Tried
from evaluators.wording import at_size, compact, difference, title

_VERDICTS = {"pays": "pays", "undecided": "unclear, on", "stop": "stop", "not measured": "not measured"}


def climb_tables(findings: Findings, task: str, *, narrow: bool = False) -> tuple[ResultTable, ...]:
    """Return the climbs on a task, by candidate; `narrow` for a terminal of 80 columns, which names no scores."""
    make = _narrow_table if narrow else _table
    return tuple(make(row) for row in findings.climbs if row.task == task)


def trail_sentences(found: Climb) -> tuple[str, ...]:
    """Return a sentence a rung: which strategies were tried, which was best, and what followed."""
    return tuple(
        f"{rung.tier}: {'; '.join(_said(row) for row in rung.tried)}. {_what(rung)}" for rung in found.rungs
    )


def _table(found: Climb) -> ResultTable:
    rows = tuple(
        (
            rung.tier,
            _best(rung),
            _gain(rung),
            f"{title(rung.over)}" if rung.over else "",
            _VERDICTS[rung.verdict],
        )
        for rung in found.rungs
    )
    heading = (
        f"The ladder of {found.candidate} on {found.task}, on validation at {at_size(found.labels_per_class)}"
    )
    return ResultTable(heading, ("rung", "best of it", "gain", "over", "verdict"), rows)


def _narrow_table(found: Climb) -> ResultTable:
    rows = tuple(
        (
            rung.tier.removeprefix("parameter-"),
            next((row.strategy for row in rung.tried if row.status == "best"), "none"),
            _gain(rung),
            rung.over or "",
            _VERDICTS[rung.verdict],
        )
        for rung in found.rungs
    )
    heading = (
        f"{found.candidate} on {found.task}: the ladder, on validation at {at_size(found.labels_per_class)}"
    )
    return ResultTable(heading, ("rung", "best of it", "gains", "over", "so"), rows)


def _best(rung: Rung) -> str:
    best = next((row for row in rung.tried if row.status == "best"), None)
    if best is None or best.estimate is None:
        return "none"
    others = len(rung.tried) - 1
    return f"{title(best.strategy)} {compact(best.estimate)}" + (f", of {others + 1}" if others else "")


def _gain(rung: Rung) -> str:
    return difference(rung.gain) if rung.gain else ""


def _said(row: Tried) -> str:
    score = f" {compact(row.estimate)}" if row.estimate else ""
    return f"{title(row.strategy)}{score} ({row.status}: {row.reason})"


def _what(rung: Rung) -> str:
    over = f"over {title(rung.over)}, " if rung.over and rung.gain else ""
    words = over + rung.reason
    return f"{words[0].upper()}{words[1:]}."
