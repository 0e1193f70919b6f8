"""Which cells a final evaluation scores on the locked test: those that its decision needs, and no other.

In: what was measured, on validation. Out: cells. Every cell that looks at a locked test wears it out, and the best of
many looks better than it is. A decision needs the strategy that is recommended (chosen on validation, at every size),
the floors it is held against, and what is approved now. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from evaluators.findings.arms import ArmTable, build_arms
from evaluators.findings.measurements import VALIDATION, CellMeasurement, Design, Groups, Truths
from evaluators.findings.recommendation import recommend
from evaluators.findings.scoring import score_cell
from evaluators.wording import is_baseline

Place = tuple[str, str]
"""A cell's key and its candidate: two candidates of one architecture share the cells from scratch, not the rows."""


def decisive(
    measured: Iterable[CellMeasurement], *, truths: Truths, design: Design, groups: Groups | None = None
) -> frozenset[Place]:
    """Return the scored cells that a decision needs.

    Args:
        measured: Every planned cell, its predictions on validation among them where the protocol keeps such a set.
        truths: The labels of validation; no others are looked at.
        design: What was measured.
        groups: Which samples belong together; None: all stand for themselves.
    """
    rows = [row for row in measured if row.status == "scored"]
    if any(VALIDATION not in row.probabilities for row in rows):
        # Nothing to choose on, so nothing is chosen: the protocol says what is compared.
        return frozenset((row.cell.key, row.cell.candidate) for row in rows)
    scored = (score_cell(_on_validation(row), design.task(row.cell.task), truths) for row in rows)
    arms = build_arms(scored, groups)
    arms = arms.first_runs(design.protocol.runs)
    wanted = _recommended(arms, design) | _approved(design)
    return frozenset(
        (row.cell.key, row.cell.candidate)
        for row in rows
        if is_baseline(row.cell.strategy) or (row.cell.task, row.cell.candidate, row.cell.strategy) in wanted
    )


def _on_validation(row: CellMeasurement) -> CellMeasurement:
    return CellMeasurement(
        row.cell,
        "scored",
        probabilities={VALIDATION: row.probabilities[VALIDATION]},
        digests={VALIDATION: row.digests[VALIDATION]},
    )


def _recommended(arms: ArmTable, design: Design) -> set[tuple[str, str, str]]:
    names = [facts.name for facts in design.candidates if facts.role == "candidate"]
    found = (recommend(arms, task, name) for task in design.tasks for name in names)
    return {(row.task, row.candidate, row.strategy) for row in found if row}


def _approved(design: Design) -> set[tuple[str, str, str]]:
    return {
        (task, facts.name, approved)
        for facts in design.candidates
        if facts.role == "incumbent"
        for task, approved in facts.incumbent_for.items()
    }
